"""The event loop that a run uses: uvloop's where it is installed (the `fast` extra)."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

SELDOM = (50_000, 20, 50)


def run_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end on the fastest loop there is. Results do not depend on which.

    The collector looks for cycles less often meanwhile: a thousand calls in flight are many
    objects, few of them in cycles, and looking through them all again and again took a fifth of
    the time.
    """
    interrupt_politely()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def interrupt_politely() -> None:
    """From here on there is something to put away: Ctrl-C and SIGTERM end the loop from inside."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
