"""How the rows of known forms are graded: the tests of programs, the assertions of promptfoo."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from its.problems.json_line import LineFault, parse
from its.problems.names import find, is_filled, top_of
from its.problems.problem import RowVerifier


@dataclass(frozen=True, slots=True)
class Grading:
    """A verifier or a reference, the fields they came from, and what a question must add so that
    the tests can call its answer."""

    verifier: RowVerifier | None = None
    reference: Any = None
    fields: tuple[str, ...] = ()
    addition: str = ""


def grading_of(name: str, record: Mapping[str, Any]) -> Grading:
    """What a form's rows say of their grading."""
    return _BUILDERS[name](record)


def _check_function(record: Mapping[str, Any]) -> Grading:
    """HumanEval: `test` defines check(candidate)."""
    test, entry, prompt = (_text(record, name) for name in ("test", "entry_point", "prompt"))
    data = {"test": test, "entry_point": entry, "setup": _imports(prompt)}
    fields = ("test", "entry_point", "canonical_solution")
    return Grading(RowVerifier("code_tests", data), fields=_there(record, fields))


def _assertions(record: Mapping[str, Any]) -> Grading:
    """MBPP: the question does not name the function that its tests call, so it is added."""
    found = find(record, "test_list")
    tests = tuple(str(test) for test in found[1]) if found and isinstance(found[1], list) else ()
    if not tests:
        return Grading()
    data: dict[str, Any] = {"tests": tests}
    setup = find(record, "test_setup_code") or find(record, "test_imports")
    if setup is not None and is_filled(setup[1]):
        lines = setup[1] if isinstance(setup[1], list) else [setup[1]]
        data["setup"] = "\n".join(map(str, lines))
    defined = re.findall(r"^def\s+(\w+)", _text(record, "code"), re.MULTILINE)
    called = [each for each in defined if re.search(rf"\b{each}\s*\(", tests[0])]
    if called:
        data["entry_point"] = called[-1]
    fields = ("test_list", "code", "test_setup_code", "test_imports", "challenge_test_list")
    addition = f"\n\nName the function `{called[-1]}`." if called else ""
    verifier = RowVerifier("code_tests", data)
    return Grading(verifier, fields=_there(record, fields), addition=addition)


def _input_output(record: Mapping[str, Any]) -> Grading:
    """APPS: {"inputs": […], "outputs": […], "fn_name": …} as an object or as its JSON."""
    found = find(record, "input_output")
    cases = _parsed(found[1]) if found else None
    if not isinstance(cases, dict):
        return Grading()
    inputs, outputs = cases.get("inputs"), cases.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not inputs:
        return Grading()
    data: dict[str, Any] = {"pairs": tuple(zip(inputs, outputs, strict=False))}
    addition = ""
    if isinstance(cases.get("fn_name"), str):
        data["function"] = cases["fn_name"]
        addition = f"\n\nName the function `{cases['fn_name']}`."
    fields = _there(record, ("input_output", "solutions"))
    return Grading(RowVerifier("stdio", data), fields=fields, addition=addition)


def _test_cases(record: Mapping[str, Any]) -> Grading:
    """LiveCodeBench: a list of {"input", "output", "testtype"} as JSON."""
    found = find(record, "public_test_cases")
    cases = _parsed(found[1]) if found else None
    if not isinstance(cases, list) or not cases or not all(isinstance(c, dict) for c in cases):
        return Grading()
    pairs = tuple((case.get("input"), case.get("output")) for case in cases)
    data: dict[str, Any] = {"pairs": pairs}
    about = find(record, "metadata")
    described = _parsed(about[1]) if about else None
    function = described.get("func_name") if isinstance(described, dict) else None
    if cases[0].get("testtype") == "functional" and isinstance(function, str):
        data["function"] = function
    return Grading(
        RowVerifier("stdio", data),
        fields=_there(record, ("public_test_cases", "private_test_cases")),
    )


def _promptfoo(record: Mapping[str, Any]) -> Grading:
    """The first assertion that can be checked without running the user's code."""
    found = find(record, "__expected")
    if found is not None and isinstance(found[1], str) and found[1].strip():
        kind, colon, value = found[1].partition(":")
        stated = colon and kind.strip() in _ASSERTIONS
        grading = (
            _ASSERTIONS[kind.strip()](value.strip()) if stated else Grading(reference=found[1])
        )
        return Grading(grading.verifier, grading.reference, (found[0],))
    found = find(record, "assert")
    entries = found[1] if found and isinstance(found[1], list) else []
    for entry in entries:
        stated_kind = entry.get("type") if isinstance(entry, dict) else None
        if stated_kind in _ASSERTIONS and is_filled(entry.get("value")):
            grading = _ASSERTIONS[stated_kind](entry["value"])
            return Grading(grading.verifier, grading.reference, ("assert",))
    return Grading(fields=("assert",) if entries else ())


def _pattern(before: str, after: str, flags: str = "s") -> Callable[[Any], Grading]:
    def build(value: Any) -> Grading:
        pattern = f"(?{flags}){before}{re.escape(str(value))}{after}"
        return Grading(RowVerifier("regex", {"pattern": pattern}))

    return build


def _regex(value: Any) -> Grading:
    return Grading(RowVerifier("regex", {"pattern": f"(?s:.*)(?:{value})(?s:.*)"}))


def _schema(value: Any) -> Grading:
    return Grading(RowVerifier("schema", {"schema": value}) if isinstance(value, dict) else None)


_ASSERTIONS: dict[str, Callable[[Any], Grading]] = {
    "equals": lambda value: Grading(reference=value),
    "contains": _pattern(".*", ".*"),
    "icontains": _pattern(".*", ".*", "si"),
    "starts-with": _pattern("", ".*"),
    "regex": _regex,
    "is-json": _schema,
    "llm-rubric": lambda value: Grading(RowVerifier("rubric", {"rubric": value})),
}
_BUILDERS: dict[str, Callable[[Mapping[str, Any]], Grading]] = {
    "check_function": _check_function,
    "assertions": _assertions,
    "input_output": _input_output,
    "test_cases": _test_cases,
    "promptfoo": _promptfoo,
}


def _text(record: Mapping[str, Any], name: str) -> str:
    found = find(record, name)
    return found[1] if found is not None and isinstance(found[1], str) else ""


def _there(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    found = (find(record, name) for name in names)
    return tuple(top_of(each[0], record) for each in found if each is not None)


def _imports(prompt: str) -> str:
    """The import lines of a prompt: a reply may hold the function alone."""
    lines = [line for line in prompt.splitlines() if re.match(r"(import|from)\s+\w", line)]
    return "\n".join(lines)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse(value.encode("utf-8", "surrogatepass"))
    except LineFault:
        return None
