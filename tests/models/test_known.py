"""What is known of hosted models: with its source, and never in place of the user's word."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from its.models.known import known_model, price_of, remark_on_price
from its.models.settings import ModelSettings, PriceSettings


@pytest.mark.parametrize(
    "name", ["gpt-4o-mini", "openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18", "GPT-4o-mini:free"]
)
def test_a_model_is_known_under_the_names_of_its_providers(name: str) -> None:
    known = known_model(name)
    assert known is not None
    assert known.name == "gpt-4o-mini"
    assert known.source.startswith("https://")


def test_an_unknown_model_stays_unknown() -> None:
    settings = ModelSettings(name="gpt-4o-mini-tuned-by-us")
    assert price_of(settings) == PriceSettings()
    assert remark_on_price(settings) is None


def test_the_users_price_wins_whole() -> None:
    mine = PriceSettings(input=1.0)
    settings = ModelSettings(name="gpt-4o-mini", price=mine)
    assert price_of(settings) == mine
    assert remark_on_price(settings) is None


def test_an_old_price_is_marked() -> None:
    known = known_model("gpt-4o-mini")
    assert known is not None
    settings = ModelSettings(name="gpt-4o-mini")
    fresh = remark_on_price(settings, known.as_of + timedelta(days=10))
    stale = remark_on_price(settings, known.as_of + timedelta(days=300))
    assert fresh is not None
    assert "check it" not in fresh
    assert stale is not None
    assert "check it" in stale
    assert str(date(2026, 3, 21)) in stale
