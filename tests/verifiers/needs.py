"""What tests of running programs need."""

from __future__ import annotations

import pytest

from its.errors import SandboxUnavailable
from its.verifiers.sandbox import available_interpreter


def _missing() -> str | None:
    try:
        available_interpreter()
    except SandboxUnavailable as error:
        return str(error)
    return None


MISSING = _missing()
needs_sandbox = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
