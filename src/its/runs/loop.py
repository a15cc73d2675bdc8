"""The event loop that a run uses: uvloop's where it is installed (the `fast` extra)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_SELDOM = (50_000, 20, 50)


def run_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end on the fastest loop there is. Results do not depend on which.

    The collector looks for cycles less often meanwhile: a thousand calls in flight are many
    objects, few of them in cycles, and looking through them all again and again took a fifth of
    the time.
    """
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
