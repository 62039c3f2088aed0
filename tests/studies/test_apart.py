"""Instruments that play their own conversations: ours and an outsider's, played, planned, within a budget."""

import asyncio
from importlib.metadata import EntryPoint

import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput, Stopped
from selfscope.models.local.ground import open_local
from selfscope.studies import apart
from selfscope.studies.apart import Wish, describe_apart, load_apart
from selfscope.studies.apart_play import plan, play
from selfscope.studies.budget import Budget
from tests.standins.weights import write_folder

DEMO = Wish("demo", constructs=("self",))


def silent(*told):
    """Take progress and say nothing."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, threads=1)


@pytest.fixture
def games(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    return load_apart()["commitment"]


@pytest.fixture
def registered(monkeypatch):
    """Registers other classes beside ours, as an installed package would."""

    def register(**targets):
        entries = [EntryPoint(name, target, apart.ENTRY_POINT_GROUP) for name, target in targets.items()]
        monkeypatch.setattr(apart, "entry_points", lambda group: entries)
        load_apart.cache_clear()

    yield register
    load_apart.cache_clear()


class Outsider:
    """What another package could register: ours under another name."""

    def __new__(cls):
        from selfscope.cli.commitment_apart import CommitmentGames

        return type("Outsider", (CommitmentGames,), {"name": "wagers", "reference": "Wagers."})()


def test_what_another_package_registers_is_known_by_its_name(registered):
    registered(ours="selfscope.cli.commitment_apart:CommitmentGames", theirs=f"{__name__}:Outsider")
    assert list(load_apart()) == ["commitment", "wagers"]
    listed = {each.name: each for each in describe_apart()}
    assert listed["commitment"].package == "selfscope"
    assert (listed["wagers"].reference, listed["wagers"].package) == ("Wagers.", "unknown")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a": "builtins:dict"}, "dict without name, channel, kind"),
        ({"a": f"{__name__}:Outsider", "b": f"{__name__}:Outsider"}, "two instruments have one name"),
    ],
)
def test_what_is_no_instrument_or_one_twice_is_refused(registered, entries, said):
    registered(**entries)
    with pytest.raises(BadInput, match=said):
        load_apart()


def test_a_plan_is_what_playing_takes(games, tiny):
    planned = asyncio.run(plan(games, DEMO, tiny))
    played = asyncio.run(play(games, DEMO, tiny, silent))
    used = played.store.usage()
    assert planned.run == played.store.run
    assert (planned.total.prompts, planned.total.calls) == (used.prompts, used.calls)
    assert planned.total.input_tokens == used.input_tokens > 0
    assert planned.left == planned.total
    assert asyncio.run(plan(games, DEMO, tiny)).left.prompts == 0
    assert played.conclude("a command").found["ground"] == tiny.identity.name


@pytest.mark.parametrize(
    ("name", "phantom", "constructs"),
    [
        ("commitment", "superposed", ("self",)),
        ("copies", "first", ("match",)),
        ("selves", "drawn", ("mind",)),
    ],
)
def test_a_plan_of_a_phantom_is_what_playing_it_takes(tmp_path, monkeypatch, name, phantom, constructs):
    """Of what is asked, and not of all that the instrument could ask."""
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    wish, instrument = Wish("demo", constructs=constructs), load_apart()[name]
    planned = asyncio.run(plan(instrument, wish, phantom))
    used = asyncio.run(play(instrument, wish, phantom, silent)).store.usage()
    assert (planned.total.prompts, planned.total.calls) == (used.prompts, used.calls)
    assert 0 < planned.total.calls < instrument.cost("demo")


def test_a_budget_stops_before_it_is_overspent_and_a_larger_one_goes_on(games, tiny):
    wish = Wish("demo", constructs=("number", "self"), seed=1)
    needed = asyncio.run(plan(games, wish, tiny)).total.calls
    with pytest.raises(Stopped, match="leaves no room"):
        asyncio.run(play(games, wish, tiny, silent, Budget(needed - 1, "calls")))
    left = asyncio.run(plan(games, wish, tiny)).left.calls
    assert 0 < left < needed  # numbers were played
    played = asyncio.run(play(games, wish, tiny, silent, Budget(needed, "calls")))
    assert played.store.usage().calls == needed


def test_the_verb_plans_and_its_gate_closes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    asked = ["commitment", "phantom:superposed", "--preset", "demo", "--games", "self"]
    assert run([*asked, "--dry-run"]) == 0
    assert "prompts" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert run([*asked, "--fail-on", "not-held"]) == 1
    assert run([*asked, "--fail-on", "incoherent"]) == 0
    assert run(["commitment", "phantom:holder", "--preset", "demo", "--fail-on", "not-held"]) == 0
    assert run([*asked, "--fail-on", "shifted"]) == 2
