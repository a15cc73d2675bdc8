"""A real browser that opens a report from disk, and notes all that it says and asks for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Skips the test, with the reason, where there is no browser or no client for it."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """An opened report. `faults` are errors and console messages, `requests` what it asked for
    beside its own file, `dialogs` what would have popped up."""

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Follow an address inside the report, and wait for its view."""
        self.page.evaluate("address => { location.hash = address }", address)
        name = "problem"
        if address in ("", "#", "#/"):
            name = "overview"
        elif address.startswith("#/"):
            name = address[2:]
        self.page.wait_for_selector(f'main[data-view="{name}"]')

    def value(self, name: str) -> float | None:
        """The exact value of the figure of this name."""
        text = self.page.locator(f'data[data-name="{name}"]').first.get_attribute("value")
        return None if not text else float(text)

    def values(self, prefix: str) -> dict[str, float | None]:
        """All figures whose names begin so; None where they are unknown."""
        found: list[list[Any]] = self.page.evaluate(
            "p => [...document.querySelectorAll('data')].map(d => [d.dataset.name, d.value])"
            ".filter(([name]) => name?.startsWith(p))",
            prefix,
        )
        numbers = [(name, value) for name, value in found if not value.isalpha()]
        return {name: float(value) if value else None for name, value in numbers}

    def close(self) -> None:
        self.page.context.close()
        assert self.faults == []
        assert self.requests == []
        assert self.dialogs == []


def visit(
    browser: Browser, file: Path, address: str = "", width: int = 1200, scheme: Any = "light"
) -> Visit:
    """Open a report as its reader would, in a fresh profile."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    result = Visit(page)
    own = file.resolve().as_uri()
    page.on("console", lambda message: result.faults.append(message.text))
    page.on("pageerror", lambda error: result.faults.append(str(error)))
    page.on("request", lambda request: _note(result, own, request.url))
    page.on("dialog", lambda dialog: _dismiss(result, dialog))
    page.goto(own + address)
    page.wait_for_selector("html[data-ready]")
    return result


def _dismiss(visit: Visit, dialog: Dialog) -> None:
    visit.dialogs.append(dialog.message)
    dialog.dismiss()


def _note(visit: Visit, own: str, url: str) -> None:
    if url.partition("#")[0] != own and url != "data:,":
        visit.requests.append(url)
