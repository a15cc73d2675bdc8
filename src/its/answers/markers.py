"""What a text states as its answer: boxes, `####`, tags, JSON, "the answer is …".

Markers stand inside markers, so what one holds is read once more. Linear in the text's length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from its.answers.languages import every

_BOX = re.compile(r"\\(?:boxed|fbox) ?\{|\\[{}\\]|[{}]")
_BOX_BARE = re.compile(r"\\(?:boxed|fbox) ?([^\s{}$\\]{1,200})")
_BOX_JOINT = re.compile(
    r"[\s$,;.()\\]{0,8}(?:(?:and|or|und|et|y|o|oder|ou)\b|[,;&]|和|或)?[\s$()\\]{0,8}"
)
_HASHES = re.compile(r"####[ \t]*([^\n]{1,400})")
_DISPLAYED = re.compile(r"\$\$(.{1,1000}?)\$\$|\\\[(.{1,1000}?)\\\]", re.DOTALL)
_TAG = re.compile(r"<((?:final[_ ]?)?answer)>", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</(?:final[_ ]?)?answer>?", re.IGNORECASE)
_FIELD = re.compile(r"""["'](?:final[_ ]?)?answer["']\s{0,8}:\s{0,8}""", re.IGNORECASE)
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)(?<!\bRs)(?<!\bNo)[.;](?:\s|$)|[。；！]"
    r"|(?<=\S) (?:because|since|as|so)\b"
)
_CLAUSE = re.compile(r", (?:which|who|where|because|since|as|so|that|if|when|given|making|not)\b")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_FENCED = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_FORMULA = re.compile(r"\$([^$]+)\$[.,]?(?: |$)|\\\((.+?)\\\)|\*\*([^*]+)\*\*")
_PLAIN = re.compile(r"[-+.,\d]+|[\x21-\x7e]{1,4}")
"""What is too plain or too short to hold a marker."""
_LONGEST = 4_000
_MOST_NESTED = 4


def _marks(text: str) -> list[re.Match[str]]:
    """Every place where a text names its answer. Few texts hold words of more than one language,
    so only the phrases that a text holds are looked for."""
    lower = text.casefold()
    phrases = _ASCII_PHRASES if text.isascii() else _PHRASES
    held = tuple(phrase for phrase in phrases if phrase in lower)
    return list(_pattern(held).finditer(text)) if held else []


@lru_cache(maxsize=256)
def _pattern(held: tuple[str, ...]) -> re.Pattern[str]:
    """These words for an answer, each with what must follow it."""
    spaced = _either([phrase for phrase in held if phrase in _MARKS and not _is_unspaced(phrase)])
    unspaced = _either([phrase for phrase in held if phrase in _MARKS and _is_unspaced(phrase)])
    leads = _either([phrase for phrase in held if phrase not in _MARKS])
    return re.compile(
        rf"^#{{1,6}} [^\n]{{0,60}}\banswer[ \t]*$"
        rf"|\b{spaced}{_BOLD}"
        rf"(?:[ \t]{{1,4}}{_SPACED_VERBS}(?!\w){_BOLD}:?|[ \t]{{0,4}}[:=：＝]{_BOLD}|\*\*:?\n)"
        rf"|{unspaced}{_BOLD}[ \t]{{0,4}}"
        rf"(?:{_UNSPACED_VERBS}{_BOLD}[:：]?|[:=：＝]{_BOLD}|\*\*[:：]?\n)"
        rf"|{leads}[ \t]{{0,4}}[:：]?(?=[ \t(（]{{0,4}}[A-Za-z](?![A-Za-z]))",
        re.IGNORECASE | re.MULTILINE,
    )


def _either(phrases: Iterable[str]) -> str:
    """A pattern for any of them; one that matches nothing where there is none."""
    return f"(?:{'|'.join(map(re.escape, phrases)) or '(?!)'})"


def _is_unspaced(phrase: str) -> bool:
    """Whether a phrase is in a script that puts no space between words."""
    return any(
        0x2E80 <= ord(c) <= 0x9FFF or 0xAC00 <= ord(c) <= 0xD7A3 or 0xE00 <= ord(c) <= 0xE7F
        for c in phrase
    )


_MARKS = frozenset(every("marks"))
_PHRASES = (*every("marks"), *every("leads"))
_ASCII_PHRASES = tuple(phrase for phrase in _PHRASES if phrase.isascii())
_BOLD = r"(?:\*\*|__)?"
_SPACED_VERBS = _either(verb for verb in every("verbs") if not _is_unspaced(verb))
_UNSPACED_VERBS = _either(verb for verb in every("verbs") if _is_unspaced(verb))


def statements(text: str) -> Iterator[str]:
    """Every explicit answer, as written: the last of each kind, the surest kind first."""
    for find in _FINDERS:
        if (found := find(text)) is not None:
            yield _innermost(found)


def statement(text: str) -> str | None:
    """The last explicit answer of the surest kind there is."""
    return next(statements(text), None)


def verbatim(text: str) -> str | None:
    """The explicit answer character by character: what a tag or a box holds, or a fenced block, or
    what follows the last "Answer:" (the line, else the block of lines below it)."""
    if (found := _tagged(text)) is not None:
        return found
    marks = _marks(text)
    if not marks:
        found = _boxed(text)
        blocks = _FENCED.findall(text) if found is None else []
        return blocks[-1] if blocks else found
    rest = text[marks[-1].end() :].lstrip(" \t:").rstrip()
    if block := _FENCED.match(rest.lstrip()):
        return block[1]
    line = rest.split("\n", 1)[0].strip() or rest.strip()
    quoted = re.fullmatch(r"`([^`]*)`|\*\*(.*)\*\*", line)
    return line if quoted is None else quoted[1] or quoted[2] or ""


