"""What a model or a file said is text, whatever it looks like: nothing of it comes alive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from its.report.writing import write_report
from tests.report.browsing import visit
from tests.report.made_run import ZERO, row, sampled_story, write_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ALIVE = "window.alive=1"
PAYLOADS = (
    f"<script>{ALIVE}</script>",
    f"</script><script>{ALIVE}</script>",
    f"<img src=x onerror={ALIVE}>",
    f"<svg onload={ALIVE}></svg>",
    f"<svg><script>{ALIVE}</script></svg>",
    f"<body onload={ALIVE}>",
    f"<iframe srcdoc='<script>parent.{ALIVE}</script>'></iframe>",
    f"<iframe src='javascript:parent.{ALIVE}'></iframe>",
    f"<a href='javascript:{ALIVE}' id=trap>click</a>",
    f"<details open ontoggle={ALIVE}>",
    f"<input autofocus onfocus={ALIVE}>",
    f"<video><source onerror={ALIVE}></video>",
    f"<math><mtext><table><mglyph><style><img src onerror={ALIVE}>",
    f'"><img src=x onerror={ALIVE}>',
    f"' onmouseover='{ALIVE}' x='",
    f"{{{{constructor.constructor('{ALIVE}')()}}}}",
    f"${{{ALIVE}}}",
    f"<%= {ALIVE} %>",
    f"#{{{ALIVE}}}",
    f"javascript:{ALIVE}",
    f"data:text/html,<script>{ALIVE}</script>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<base href=http://127.0.0.1:9/>",
    "<form action=http://127.0.0.1:9/><button>send</button></form>",
    "<style>*{display:none}</style>",
    "<!--",
    "]]><![CDATA[<script>",
    "\u202eevitagen\u202c \u2066hidden\u2069",
    "\x00\x1b[2J\x07&lt;script&gt;&#60;img&#62;",
)


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which every text is a payload, its own name included."""
    place = tmp_path_factory.mktemp("hostile")
    rows, stories = [], {}
    for index, payload in enumerate(PAYLOADS):
        failed = index % 3 == 0
        rows.append(
            row(
                payload,
                index,
                status="failed" if failed else "answered",
                answer=None if failed else payload,
                error=payload if failed else None,
                question=payload,
                reference=payload,
                metadata={payload: payload, "topic": payload},
                strategy=payload,
            )
        )
        story = sampled_story(payload, [payload, f"{payload} more"], [payload, "1"], ZERO)
        reply = {"candidate": "self_consistency/0", "value": 0.5, "reward": payload}
        story.append({"event": "score", **reply, "reason": payload})
        story.append(
            {"event": "decision", "stage": payload, "decision": payload, "reason": payload}
        )
        story.append({"event": "failure", "error": payload})
        call = next(event for event in story if event["event"] == "call")
        call |= {"model": payload, "stage": payload, "labels": [payload, "1"], "error": payload}
        stories[payload] = story
    run = write_run(place / "<img src=x onerror=window.alive=1>", rows, stories)
    accounts = (run / "compute.json").read_bytes()
    (run / "compute.json").write_bytes(accounts.replace(b'"made"', b'"<script>alive=1<\\/script>"'))
    write_report([run, run], place / "r.html", size=10_000_000)
    return place / "r.html"


def test_there_are_thirty_payloads() -> None:
    assert len(set(PAYLOADS)) == 30


@pytest.mark.slow
def test_nothing_of_thirty_payloads_comes_alive(browser: Browser, hostile_report: Path) -> None:
    opened = visit(browser, hostile_report)
    page = opened.page
    views = ["#/", "#/problems", "#/compare"]
    views += [page.evaluate("id => '#' + encodeURIComponent(id)", payload) for payload in PAYLOADS]
    for view in views:
        opened.go(view)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.wait_for_timeout(20)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.wait_for_timeout(20)
        assert page.evaluate("window.alive") is None, view
        assert page.locator("main img, main svg, main iframe, main script, main form").count() == 0
        assert page.locator("main video, main style, main link, main meta, main math").count() == 0
        outside = page.evaluate(
            "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
            ".filter(h => !h.startsWith('#'))"
        )
        assert outside == [], view
        handlers = page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
            ".filter(a => a.name.startsWith('on')).length"
        )
        assert handlers == 0, view
    opened.close()


@pytest.mark.slow
def test_payloads_are_shown_as_they_are(browser: Browser, hostile_report: Path) -> None:
    opened = visit(browser, hostile_report)
    for payload in PAYLOADS[:28]:
        opened.go(opened.page.evaluate("id => '#' + encodeURIComponent(id)", payload))
        assert opened.page.locator(".asked").text_content() == payload
    opened.go(opened.page.evaluate("id => '#' + encodeURIComponent(id)", PAYLOADS[28]))
    assert "U+202E" in (opened.page.locator(".asked").text_content() or "")
    assert "\u202e" not in opened.page.locator("body").inner_text()
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<img src=x onerror=window.alive=1>'",
        "document.write('<script>window.alive=1</script>')",
        "let s = document.createElement('script'); s.text = 'alive=1'; document.body.append(s)",
        "document.body.setAttribute('onclick', 'window.alive=1'); document.body.click()",
        "let f = document.createElement('iframe'); f.src = 'data:text/html,x'; content.append(f)",
        "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i)",
        "fetch('http://127.0.0.1:9/')",
    ],
)
def test_even_a_mistake_of_its_own_could_not_bring_markup_to_life(
    browser: Browser, hostile_report: Path, attempt: str
) -> None:
    opened = visit(browser, hostile_report)
    opened.page.evaluate(f"() => {{ try {{ {attempt} }} catch (error) {{ return }} }}")
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("window.alive") is None
    assert opened.faults  # the browser says what the policy refused
    opened.faults.clear()
    opened.requests.clear()
    opened.close()
