"""Reading problems as a stream: a million of them take no more memory than their ids' hashes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import GEN_RUNNING, getgeneratorstate
from pathlib import Path
from types import TracebackType
from typing import Any

from its.errors import InputError
from its.problems.field_names import CHOICE_FIELDS, FieldNames
from its.problems.field_names import Mapping as FieldMapping
from its.problems.fields import Draft, read_record
from its.problems.findings import Findings
from its.problems.formats import content_of, recognise
from its.problems.forms import known_names
from its.problems.ids import Ids
from its.problems.json_line import LineFault
from its.problems.names import plain
from its.problems.numbering import Numbering
from its.problems.problem import BadLine, Problem
from its.problems.record import Broken, InputRecord
from its.problems.refusal import refusal
from its.problems.sharding import InputDigest, Shard
from its.problems.sources import Lookahead, check_source, expand, is_stream, name_of, open_source

HELD_OPEN = 4_096
"""Rows that wait for the rest of the file to show how their references count choices."""

KEPT_IDS = 10_000
"""Ids not wanted that are kept, to say which was meant by one that is not there."""

HELD_BAD = 1_000
"""Records at the start that may be bad before the whole input is refused."""


def open_problems(
    source: str | Sequence[str],
    *,
    question_field: str | None = None,
    answer_field: str | None = None,
    fields: Mapping[str, str] | None = None,
    template: str | None = None,
    limit: int | None = None,
    ids: Collection[str] = (),
    shard: Shard | None = None,
) -> ProblemReader:
    """Open files (or patterns of them) in any of the known formats, or standard input for "-".

    `fields` names parts of a problem (question, context, choices, reference, id) by field or
    path, `template` puts the question together from several fields. `limit` reads the first so
    many problems (bad lines count); `ids` only those named; `shard` its part of what that leaves.
    Raises InputError where a source as a whole cannot be used; iterating may raise it too, since
    pipes are first looked at then, and since an input of which nothing can be read is refused.
    """
    names = FieldNames.given(question_field, answer_field, fields, template)
    sources = expand(source)
    for each in sources:
        check_source(each)
    opened = open_source(sources[0]) if sources and not is_stream(sources[0]) else None
    return ProblemReader(sources, opened, names, limit, frozenset(ids), shard)


def problem_from(values: Mapping[str, Any], index: int) -> Problem | BadLine:
    """A mapping of fields, read as a line of a file would be; its place serves as its id."""
    identifier = f"line:{index + 1}"
    try:
        draft = read_record(InputRecord(("line", index + 1), dict(values)), index, FieldNames())
        numbering = Numbering()
        if draft.named is not None:
            numbering.add(draft.named)
        return replace(_finished(draft, numbering), id=draft.problem.id or identifier)
    except LineFault as fault:
        return BadLine(fault.identifier or identifier, index, f"problem {index + 1}: {fault}")


class ProblemReader(Iterator[Problem | BadLine]):
    """Problems and bad lines in the order of the input; close it, or use it in a `with`.

    `findings` are what reading has shown so far, `mapping` what the first good record showed;
    `missing_ids` are the wanted ids not met so far, `other_ids` the first of those not wanted.
    `whole` is what all shards together are, once a shard was read to its end.
    """

    def __init__(
        self,
        sources: tuple[str, ...],
        opened: Lookahead | None,
        names: FieldNames,
        limit: int | None,
        wanted: frozenset[str],
        shard: Shard | None = None,
    ) -> None:
        self.sources = sources
        self.source = sources[0] if len(sources) == 1 else ", ".join(sources)
        self.findings = Findings()
        self.missing_ids = set(wanted)
        self.other_ids: list[str] = []
        self._stream = opened
        self._names = names
        self._limit = limit
        self._wanted = wanted
        self._first: list[Problem | BadLine] = []
        self._rows = self._wanted_rows()
        self.whole: InputDigest | None = None
        if shard is not None:
            self._rows = self._rows_in(shard)

    @property
    def mappings(self) -> Counter[FieldMapping]:
        return self.findings.mappings

    @property
    def mapping(self) -> FieldMapping | None:
        return next(iter(self.mappings), None)

    def first(self) -> Problem | None:
        """The first problem, without taking it from the iteration; None where nothing is wanted.

        Waits for it, and raises InputError where nothing can be read.
        """
        for row in self._rows:
            self._first.append(row)
            if isinstance(row, Problem):
                return row
        return None

    def __next__(self) -> Problem | BadLine:
        return self._first.pop(0) if self._first else next(self._rows)

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

    def _rows_in(self, shard: Shard) -> Generator[Problem | BadLine]:
        digest = InputDigest()
        for row in self._wanted_rows():
            digest.add(row)
            if shard.holds(row):
                yield row
        self.whole = digest

    def _wanted_rows(self) -> Generator[Problem | BadLine]:
        left = self._limit
        for row in self._readable():
            if self._wanted and row.id not in self.missing_ids:
                if len(self.other_ids) < KEPT_IDS:
                    self.other_ids.append(row.id)
                continue
            if left == 0:
                return
            self.missing_ids.discard(row.id)
            yield row
            left = None if left is None else left - 1
            if left == 0 or (self._wanted and not self.missing_ids):
                return

    def _readable(self) -> Iterator[Problem | BadLine]:
        """Every row; bad ones at the start are held until a good one shows that the input is one
        of problems."""
        held: list[BadLine] = []
        good = False
        example: Mapping[str, Any] | None = None
        for entry in _settled(self._entries(), self.findings):
            row = entry.row
            if good:
                yield row
            elif isinstance(row, Problem):
                good = True
                yield from held
                held.clear()
                yield row
            else:
                held.append(row)
                example = example or entry.fields
                if len(held) == HELD_BAD:
                    raise self._refusal(held, example, whole=False)
        if held:
            raise self._refusal(held, example, whole=True)
        if not good:
            raise InputError(f"{name_of(self.source)} is empty; give one JSON object per line")

    def _refusal(
        self, held: list[BadLine], example: Mapping[str, Any] | None, *, whole: bool
    ) -> InputError:
        form = self.findings.formats[0] if self.findings.formats else "JSON lines"
        return refusal(self.sources[0], form, held[0], len(held), example, self._names, whole)

    def _entries(self) -> Iterator[Entry]:
        ids = Ids()
        index = -1
        for number, source in enumerate(self.sources):
            if self._stream is None or number:
                self._stream = open_source(source)
            if number:
                ids.next_source(Path(source).name.split(".")[0])
            with self._stream as stream:
                form = recognise(source, stream, _KNOWN)
                self.findings.formats.append(form.name)
                for record in form.records:
                    index += 1
                    if index == 0 and isinstance(record, Broken) and record.ends:
                        raise InputError(f"{name_of(source)}: {record.reason}")
                    yield self._entry(record, index, ids)

    def _entry(self, record: InputRecord | Broken, index: int, ids: Ids) -> Entry:
        where = f"{record.place[0]} {record.place[1]}"
        if isinstance(record, Broken):
            return Entry(_bad(record, None, index, f"{where}: {record.reason}", ids))
        try:
            draft = read_record(record, index, self._names)
        except LineFault as fault:
            bad = _bad(record, fault.identifier, index, f"{where}: {fault}", ids)
            return Entry(bad, fields=record.fields)
        problem = draft.problem
        if not problem.id:
            ordinal = ids.ordinal(replace(problem, ordinal=0).key)
            problem = replace(problem, id=ids.by_place(record.place), ordinal=ordinal)
        elif (identifier := ids.own(problem.id)) is None:
            reason = f"{where}: id {problem.id!r} was used before; give it an id of its own"
            return Entry(_bad(record, None, index, reason, ids), fields=record.fields)
        else:
            problem = replace(problem, id=identifier)
        self.findings.add(draft.mapping, len(problem.question.choices), problem.metadata)
        return Entry(problem, replace(draft, problem=problem), record)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, with what it takes to settle its reference."""

    row: Problem | BadLine
    draft: Draft | None = None
    record: InputRecord | None = None
    fields: Mapping[str, Any] | None = None