def _innermost(content: str) -> str:
    """What the markers inside a marker hold."""
    for _ in range(_MOST_NESTED):
        if _PLAIN.fullmatch(content):
            break
        inner = next((found for find in _FINDERS if (found := find(content)) is not None), None)
        if inner is None or inner == content:
            break
        content = inner
    return content


def _boxed(text: str) -> str | None:
    """The content of the box that opens last among those that close; innermost where nested.

    Boxes that follow each other with no more than a comma or "and" between them are one list.
    """
    if "\\boxed" not in text and "\\fbox" not in text:
        return None
    boxes = _boxes(text)
    if not boxes:
        bare = _last(_BOX_BARE, text)
        return bare[1] if bare else None
    start, content_start, content_end = boxes[-1]
    contents = [text[content_start:content_end]]
    for earlier, earlier_content, earlier_end in reversed(boxes[:-1]):
        between = text[earlier_end + 1 : start]
        if earlier_end >= start or not _BOX_JOINT.fullmatch(between) or not between.strip():
            break
        contents.append(text[earlier_content:earlier_end])
        start = earlier
    return ", ".join(dict.fromkeys(reversed(contents)))


def _boxes(text: str) -> list[tuple[int, int, int]]:
    """Where each box that closes and holds something begins, and its content: in order of their
    beginnings."""
    open_braces: list[tuple[int, int] | None] = []
    boxes: list[tuple[int, int, int]] = []
    for token in _BOX.finditer(text, _first_box(text)):
        mark = token[0]
        if mark == "{":
            open_braces.append(None)
        elif mark == "}":
            opened = open_braces.pop() if open_braces else None
            if opened and text[opened[1] : token.start()].strip():
                boxes.append((*opened, token.start()))
        elif len(mark) > 2:
            open_braces.append(token.span())
    return sorted(boxes)


def _first_box(text: str) -> int:
    """Where the first box may begin, with the backslashes before it, any of which may take the
    meaning of the next. Braces before it belong to no box."""
    found = [at for at in (text.find("\\boxed"), text.find("\\fbox")) if at >= 0]
    start = min(found, default=len(text))
    while text[start - 1 : start] == "\\":
        start -= 1
    return start


def _hashed(text: str) -> str | None:
    """GSM8K's mark; a heading of the same form has words, and something below it."""
    found = _last(_HASHES, text) if "####" in text else None
    if found is None or not found[1].strip():
        return None
    is_heading = _WORD.search(found[1]) and text[found.end() :].strip()
    return None if is_heading else found[1]


def _tagged(text: str) -> str | None:
    """What stands in the last answer tag, or behind one whose end was a stop string."""
    opening = _last(_TAG, text) if "<" in text else None
    if opening is None:
        return None
    rest = text[opening.end() : opening.end() + _LONGEST]
    closing = _CLOSING_TAG.search(rest)
    content = rest[: closing.start()] if closing else rest
    if "</" in content and not closing:
        content = content[: content.rindex("</")]
    return content if content.strip() else None


def _in_json(text: str) -> str | None:
    """The value of the last field named answer; the parts of a list."""
    found = _last(_FIELD, text)
    if found is None:
        return None
    value = text[found.end() : found.end() + _LONGEST]
    try:
        return _as_text(json.JSONDecoder().raw_decode(value)[0])
    except (ValueError, RecursionError):
        quoted = re.match(r"""(["'])(.*?)\1\s*[,}\n]""", value)
        bare = re.match(r"[-+\w.]{1,40}", value)
        return quoted[2] if quoted else bare[0] if bare else None


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and not any(isinstance(v, list | dict) for v in value):
        return ", ".join(map(_as_text, value))
    return json.dumps(value, ensure_ascii=False)


def _marked(text: str) -> str | None:
    """What follows the last "Answer:" or "the answer is", to the end of its sentence."""
    for mark in reversed(_marks(text)):
        rest = text[mark.end() : mark.end() + 2_000].lstrip(" \t\r\n:：")
        if displayed := _DISPLAYED.match(rest):
            return displayed[1] or displayed[2]
        line = rest.split("\n", 1)[0].strip()
        if line.count("}") > line.count("{"):  # of a block around the mark, or the statement
            line = line[1:].strip() if line.startswith("}") else line.removesuffix("}")
        if line.count("**") % 2:  # bold that began before the mark
            line = line.removeprefix("**").removesuffix("**").strip()
        if line:
            return _first_sentence(line)
    return None


def _first_sentence(line: str) -> str:
    """The answer at the head of a line: a formula or bold text it starts with, or its sentence."""
    if line.isalnum():
        return line
    if found := _FORMULA.match(line):
        return found[found.lastindex or 0]
    end = _SENTENCE_END.search(line)
    sentence = (line[: end.start()] if end else line).rstrip("!")
    clause = _CLAUSE.search(sentence) if ", " in sentence else None
    if clause and (_says_a_value(sentence[: clause.start()]) or not re.search(r"\d", sentence)):
        return sentence[: clause.start()]
    return sentence


def _says_a_value(text: str) -> bool:
    return bool(re.search(r"\d", text)) or len(text.split()) <= 2


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007
        pass
    return last


_FINDERS: tuple[Callable[[str], str | None], ...] = (_boxed, _hashed, _tagged, _in_json, _marked)
