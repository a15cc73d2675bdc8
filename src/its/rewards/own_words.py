"""What a judge says in its own words: a text without what it quotes, and its own JSON."""

from __future__ import annotations

import json
import re
from typing import Any

_DECORATION = re.compile(r"[*_`$\\]|\bboxed\b|[{}]")
_JSON_START = re.compile(r"[\[{]")
_TAGGED = re.compile(r"<(\w+(?: \d+)?) (\w{12})>\n.*?\n</\1 \2>", re.DOTALL)
_QUOTED_LINE = re.compile(r"^[ \t]{0,3}>.*$", re.MULTILINE)
_SAID = re.compile(r"\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|«[^»\n]{1,400}»|`[^`\n]{1,400}`")
_SPEAKS_OF_VERDICT = re.compile(r"\b(?:score|rating|grade|reward|verdict)|\[\[|\d\s*/\s*\d", re.I)
_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_OPENING_FENCE = re.compile(r"```\w{0,12}\s*\Z")
_CLOSING_FENCE = re.compile(r"\A\s*```")
_INTRODUCED = re.compile(
    r"\b(?:response|solution|answer|candidate|text|it|author)\b[^\n.]{0,80}?\b(?:says?|said|claims?"
    r"|contains?|states?|ends?|includes?|writes?|wrote|reads?|outputs?|asks?|quotes?)\b[^\n.]{0,80}"
    r":?[*_ ]{0,4}\s*\Z",
    re.IGNORECASE,
)
_LONGEST = 20_000
"""A verdict is at the end of a text: this many characters of it are read."""


def own_words(text: str) -> str:
    """The end of a text without emphasis, math markup and what the judge quotes: its own words, or
    those in its code blocks where it has no others."""
    text = _without_quotations(text)
    outside = _CODE_BLOCK.sub("\n", text)
    return _DECORATION.sub("", outside if outside.strip() else text).strip()


def json_verdicts(text: str) -> list[tuple[Any, bool]]:
    """The JSON values that may be the judge's own, last first, and whether one is its last word: it
    fills the last lines, in no code block. What a sentence introduces as said by a response is
    left out."""
    text = _TAGGED.sub("\n", text[-_LONGEST:])
    found: list[tuple[Any, bool]] = []
    for value, start, end in _json_values(text):
        before, after = text[:start], _CLOSING_FENCE.sub("", text[end:], count=1)
        line = before.rpartition("\n")[2]
        fence = _OPENING_FENCE.search(before)
        if fence:
            before, line = before[: fence.start()], ""
        is_last, alone = not after.strip(" \n.*`"), not line.strip(" *_`")
        if (is_last or alone) and not _INTRODUCED.search(before):
            found.append((value, is_last and alone and fence is None))
    return found


def _without_quotations(text: str) -> str:
    text = _without_objects(_TAGGED.sub("\n", text[-_LONGEST:]))
    return _SAID.sub(_without_verdicts, _QUOTED_LINE.sub("", text))


def _without_objects(text: str) -> str:
    """Without JSON objects, which are read for themselves."""
    for value, start, end in _json_values(text):
        if isinstance(value, dict) or (isinstance(value, list) and any(map(_is_object, value))):
            text = f"{text[:start]}\n{text[end:]}"
    return text


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _without_verdicts(said: re.Match[str]) -> str:
    """A sentence in quotation marks that speaks of a verdict is the response's; a quoted word, or
    the name of a field, is the judge's."""
    return "" if _SPEAKS_OF_VERDICT.search(said[0]) and len(said[0].split()) > 1 else said[0]


def _json_values(text: str) -> list[tuple[Any, int, int]]:
    """The outermost JSON objects and arrays in a text with where they begin and end, last first (a
    verdict comes at the end)."""
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    found: list[tuple[Any, int, int]] = []
    position = 0
    while match := _JSON_START.search(text, position):
        try:
            value, position = decoder.raw_decode(text, match.start())
            found.append((value, match.start(), position))
        except ValueError:
            position = match.end()
        except RecursionError:
            break
    return found[::-1]