def _settled(entries: Iterator[Entry], findings: Findings) -> Iterator[Entry]:
    """The entries with their references read. One that names a choice in a way that the file has
    not shown yet is held back, and so is what follows it."""
    numbering = Numbering()
    findings.named = numbering.used
    held: deque[Entry] = deque()
    for entry in entries:
        named = entry.draft.named if entry.draft else None
        if named is not None:
            numbering.add(named)
        held.append(entry)
        while held and (len(held) > HELD_OPEN or _is_known(held[0], numbering)):
            yield _settle(held.popleft(), numbering)
    while held:
        yield _settle(held.popleft(), numbering)


def _is_known(entry: Entry, numbering: Numbering) -> bool:
    return entry.draft is None or entry.draft.named is None or numbering.knows(entry.draft.named)


def _settle(entry: Entry, numbering: Numbering) -> Entry:
    if entry.draft is None or entry.record is None:
        return entry
    try:
        return replace(entry, row=_finished(entry.draft, numbering))
    except LineFault as fault:
        place = entry.record.place
        reason = f"{place[0]} {place[1]}: {fault}"
        row = BadLine(entry.row.id, entry.row.index, reason, content_of(entry.record))
        return replace(entry, row=row, fields=entry.record.fields)


def _finished(draft: Draft, numbering: Numbering) -> Problem:
    if draft.named is None:
        return draft.problem
    return replace(draft.problem, reference=numbering.choose(draft.named))


def _bad(
    record: InputRecord | Broken, own: str | None, index: int, reason: str, ids: Ids
) -> BadLine:
    content = content_of(record) if isinstance(record, InputRecord) else record.content
    identifier = (ids.own(own) if own else None) or ids.by_place(record.place)
    return BadLine(identifier, index, reason, content, ids.ordinal(b"bad" + content[: 1 << 16]))


_KNOWN = known_names() | frozenset(
    map(plain, (*FieldNames().question, *FieldNames().reference, *CHOICE_FIELDS, "id"))
)
