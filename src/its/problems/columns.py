"""Parquet and Arrow files (the extra `data`): batches of rows, never the whole file."""

from __future__ import annotations

import base64
import math
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, cast

from its.errors import InputError
from its.problems.record import Broken, InputRecord
from its.problems.sources import name_of

PARQUET = b"PAR1"
ARROW_FILE = b"ARROW1"
ARROW_STREAM = b"\xff\xff\xff\xff"
ROWS = 512
"""Rows that are held at once."""


def is_columnar(head: bytes) -> bool:
    return head.startswith((PARQUET, ARROW_FILE, ARROW_STREAM))


def read_columns(source: str, stream: BinaryIO, head: bytes) -> Iterator[InputRecord | Broken]:
    """The rows of a Parquet file, an Arrow (Feather) file or an Arrow stream. Raises InputError."""
    form = "a Parquet file" if head.startswith(PARQUET) else "an Arrow file"
    try:
        import pyarrow as pa
    except ImportError:
        raise InputError(
            f"{name_of(source)} is {form}, which needs pyarrow; pip install 'its[data]'"
        ) from None
    number = 0
    try:
        for batch in _batches(stream, head):
            batch.validate(full=True)  # a damaged batch may point outside of its memory
            for fields in batch.to_pylist():
                number += 1
                yield InputRecord(("row", number), {name: _plain(v) for name, v in fields.items()})
    except (pa.ArrowException, OSError, ValueError, SystemError, MemoryError) as error:
        reason = f"{form} is damaged from here on ({' '.join(str(error).split())[:120]})"
        if number == 0:
            raise InputError(f"{name_of(source)} is {form} that cannot be read: it is damaged; "
                             "write it again") from None  # fmt: skip
        yield Broken(("row", number + 1), f"{reason}; write it again", ends=True)


def _batches(stream: BinaryIO, head: bytes) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if head.startswith(ARROW_STREAM):
        for batch in pa.ipc.open_stream(stream):
            yield from _slices(batch)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        if head.startswith(PARQUET):
            table = pq.ParquetFile(copy, pre_buffer=False, buffer_size=1 << 16)
            yield from table.iter_batches(batch_size=ROWS)
            return
        reader = pa.ipc.open_file(copy)
        for number in range(reader.num_record_batches):
            yield from _slices(reader.get_batch(number))


def _slices(batch: Any) -> Iterator[Any]:
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _plain(value: Any) -> Any:
    """A value as JSON has them."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return _other(value)


def _other(value: object) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    return str(cast(Any, value))
