"""Reading the answer out of a text that a model wrote. Linear in its length, and never raises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from its.answers.abstention import ends_in_refusal, gives_no_answer
from its.answers.characters import folded
from its.answers.choices import read_choice
from its.answers.equivalence import Shape
from its.answers.latex import strip_wrapping
from its.answers.literals import literal_key
from its.answers.markers import statement, verbatim
from its.answers.normal_form import normal_form
from its.answers.sentences import NUMBER, TRUTH, is_sentence, phrase, quantity
from its.answers.thinking import after_thinking
from its.candidates import Answer
from its.problems.problem import AnswerKind

_LETTERED = re.compile(r"\(?([A-J])\)\s")
_MATH = re.compile(r"\$([^$\n]{1,400})\$|\\\(([^\n]{1,400}?)\\\)|\\\[([^\n]{1,400}?)\\\]")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_PROSE = 4  # words
_BARE = 80  # characters
_HEDGED = re.compile(
    r"\b(?:or|and|to|if|not|maybe|perhaps|probably|guess|think)\b|\?|\d[.):]\s", re.IGNORECASE
)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_FENCE = re.compile(r"^[ \t]{0,3}```([^\n`]*)$", re.MULTILINE)


def extract(text: str, kind: AnswerKind = "auto", choices: Sequence[str] = ()) -> Answer | None:
    """The answer in a text, or None where it gives none (it then abstains).

    The last explicit answer counts: boxed, then `####`, then "the answer is …", and a reply that is
    nothing but one answer. Failing these, a guess by kind is marked as a fallback: the last number,
    the last formula, the last letter.
    `kind` "auto" reads a choice where the question has choices, and else decides by what it finds.
    """
    text, meant = after_thinking(text)
    answer = _extract(text, kind, choices)
    return answer if meant or answer is None else replace(answer, fallback=True)


def _extract(text: str, kind: AnswerKind, choices: Sequence[str]) -> Answer | None:
    if kind == "code":
        return _code(text)
    if kind in ("exact", "literal"):
        return _as_it_stands(text, kind)
    text = folded(text)
    if kind == "choice" or (kind == "auto" and choices):
        return read_choice(text, choices)
    stated = statement(text)
    if kind == "text":
        return _free_text(text, stated)
    if stated is None:
        return _guess(text, kind)
    return _read(stated, kind)


def _read(stated: str, kind: AnswerKind) -> Answer | None:
    """An explicit answer as the kind that was asked for, or else as what it looks like."""
    text = strip_wrapping(stated)
    if _WHOLE.fullmatch(text):
        return Answer(text, "number")
    if gives_no_answer(text):
        return None
    if kind == "auto" and (letter := _LETTERED.match(text)):
        return Answer(letter[1], "text")
    text = phrase(text)
    shape = normal_form(Answer(text, "expression")).shape
    if kind == "expression" or shape == "number":
        return Answer(text, "number" if shape == "number" else "expression")
    number = _number_of(text, kind, shape)
    if number is not None or kind == "number":
        return number
    wordy = len(_WORD.findall(text)) > _PROSE
    return Answer(text, "text" if wordy or shape == "text" else "expression")


def _number_of(text: str, kind: AnswerKind, shape: Shape) -> Answer | None:
    """The number that a sentence states; a guess where that is not plain and the text is long."""
    found = quantity(text)
    if found is None:
        return None
    (number, plain), words = found, len(_WORD.findall(text))
    if plain and words > 1 and shape in ("text", "expression") and is_sentence(text):
        return Answer(number, "number")
    wordy = words > _PROSE
    return Answer(number, "number", fallback=wordy) if kind == "number" or wordy else None


def _guess(text: str, kind: AnswerKind) -> Answer | None:
    """What a short reply is, else what the last line's last formula comes to, else the last number.
    A reply that ends in a refusal gives none."""
    bare = text.strip()
    if ends_in_refusal(bare):
        return None
    if is_bare(bare):
        whole = _read(bare, "auto" if kind == "number" else kind)
        if whole is not None and _stands_alone(bare, whole, kind):
            return whole
        if kind == "number":
            pass
        elif whole is None or whole.kind != "text" or not NUMBER.search(bare):
            return whole and replace(whole, fallback=True)
    last_line = bare[bare.rfind("\n") + 1 :][-2_000:]
    if last_line.startswith("#"):
        return None  # cut short behind a heading, whose number is no answer
    formula = _last(_MATH, last_line)
    if formula and not NUMBER.search(last_line, formula.end()):
        content = next(group for group in formula.groups() if group)
        result = _read(re.split(r"=|\\approx|≈", content)[-1], kind)
        if result and result.kind != "text":
            return replace(result, fallback=True)
    number = _last(NUMBER, text)
    return Answer(number[0].strip(), "number", fallback=True) if number else None


def _stands_alone(text: str, whole: Answer, kind: AnswerKind) -> bool:
    """Whether a whole reply, read as an answer, is one beyond doubt: a number with its unit, a
    formula, a truth value; no words that may be the beginning of something else."""
    shape = normal_form(Answer(whole.text, "expression")).shape
    if shape in ("text", "expression"):
        return kind != "number" and text.strip(" .!*").casefold() in TRUTH
    if kind == "number" and shape != "number":
        return False
    number, words = NUMBER.search(text), len(_WORD.findall(text))
    leading = bool(number and _WORD.search(text, 0, number.start()))
    return words < (_PROSE if shape == "number" else 2) and not leading and not _HEDGED.search(text)


def is_bare(text: str) -> bool:
    """Whether a reply is so short that it is nothing but an answer."""
    one_line = len(text) <= _BARE and "\n" not in text and "\\boxed" not in text
    return one_line and len(_WORD.findall(text)) <= _PROSE


def _free_text(text: str, stated: str | None) -> Answer | None:
    content = strip_wrapping(stated) if stated is not None else text.strip()
    guessed = stated is None and not is_bare(content)
    return None if gives_no_answer(content) else Answer(content, "text", fallback=guessed)


def _as_it_stands(text: str, kind: AnswerKind) -> Answer | None:
    """The stated answer character by character, else the whole text: a guess, unless it is nothing
    but one value, or one short line."""
    stated = verbatim(text)
    content = (text if stated is None else stated).strip()
    alone = is_bare(content) if kind == "exact" else literal_key(content) is not None
    return Answer(content, kind, fallback=stated is None and not alone) if content else None


def _code(text: str) -> Answer | None:
    """The last fenced block that closes; an open one, or a text without fences, is a guess."""
    fences = list(_FENCE.finditer(text))
    closed = len(fences) // 2 * 2
    if closed:
        block = text[fences[closed - 2].end() : fences[closed - 1].start()]
        return Answer(block.strip("\n"), "code") if block.strip() else None
    block = text[fences[0].end() :] if fences else text
    return Answer(block.strip("\n"), "code", fallback=True) if block.strip() else None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007
        pass
    return last
