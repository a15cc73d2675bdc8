"""A report of 10,000 problems with 8 samples each: `python -m tests.benchmarks.report`.

Prints how long it takes to write, how large it is, and (in Chromium) how long until the first
figures stand there, until a filter and a search have answered, and until a problem is open.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from its.report.writing import write_report
from tests.report.browsing import a_browser, visit
from tests.report.made_run import sampled_run

PROBLEMS, SAMPLES, WORDS = 10_000, 8, 60
MEASURED = """async (act) => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const start = performance.now();
  ACT;
  await frames();
  return performance.now() - start;
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        run = sampled_run(Path(place) / "run", PROBLEMS, SAMPLES, WORDS)
        file = Path(place) / "report.html"
        start, used = time.monotonic(), _processor()
        written = write_report([run], file, size=12_000_000)
        print(f"traces {(run / 'traces.jsonl').stat().st_size / 1e6:.1f} MB")
        taken, busy = time.monotonic() - start, _processor() - used
        print(f"written in {taken:.1f} s ({busy:.1f} s of processor)")
        print(f"{written.size / 1e6:.1f} MB, texts of {written.left_out:,} problems left out")
        _browse(file)


def _browse(file: Path) -> None:
    with a_browser() as browser:
        opened = visit(browser, file)
        page = opened.page
        paint = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        )
        ready = page.evaluate("performance.getEntriesByName('figures-shown')[0]?.startTime")
        print(f"first paint {paint:.0f} ms, figures shown {ready:.0f} ms after opening")
        opened.go("#/problems")
        page.wait_for_selector(".list .row")
        search = "document.getElementById('search')"
        for name, act in (
            ("filter: wrong", "document.querySelector('[data-preset=wrong]').click()"),
            ("filter: unsure", "document.querySelector('[data-preset=unsure]').click()"),
            ("filter: all", "document.querySelector('[data-preset=all]').click()"),
            (
                "first search",
                f"{search}.value='apples'; {search}.dispatchEvent(new Event('input'))",
            ),
            ("search", f"{search}.value='77'; {search}.dispatchEvent(new Event('input'))"),
            ("search ended", f"{search}.value=''; {search}.dispatchEvent(new Event('input'))"),
        ):
            taken = page.evaluate(MEASURED.replace("ACT", act))
            print(f"{name}: {taken:.0f} ms, {page.get_by_role('status').inner_text()}")
        sort = "const s = document.querySelector('[aria-label=\"Sort by\"]');"
        act = f"{sort} s.value = 'confidence'; s.dispatchEvent(new Event('change'))"
        print(f"sort by confidence: {page.evaluate(MEASURED.replace('ACT', act)):.0f} ms")
        start = time.monotonic()
        page.locator(".list .row").first.click()
        page.wait_for_selector('main[data-view="problem"]')
        print(f"a problem opened: {1000 * (time.monotonic() - start):.0f} ms, the click included")
        opened.close()


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
