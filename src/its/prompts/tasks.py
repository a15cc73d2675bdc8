"""What a question asks for, and so in which form it is answered: by its kind, else by its looks.

The looks are those of English questions; of other languages only code is known.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from its.problems.problem import AnswerKind, Question

Task = Literal["number", "choice", "code", "text"]
TASKS: tuple[Task, ...] = get_args(Task)
_BY_KIND: dict[AnswerKind, Task] = {
    "number": "number",
    "expression": "number",
    "choice": "choice",
    "code": "code",
    "text": "text",
}
# Names that are words of every day count with a capital only.
_LANGUAGE = (
    r"(?:python|javascript|typescript|(?-i:Java|Go|Rust|Ruby|Swift|Scala|Julia|Perl)|golang|"
    r"c\+\+|c#|php|kotlin|haskell|sql|bash|html|css|matlab)(?!\w)"
)
_PROGRAM = (
    r"(?:regex(?:es)?|regular expressions?|sql quer(?:y|ies)|one-liners?|unit tests?|rest apis?|"
    r"(?:web|http) ?servers?|linked lists?|binary (?:search )?trees?|hash ?(?:maps?|tables?))\b"
)
# What is a program only where somebody writes or implements it: classes and methods abound.
_WRITTEN_PROGRAM = (
    r"(?:code\b(?! of\b)|(?:programs?|scripts?|methods?|class(?:es)?|algorithms?|stacks?|queues?|"
    r"quer(?:y|ies)|modules?|decorators?|parsers?|tries?)\b(?! for an? (?:play|video|film|speech)))"
)
# A request stands at the start of a sentence: "She needs 3 hours to write a program" is none.
_REQUEST = (
    r"(?:^|[.!?:;]\s+|\n\s*)(?:please,? |kindly |now |then |help me (?:to )?|let's |"
    r"(?:can|could|would|will) you (?:please )?|(?:i (?:want|need)|i'd like) you to |"
    r"(?:your task|the task|the goal) is to |you (?:must|should|are asked to) )?"
)
_BUILD = (
    r"(?:write|implement|create|build|develop|complete|fix|debug|refactor|optimi[sz]e|design|"
    r"generate|give me|show me|code)"
)
_CODE = (
    re.compile(
        r"^(?:from [\w.]+ import |import [\w.{*]|(?:async )?def \w+\s*\(|class \w+.*[:{]\s*$|"
        r"#include\s*[<\"]|(?:export )?(?:async )?function \w*\s*\(|(?:pub )?fn \w+\s*[(<]|"
        r"func \w+\s*\(|package \w+;?\s*$|using namespace |public (?:static |final )*class |"
        r"(?:const|let|var) \w+\s*=[^=]|SELECT .+ FROM |<\?php|"
        r"```\s*(?!te?xt|markdown|md|json|ya?ml|csv|latex|math)\w)",
        re.MULTILINE,
    ),
    re.compile(rf"{_REQUEST}{_BUILD}\b[^.?!\n]{{0,120}}\b(?:{_LANGUAGE}|{_PROGRAM})", re.I),
    re.compile(rf"{_REQUEST}(?:write|implement)\b[^.?!\n]{{0,60}}\b{_WRITTEN_PROGRAM}", re.I),
    # A function that "models the cost" is mathematics.
    re.compile(
        rf"{_REQUEST}{_BUILD}\b[^.?!\n]{{0,40}}\bfunctions?\b[^.?!\n]{{0,30}}?"
        r"(?:\w+\(|`|\b(?:called|named|signature)\b|"
        r"\b(?:that|which|to|for) (?!(?:models?|represents?|describes?|gives?|expresses)\b)\w+)",
        re.I,
    ),
    re.compile(
        rf"\b{_LANGUAGE}[ -](?:func?tions?|funktion|programm?e?s?|s[ck]ripte?s?|method|class|code)"
        rf"|\b(?:fonction|función|funzione|função|programme?|código) (?:en|in|em) {_LANGUAGE}",
        re.I,
    ),
    re.compile(rf"\bhow (?:do|can|to|would|should)\b[^.?!\n]{{0,120}}\bin {_LANGUAGE}", re.I),
)
_OPTIONS = (
    re.compile(
        r"(?:^|\s)\(?A[).:]\s?\S[\s\S]{0,400}?\s\(?B[).:]\s?\S[\s\S]{0,400}?\s\(?C[).:]\s?\S"
    ),
    re.compile(r"^\s*\(?A[).:]\s?\S.*\n+\s*\(?B[).:]\s?\S", re.MULTILINE),
)
# Small letters also number the parts of one question.
_SMALL_OPTIONS = re.compile(
    r"(?:^|\s)\(?a\)\s?\S[\s\S]{0,400}?\s\(?b\)\s?\S[\s\S]{0,400}?\s\(?c\)\s?\S"
)
_CHOOSING = re.compile(r"\b(?:which|choose|select|pick|following|correct|best describes)\b", re.I)
_PROSE_PIECE = (
    r"(?:poems?|haikus?|essays?|stor(?:y|ies)|songs?|letters?|e-?mails?|paragraphs?|articles?|"
    r"reports?|speech(?:es)?|reviews?|posts?|summar(?:y|ies)|descriptions?|dialogues?|"
    r"explanations?|overviews?|messages?|jokes?|scripts?|proofs?|biograph(?:y|ies))\b"
)
_PROSE = re.compile(
    rf"{_REQUEST}(?:explain|describe|discuss|summari[sz]e|translate|paraphrase|rewrite|outline|"
    r"compose|draft|prove|argue|elaborate|critique|"
    r"why (?:is|are|was|were|do|does|did|can|would|should)|"
    rf"(?:write|create|tell me|give me|generate) (?:[\w-]+ ){{1,6}}?{_PROSE_PIECE})",
    re.I,
)
# Drawings in MATH's questions are programs themselves.
_DRAWING = re.compile(r"\[asy\][\s\S]*?\[/asy\]")
_LOOKED_AT = 10_000
"""Characters at either end of a question that its looks are taken from."""
_AMOUNT = re.compile(
    r"\b(?:how (?:many|much|old|far|long|tall)|calculate|compute|evaluate)\b", re.I
)


def task_of(question: Question) -> Task:
    """The form that fits. A number or an expression where nothing speaks for another one: it
    suits every question with a short answer."""
    if question.choices:
        return "choice"
    if question.kind != "auto":
        return _BY_KIND[question.kind]
    text = _looked_at(_DRAWING.sub("", question.text))
    if any(pattern.search(text) for pattern in _CODE):
        return "code"
    if _offers_options(text):
        return "choice"
    if _PROSE.search(text) and not _AMOUNT.search(text):
        return "text"
    return "number"


def _looked_at(text: str) -> str:
    if len(text) <= 2 * _LOOKED_AT:
        return text
    return f"{text[:_LOOKED_AT]}\n{text[-_LOOKED_AT:]}"


def _offers_options(text: str) -> bool:
    if any(pattern.search(text) for pattern in _OPTIONS):
        return True
    return bool(_SMALL_OPTIONS.search(text) and _CHOOSING.search(text))


def kind_of(question: Question) -> AnswerKind:
    """The kind by which an answer is read: what was said, else code or text where the question
    looks like it, else whatever is found."""
    task = task_of(question)
    if question.kind == "auto" and task in ("code", "text"):
        return "code" if task == "code" else "text"
    return question.kind
