"""Variables from a file `.env` in the working directory: keys and addresses beside a project.

The values are secrets: they are never shown, only the names are. What the environment holds
already stands, and names that change which programs run here are not taken from a file.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

FILE = ".env"
LARGEST = 64 * 1024
"""Bytes; a larger file is no list of variables."""

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=[ \t]*", re.ASCII)
_SKIPPED = re.compile(r"\s*(?:#[^\n]*)?(?:\n|$)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_NOT_FROM_A_FILE = re.compile(r"PATH|HOME|TMPDIR|SHELL|(?:LD|DYLD|PYTHON|XDG|SSL_CERT)_?.*")


@dataclass(frozen=True, slots=True)
class Variables:
    """What a file sets: `refused` are names that it may not set, `bad_lines` the numbers of lines
    that set nothing."""

    values: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    bad_lines: tuple[int, ...] = ()


def use_environment_file() -> list[str]:
    """Set what `.env` sets and the environment does not; sentences about what was left out."""
    text = read_file(Path(FILE))
    if isinstance(text, list):
        return text
    found = parse_variables(text)
    for name, value in found.values.items():
        os.environ.setdefault(name, value)
    said = [f"{FILE} may not set {name}; set it in the shell" for name in found.refused]
    if found.bad_lines:
        lines = ", ".join(map(str, found.bad_lines[:5]))
        said.append(f"{FILE} line {lines} is not NAME=value and is left out")
    return said


def names_from_file() -> list[str]:
    """The names that `.env` sets here, where its value is the one that counts."""
    text = read_file(Path(FILE))
    values = {} if isinstance(text, list) else parse_variables(text).values
    return [name for name, value in values.items() if os.environ.get(name) == value]


def read_file(path: Path) -> str | list[str]:
    """Its text (empty where there is none), or the sentence that says why it is left out."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""  # such as the directory of a virtual environment
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            return [f"{path} is larger than 64 kB and is left out"]
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        return [f"{path} is not UTF-8 and is left out"]
    except OSError as error:
        return [f"{path} cannot be read ({error.strerror or error}) and is left out"]


def parse_variables(text: str) -> Variables:
    """`NAME=value` a line, `export` in front or not; a value in double quotes knows escapes and
    may go over several lines, one in single quotes is taken as it is, one without quotes ends
    before ` #`. The last line of a name counts."""
    text = text.replace("\r\n", "\n")
    values: dict[str, str] = {}
    refused: list[str] = []
    bad: list[int] = []
    position = 0
    while position < len(text):
        if (blank := _SKIPPED.match(text, position)) and blank.end() > position:
            position = blank.end()
            continue
        head = _LINE.match(text, position)
        read = _value(text, head.end()) if head else None
        if head is None or read is None or "\0" in read[0]:
            bad.append(text.count("\n", 0, position) + 1)
            position = _end_of_line(text, position)
            continue
        name = head[1]
        if _NOT_FROM_A_FILE.fullmatch(name):
            refused.append(name)
        else:
            values[name] = read[0]
        position = read[1]
    return Variables(values, tuple(dict.fromkeys(refused)), tuple(bad))


def _value(text: str, start: int) -> tuple[str, int] | None:
    """The value that begins here and where the next line does; None where a quote stays open or
    is followed by more."""
    for quoted in (_DOUBLE, _SINGLE):
        if (found := quoted.match(text, start)) is not None:
            rest = _REST.match(text, found.end())
            value = found[1]
            if quoted is _DOUBLE:
                value = re.sub(r"\\(.)", _unescaped, value, flags=re.DOTALL)
            return (value, rest.end()) if rest else None
    if text[start : start + 1] in ("'", '"'):
        return None
    end = _end_of_line(text, start)
    line = text[start:end].removesuffix("\n")
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip(), end


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end + 1
