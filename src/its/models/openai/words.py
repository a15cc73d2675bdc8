"""What an endpoint says of an error, found in the shapes in which servers wrap it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from its.models.openai.json_text import decode

DEEPEST = 12
_SAID_IN = (
    "error", "message", "detail", "msg", "errors", "error_msg", "errorMessage", "error_message",
    "status_msg", "faultstring", "fault", "base_resp", "reason", "title",
)  # fmt: skip
_CODE_IN = ("code", "type", "error_code", "status_code", "error_type", "errorCode", "status")
_STATUS_OF = {
    "invalid_request_error": 400, "badrequesterror": 400, "bad_request": 400,
    "invalid_argument": 400, "authentication_error": 401, "invalid_api_key": 401,
    "unauthenticated": 401, "permission_error": 403, "permission_denied": 403,
    "not_found_error": 404, "rate_limit_error": 429, "rate_limit_exceeded": 429,
    "resource_exhausted": 429, "overloaded_error": 529,
}  # fmt: skip
_GENERIC = frozenset({"", "error", "bad request", "provider returned error", "upstream error"})


@dataclass(frozen=True, slots=True)
class Said:
    """`text` for people, `param` the field that is blamed, `codes` every code in it, `details` all
    of it, `value` what was decoded (None for plain text)."""

    text: str
    param: str = ""
    codes: tuple[str, ...] = ()
    details: str = ""
    value: Any = None

    @property
    def status(self) -> int | None:
        """An HTTP status among the codes, or what one of them stands for."""
        for code in self.codes:
            if len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45":
                return int(code)
        named = (_STATUS_OF.get(code.lower()) for code in self.codes)
        return next(filter(None, named), None)

    @property
    def words(self) -> str:
        """The message and its codes, without what an endpoint repeats of the request."""
        return f"{self.text[:4000]} {' '.join(self.codes)}"


def said_in(body: bytes) -> Said:
    """What the body of a refusal says."""
    try:
        return said_by(decode(body))
    except ValueError:
        text = body.decode("utf-8", "replace")
        return Said(text, details=text)


def said_by(value: Any) -> Said:
    """What a decoded error says; causes that a gateway passes on inside it are read, too."""
    inner = [said_by(raw) for raw in _passed_on(value)]
    details = repr(value)
    texts = [_message(value), *(said.text for said in inner)]
    if len(texts) > 1 and texts[0].strip(". ").lower() in _GENERIC:
        texts = texts[1:]
    text = ": ".join(dict.fromkeys(filter(None, texts))) or details
    params = [_first(value, ("param", "field")), *(said.param for said in inner)]
    codes = [*_codes(value), *(code for said in inner for code in said.codes)]
    details = " ".join([details, *(said.details for said in inner)])
    return Said(text, next(filter(None, params), ""), tuple(codes), details, value)


def is_error(value: dict[str, Any]) -> bool:
    """Whether what came with a good status is an error and no reply."""
    if value.get("error"):
        return True
    if value.get("choices") or "usage" in value:
        return False
    base = value.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return True
    if value.get("object") == "error" or value.get("type") == "error":
        return True
    return "choices" not in value and bool(_message(value)) and bool(_codes(value))


def _message(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth > DEEPEST:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_message(item, depth + 1) for item in value[:8])))
    if isinstance(value, dict):
        for key in _SAID_IN:
            if value.get(key):
                where = value.get("loc")
                field = f"{where[-1]}: " if isinstance(where, list) and where else ""
                said = _message(value[key], depth + 1)
                if said:
                    return field + said
    return ""


def _passed_on(value: Any, depth: int = 0) -> list[Any]:
    """The bodies that a gateway passes on: `metadata.raw`, as JSON or as text."""
    if depth > 4 or not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        if key in ("raw", "upstream", "provider_error", "innererror", "inner_error") and item:
            found.append(_decoded(item))
        elif key in ("error", "metadata", "detail", "details") and isinstance(item, dict):
            found += _passed_on(item, depth + 1)
    return found


def _decoded(item: Any) -> Any:
    if isinstance(item, str):
        try:
            return decode(item.encode("utf-8", "replace"))
        except ValueError:
            return item
    return item


def _codes(value: Any, depth: int = 0) -> list[str]:
    if depth > 4:
        return []
    if isinstance(value, list):
        return [code for item in value[:8] for code in _codes(item, depth + 1)]
    if not isinstance(value, dict):
        return []
    found = [
        str(value[key])
        for key in _CODE_IN
        if isinstance(value.get(key), (str, int)) and not isinstance(value[key], bool)
    ]
    for key in ("error", "base_resp", "errors", "fault", "detail"):
        found += _codes(value.get(key), depth + 1)
    return found


def _first(value: Any, names: tuple[str, ...], depth: int = 0) -> str:
    """The first text under one of the names; the last part of `loc` where a server gives that."""
    if depth > 4:
        return ""
    if isinstance(value, list):
        return next(filter(None, (_first(item, names, depth + 1) for item in value[:8])), "")
    if not isinstance(value, dict):
        return ""
    for name in names:
        if isinstance(value.get(name), str) and value[name]:
            return str(value[name])
    where = value.get("loc")
    if isinstance(where, list) and where and isinstance(where[-1], str):
        return where[-1]
    return next(
        filter(None, (_first(value.get(key), names, depth + 1) for key in ("error", "detail"))), ""
    )
