"""Sequences that are being written together: rows come and go between any two steps.

The live sequences are always the first rows, without gaps: a finished one's row is taken by the
last. What a row holds is kept in arrays over rows, so that a step costs a handful of numpy calls
however many sequences there are, and Python looks only at rows on which something may have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from its.models.embedded.cache import PagedCache
from its.models.embedded.sampling import (
    Settings,
    Tokens,
    choose,
    log_softmax,
    settings_of,
    uniforms,
)
from its.models.embedded.tokenizer import END, VOCABULARY_SIZE, token_text
from its.models.embedded.transformer import Transformer
from its.models.embedded.weights import Floats
from its.models.protocol import Finish
from its.models.watching import Cut, Watch

LOOK_EVERY = 8
"""Tokens after which a watched sequence is looked at."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn from one prompt: a sample for each of `keys`.

    `prompt` are its tokens, at least two, and `turn` the position at which the assistant's turn
    begins; `limit` is how many tokens a sample may have. `logprobs` as in a Request. `watches` look
    at the samples, one at each, or there are none.
    """

    prompt: bytes
    turn: int
    keys: tuple[int, ...]
    limit: int
    temperature: float
    top_p: float
    stop: tuple[str, ...]
    logprobs: int | None
    watches: tuple[Watch, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodingSample:
    """One finished (or cancelled: `finish` None) sample: its tokens, markers included, its text
    without the stop string, and where asked each token's log-probability and all 128 of its place.
    `cut` where its watch stopped it, `least_confidence` where that measured it.
    """

    tokens: bytes
    text: str
    finish: Finish | None
    logprobs: Floats | None
    alternatives: Floats | None
    cut: Cut | None = None
    least_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DecodingRow:
    """Whose sample a row holds."""

    draw: Draw
    index: int


Prefix = Sequence[tuple[Floats, Floats]]


class DecodingBatch:
    """Up to `capacity` sequences of one model, and their keys and values."""

    def __init__(self, transformer: Transformer, capacity: int) -> None:
        self.transformer = transformer
        self.capacity = capacity
        self.rows: list[DecodingRow] = []
        self._watched = 0
        context = transformer.shape.max_position_embeddings
        self._cache = PagedCache(transformer.shape, capacity)
        self._token = np.zeros(capacity, np.uint8)  # the newest token, not yet run
        self._at = np.zeros(capacity, np.intp)  # its position
        self._last = np.zeros(capacity, np.intp)  # the last position that may be written
        self._temperature = np.zeros(capacity, np.float32)
        self._top_p = np.ones(capacity, np.float32)
        self._settings: Settings | None = None  # of the live rows; None when they have changed
        self._wants_logprobs = np.zeros(capacity, np.bool_)
        self._wants_alternatives = np.zeros(capacity, np.bool_)
        self._may_end = np.zeros((capacity, VOCABULARY_SIZE), np.bool_)  # tokens to look at
        self._text = np.zeros((capacity, context), np.uint8)  # by position, like what follows
        self._numbers = np.zeros((capacity, context), np.float32)
        self._logprobs = np.zeros((capacity, context), np.float32)
        self._alternatives = np.zeros((capacity, context, VOCABULARY_SIZE), np.float32)

    @property
    def free(self) -> int:
        return self.capacity - len(self.rows)

    def add(self, draw: Draw, indices: Sequence[int], prefix: Prefix) -> None:
        """Begin some of a draw's samples; `prefix` is the prefill of its prompt but the last
        token, which is the first that the new rows run."""
        new = slice(len(self.rows), len(self.rows) + len(indices))
        at = len(draw.prompt) - 1
        for row in range(new.start, new.stop):
            self._cache.write_prefix(row, prefix, at)
        self._token[new] = draw.prompt[-1]
        self._at[new] = at
        self._last[new] = at + draw.limit
        self._temperature[new] = draw.temperature
        self._top_p[new] = draw.top_p
        self._settings = None
        keys = np.array([draw.keys[index] for index in indices], np.uint64)
        places = np.arange(draw.limit) + len(draw.prompt) - draw.turn
        self._numbers[new, at + 1 : at + 1 + draw.limit] = uniforms(keys, places.astype(np.uint64))
        self._wants_logprobs[new] = draw.logprobs is not None
        self._wants_alternatives[new] = bool(draw.logprobs)
        self._may_end[new] = False
        self._may_end[new, [END, *(ord(stop[-1]) for stop in draw.stop)]] = True
        self.rows += [DecodingRow(draw, index) for index in indices]
        self._watched += len(indices) if draw.watches else 0

    def step(self) -> list[tuple[DecodingRow, DecodingSample]]:
        """Write one more token of every sequence; returns those that ended by it."""
        live = len(self.rows)
        each, at = np.arange(live), self._at[:live]
        logits = self.transformer.step(self._token[:live], at, self._cache)
        at += 1
        if self._settings is None:
            self._settings = settings_of(self._temperature[:live], self._top_p[:live].copy())
        chosen = choose(logits, self._settings, self._numbers[each, at])
        self._token[:live] = chosen
        self._text[each, at] = chosen
        self._record(logits, chosen)
        ending = self._may_end[each, chosen] | (at >= self._last[:live])
        ended = []
        for row in np.flatnonzero(ending)[::-1].tolist():
            finish = self._finish(row)
            if finish:
                ended.append((self.rows[row], self._take(row, finish)))
        return ended + self._look() if self._watched else ended

    def cancel(self, draw: Draw) -> list[tuple[DecodingRow, DecodingSample]]:
        """Drop a draw's sequences; returns what they had come to."""
        dropped = []
        for row in range(len(self.rows) - 1, -1, -1):
            if self.rows[row].draw is draw:
                dropped.append((self.rows[row], self._take(row, None)))
        return dropped

    def _look(self) -> list[tuple[DecodingRow, DecodingSample]]:
        """Show watches what was written; returns those that they cut."""
        cut = []
        for row in range(len(self.rows) - 1, -1, -1):
            held = self.rows[row]
            written = self._at[row] + 1 - len(held.draw.prompt)
            due = held.draw.watches and written % LOOK_EVERY == 0
            if due and (stop := self._show(row, LOOK_EVERY)):
                cut.append((held, self._take(row, None, stop)))
        return cut

    def _show(self, row: int, tokens: int) -> Cut | None:
        """Show a watch the newest tokens of its row."""
        held, end = self.rows[row], self._at[row] + 1
        new = slice(end - tokens, end)
        tops: list[list[float]] = []
        if held.draw.logprobs:
            ranked = np.sort(self._alternatives[row, new], axis=1)[:, ::-1]
            tops = ranked[:, : held.draw.logprobs].tolist()
        text = token_text(self._text[row, new].tobytes())
        return held.draw.watches[held.index].look(text, tokens, tops)

    def _record(self, logits: Floats, chosen: Tokens) -> None:
        """Keep the log-probabilities of the rows that want them."""
        live = len(chosen)
        wanting = np.flatnonzero(self._wants_logprobs[:live])
        if not len(wanting):
            return
        logprobs = log_softmax(logits[wanting])
        at = self._at[wanting]
        self._logprobs[wanting, at] = logprobs[np.arange(len(wanting)), chosen[wanting]]
        fully = self._wants_alternatives[wanting]
        if fully.any():
            self._alternatives[wanting[fully], at[fully]] = logprobs[fully]

    def _finish(self, row: int) -> Finish | None:
        """Why a row ends with its newest token, if it does."""
        draw, at = self.rows[row].draw, self._at[row]
        if self._text[row, at] == END:
            return "end"
        if _cut(self._written(row), draw.stop) is not None:
            return "stop_string"
        return "length" if at >= self._last[row] else None

    def _written(self, row: int) -> bytes:
        start = len(self.rows[row].draw.prompt)
        return self._text[row, start : self._at[row] + 1].tobytes()

    def _take(self, row: int, finish: Finish | None, stop: Cut | None = None) -> DecodingSample:
        """A row's sample; the row is given up, and the last one moves into its place."""
        draw = self.rows[row].draw
        tokens = self._written(row)
        least = None
        if finish is not None and draw.watches:
            stop = self._show(row, (len(tokens) - 1) % LOOK_EVERY + 1)
            least = None if stop else draw.watches[self.rows[row].index].ended(len(tokens))
        cut = _cut(tokens, draw.stop) if finish == "stop_string" else None
        places = slice(len(draw.prompt), len(draw.prompt) + len(tokens))
        sample = DecodingSample(
            tokens=tokens,
            text=token_text(tokens) if cut is None else cut,
            finish=finish,
            logprobs=None if draw.logprobs is None else self._logprobs[row, places].copy(),
            alternatives=self._alternatives[row, places].copy() if draw.logprobs else None,
            cut=stop,
            least_confidence=least,
        )
        self._release(row)
        return sample

    def _release(self, row: int) -> None:
        last = len(self.rows) - 1
        self._watched -= bool(self.rows[row].draw.watches)
        self._cache.release(row, last)
        self._settings = None
        if row != last:
            for array in (
                self._token, self._at, self._last, self._temperature, self._top_p,
                self._wants_logprobs, self._wants_alternatives, self._may_end,
                self._text, self._numbers, self._logprobs,
            ):  # fmt: skip
                array[row] = array[last]
            if self._wants_alternatives[last]:
                end = self._at[last] + 1
                self._alternatives[row, :end] = self._alternatives[last, :end]
            self.rows[row] = self.rows[last]
        self.rows.pop()


def _cut(tokens: bytes, stops: tuple[str, ...]) -> str | None:
    """The text before a stop string that the tokens end with; None where there is none."""
    text = token_text(tokens)
    ending = [stop for stop in stops if text.endswith(stop)]
    return text[: -max(map(len, ending))] if ending else None
