"""What is known of much used hosted models before they are asked: prices, contexts, terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from its.models.settings import ModelSettings, PriceSettings

STALE_DAYS = 180
_VERSION = re.compile(r"(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest|preview|\d{3}))+$")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A hosted model as its provider's page described it on a day. `reasoning`: it takes requests
    on the terms of the hosted reasoning models. `batch`: the share of the price that the provider's
    batches cost, None where it is not known. `checked`: a table of somebody else's that said the
    same, None where none was found."""

    name: str
    price: PriceSettings
    context: int
    reasoning: bool
    source: str
    as_of: date
    batch: float | None = None
    checked: str | None = None

    def is_stale(self, today: date) -> bool:
        return (today - self.as_of).days > STALE_DAYS


def known_model(name: str) -> KnownModel | None:
    """The model of this name, whatever provider, version or date stands beside it; None where it
    is not in the table."""
    bare = name.lower().rsplit("/", 1)[-1].partition(":")[0]
    table = _table()
    return table.get(bare) or table.get(_VERSION.sub("", bare))


def price_of(settings: ModelSettings) -> PriceSettings:
    """The user's price where any of it is given, else the known one; else it stays unknown."""
    price = settings.price
    given = (price.input, price.cached_input, price.output) != (None, None, None)
    known = None if given else known_model(settings.name)
    return price if known is None else known.price


def batch_price_of(settings: ModelSettings) -> PriceSettings:
    """What the model costs in a batch: the user's price as it stands, else the known share of the
    known price; else it stays unknown."""
    price, known = price_of(settings), known_model(settings.name)
    if price is settings.price:
        return price
    share = None if known is None else known.batch

    def part(value: float | None) -> float | None:
        return None if value is None or share is None else value * share

    return PriceSettings(
        input=part(price.input), cached_input=part(price.cached_input), output=part(price.output)
    )


def remark_on_price(settings: ModelSettings, today: date | None = None) -> str | None:
    """Where the price comes from that the user did not set, and how old it is."""
    known = known_model(settings.name)
    if known is None or price_of(settings) is settings.price:
        return None
    cached = "" if known.price.cached_input is None else f" ({known.price.cached_input:g} cached)"
    sure = "" if known.checked else "; checked against no other table"
    old = "; over half a year old: check it" if known.is_stale(today or date.today()) else ""
    return (
        f"{known.price.input:g}{cached} in, {known.price.output:g} out, USD per million tokens, as "
        f"{known.source} said on {known.as_of}{sure}{old}; model.price overrides it"
    )


@cache
def _table() -> dict[str, KnownModel]:
    text = files("its.models").joinpath("known_models.yaml").read_text()
    return {
        name: KnownModel(
            name=name,
            price=PriceSettings(
                input=entry["input"],
                cached_input=entry.get("cached_input"),
                output=entry["output"],
            ),
            context=entry["context"],
            reasoning=bool(entry.get("reasoning")),
            source=provider["source"],
            as_of=provider["as_of"],
            batch=provider.get("batch"),
            checked=provider["checked"] or None,
        )
        for provider in yaml.safe_load(text)
        for name, entry in provider["models"].items()
    }
