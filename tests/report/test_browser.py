"""The page in a real browser: quiet, closed, readable without JavaScript, on paper and on a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from selfscope.report import RunView, write_report

pytestmark = pytest.mark.browser

CHROMIUM = (
    os.environ.get("SELFSCOPE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def path(demo_view: RunView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(demo_view, tmp_path_factory.mktemp("page") / "report.html")


def opened(
    browser: Any, path: Path, width: int = 1280, script: bool = True
) -> tuple[Any, list[str], list[str]]:
    """Open the page; also what it logged and what it asked the network for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=script)
    logged: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, logged, asked


def test_it_is_quiet_and_asks_no_one(browser: Any, path: Path) -> None:
    page, logged, asked = opened(browser, path)
    page.click("summary >> nth=0")
    assert logged == []
    assert asked == [path.as_uri()]
    assert page.title() == "SOUL.md on SmolLM2-135M-Instruct – selfscope"
    page.close()


def test_every_link_arrives_at_something_that_is_seen(browser: Any, path: Path) -> None:
    page, logged, _ = opened(browser, path)
    lost = page.evaluate(
        """() => [...document.querySelectorAll("a")].map(a => a.getAttribute("href"))
             .filter(h => !h.startsWith("#") || !document.getElementById(h.slice(1)))"""
    )
    assert lost == []
    page.click("table.verdicts td a >> nth=0")
    target = page.evaluate("document.querySelector(':target').id")
    page.locator(f"[id='{target}'] table.items").wait_for(state="visible", timeout=60_000)
    assert logged == []
    page.close()


def test_the_filter_shows_one_verdict(browser: Any, path: Path) -> None:
    page, _, _ = opened(browser, path)
    rows = page.locator("tr[data-verdicts]")
    before = sum(rows.nth(i).is_visible() for i in range(rows.count()))
    page.click(".filter button:has-text('shifted')")
    kept = [rows.nth(i) for i in range(rows.count()) if rows.nth(i).is_visible()]
    assert 0 < len(kept) < before
    assert all("shifted" in row.get_attribute("data-verdicts") for row in kept)
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_without_javascript_nothing_is_missing(browser: Any, path: Path, width: int) -> None:
    seen = []
    for script in (True, False):
        page, _, _ = opened(browser, path, width, script)
        figures = page.locator("figure svg")
        boxes = [figures.nth(i).bounding_box() for i in range(figures.count())]
        seen.append((len(boxes), page.locator("main").inner_text()))
        assert all(box["width"] > 250 and box["height"] > 40 for box in boxes)
        page.close()
    (with_script, text), (without, bare) = seen
    assert with_script == without == 8
    for line in bare.splitlines():
        assert line.strip() in text


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_it_never_scrolls_sideways(browser: Any, path: Path, width: int) -> None:
    page, _, _ = opened(browser, path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_it_has_landmarks_headings_in_order_and_names(browser: Any, path: Path) -> None:
    page, _, _ = opened(browser, path)
    assert page.locator("main").count() == page.locator("h1").count() == 1
    assert page.locator("header, footer, nav").count() == 3
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    assert all(b - a <= 1 for a, b in pairwise(levels))
    unnamed = page.evaluate(
        "[...document.querySelectorAll('a,button,summary')].filter("
        "e => !(e.textContent.trim() || e.getAttribute('aria-label'))).length"
    )
    assert unnamed == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.close()


def test_it_prints(browser: Any, path: Path, tmp_path: Path) -> None:
    page, logged, _ = opened(browser, path)
    paper = tmp_path / "report.pdf"
    page.pdf(path=str(paper), format="A4")
    assert paper.read_bytes()[:5] == b"%PDF-"
    assert logged == []
    page.close()
