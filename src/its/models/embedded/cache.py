"""Keys and values of many sequences, in pages.

The pages in use are always the first, without gaps, so that attention over all of them is one
product without copying. Page 0 belongs to nobody and stays empty; a row's table points to it
beyond the row's own pages. Places that are not written yet hold zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import Floats, Shape

PAGE = 32

Indices = NDArray[np.intp]


class PagedCache:
    """`keys` and `values` are, a layer, (pages, heads, PAGE, head_dim); `valid` (pages, PAGE) is 1
    where a position has been written; `owner` is each page's row, and `table` (rows, pages of a
    context) each row's pages in order."""

    def __init__(self, shape: Shape, rows: int) -> None:
        longest = -(-shape.max_position_embeddings // PAGE)
        self._layers = shape.num_hidden_layers
        self._page = (shape.num_attention_heads, PAGE, shape.head_dim)
        self.used = 1
        self.keys = self._empty(4 * rows)
        self.values = self._empty(4 * rows)
        self.valid = np.zeros((4 * rows, PAGE), np.float32)
        self.owner = np.zeros(4 * rows, np.intp)
        self._ordinal = np.zeros(4 * rows, np.intp)  # a page's place in its row's table
        self.table = np.zeros((rows, longest), np.intp)

    def write_prefix(self, row: int, prefix: Sequence[tuple[Floats, Floats]], length: int) -> None:
        """Begin an empty row with a prefill's keys and values, (heads, positions, head_dim)."""
        for ordinal, start in enumerate(range(0, length, PAGE)):
            page = self._new_page(row, ordinal)
            count = min(PAGE, length - start)
            for layer, (keys, values) in enumerate(prefix):
                self.keys[layer][page, :, :count] = keys[:, start : start + count]
                self.values[layer][page, :, :count] = values[:, start : start + count]
            self.valid[page, :count] = 1

    def reserve(self, at: Indices) -> tuple[Indices, Indices]:
        """Make the positions `at` of the first rows valid, each row's next one.

        Returns the page and the place in it at which each row is to write.
        """
        ordinal, place = np.divmod(at, PAGE)
        for row in np.flatnonzero(place == 0).tolist():
            self._new_page(row, int(ordinal[row]))
        page = self.table[np.arange(len(at)), ordinal]
        self.valid[page, place] = 1
        return page, place

    def release(self, row: int, last: int) -> None:
        """Give up a row; row `last` moves into its place."""
        for page in sorted(self._pages(row), reverse=True):
            self._drop_page(page)
        self.table[row] = 0
        if row != last:
            self.table[row] = self.table[last]
            self.owner[self._pages(row)] = row
            self.table[last] = 0

    def _pages(self, row: int) -> list[int]:
        table = self.table[row]
        pages: list[int] = table[table > 0].tolist()
        return pages

    def _new_page(self, row: int, ordinal: int) -> int:
        if self.used == len(self.owner):
            self._grow()
        page = self.used
        self.used += 1
        self.owner[page] = row
        self._ordinal[page] = ordinal
        self.table[row, ordinal] = page
        self.valid[page] = 0
        for array in (*self.keys, *self.values):
            array[page] = 0
        return page

    def _drop_page(self, page: int) -> None:
        """Free a page; the last one moves into its place."""
        self.used -= 1
        last = self.used
        if page != last:
            for array in (*self.keys, *self.values, self.valid):
                array[page] = array[last]
            self.owner[page], self._ordinal[page] = self.owner[last], self._ordinal[last]
            self.table[self.owner[page], self._ordinal[page]] = page

    def _grow(self) -> None:
        pages = len(self.owner)
        for arrays in (self.keys, self.values):
            for layer, (new, old) in enumerate(zip(self._empty(2 * pages), arrays, strict=True)):
                new[:pages] = old
                arrays[layer] = new
        self.valid = np.concatenate([self.valid, np.zeros_like(self.valid)])
        self.owner = np.concatenate([self.owner, np.zeros_like(self.owner)])
        self._ordinal = np.concatenate([self._ordinal, np.zeros_like(self._ordinal)])

    def _empty(self, pages: int) -> list[Floats]:
        return [np.zeros((pages, *self._page), np.float32) for _ in range(self._layers)]
