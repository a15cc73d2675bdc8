"""Reading verdicts that models write: the right number, or None. Never a silent middle.

One parser for all rewards. It accepts the forms that models really use for what was asked
("8/10", "**8**", "8.5", "Score: 8", a JSON fence) and abstains from everything else: prose without
a score, a value out of range, NaN, a range of values, scores for another number of responses.

A verdict is the judge's own, and its last. What it quotes of a response is left out: what stands
between two lines with a tag, quoted lines, a sentence in quotation marks, JSON in the middle of a
line. Code blocks count only where the judge says nothing outside of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from its.rewards.own_words import json_verdicts, own_words

_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)"
_VALUE = re.compile(
    rf"(?P<value>{_NUMBER})(?P<percent>\s?%)?(?:\s*(?:/|out of)\s*(?P<whole>\d+(?:\.\d+)?))?"
    # Neither part of a longer token, nor one end of a range, nor a chain of fractions.
    r"(?![\w%])(?!\s*(?:/|[-–—~]\s*\d|(?:to|or)\b|[.,]\d|[→>]|->|\d))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:scores?|rating|grade|reward)\b[\s*_`\"']*(?:\([^()\n]*\)|out of \d+)?[\s*_`\"']*"
    r"(?::|=|\bis\b|\bof\b|\s[-–—]\s|\n)",
    re.IGNORECASE,
)
_OUT_OF = re.compile(rf"(?<![\w.])({_NUMBER})\s*(?:/|out of)\s*(\d+(?:\.\d+)?)\b(?!\s*/)", re.I)
_NO_NUMBER = re.compile(r"[-+]?(?:nan|inf|infinity|null|none|n/a)\b", re.IGNORECASE)
_WHOLES = (5.0, 10.0, 20.0, 100.0)
_MOST_DIGITS = 9


def score(text: str, low: float, high: float) -> float | None:
    """The score in [low, high] that a verdict gives.

    In this order: a reply that is JSON with a `score`; the last labelled one ("Score: 8"), or JSON
    on lines of its own behind it; a verdict that is a number and nothing else; "8/10" in prose,
    when all of them agree.
    """
    for data, is_last in json_verdicts(text):
        if isinstance(data, dict) and "score" in data and (is_last or not _labelled(text)):
            return _json_number(data["score"], low, high)
    plain = own_words(text)
    labelled = None
    for match in _LABEL.finditer(plain):
        rest = plain[match.end() :].lstrip().lstrip("[(<\"'").split("\n", 1)[0].strip()
        if value := _VALUE.match(rest):
            labelled = (_scaled(value, low, high),)
        elif rest[:1].isdigit() or _NO_NUMBER.match(rest) or rest[:1] in "-+":
            labelled = (None,)
    if labelled is not None:
        return labelled[0]
    bare = plain.strip().rstrip(".")
    if (value := _VALUE.fullmatch(bare)) is not None:
        return _scaled(value, low, high)
    found = {_of_whole(float(a), float(b), low, high) for a, b in _OUT_OF.findall(plain)}
    return found.pop() if len(found) == 1 else None


def scores(text: str, count: int, low: float, high: float) -> list[float] | None:
    """Scores of `count` numbered responses, in their order; None unless every one has exactly
    one score in [low, high].

    Forms: JSON (`{"scores": [8, 7]}` or objects with `response` and `score`), a list
    ("Scores: 8, 7"), or a line each ("[1] 8", "Response 2: 7/10").
    """
    plain = own_words(text)
    by_line = _numbered_lines(plain, count, low, high)
    for data, is_last in json_verdicts(text):
        if (is_last or by_line is None) and (listed := _json_scores(data)) is not None:
            values = [_json_number(value, low, high) for value in listed]
            return _whole_list(values, count)
    if by_line is not None:
        return _whole_list(by_line, count)
    for data, _ in json_verdicts(text):
        if isinstance(data, list) and data and not any(isinstance(x, dict | list) for x in data):
            return _whole_list([_json_number(value, low, high) for value in data], count)
    lists = [_listed(line, low, high) for line in plain.splitlines()]
    given = [values for values in lists if values is not None]
    if given:
        return _whole_list(given[-1], count)
    if count == 1:
        single = score(text, low, high)
        return None if single is None else [single]
    return None


def yes_no(text: str) -> bool | None:
    """The verdict of a yes-or-no question: its last line that says one of the two, else its
    first word; None where neither does, or where both are said in one breath."""
    plain = own_words(text).casefold()
    final = re.compile(r"^(?:[^\n]*[?:]|)\W*(yes|no|true|false)\W*$")
    for line in reversed(plain.splitlines()):
        if match := final.match(line):
            return match[1] in ("yes", "true")
    first = re.match(r"\W*(yes|no|true|false)\b(?!\W*(?:or|/)\W*(?:yes|no|true|false))", plain)
    return first[1] in ("yes", "true") if first else None


def pick(text: str, count: int) -> int | None:
    """Which of `count` numbered responses a verdict names, from 0; None where it names none,
    one that does not exist, or several without a last word."""
    plain = own_words(text)
    for data, is_last in json_verdicts(text):
        if isinstance(data, dict) and (is_last or not re.search(r"response \d", plain, re.I)):
            for key in ("response", "choice", "best", "answer"):
                if isinstance(data.get(key), int) and not isinstance(data[key], bool):
                    return _index(data[key], count)
    named = re.findall(
        r"(?:final answer|most consistent|best|choice|verdict|choose|answer)\W+(?:is\W+)?"
        r"(?:response|candidate)?\W{0,3}(\d+)\b(?!\.\d)",
        plain,
        re.IGNORECASE,
    )
    if named:
        return _index(_integer(named[-1]), count)
    numbers = {_integer(n) for n in re.findall(r"(?:response|candidate)\s*\W?(\d+)\b", plain, re.I)}
    if re.fullmatch(r"\W*\d+\W*", plain):
        numbers = {_integer(re.sub(r"\D", "", plain))}
    return _index(numbers.pop(), count) if len(numbers) == 1 else None


def preference(text: str) -> float | None:
    """Which of two responses is better: 1.0 for the first, 0.0 for the second, 0.5 for a tie.

    Reads the last "[[A]]", "Verdict: B", "Better: tie", or a bare letter; else None.
    """
    plain = own_words(text)
    marked = re.findall(r"\[\[\s*(A|B|C|tie)\s*\]\]", plain, re.IGNORECASE)
    if not marked:
        marked = re.findall(
            r"(?:verdict|better|winner|choice|answer)\s*(?::|=|\bis\b)\s*[\[(\"']*"
            r"(?:response\s+|solution\s+)?(A|B|C|tie)\b",
            plain,
            re.IGNORECASE,
        )
    if not marked and (bare := re.fullmatch(r"\W*(A|B|tie)\W*", plain, re.IGNORECASE)):
        marked = [bare[1]]
    if not marked:
        return None
    return {"a": 1.0, "b": 0.0}.get(marked[-1].casefold(), 0.5)


def _labelled(text: str) -> bool:
    """Whether the judge gives a labelled score in its own words, outside of JSON."""
    plain = own_words(text)
    return any(_VALUE.match(plain[m.end() :].lstrip(" \n[(<\"'")) for m in _LABEL.finditer(plain))


def _scaled(match: re.Match[str], low: float, high: float) -> float | None:
    value = float(match["value"])
    if match["whole"] is not None:
        return _of_whole(value, float(match["whole"]), low, high)
    if match["percent"]:
        return _of_whole(value, 100.0, low, high)
    return _in_range(value, low, high)


def _of_whole(value: float, whole: float, low: float, high: float) -> float | None:
    """`value` out of `whole`, on the scale that was asked for."""
    if whole == high:
        return _in_range(value, low, high)
    if whole not in _WHOLES or not 0 <= value <= whole:
        return None
    return _in_range(value / whole * high, low, high)


def _in_range(value: float, low: float, high: float) -> float | None:
    return value if low <= value <= high else None  # true of no NaN, and of integers of any size


def _index(number: int | None, count: int) -> int | None:
    return number - 1 if number is not None and 1 <= number <= count else None


def _integer(digits: str) -> int | None:
    """The number of a response; None for one with more digits than any has. Raises ValueError."""
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _whole_list(values: Sequence[float | None], count: int) -> list[float] | None:
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) == count else None


def _numbered_lines(text: str, count: int, low: float, high: float) -> list[float | None] | None:
    """Scores of lines such as "[1] 8" or "Response 2: 7/10"; None where there are no such lines.
    A response without a line, or with two different scores, has None."""
    line = re.compile(
        r"^[\s\-#>•]*(?:(?:score|rating) (?:of|for)\s+)?(?:\[(\d+)\]|(?:response|candidate|answer"
        r"|solution)\s*\[?(\d+)\]?|(\d+)(?=\s*:))\s*(?:\([^()\n]*\))?\s*[:=\-–]?\s*"
        r"(?:(?:score|rating)\s*[:=]?\s*)?(?P<rest>\S.*)$",
        re.IGNORECASE,
    )
    found: dict[int, set[float | None]] = {}
    for match in filter(None, map(line.match, text.splitlines())):
        number = _integer(match[1] or match[2] or match[3])
        if number is None:
            continue
        value = _VALUE.match(match["rest"])
        if value is not None and not re.search(r"[A-Za-z]{3}", match["rest"][value.end() :]):
            found.setdefault(number, set()).add(_scaled(value, low, high))
        elif _NO_NUMBER.match(match["rest"]):
            found.setdefault(number, set()).add(None)
    if not found:
        return None
    if set(found) != set(range(1, count + 1)):
        return [None]
    return [found[i].pop() if len(found[i]) == 1 else None for i in range(1, count + 1)]


def _listed(line: str, low: float, high: float) -> list[float | None] | None:
    """The numbers of a line that is a list and nothing else, "Scores: 8, 7" or "[8, 7]"."""
    match = re.fullmatch(r"\W*(?:(?:final\s+)?scores?\s*[:=])?\s*\[?([^\[\]]+)\]?\W*", line, re.I)
    parts = [part.strip() for part in match[1].split(",")] if match else []
    if len(parts) < 2:
        return None
    values = [_VALUE.fullmatch(part) for part in parts]
    if any(
        value is None and not _NO_NUMBER.match(part)
        for value, part in zip(values, parts, strict=True)
    ):
        return None
    return [None if value is None else _scaled(value, low, high) for value in values]


def _json_scores(data: Any) -> list[Any] | None:
    bare = isinstance(data, list)
    if isinstance(data, dict):
        data = data.get("scores")
    if isinstance(data, dict):
        try:
            numbered = {_integer(number) or 0: value for number, value in data.items()}
            data = [numbered[number] for number in sorted(numbered)]
        except ValueError:
            return None
    if not isinstance(data, list) or not data:
        return None
    if all(isinstance(item, dict) and "score" in item for item in data):
        try:
            return [d["score"] for d in sorted(data, key=lambda d: int(d.get("response", 0)))]
        except (TypeError, ValueError, OverflowError):
            return None
    # A bare list of numbers may be a "[1]" before a score: the other forms read it.
    return None if bare or any(isinstance(item, dict | list) for item in data) else data


def _json_number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _in_range(value, low, high)
    match = _VALUE.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else _scaled(match, low, high)
