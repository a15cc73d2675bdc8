"""Reading the answer out of a text that a model wrote. Linear in its length, and never raises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson

from its.answers.latex import strip_wrapping
from its.answers.normal_form import normal_form
from its.candidates import Answer
from its.problems.problem import AnswerKind

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NO_ANSWER = frozenset(
    ("", "none", "null", "nil", "n/a", "unknown", "undetermined", "idk", "i don't know",
     "i do not know", "i'm not sure", "i am not sure", "not sure", "unsure", "no answer",
     "cannot be determined", "?", "...", "nan", "[answer]", "<answer>", "your answer")
)  # fmt: skip

_BOX = re.compile(r"\\(?:boxed|fbox) ?\{|\\[{}\\]|[{}]")
_BOX_BARE = re.compile(r"\\(?:boxed|fbox) ?([^\s{}$\\]{1,200})")
_HASHES = re.compile(r"####[ \t]*([^\n]{1,400})")
_MARK = re.compile(
    r"^#{1,6} [^\n]{0,60}\banswer[ \t]*$|"
    r"\b(?:answer|(?:correct|right|best) (?:option|choice|solution))(?:\*\*|__)?"
    r"(?:[ \t]{0,4}(?:is\b|:|=)(?:\*\*|__)?:?|[ \t]{1,4}(?:would|should|must) be\b|\*\*:?\n)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(
    r'"(?:final[_ ]?)?answer"\s{0,8}:\s{0,8}'
    r'("(?:[^"\\\n]|\\.){0,4000}"|-?[0-9.eE+-]{1,40}|true|false|null)',
    re.IGNORECASE,
)
_DISPLAYED = re.compile(r"\$\$(.{1,1000}?)\$\$|\\\[(.{1,1000}?)\\\]", re.DOTALL)
_LETTERED = re.compile(r"\(?([A-J])\)\s")
_TAGGED = re.compile(r"<answer>([^<]{1,4000})</answer>", re.IGNORECASE)
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)[.;](?:\s|$)|(?<=\S) (?:because|since|as|so)\b"
)
_NUMBER = re.compile(
    r"(?<![\w.])[-−+]?[$£€]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[ ]?/[ ]?\d+)?(?:[ ]?\\?%)?"
)
_MATH = re.compile(r"\$([^$\n]{1,400})\$|\\\(([^\n]{1,400}?)\\\)|\\\[([^\n]{1,400}?)\\\]")
_LETTER_WHOLE = re.compile(
    r"[\s(\[*_`\"'$]{0,8}(?:option|choice)?[\s(\[*_`\"']{0,4}([A-Za-z])(?![A-Za-z'’])",
    re.IGNORECASE,
)
_LETTER_NAMED = re.compile(r"\b(?:option|choice)[\s(*_]{1,4}([A-Z])(?![A-Za-z])", re.IGNORECASE)
_LETTER_MARKED = re.compile(r"\(([A-Z])\)|\*\*\(?([A-Z])(?:[).:]|\*\*)|\s([A-Z])[.)*]{0,3}\s*\Z")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_PROSE = 4  # words
_BARE = 80  # characters
_FENCE = re.compile(r"^[ \t]{0,3}```([^\n`]*)$", re.MULTILINE)


def extract(text: str, kind: AnswerKind = "auto", choices: Sequence[str] = ()) -> Answer | None:
    """The answer in a text, or None where it gives none (it then abstains).

    The last explicit answer counts: boxed, then `####`, then "the answer is …". Failing these, a
    guess by kind is marked as a fallback: the last number, the last formula, the last letter.
    `kind` "auto" reads a choice where the question has choices, and else decides by what it finds.
    """
    text = _after_thinking(text)
    if kind == "code":
        return _code(text)
    if kind == "choice" or (kind == "auto" and choices):
        return _choice(text, choices)
    stated = _stated(text)
    if kind == "text":
        return _free_text(text, stated)
    if stated is None:
        return _guess(text, kind)
    return _read(stated, kind)


def _after_thinking(text: str) -> str:
    """What follows a reasoning block, where anything does."""
    _, _, after = text.rpartition("</think>")
    return after if after.strip() else text


def _stated(text: str) -> str | None:
    """The last explicit answer, as it was written."""
    for find in (_boxed, _hashed, _tagged, _in_json, _marked):
        if (found := find(text)) is not None:
            return found
    return None


def _boxed(text: str) -> str | None:
    """The content of the box that opens last among those that close; innermost where nested."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return None
    open_braces: list[int] = []
    boxes: set[int] = set()
    last: tuple[int, int] | None = None
    for token in _BOX.finditer(text):
        if token[0].endswith("{") and token[0] != "\\{":
            open_braces.append(token.end())
            if len(token[0]) > 1:
                boxes.add(token.end())
        elif token[0] == "}" and open_braces:
            start = open_braces.pop()
            if (
                start in boxes
                and (last is None or start > last[0])
                and text[start : token.start()].strip()
            ):
                last = start, token.start()
    if last:
        return text[last[0] : last[1]]
    bare = _last(_BOX_BARE, text)
    return bare[1] if bare else None


