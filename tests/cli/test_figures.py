"""Figures as people read them."""

from __future__ import annotations

import pytest

from its.views import figures
from its.views.excerpt import excerpt, one_line, padded


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "unknown"),
        (0.0, "$0"),
        (0.0000364, "$0.000036"),
        (0.00412, "$0.0041"),
        (0.0171, "$0.0171"),
        (0.5, "$0.5000"),
        (12.345, "$12.35"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_never_nothing_where_it_is_unknown_or_small(usd: float | None, shown: str) -> None:
    assert figures.money(usd) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(amount: float, shown: str) -> None:
    assert figures.seconds(amount) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(None, "unknown"), (845, "845"), (9120, "9,120"), (12_345, "12.3k"), (4.5e6, "4.5M")],
)
def test_short_counts(number: float | None, shown: str) -> None:
    assert figures.short_count(number) == shown


def test_shares_and_ratios_of_nothing_are_dashes() -> None:
    assert figures.percent(3, 4) == "75.0 %"
    assert figures.percent(0, 0) == "–"
    assert figures.ratio(84.0, 20.0) == "4.2×"
    assert figures.ratio(4200, 20) == "210×"
    assert figures.ratio(None, 20) == figures.ratio(5, 0) == figures.ratio(5, None) == "–"


def test_plurals() -> None:
    assert figures.plural(1, "retry", "retries") == "1 retry"
    assert figures.plural(2000, "retry", "retries") == "2,000 retries"
    assert figures.plural(0, "call") == "0 calls"


def test_texts_of_others_stay_on_their_line_and_leave_the_terminal_alone() -> None:
    assert one_line(" two\r\n\x1b[31mlines\x07\u202e ") == "two \ufffd[31mlines\ufffd"
    assert excerpt("a long text indeed", 10) == "a long te…"
    assert excerpt("short", 10) == "short"
    assert padded("数学", 6) == "数学  "
    assert padded("数学数学", 6) == "数学… "
