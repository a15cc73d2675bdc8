"""Reading problems as a stream: a million of them take no more memory than their ids' hashes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Generator, Iterator
from inspect import GEN_RUNNING, getgeneratorstate
from types import TracebackType
from typing import BinaryIO

from its.errors import InputError
from its.problems.fields import FieldNames, Mapping, read_problem
from its.problems.json_line import LineFault
from its.problems.lines import STANDARD_INPUT, BrokenLine, name_of, numbered_lines, open_lines
from its.problems.problem import BadLine, Problem
from its.problems.seen_ids import SeenIds


def open_problems(
    source: str,
    *,
    question_field: str | None = None,
    answer_field: str | None = None,
    limit: int | None = None,
    ids: Collection[str] = (),
) -> ProblemReader:
    """Open a JSON-lines file (gzip is recognised), or standard input for "-".

    `limit` reads the first so many problems (bad lines count); `ids` only those named. Raises
    InputError where the source as a whole cannot be used; iterating may raise it too, since
    standard input is first looked at then.
    """
    if question_field is not None and question_field == answer_field:
        raise InputError(
            f"--question-field and --answer-field both name {question_field!r}, which would show "
            "the model its reference; name two fields"
        )
    names = FieldNames.given(question_field, answer_field)
    stream = None if source == STANDARD_INPUT else open_lines(source)
    return ProblemReader(source, stream, names, limit, frozenset(ids))


class ProblemReader(Iterator[Problem | BadLine]):
    """Problems and bad lines in the order of the input; close it, or use it in a `with`.

    `mapping` is what the first good line showed, None before that; `mappings` counts the problems
    of each mapping seen, for inputs whose lines differ; `missing_ids` are the wanted ids not met
    so far.
    """

    def __init__(
        self,
        source: str,
        stream: BinaryIO | None,
        names: FieldNames,
        limit: int | None,
        wanted: frozenset[str],
    ) -> None:
        self.source = source
        self.mappings: Counter[Mapping] = Counter()
        self.missing_ids = set(wanted)
        self._stream = stream
        self._names = names
        self._limit = limit
        self._wanted = wanted
        self._rows = self._wanted_rows()

    @property
    def mapping(self) -> Mapping | None:
        return next(iter(self.mappings), None)

    def __next__(self) -> Problem | BadLine:
        return next(self._rows)

    def __enter__(self) -> ProblemReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the source. While another thread waits for its next line (standard input may keep
        it waiting for ever), the source stays open: closing it would wait too."""
        waiting = getgeneratorstate(self._rows) == GEN_RUNNING
        if self._stream is not None and not waiting:
            self._stream.close()

    def _wanted_rows(self) -> Generator[Problem | BadLine]:
        left = self._limit
        for row in self._every_row():
            if self._wanted and row.id not in self.missing_ids:
                continue
            if left == 0:
                return
            self.missing_ids.discard(row.id)
            yield row
            left = None if left is None else left - 1
            if left == 0 or (self._wanted and not self.missing_ids):
                return

    def _every_row(self) -> Iterator[Problem | BadLine]:
        if self._stream is None:
            self._stream = open_lines(self.source)
        seen = SeenIds()
        index = -1
        with self._stream as stream:
            for index, (number, line) in enumerate(numbered_lines(stream)):
                if index == 0:
                    _refuse_foreign(self.source, line)
                yield self._row(number, index, line, seen)
        if index < 0:
            raise InputError(f"{name_of(self.source)} is empty; give one JSON object a line")

    def _row(
        self, number: int, index: int, line: bytes | BrokenLine, seen: SeenIds
    ) -> Problem | BadLine:
        try:
            if isinstance(line, BrokenLine):
                raise LineFault(line.reason)
            problem, mapping = read_problem(line, number, index, self._names)
        except LineFault as fault:
            identifier = fault.identifier
            if identifier is None or not seen.add(identifier):
                identifier = f"line:{number}"
                seen.add(identifier)
            return BadLine(identifier, index, f"line {number}: {fault}")
        if not seen.add(problem.id):
            reason = f"line {number}: id {problem.id!r} was used before; give it an id of its own"
            return BadLine(f"line:{number}", index, reason)
        self.mappings[mapping] += 1
        return problem


def _refuse_foreign(source: str, first: bytes | BrokenLine) -> None:
    """Stop at once where the first line shows that the whole input has another form."""
    if isinstance(first, BrokenLine):
        if first.ends:
            raise InputError(f"{name_of(source)}: {first.reason}")
        return
    start = first.strip()
    if start == b"[" or re.match(rb"\[\s*\{", start):
        form, mend = "a JSON list", "jq -c '.[]'"
    elif start == b"{":
        form, mend = "JSON spread over several lines", "jq -c ."
    else:
        return
    raise InputError(
        f"{name_of(source)} is {form}; give one object a line, for example with `{mend}`"
    )
