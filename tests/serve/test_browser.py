"""The live page in a real browser: talked to, forked, compared with and without the cap, taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import TOKEN, Running

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, running: Running) -> Iterator[Any]:
    """The page, opened by the link that the server tells; quiet, and asking nobody else, to the end."""
    found = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    logged: list[str] = []
    asked: list[str] = []
    found.on("console", lambda message: logged.append(message.text))
    found.on("pageerror", lambda error: logged.append(str(error)))
    found.on("request", lambda request: asked.append(request.url))
    found.set_default_timeout(60_000)
    found.goto(f"{running.url}/#token={TOKEN}")
    found.wait_for_selector("#live:not([hidden])")
    found.click("summary:has-text('Settings')")
    yield found
    assert logged == []
    assert all(url.startswith((running.url, "data:", "blob:")) for url in asked)
    assert not any(TOKEN in url.partition("#")[0] for url in asked)
    found.close()


def say(page: Any, text: str) -> None:
    turns = page.locator(".turn").count()
    page.fill("#tokens", "12")
    page.fill("#seed", str(turns))
    page.fill("#say", text)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.turn').length > n", arg=turns)
    page.wait_for_selector("#halt[hidden]", state="attached")


def test_a_conversation_is_held_read_forked_and_taken_away(page: Any, tmp_path: Path) -> None:
    assert page.url.endswith("/")  # the token is no longer in the address
    assert "cap" in page.inner_text("#about")
    for text in ("What grows here?", "And what of bed 2 ?", "rain stone leaf"):
        say(page, text)
    assert page.locator(".reply").count() == 6
    assert page.locator("#figure circle:not(.ring)").count() == 3
    assert page.locator("#figure rect[stroke]").count() == 3
    assert page.locator("#figure rect[fill='#e3e8ee']").count() == 3
    told = page.locator(".reply .told").all_inner_texts()
    assert all("Projection" in each and "expected" in each for each in told)
    assert page.locator("#table tbody tr").count() == 6

    page.click("text=Fork after turn 1")
    assert page.locator(".turn").count() == 1
    page.locator(".turn:last-child button:has-text('Go on from this reply')").click()
    assert "uncapped" in page.inner_text(".reply.chosen .who")
    say(page, "And what of bed 3 ?")
    assert page.locator("#branches button").count() == 2
    page.click("#branches button:has-text('main')")
    assert page.locator(".turn").count() == 3

    with page.expect_download() as coming:
        page.click("#transcript")
    coming.value.save_as(tmp_path / "t.json")
    saved = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert [len(b["turns"]) for b in saved["branches"]] == [3, 2]
    assert saved["branches"][1]["from"] == 0 and saved["branches"][1]["at"] == 1
    field = saved["branches"][0]["turns"][2]["replies"][0]["selfscope"]
    assert field["turn"] == 3 and field["cap"] and isinstance(field["projection"], float)
    with page.expect_download() as coming:
        page.click("#messages")
    coming.value.save_as(tmp_path / "m.jsonl")

    from selfscope.space.talks import read_transcripts

    assert [len(t.turns) for t in read_transcripts(tmp_path / "m.jsonl")] == [6, 4]


def test_it_fits_a_phone_and_says_what_is_wrong(page: Any, running: Running) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    say(page, "rain " * 30)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_goes_wrong_is_said_where_it_went_wrong(browser: Any, running: Running) -> None:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(running.url)
    page.fill("#token", "a wrong one")
    page.click("#entry button")
    page.wait_for_selector("#entry-says:has-text('missing or wrong')")
    page.fill("#token", TOKEN)
    page.click("#entry button")
    page.wait_for_selector("#live:not([hidden])")
    page.fill("#say", "<|end|>")
    page.uncheck("#both")
    page.click("#go")
    page.wait_for_selector(".wrong:has-text('control tokens')")
    page.fill("#say", "And now?")
    page.click("#go")
    page.wait_for_selector("#status:has-text('no reply to go on from')")
    assert page.locator(".turn").count() == 1
    page.close()
