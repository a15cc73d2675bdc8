"""`python -m its`, and the `its` command.

Ctrl-C is met before anything else is loaded: there is nothing to put away yet.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(130))
    if sys.getfilesystemencoding() == "ascii":
        _start_again_in_utf8()
    from its.cli.main import main as run

    run()


def _start_again_in_utf8() -> None:
    """A locale that knows ASCII alone would read and write every file in it."""
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, os.environ | {"PYTHONUTF8": "1"})


if __name__ == "__main__":
    main()
