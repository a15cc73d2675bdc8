"""Records written as letters."""

from typing import Any

from its.curves.records import SampleRecord


def record(
    classes: str, right: str = "a", tokens: int | tuple[int, ...] | None = 10, **fields: Any
) -> SampleRecord:
    """`aab.` is four samples, of which the last abstains."""
    numbers = {letter: i for i, letter in enumerate(dict.fromkeys(classes.replace(".", "")))}
    return SampleRecord(
        "p",
        "question",
        tuple(None if letter == "." else numbers[letter] for letter in classes),
        tuple(letter == right for letter in classes),
        tokens if isinstance(tokens, tuple) else (tokens,) * len(classes),
        fields.pop("scores", (None,) * len(classes)),
        **fields,
    )
