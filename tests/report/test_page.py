"""The page in a real browser: it is walked through, and its figures are read from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from its.report.writing import write_report
from tests.report.browsing import visit
from tests.report.made_run import sampled_run
from tests.runs.command import compute_of, finish, its, rows_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
VIEWS = ("#/", "#/problems", "#/compare", "#arithmetic-087")


def test_a_walk_through_a_run_with_search_cascade_and_failures(
    browser: Browser, real_report: Path, real_run: Path
) -> None:
    opened = visit(browser, real_report)
    page = opened.page
    right = [row["correct"] for row in rows_of(real_run) if row["correct"] is not None]
    assert page.locator("h1").inner_text() == f"{100 * sum(right) / len(right):.1f} %"

    page.get_by_role("link", name="failed or unanswered").click()
    page.wait_for_selector('main[data-view="problems"]')
    assert page.get_by_role("status").inner_text() == "2 of 10 problems"
    assert "is not JSON" in page.locator(".list .row").first.inner_text()

    page.locator('[data-preset="all"]').click()
    page.get_by_label("Sort by").select_option("tokens")
    page.get_by_label("Turn the order round").click()
    rows = {row["id"]: row for row in rows_of(real_run)}
    shown = page.locator(".list .row .id").all_inner_texts()
    spent = [tokens(rows[id_]) for id_ in shown]
    assert spent == sorted(spent, reverse=True)
    assert len(shown) == 10

    page.get_by_label("Search problems").fill("arithmetic-08")
    assert page.get_by_role("status").inner_text() == "3 of 10 problems"
    page.locator(".list .row", has_text="arithmetic-089").click()
    page.wait_for_selector('main[data-view="problem"]')
    assert "arithmetic-089" in page.locator("h1").inner_text()
    assert page.evaluate("location.hash") == "#arithmetic-089"

    stage = page.locator("details.stage", has_text="solution_search").first
    if stage.get_attribute("open") is None:
        stage.locator("summary").first.click()
    node = stage.locator("details.node").first
    node.locator("summary").click()
    first = text_of(real_run, "arithmetic-089", "solution_search", "0")
    assert node.locator("pre").first.inner_text().rstrip() == first.rstrip()
    assert stage.locator("ul.tree ul").count() > 0  # what was varied stands below what it is from

    page.go_back()
    page.wait_for_selector('main[data-view="problems"]')
    assert page.get_by_label("Search problems").input_value() == "arithmetic-08"
    assert page.get_by_role("status").inner_text() == "3 of 10 problems"
    opened.close()


def test_the_whole_trace_of_a_problem_is_shown(
    browser: Browser, real_report: Path, real_run: Path
) -> None:
    row = max(rows_of(real_run), key=tokens)
    opened = visit(browser, real_report, f"#{row['id']}")
    page = opened.page
    events = [e for e in rows_of(real_run, "traces") if e["problem"] == row["id"]]
    selection = next(e for e in events if e["event"] == "selection")
    assert page.get_by_text(selection["reason"]).is_visible()
    assert page.locator(".votes .bar").count() >= len(selection["tally"])
    candidates = [e for e in events if e["event"] == "candidate"]
    labels = page.locator(".node .chip")
    assert labels.count() == len(candidates)
    assert page.locator(".node.chosen").count() == 1
    # both sides of the comparison hold their candidates' whole texts
    for side in page.locator(".candidate").all():
        chosen = side.locator("select option:checked").inner_text().split(":")[0]
        text = side.locator("pre").text_content() or ""
        stage, _, label = chosen.partition("/")
        assert text == text_of(real_run, row["id"], stage, label)
    # every prompt and reply is there
    calls = [e for e in events if e["event"] == "call"]
    for details in page.locator(".calls > details").all():
        details.locator("summary").first.click()
    page.locator(".calls .call").nth(len(calls) - 1).wait_for()
    for details in page.locator(".calls .call").all():
        details.locator("summary").first.click()
    assert page.locator(".calls .call").count() == len(calls)
    replies = sum(len(e.get("completions", ())) for e in calls)
    page.locator(".message.reply").nth(replies - 1).wait_for()
    assert page.locator(".message.reply").count() == replies
    opened.close()


def test_the_figures_are_those_of_the_accounts(
    browser: Browser, real_report: Path, real_run: Path
) -> None:
    opened = visit(browser, real_report)
    accounts = compute_of(real_run)
    for name in ("calls", "completions", "flops"):
        key = "FLOPs" if name == "flops" else name
        assert opened.value(f"total.{key}") == accounts["totals"][name]
    for group in ("stage", "strategy", "model"):
        opened.page.get_by_role("button", name=f"by {group}").click()
        for part, bill in [*accounts[f"by_{group}"].items(), ("total", accounts["totals"])]:
            shown = opened.values(f"by_{group}.{part}.")
            for name, value in bill.items():
                if name != "state":
                    assert shown[f"by_{group}.{part}.{name}"] == value, (part, name)
    rows = rows_of(real_run)
    graded = [row for row in rows if row["correct"] is not None]
    assert opened.value("right") == sum(row["correct"] for row in graded)
    assert opened.value("graded") == len(graded)
    opened.close()


def test_the_curve_is_that_of_the_command(
    browser: Browser, real_report: Path, real_run: Path
) -> None:
    asked = ("curve", "run", "--strategies", "vote,adaptive,oracle")
    code, out, err = finish(its(*asked, cwd=real_run.parent))
    assert code == 0, err
    points = [orjson.loads(line) for line in out.splitlines()]
    opened = visit(browser, real_report)
    shown = opened.values("curve.")
    for n, point in enumerate(points):
        for name in ("n", "accuracy", "low", "high", "calls", "tokens", "sequential_tokens", "usd"):
            assert shown[f"curve.{n}.{name}"] == point[name]
    assert f"curve.{len(points)}.n" not in shown
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_fits_a_narrow_screen_and_can_be_read(
    browser: Browser, real_report: Path, real_run: Path, scheme: str
) -> None:
    compared = real_run.parent / f"compared-{scheme}.html"
    write_report([real_run, real_run], compared, size=10_000_000)
    opened = visit(browser, compared, width=400, scheme=scheme)
    for view in VIEWS:
        opened.go(view)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400, view
        assert unnamed(opened.page) == [], view
    assert contrasts(opened.page) == []
    opened.close()


def test_the_keyboard_reaches_everything(browser: Browser, real_report: Path) -> None:
    opened = visit(browser, real_report)
    page = opened.page
    page.keyboard.press("/")
    page.wait_for_selector('main[data-view="problems"]')
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("arithmetic")
    page.keyboard.press("Escape")
    page.locator(".list").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector('main[data-view="problem"]')
    assert "arithmetic-002" in page.locator("h1").inner_text()
    page.keyboard.press("j")
    page.wait_for_function("location.hash === '#arithmetic-003'")
    page.keyboard.press("k")
    page.wait_for_function("location.hash === '#arithmetic-002'")
    page.keyboard.press("Escape")
    page.wait_for_selector('main[data-view="problems"]')
    opened.close()


def test_only_visible_rows_exist_and_what_does_not_fit_is_reported(
    browser: Browser, tmp_path: Path
) -> None:
    run = sampled_run(tmp_path / "run", 3000, samples=4)
    file = tmp_path / "r.html"
    written = write_report([run], file, size=400_000)
    assert 0 < written.left_out < 3000
    opened = visit(browser, file)
    page = opened.page
    assert f"{written.left_out:,} surest problems" in page.locator(".notice").inner_text()
    opened.go("#/problems")
    page.wait_for_selector(".list .row")
    assert page.get_by_role("status").inner_text() == "3,000 of 3,000 problems"
    assert page.locator(".list .row").count() < 100
    page.locator(".list").evaluate("list => { list.scrollTop = list.scrollHeight }")
    page.locator(".list .row", has_text="p02999").wait_for()
    topics = [row["id"] for row in rows_of(run) if row["metadata"]["topic"] == "a"]
    page.get_by_label("Filter by a field").select_option('["topic","a"]')
    assert page.get_by_role("status").inner_text() == f"{len(topics)} of 3,000 problems"
    rows = rows_of(run)
    doubtful = next(row for row in rows if not row["correct"])
    surest = max((row for row in rows if row["correct"]), key=lambda row: row["confidence"])
    opened.go(f"#{doubtful['id']}")
    assert page.locator("details.node").count() == 4
    last = [r for r in rows if r["correct"] and r["confidence"] == surest["confidence"]][-1]
    opened.go(f"#{last['id']}")
    page.get_by_text("The texts of this problem are not in this file").wait_for()
    opened.close()


def test_what_stopping_samples_has_saved_is_told(browser: Browser, tmp_path: Path) -> None:
    run, file = sampled_run(tmp_path / "run", 3), tmp_path / "r.html"
    accounts = compute_of(run)
    accounts["cut"] = {"samples": 2, "completion_tokens": 1500, "saved_tokens": 900}
    (run / "compute.json").write_bytes(orjson.dumps(accounts))
    write_report([run], file, size=10_000_000)
    opened = visit(browser, file)
    said = "2 samples stopped while being written, after 1,500 tokens: about 900 saved."
    assert said in opened.page.locator("main").inner_text()
    opened.close()


def test_two_runs_are_shown_and_compared(browser: Browser, tmp_path: Path) -> None:
    runs = [
        sampled_run(tmp_path / name, 60, samples) for name, samples in (("few", 1), ("many", 9))
    ]
    file = tmp_path / "r.html"
    write_report(runs, file, size=10_000_000)
    opened = visit(browser, file, "#/compare")
    rows = [{row["id"]: row["correct"] for row in rows_of(run)} for run in runs]
    gained = [id_ for id_ in rows[0] if rows[1][id_] and not rows[0][id_]]
    lost = [id_ for id_ in rows[0] if rows[0][id_] and not rows[1][id_]]
    assert opened.value("compare.0.second_only") == len(gained)
    assert opened.value("compare.0.first_only") == len(lost)
    assert opened.value("compare.0.difference") == (len(gained) - len(lost)) / 60
    opened.page.get_by_role("link", name=gained[0], exact=True).click()
    opened.page.wait_for_selector('main[data-view="problem"]')
    assert "In the other runs" in opened.page.locator("main").inner_text()
    opened.close()


def tokens(row: dict[str, Any]) -> int:
    return int(row["usage"]["prompt_tokens"] + row["usage"]["completion_tokens"])


def text_of(run: Path, id_: str, stage: str, label: str) -> str:
    """The recorded completion of a label, or the text of the candidate of that name."""
    for event in rows_of(run, "traces"):
        if event["problem"] != id_:
            continue
        if event["event"] == "call" and event["stage"] == stage and label in event["labels"]:
            completion = event["completions"][event["labels"].index(label)]
            text: str = completion["text"]
        if event["event"] == "candidate" and event["candidate"] == f"{stage}/{label}":
            return str(event.get("text", text))
    return text


def unnamed(page: Any) -> list[str]:
    """Controls that a screen reader could not name."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, a')]
        .filter((e) => !(e.getAttribute('aria-label') || e.labels?.length || e.innerText?.trim()
          || e.textContent.trim()))
        .map((e) => e.outerHTML.slice(0, 100))"""
    )
    return found


def contrasts(page: Any) -> list[str]:
    """Colours of text that stand out less than 4.5 to 1 from the paper."""
    found: list[str] = page.evaluate(
        """() => {
        const light = (name) => {
          const probe = document.createElement('i');
          probe.style.color = `var(--${name})`;
          document.body.append(probe);
          const parts = getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map(Number);
          probe.remove();
          const [r, g, b] = parts.map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        };
        const pairs = ['ink', 'quiet', 'first', 'second', 'third', 'right', 'wrong']
          .flatMap((of) => ['paper', 'card'].map((on) => [of, on]));
        return pairs.map(([of, on]) => [of, on, light(of), light(on)])
          .filter(([, , a, b]) => Math.max(a, b) / Math.min(a, b) < 4.5)
          .map(([of, on]) => `${of} on ${on}`);
        }"""
    )
    return found
