"""What a row says of how it is to be graded, beside or instead of a reference.

Fields that mean this whatever the data set: `verifier` (an object with a `kind`), `tests` (Python
assertions, or objects with `input` and `output`), `test` with `entry_point`, `schema` and
`json_schema`, `regex`, `rubric`, and `tolerance` beside a reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from its.problems.json_line import LineFault, type_name
from its.problems.problem import RowVerifier, VerifierKind

KINDS: tuple[str, ...] = get_args(VerifierKind)
_SCHEMA_WORDS = frozenset(
    ("type", "properties", "items", "enum", "const", "anyOf", "allOf", "oneOf", "$ref", "$schema")
)


def read_verifier(record: dict[str, Any]) -> tuple[RowVerifier | None, tuple[str, ...]]:
    """The verifier of a row, and the fields that it was read from; (None, ()) where it has none.

    Raises LineFault for a `verifier` that cannot be used.
    """
    if record.get("verifier") is not None:
        return _stated(record["verifier"]), ("verifier",)
    if (named := _named_test(record)) is not None:
        return named
    for field, read in _READERS:
        if record.get(field) is not None and (found := read(record[field])) is not None:
            return found, (field,)
    return None, ()


def _stated(value: Any) -> RowVerifier:
    if not isinstance(value, dict):
        raise LineFault(f"field 'verifier' must be an object with a `kind`, not {type_name(value)}")
    if value.get("kind") not in KINDS:
        raise LineFault(f"field 'verifier.kind' must be one of {', '.join(KINDS)}")
    kind: VerifierKind = value["kind"]
    missing = [name for name in _NEEDED[kind] if value.get(name) is None]
    if len(missing) == len(_NEEDED[kind]) and missing:
        raise LineFault(f"field 'verifier' of kind {kind} needs {' or '.join(missing)}")
    return RowVerifier(kind, {name: item for name, item in value.items() if name != "kind"})


_NEEDED: dict[VerifierKind, tuple[str, ...]] = {
    "code_tests": ("tests", "test"),
    "stdio": ("pairs",),
    "schema": ("schema",),
    "regex": ("pattern",),
    "value": (),
    "rubric": ("rubric",),
    "choice": ("choices",),
}


def _named_test(record: dict[str, Any]) -> tuple[RowVerifier, tuple[str, ...]] | None:
    """A `test` of the function that `entry_point` names."""
    test, entry_point = record.get("test"), record.get("entry_point")
    if not isinstance(test, str) or not isinstance(entry_point, str):
        return None
    if "def check(" not in test and "assert" not in test:
        return None
    data = {"test": test, "entry_point": entry_point.strip()}
    return RowVerifier("code_tests", data), ("test", "entry_point")


def _tests(value: Any) -> RowVerifier | None:
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(test, str) and "assert" in test for test in value):
        return RowVerifier("code_tests", {"tests": tuple(value)})
    if all(isinstance(test, dict) and _is_pair(test) for test in value):
        pairs = tuple((test["input"], test["output"]) for test in value)
        return RowVerifier("stdio", {"pairs": pairs})
    return None


def _is_pair(test: dict[str, Any]) -> bool:
    return all(isinstance(test.get(name), str) for name in ("input", "output"))


def _schema(value: Any) -> RowVerifier | None:
    if isinstance(value, dict) and _SCHEMA_WORDS & value.keys():
        return RowVerifier("schema", {"schema": value})
    return None


def _regex(value: Any) -> RowVerifier | None:
    return RowVerifier("regex", {"pattern": value}) if isinstance(value, str) and value else None


def _rubric(value: Any) -> RowVerifier | None:
    is_rubric = isinstance(value, str | list) and value
    return RowVerifier("rubric", {"rubric": value}) if is_rubric else None


def _tolerance(value: Any) -> RowVerifier | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return RowVerifier("value", {"tolerance": value})
    return None


_READERS: tuple[tuple[str, Callable[[Any], RowVerifier | None]], ...] = (
    ("tests", _tests),
    ("json_schema", _schema),
    ("schema", _schema),
    ("regex", _regex),
    ("tolerance", _tolerance),
    ("rubric", _rubric),
)
