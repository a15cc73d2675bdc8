"""One check in a process of its own: a case as JSON on standard input, a verdict on output."""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any

MEMORY = 512 << 20
SECONDS = 3
"""Of the processor: a check that takes longer is ended by the system."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    case = json.load(sys.stdin)
    passed, reason = _pattern(case) if case["check"] == "pattern" else _schema(case)
    print(json.dumps({"passed": passed, "reason": reason}))


def _pattern(case: dict[str, Any]) -> tuple[bool, str]:
    passed = re.fullmatch(case["pattern"], case["text"]) is not None
    return passed, "matches the pattern" if passed else "does not match the pattern"


def _schema(case: dict[str, Any]) -> tuple[bool, str]:
    import jsonschema  # type: ignore[import-untyped, unused-ignore]

    try:
        value = json.loads(case["text"], parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return False, f"is not JSON: {error}"
    validator = jsonschema.validators.validator_for(case["schema"])(case["schema"])
    fault = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if fault is None:
        return True, "fits the schema"
    place = fault.json_path.removeprefix("$").lstrip(".")
    return False, f"{place + ': ' if place else ''}{fault.message[:300]}"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


if __name__ == "__main__":
    main()
