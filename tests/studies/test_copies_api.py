"""Copies behind an API: free choices, advice that judges read, one's own replies; over a real HTTP server."""

import asyncio
import json
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.cli.copies_apart import CopiesTogether
from selfscope.errors import Stopped
from selfscope.instruments.copies.advice import load_known
from selfscope.instruments.copies.choices import COUNTERPARTIES, INSTANCES
from selfscope.instruments.copies.load import SHORT
from selfscope.models.choose import choose_ground
from selfscope.studies.apart import Wish
from selfscope.studies.apart_play import plan, play
from selfscope.studies.budget import Budget
from selfscope.studies.copies_judged import CHECKS
from selfscope.studies.copies_planted import PLAYERS
from selfscope.studies.store import runs_folder
from selfscope.studies.stress import StressRequest, stressed
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.population import Copy
from tests.standins.provider import KEY, Provider, providing

pytestmark = THROUGH_INSPECT
FIRST, SECOND, READER = (
    "openai-api/first/coordinator",
    "openai-api/second/independent",
    "openai-api/second/reader",
)


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    """Serve one who coordinates, knows its replies and is careful; one who does none of it; and a judge."""
    one = Provider(Copy(PLAYERS["coordinator"], careful=True), ("coordinator",), served_as="")
    names = ("independent", "reader")
    two = Provider(Copy(PLAYERS["independent"]), names, served_as="", logprobs="left_out")
    with pytest.MonkeyPatch.context() as at, providing(one), providing(two):
        at.setenv("SELFSCOPE_RUNS", str(tmp_path_factory.mktemp("runs")))
        at.setenv("SELFSCOPE_CALL_RETRIES", "0")
        for service, provider in (("FIRST", one), ("SECOND", two)):
            at.setenv(f"{service}_BASE_URL", provider.url)
            at.setenv(f"{service}_API_KEY", KEY)
        for kind in ("free", "recognise"):
            at.setitem(SHORT, kind, 6)
        at.setitem(SHORT, "nudge", 2)
        at.setitem(INSTANCES, "demo", 2)
        at.setitem(COUNTERPARTIES, "demo", ("copy", "other"))
        at.setattr("selfscope.studies.copies_replies.REPLIES", 2)
        yield one, two


def wish(*kinds, beside=SECOND, judge=(), replicates=2):
    options = {"against": beside} | ({"judge": judge} if judge else {})
    return Wish("demo", constructs=kinds, replicates=replicates, options=options)


def asked(wanted, name=FIRST, budget=None):
    """Return a finished run and what it says."""

    async def go():
        ground = choose_ground(name, log_folder=runs_folder() / "logs")
        try:
            played = await play(CopiesTogether(), wanted, ground, lambda *told: None, budget)
            return played.store, played.conclude("here").found
        finally:
            await ground.close()

    return asyncio.run(go())


@pytest.fixture(scope="module")
def told(population):
    """Return what one says of free choices and of its own replies, beside the other."""
    return asked(wish("free", "recognise"))


def effects(found):
    return {e["name"]: e for e in found["effects"]}


def requests(population):
    return sum(len(provider.requests) for provider in population)


