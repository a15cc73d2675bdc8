"""Word problems: little stories of things, money and ways, each with the expression it tells."""

from __future__ import annotations

import random

_PEOPLE = {
    "he": ("Tom", "Ben", "Sam", "Omar", "Luis", "Max", "Ivan", "Paul", "Adam", "Noah", "Raj"),
    "she": ("Anna", "Mia", "Lea", "Nina", "Zoe", "Emma", "Sara", "Ida", "Rosa", "Kim", "Ana"),
}
_THINGS = (
    "pens",
    "apples",
    "books",
    "cards",
    "coins",
    "shells",
    "stamps",
    "eggs",
    "cups",
    "stones",
    "tickets",
    "beads",
    "nuts",
    "plums",
    "toys",
    "nails",
    "bricks",
    "seeds",
)
_PACKS = ("boxes", "bags", "packs", "crates", "jars", "trays", "rows", "sets")


def tell_story(rng: random.Random, events: int, largest: int) -> tuple[str, str]:
    """(expression, question) of a story with about so many numbers beyond the first.

    Amounts never fall below zero on the way; plain numbers stay under `largest`.
    """
    frame = rng.choice((_things, _things, _money, _way))
    return frame(rng, events, largest)


class _Sum:
    """The expression of a story so far, and what it comes to."""

    def __init__(self, rng: random.Random, largest: int) -> None:
        self.rng, self.largest = rng, largest
        self.text, self.total = "", 0

    def add(self, term: str, value: int, sign: str = "+") -> None:
        self.text = f"{self.text}{sign}{term}" if self.text else term
        self.total += value if sign == "+" else -value

    def plain(self, bound: int | None = None) -> int:
        top = self.largest if bound is None else max(1, min(self.largest, bound))
        if self.rng.random() < 0.5:
            top = min(99, top)
        return self.rng.randint(min(2, top), top)

    def pair(self) -> tuple[int, int]:
        numbers = [self.rng.randint(2, 9), self.rng.randint(2, 99)]
        self.rng.shuffle(numbers)
        return numbers[0], numbers[1]


def _things(rng: random.Random, events: int, largest: int) -> tuple[str, str]:
    pronoun = rng.choice(("he", "she"))
    name, thing = rng.choice(_PEOPLE[pronoun]), rng.choice(_THINGS)
    tally = _Sum(rng, largest)
    said: list[str] = []
    for number in range(events + 1):
        who = name if number == 0 else pronoun.capitalize() if rng.random() < 0.8 else name
        packed = rng.random() < 0.4
        a, b = tally.pair()
        less = number > 0 and tally.total > 12 and rng.random() < 0.5
        if packed and not (less and a * b > tally.total):
            verb = (
                "has"
                if number == 0
                else rng.choice(
                    ("sells", "gives away", "loses") if less else ("buys", "gets", "finds")
                )
            )
            said.append(f"{who} {verb} {a} {rng.choice(_PACKS)} of {b} {thing}.")
            tally.add(f"{a}*{b}", a * b, "-" if less else "+")
            continue
        n = tally.plain(tally.total if less else None)
        if number == 0:
            said.append(f"{who} has {n} {thing}.")
        elif less:
            verb = rng.choice(("gives away", "loses", "sells", "uses"))
            said.append(f"{who} {verb} {n}{rng.choice(('', ' ' + thing))}.")
        else:
            verb = rng.choice(("buys", "finds", "gets"))
            said.append(f"{who} {verb} {n}{rng.choice((' more', ' ' + thing, ' more ' + thing))}.")
        tally.add(str(n), n, "-" if less else "+")
    asked = rng.choice(
        (
            f"How many {thing} does {pronoun} have now?",
            f"How many {thing} does {name} have?",
            f"How many {thing} are left?",
        )
    )
    return tally.text, " ".join([*said, asked])


def _money(rng: random.Random, events: int, largest: int) -> tuple[str, str]:
    pronoun = rng.choice(("he", "she"))
    name = rng.choice(_PEOPLE[pronoun])
    tally = _Sum(rng, largest)
    said: list[str] = []
    for number in range(events + 1):
        who = name if number == 0 else pronoun.capitalize()
        a, b = tally.pair()
        thing = rng.choice(_THINGS)
        less = number > 0 and tally.total > 12 and rng.random() < 0.5
        n = tally.plain(tally.total if less else None)
        if less and a * b <= tally.total and rng.random() < 0.5:
            said.append(f"{who} buys {a} {thing} for {b} dollars each.")
            tally.add(f"{a}*{b}", a * b, "-")
        elif less:
            said.append(f"{who} {rng.choice(('spends', 'pays'))} {n} dollars.")
            tally.add(str(n), n, "-")
        elif rng.random() < 0.4:
            said.append(f"{who} works {a} hours for {b} dollars an hour.")
            tally.add(f"{a}*{b}", a * b)
        else:
            verb = "has" if number == 0 else rng.choice(("earns", "gets"))
            said.append(f"{who} {verb} {n} dollars.")
            tally.add(str(n), n)
    asked = rng.choice(
        (f"How many dollars does {pronoun} have now?", f"How much money does {name} have?")
    )
    return tally.text, " ".join([*said, asked])


def _way(rng: random.Random, events: int, largest: int) -> tuple[str, str]:
    pronoun = rng.choice(("he", "she"))
    name = rng.choice(_PEOPLE[pronoun])
    tally = _Sum(rng, largest)
    said: list[str] = []
    verb = rng.choice(("rides", "walks", "drives", "runs"))
    for number in range(events + 1):
        who = name if number == 0 else f"Then {pronoun}"
        a, b = tally.pair()
        if rng.random() < 0.5:
            said.append(f"{who} {verb} {a} km a day for {b} days.")
            tally.add(f"{a}*{b}", a * b)
        else:
            n = tally.plain()
            said.append(f"{who} {verb} {n} km.")
            tally.add(str(n), n)
    return tally.text, " ".join([*said, f"How many km does {pronoun} {verb[:-1]} in all?"])
