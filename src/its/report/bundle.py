"""The page's modules as one script: plain ES modules, put one after the other.

A module may import names from its neighbours (`import { a, b } from "./other.js";`, on one line)
and export functions and constants. Joined, they share one scope, so a name at the top of a module
belongs to it alone.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) )", re.MULTILINE)


def asset(name: str) -> str:
    return _folder().joinpath("assets", name).read_text("utf-8")


def script() -> str:
    """The charting library with its licence, then every module that `main.js` needs."""
    vendor = _folder().joinpath("vendor")
    licence = vendor.joinpath("LICENSE").read_text("utf-8")
    library = vendor.joinpath("uPlot.iife.min.js").read_text("utf-8")
    return f"/*\n{licence.rstrip()}\n*/\n{library}\n{joined('main.js')}"


def style() -> str:
    library = _folder().joinpath("vendor", "uPlot.min.css").read_text("utf-8")
    return f"{library}\n{asset('report.css')}"


def joined(entry: str) -> str:
    """A module below those that it imports, each once."""
    order: dict[str, str] = {}

    def visit(name: str) -> None:
        if name in order:
            return
        source = asset(name)
        for needed in _IMPORT.findall(source):
            visit(needed)
        order[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    visit(entry)
    return "\n".join(order.values())


def _folder() -> Traversable:
    return files("its.report")
