"""What is wrong with a pipeline, in sentences: each with its place in the file, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from its.pipeline.keys import keys_at, meant_by
from its.suggestion import did_you_mean, nearest

if TYPE_CHECKING:
    from pydantic import ValidationError

Path_ = tuple[str | int, ...]
_WANTED = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "bool_": "must be true or false",
    "string_": "must be text",
    "model_": "must be a mapping of keys",
    "dict_": "must be a mapping of keys",
    "tuple_": "must be a list",
    "list_": "must be a list",
}
"""What is wanted, by the beginning of the kind of a fault."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the values of a pipeline came from: a document with the line of every key, and the
    paths that options changed; `within` goes in front of every path."""

    source: str
    lines: Mapping[Path_, int]
    overridden: Sequence[tuple[str, ...]] = ()
    within: str = ""

    def located(self, path: Path_, sentence: str) -> tuple[int, str]:
        """A fault's line in the file (0 where it stands in none), and the fault with its place."""
        line = _line_of(path, self.lines)
        place = self.within + ".".join(map(str, path)) or "the pipeline"
        where = f"{self.source} line {line}" if line else self.source
        if any(_reaches(given, path) for given in self.overridden):
            where = "on the command line"
        return line or 0, f"{where}: {place}: {sentence}"


def explain(error: ValidationError, data: Any, origin: Origin) -> str:
    """Every fault on a line of its own, in the order of the file."""
    faults: list[tuple[int, str]] = []
    found = error.errors(include_url=False, include_context=True)
    for fault in found:
        path = _plain_path(fault["loc"], data)
        if fault["type"] == "too_short" and any(_is_inside(other, fault) for other in found):
            continue
        faults.append(origin.located(path, _sentence(fault, path, data)))
    return sorted_lines(faults)


def sorted_lines(faults: Iterable[tuple[int, str]]) -> str:
    """Every fault once, on a line of its own, in the order of the file."""
    return "\n".join(dict.fromkeys(sentence for _, sentence in sorted(faults)))


def _is_inside(fault: Any, outer: Any) -> bool:
    """Whether a fault lies within another's value: a list is then short only of what failed."""
    return len(fault["loc"]) > len(outer["loc"]) and _begins(fault["loc"], outer["loc"])


def _reaches(given: tuple[str, ...], path: Path_) -> bool:
    """Whether an override set this path, something in it or what it lies in."""
    named = tuple(map(str, path))
    return bool(named) and (_begins(named, given) or _begins(given, named))


def _begins(path: Sequence[Any], start: Sequence[Any]) -> bool:
    return tuple(path[: len(start)]) == tuple(start)


def _plain_path(loc: Path_, data: Any) -> Path_:
    """The path without the names that pydantic adds for the member of a union."""
    path: list[str | int] = []
    for step in loc:
        inside = isinstance(data, (dict, list))
        tag = isinstance(data, dict) and step not in data and step in data.values()
        if tag and step != loc[-1]:
            continue
        path.append(step)
        if inside:
            try:
                data = data[step]
            except (KeyError, IndexError, TypeError):
                data = None
    return tuple(path)


def _line_of(path: Path_, lines: Mapping[Path_, int]) -> int | None:
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _sentence(fault: Any, path: Path_, data: Any) -> str:
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        meant = meant_by(path, data)
        hint = "" if meant is None else f"did you mean `{meant}`? "
        return f"no such key; {hint}`its schema` lists them all"
    if kind == "missing":
        return "is needed"
    if kind == "union_tag_invalid":
        key, tag = context["discriminator"].strip("'"), context["tag"]
        names = context["expected_tags"].replace("'", "").split(", ")
        hint = did_you_mean(tag, names)
        return f"there is no {key} {tag!r}; {hint}it can be {', '.join(names)}"
    if kind == "union_tag_not_found":
        return _without_its_name(context["discriminator"].strip("'"), given, path, data)
    if kind == "value_error":
        said: str = fault["msg"].removeprefix("Value error, ")
        return said
    message = fault["msg"].replace("Input should be ", "must be ")
    wanted = next((words for part, words in _WANTED.items() if kind.startswith(part)), message)
    shown = "" if isinstance(given, (dict, list, tuple)) else f" (got {given!r})"
    if kind == "literal_error" and isinstance(given, str):
        shown += _hint_among(given, context.get("expected", ""))
    return f"{wanted}{shown}"


def _without_its_name(key: str, given: Any, path: Path_, data: Any) -> str:
    """A part of which the key that names it is missing, or mistyped."""
    if not isinstance(given, Mapping):
        return f"must be a mapping of keys with `{key}`, which names the part"
    strange = set(map(str, given)) - set(keys_at(path, data))
    mistyped = next((name for name in sorted(strange) if nearest(name, [key])), None)
    hint = f"`{mistyped}` is no such key; did you mean `{key}`? " if mistyped else ""
    return f"{hint}needs the key `{key}`, which names the part"


def _hint_among(given: str, expected: str) -> str:
    """`; did you mean 'chat'?`, with the values as pydantic lists them."""
    values = expected.replace(" or ", ", ").replace("'", "").split(", ")
    meant = nearest(given, values)
    return f"; did you mean {meant!r}?" if meant and meant != given else ""