def _hashed(text: str) -> str | None:
    """GSM8K's mark; a heading of the same form has words, and something below it."""
    found = _last(_HASHES, text)
    if found is None or not found[1].strip():
        return None
    is_heading = _WORD.search(found[1]) and text[found.end() :].strip()
    return None if is_heading else found[1]


def _tagged(text: str) -> str | None:
    found = _last(_TAGGED, text)
    return found[1] if found else None


def _in_json(text: str) -> str | None:
    found = _last(_FIELD, text)
    if found is None:
        return None
    try:
        return str(orjson.loads(found[1]))
    except orjson.JSONDecodeError:
        return found[1].strip('"')


def _marked(text: str) -> str | None:
    """What follows the last "Answer:" or "the answer is", to the end of its sentence."""
    for mark in reversed(list(_MARK.finditer(text))):
        rest = text[mark.end() : mark.end() + 2_000].lstrip(" \t\r\n:")
        if displayed := _DISPLAYED.match(rest):
            return displayed[1] or displayed[2]
        line = rest.split("\n", 1)[0].strip()
        if line.count("}") > line.count("{"):  # of a block around the whole statement
            line = line.removesuffix("}")
        if line.count("**") % 2:  # bold that began before the mark
            line = line.removeprefix("**").removesuffix("**").strip()
        if line:
            return _first_sentence(line)
    return None


def _first_sentence(line: str) -> str:
    """The answer at the head of a line: a formula or bold text it starts with, or its sentence."""
    for pattern in (r"\$([^$]+)\$[.,]?(?: |$)", r"\\\((.+?)\\\)", r"\*\*([^*]+)\*\*"):
        if found := re.match(pattern, line):
            return found[1]
    end = _SENTENCE_END.search(line)
    return (line[: end.start()] if end else line).rstrip("!")


def _read(stated: str, kind: AnswerKind) -> Answer | None:
    """An explicit answer as the kind that was asked for, or else as what it looks like."""
    text = strip_wrapping(stated)
    if _abstains(text):
        return None
    if kind == "auto" and (letter := _LETTERED.match(text)):
        return Answer(letter[1], "text")
    shape = normal_form(Answer(text, "expression")).shape
    if kind == "expression" or shape == "number":
        return Answer(text, "number" if shape == "number" else "expression")
    wordy = len(_WORD.findall(text)) > _PROSE
    if kind == "number" or wordy:
        if number := _number_in(text):
            return Answer(number, "number", fallback=wordy)
        if kind == "number":
            return None
    return Answer(text, "text" if wordy or shape == "text" else "expression")


