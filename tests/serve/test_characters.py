"""Several characters on one set of weights, asked at once over a socket: each answers as it does alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from openai import OpenAI

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.studies.cast import read_cast, read_member
from selfscope.values import Message
from tests.serve.conftest import IDENTITY, LAYERS, TOKEN, WIDTH, Running, made, serving
from tests.standins.lora import write_lora

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.space.turn_readings import Along
    from selfscope.studies.cast import Member

ASKED = ("What grows here?", "And what of bed 2 ?", "What grows here?")


@pytest.fixture(scope="module")
def folder(ground: LocalGround, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from selfscope.models.caps import Cap, CappedModel
    from selfscope.space.cap_artefact import write_cap

    place = tmp_path_factory.mktemp("cast")
    (place / "garden.md").write_text(IDENTITY, encoding="utf-8")
    write_lora(place / "one", ground, rank=3, seed=4, size=0.4)
    two = write_lora(place / "two", ground, rank=1, targets=("down_proj",), seed=5, size=0.9)
    unit = np.eye(WIDTH, dtype=np.float32)[3:4]
    own, low, high = ground.identity, np.array([2.5], np.float32), np.array([np.inf], np.float32)
    model = CappedModel(own.name, own.revision, own.template, two.id)
    write_cap(place / "cap", Cap((LAYERS - 2,), unit, low, high, model))
    return place


@pytest.fixture(scope="module")
def cast(folder: Path) -> tuple[Member, ...]:
    return read_cast(
        [
            "bare=none",
            f"gardener=identity:{folder / 'garden.md'}",
            f"one={folder / 'garden.md'},adapter:{folder / 'one'}",
            f"two=adapter:{folder / 'two'},cap:{folder / 'cap'}",
        ]
    )


@pytest.fixture(scope="module")
def running(ground: LocalGround, along: Along, cast: tuple[Member, ...]) -> Iterator[Running]:
    from selfscope.serve.readings import Readings

    with serving(made(ground, cast=cast, readings=Readings(along, None))) as found:
        yield found


def alone(ground: LocalGround, member: Member, text: str, *, cap: bool = True) -> str:
    """What a character says with the weights to itself, its adapter merged into them."""
    from selfscope.models.local.generate import GenerationRequest, generate

    own = ground if member.adapter is None else ground.dressed(member.adapter)
    own = own.capped(member.cap) if member.cap is not None and cap else own
    system = (Message("system", member.system),) if member.system else ()
    request = GenerationRequest((*system, Message("user", text)), max_tokens=10, temperature=0)
    return asyncio.run(generate(own, [request]))[0].text


def test_each_says_what_it_says_alone_while_the_others_are_asked(
    running: Running, ground: LocalGround, cast: tuple[Member, ...]
) -> None:
    client = OpenAI(base_url=f"{running.url}/v1", api_key=running.headers["authorization"].split()[1])
    models = [m.id for m in client.models.list()]
    assert models == ["bare", "gardener", "one", "two", "two:uncapped"]

    def ask(given: tuple[str, str]) -> Any:
        talk: Any = [{"role": "user", "content": given[1]}]
        return client.chat.completions.create(model=given[0], messages=talk, max_tokens=10, temperature=0)

    pairs = [(model, text) for text in ASKED for model in models]
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(ask, pairs))
    by_name = {each.name: each for each in cast}
    said = set()
    for (model, text), answer in zip(pairs, told, strict=True):
        member = by_name[model.partition(":")[0]]
        want = alone(ground, member, text, cap=not model.endswith(":uncapped"))
        assert answer.choices[0].message.content == want, (model, text)
        assert answer.model == model
        field = answer.model_extra["selfscope"]
        assert isinstance(field["projection"], float) and (field["cap"] is not None) == (model == "two")
        assert field["adapter"] == {"one": "one", "two": "two"}.get(model.partition(":")[0])
        assert field["identity"] == ("garden.md" if model in ("gardener", "one") else "none")
        said.add((text, want))
    assert len(said) > 3 * len(set(ASKED))


def test_the_list_of_models_tells_what_makes_each(running: Running) -> None:
    told = httpx.get(f"{running.url}/v1/models", headers=running.headers).json()
    assert told["selfscope"] == {"several": True}
    found = {m["id"]: (m["selfscope"]["identity"], m["selfscope"]["adapter"]) for m in told["data"]}
    assert found["bare"] == ("none", None) and found["one"] == ("garden.md", "one")
    caps = {m["id"]: m["selfscope"]["cap"] for m in told["data"]}
    assert caps["two"]["status"] == "not validated" and caps["two:uncapped"] is caps["one"] is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nameless", "a name and what makes it"),
        ("=none", "a name and what makes it"),
        ("a b=none", "a name and what makes it"),
        ("wren=", "a name and what makes it"),
        ("wren=adapter:", "is empty"),
        ("wren=adapter:nowhere", "no such adapter"),
        ("wren=cap:nowhere", "no cap"),
        ("wren=adapter:conscious-0,adapter:plain-0", "each part once"),
    ],
)
def test_what_is_no_character_is_refused(given: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_member(given)


def test_a_comma_in_a_path_is_written_twice(tmp_path: Path) -> None:
    place = tmp_path / "one, two.md"
    place.write_text("You keep bees.", encoding="utf-8")
    member = read_member(f"keeper={str(place).replace(',', ',,')},adapter:conscious-0")
    assert member.system == "You keep bees." and member.told == "identity one, two.md, adapter conscious-0"


def test_what_cannot_be_served_together_is_refused(
    folder: Path, ground: LocalGround, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ground.identity.name
    for given, words in (
        (["--character", "a=none", "--adapter", "conscious-0"], "of its own"),
        (["--character", "a=none", "--character", "a=none"], "one name"),
        (["--character", "a=adapter:conscious-0"], "other weights"),
        (["--character", f"a=cap:{folder / 'cap'}"], "adapter"),
    ):
        assert run(["serve", weights, *given]) == 2
        assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.browser
def test_the_page_shows_who_speaks(browser: Any, running: Running) -> None:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{running.url}/#token={TOKEN}")
    page.wait_for_selector("#live:not([hidden])")
    assert "5 on the same weights" in page.inner_text("#about")
    assert "one: identity garden.md, adapter one" in page.inner_text("#legend")
    page.check("#both")
    page.click("summary:has-text('Settings')")
    page.fill("#tokens", "4")
    page.fill("#say", "What grows here?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".turn")
    page.wait_for_selector("#halt[hidden]", state="attached")
    who = page.locator(".reply .who").all_inner_texts()
    assert [each.split()[1] for each in who] == ["bare", "gardener", "one", "two", "two:uncapped"]
    assert len({each.split()[0] for each in who}) == 5
    page.close()
