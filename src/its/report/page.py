"""The page itself: a template, its script and style, and packed data that no browser runs."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from its.report.bundle import asset, script, style
from its.report.stories import Packed, pack

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def render_page(title: str, content: Mapping[str, Any], stories: Sequence[Packed]) -> str:
    """The whole file. What it may run is the one script whose hash its policy names."""
    code, rules = script(), style()
    values = {
        "policy": html.escape(policy(code, rules)),
        "title": html.escape(title),
        "style": rules,
        "script": code,
        "core": pack(orjson.dumps(content)),
        "stories": "\n".join(
            f'<script type="text/plain" id="s{run}-{number}">{chunk}</script>'
            for run, packed in enumerate(stories)
            for number, chunk in enumerate(packed.chunks)
        ),
    }
    return _PLACE.sub(lambda place: values[place[1]], asset("page.html"))


def policy(code: str, rules: str) -> str:
    """A Content-Security-Policy under which nothing loads, and only these two texts count."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(code)}'",
            f"style-src '{_hash(rules)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode("ascii")