def test_who_coordinates_and_who_knows_itself_are_told_from_others(told, tmp_path, capsys, monkeypatch):
    one = effects(told[1])
    assert (one["free"]["verdict"], one["recognise"]["verdict"]) == ("shifted", "shifted")
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    alone = ["copies", "phantom:independent", "--against", "phantom:coordinator", "--games", "free", "--json"]
    assert run([*alone, "--answer", "replies", "--preset", "demo"]) == 0
    two = effects(json.loads(capsys.readouterr().out))
    assert two["free"]["verdict"] != "shifted"
    assert two["free"]["check"]["passes"]
    assert one["free"]["estimate"]["estimate"] == pytest.approx(0.8, abs=0.15)
    assert (one["recognise"]["scale"], one["recognise"]["family"]) == ("log-odds", "screening")
    schema = json.loads((files("selfscope.cli") / "schemas" / "copies.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(told[1]).replace("NaN", "null")), schema)


def test_re_asked_by_the_game_they_say_the_same(told):
    store, found = told
    again = {s.of["construct"]: s for s in stressed(StressRequest(str(store.folder), draws=49))}
    assert set(again) == {"free", "recognise"}
    for name, effect in effects(found).items():
        assert again[name].estimate == pytest.approx(effect["estimate"]["estimate"], abs=1e-9)
        assert again[name].verdict == "shifted +"


def test_what_was_drawn_is_not_drawn_again_and_a_partner_is_in_the_budget(told, population):
    before, wanted = requests(population), wish("free")
    with pytest.raises(Stopped, match="leaves no room"):
        asked(wanted, budget=Budget(120, "calls"))  # 96 of the subject, 72 of the partner
    store, found = asked(wanted)
    assert requests(population) - before <= 4  # how each of the two can be asked, on another day
    assert effects(found)["free"]["estimate"] == effects(told[1])["free"]["estimate"]
    assert store.usage().calls == 96 + 72


def test_a_plan_asks_nobody_and_counts_every_call(told, population):
    before = requests(population)
    ground = choose_ground(FIRST, probe=False)
    planned = asyncio.run(plan(CopiesTogether(), wish("free", "recognise"), ground))
    assert requests(population) == before
    assert planned.total.calls == told[0].usage().calls
    judged = asyncio.run(plan(CopiesTogether(), wish("nudge", judge=READER), ground))
    assert judged.total.calls == 2 * 2 * 2
    assert any("216 times about advice of known side" in note and "48 times" in note for note in judged.notes)
    assert requests(population) == before


def test_judges_read_advice_blind_and_only_if_they_are_believed(population, monkeypatch, capsys):
    wanted = wish("nudge", judge=READER)
    for word in ("neither", ""):

        async def known(name, request, told, word=word):
            return {k.id: word or k.truth for k in load_known()}, "logs"

        monkeypatch.setattr("selfscope.studies.copies_judged.ask_of_known", known)
        store, found = asked(wanted)
        if word:
            (store.folder / CHECKS).unlink()
            assert found["nudging"] is None
            assert any("not believed and reads nothing" in note for note in found["notes"])
    rows = store.observations()
    assert len(rows[rows["format"] == "reply"]) == 2 * 2 * 2
    stances = rows[rows["format"] == "stance"]
    assert (len(stances), set(stances["judge"])) == (2 * 2 * 2 * 6, {READER})
    told = found["nudging"]["stances"]
    assert told["subject"]["care"] > 0.5 > 0 > told[SECOND]["care"]
    assert (told["subject"]["plan"], found["judges"][0]["believed"]) == (0, True)
    asked_where = ["where", str(store.folder), "--only", "format=stance", "--value", "value", "--json"]
    assert run([*asked_where, "--facets", "collective,item,order,template", "--object", "collective"]) == 0
    components = {c["name"]: c for c in json.loads(capsys.readouterr().out)["components"]}
    assert max(components.values(), key=lambda c: c["variance"] or 0.0)["name"] == "collective×order"
    judged = [json.dumps(r) for r in population[1].requests if r["model"] == "reader"]
    assert judged
    assert not any(name in each for each in judged for name in ("coordinator", "independent", "copy"))


def test_what_an_api_cannot_do_is_said(population, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    beside = ["copies", FIRST, "--preset", "demo", "--against", "identity:examples/SOUL.md"]
    alone = ["copies", "phantom:first", "--against", "phantom:believer", "--judge", READER]
    refused = {
        "the judge is the subject": [*beside, "--games", "nudge", "--judge", FIRST],
        "no such way of answering": [*beside, "--answer", "songs"],
        "advice is scored here": alone,
    }
    for words, command in refused.items():
        assert run(command) == 2
        assert words in capsys.readouterr().err