def _number_in(text: str) -> str | None:
    """The number an answer in words gives: the one it starts with, else the last."""
    found = _NUMBER.match(text) or _last(_NUMBER, text)
    return found[0].strip() if found else None


def _guess(text: str, kind: AnswerKind) -> Answer | None:
    """A short reply as a whole, else what the last line's last formula comes to, else the last
    number."""
    bare = text.strip()
    if kind != "number" and _is_bare(bare):
        whole = _read(bare, kind)
        if whole is None or whole.kind != "text" or not _NUMBER.search(bare):
            return whole and replace(whole, fallback=True)
    last_line = bare[bare.rfind("\n") + 1 :][-2_000:]
    if last_line.startswith("#"):
        return None  # cut short behind a heading, whose number is no answer
    formula = _last(_MATH, last_line)
    if formula and not _NUMBER.search(last_line, formula.end()):
        content = next(group for group in formula.groups() if group)
        result = _read(re.split(r"=|\\approx|≈", content)[-1], kind)
        if result and result.kind != "text":
            return replace(result, fallback=True)
    number = _last(_NUMBER, text)
    return Answer(number[0].strip(), "number", fallback=True) if number else None


def _is_bare(text: str) -> bool:
    """Whether a reply is so short that it is nothing but an answer."""
    one_line = len(text) <= _BARE and "\n" not in text and "\\boxed" not in text
    return one_line and len(_WORD.findall(text)) <= _PROSE


def _free_text(text: str, stated: str | None) -> Answer | None:
    content = strip_wrapping(stated) if stated is not None else text.strip()
    return None if _abstains(content) else Answer(content, "text", fallback=stated is None)


def _code(text: str) -> Answer | None:
    """The last fenced block that closes; an open one, or a text without fences, is a guess."""
    fences = list(_FENCE.finditer(text))
    closed = len(fences) // 2 * 2
    if closed:
        block = text[fences[closed - 2].end() : fences[closed - 1].start()]
        return Answer(block.strip("\n"), "code") if block.strip() else None
    block = text[fences[0].end() :] if fences else text
    return Answer(block.strip("\n"), "code", fallback=True) if block.strip() else None


def _choice(text: str, choices: Sequence[str]) -> Answer | None:
    """A letter, or the text of a choice, in the explicit answer; else the last letter that is
    marked as one."""
    allowed = _LETTERS[: len(choices)] if choices else _LETTERS
    stated = _stated(text)
    if stated is None and len(text) <= 200:
        stated = text
    if stated is not None:
        content = strip_wrapping(stated)
        if letter := _letter(content, allowed) or _letter_of_text(content, choices):
            return Answer(letter, "choice")
    for pattern in (_LETTER_NAMED, _LETTER_MARKED):
        for found in reversed(list(pattern.finditer(text))):
            letter = next(group for group in found.groups() if group).upper()
            if letter in allowed:
                return Answer(letter, "choice", fallback=True)
    return None


def _letter(content: str, allowed: str) -> str | None:
    content = re.sub(r"\\(?:text|mathrm|textbf|mathbf) ?\{", "", content[:400])
    found = _LETTER_WHOLE.match(content)
    if found and (found[1].isupper() or len(content.strip("()[]}. ")) == 1):
        rest = content[found.end() :]
        if found[1] in "AI" and re.match(r" [a-z]", rest):
            return None  # the words "A" and "I"
        if found[1].upper() in allowed:
            return found[1].upper()
    return None


def _letter_of_text(content: str, choices: Sequence[str]) -> str | None:
    form = normal_form(Answer(content, "auto"))
    matching = [
        i for i, choice in enumerate(choices) if normal_form(Answer(choice, "auto")) == form
    ]
    return _LETTERS[matching[0]] if len(matching) == 1 else None


def _abstains(text: str) -> bool:
    return text.casefold().strip(" .!()[]{}'\"*").replace("’", "'") in _NO_ANSWER


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007
        pass
    return last
