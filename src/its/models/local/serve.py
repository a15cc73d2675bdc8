"""The child process: llama.cpp's server on loopback, until the run that started it is over.

It reads one line of settings from standard input, writes its address to standard output when the
model is loaded, and ends as soon as standard input does: the run holds the other end, so however
the run ends, this process ends too.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from typing import Any

_PR_SET_PDEATHSIG = 1
_LAST_WORDS = 0.5
"""Seconds in which llama.cpp, which logs from a thread of its own, can say why it failed."""


def main() -> None:
    _end_with_parent()
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        server = _serve(settings)
    except RuntimeError:
        time.sleep(_LAST_WORDS)
        raise
    print(server.listening_address, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    """Have Linux kill this process with the thread that started it, even while the model loads."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _serve(settings: dict[str, Any]) -> Any:
    """Sampling is neutral (no top-k, min-p or top-p), so that a request's temperature alone shapes
    what is drawn."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["path"]
    parameters.model_alias = {settings["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [settings["key"]]
    parameters.n_parallel = settings["slots"]
    parameters.n_ctx = settings["slots"] * settings["context"]
    parameters.cpuparams.n_threads = settings["threads"]
    parameters.cpuparams_batch.n_threads = settings["threads"]
    parameters.cache_ram_mib = 0
    parameters.ui = False
    parameters.sampling.top_k = 0
    parameters.sampling.top_p = 1.0
    parameters.sampling.min_p = 0.0
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    main()
