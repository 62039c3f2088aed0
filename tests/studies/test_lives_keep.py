"""Agents with and without each kind of State: paired arms, verdicts of planted carriers, channels."""

from __future__ import annotations

import pytest

from selfscope.errors import BadInput
from selfscope.report.lives import lives_html, lives_lines
from selfscope.stats.lives import LEAST_LIVES
from selfscope.studies import lives, lives_run
from selfscope.studies.lives import life_folder, planned_lives
from selfscope.studies.lives_ask import channels_of
from selfscope.studies.lives_keep import EVERYTHING, keeps_of, nested
from selfscope.studies.lives_planted import planted_ground
from selfscope.studies.lives_run import first_of, places_of, states_of
from selfscope.values.state import ROLES
from tests.standins.lives import SMALL, answered, found_of, lived, request, together


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Ask the least that a verdict needs, and store it in one piece."""
    monkeypatch.setitem(lives.SIZES, "standard", SMALL)
    monkeypatch.setattr(lives_run, "_groups", together)


def test_arms_are_named_by_what_is_kept():
    whole, nothing, memory, without, two = keeps_of("all, none,memory,no-memory,memory+note")
    assert (whole, whole.shut) == (EVERYTHING, ()) and nothing.shut == ROLES
    assert memory.open == {"memory"} and without.shut == ("memory",) and two.open == {"memory", "note"}
    assert keeps_of("") == (EVERYTHING,)
    held = [(n.more.name, n.less.name, n.adds) for n in nested((whole, nothing, memory, without, two))]
    assert ("all", "none", "all") in held and ("all", "no-memory", "memory") in held
    assert ("memory", "none", "memory") in held and ("memory+note", "memory", "note") in held
    assert not any(more == "none" or less == "all" for more, less, _ in held)
    assert ("no-memory", "none") not in [each[:2] for each in held], (
        "four kinds at once are told of all alone"
    )
    for told, said in (("colour", "no such kind"), ("no-all", "no such kind"), ("all,all", "keep the same")):
        with pytest.raises(BadInput, match=said):
            keeps_of(told)


#: Phantom, arms, what became of the disturbance in each, and what each kind of State adds to what is left.
CARRIERS = [
    (
        "keeper",
        "all,no-memory,none",
        ["stays", "returned", "not moved"],
        {"all": "shifted", "memory": "shifted"},
    ),
    ("noter", "all,no-note", ["stays", "not moved"], {"note": "shifted"}),
    ("leaver", "all,no-memory", ["returned", "returned"], {"memory": "equivalent"}),
]


@pytest.mark.parametrize(("name", "keep", "back", "adds"), CARRIERS)
def test_what_carries_a_disturbance_is_told_by_those_who_live_without_it(name, keep, back, adds, tmp_path):
    found, store = found_of(
        name, tmp_path, disturb="flattering", keeps=keeps_of(keep), dimensions=("memory",)
    )
    assert [(each.keep, each.verdict) for each in found.back] == list(zip(found.keeps, back, strict=True))
    assert {each.adds: each.verdict for each in found.added} == adds
    assert {each.lives for each in found.added} == {LEAST_LIVES} and found.added[0].push is not None
    page = lives_html(found, "selfscope live")
    assert "With and without a kind of State" in page and page.count('class="wide"') == 1
    assert any("against" in line for line in lives_lines(found))
    rows = store.observations()
    assert {f"Ilse ({each})" for each in found.keeps[1:]} < set(rows["character"])


def test_arms_share_seeds_and_scripts_and_one_first_state(tmp_path):
    wanted = request(disturb="flattering", conversations=3, runs=2, keeps=keeps_of("all,no-note,none"))
    planned = planned_lives(wanted)
    arms = [[life for life in planned if life.keep == keep] for keep in wanted.keeps]
    for other in arms[1:]:
        assert [(m.seed, m.scripts, m.kind) for m in other] == [(m.seed, m.scripts, m.kind) for m in arms[0]]
    assert len({life_folder(wanted, life) for life in planned}) == len({m.name for m in planned}) == 12
    places = places_of(lived(wanted, "leaver", tmp_path))
    assert len([p for p in places if not p.life]) == 1
    assert len({p.arm for p in places}) == len(places) == 1 + 12 * 3
    assert len({p.system for p in places if p.keep == "none" or not p.life}) == 1


def test_arms_that_begin_with_other_texts_are_asked_for_each_first_state(tmp_path):
    wanted = request(runs=2, keeps=keeps_of("all,no-memory"))
    memory = {"memory/old.md": b"The lamp was new in May."}
    places = places_of(lived(wanted, "behaviour", tmp_path, memory))
    first = {place.arm: place.system for place in places if not place.life}
    assert list(first) == ["first@0", "first no-memory@0"]
    assert "new in May" in first["first@0"] and "new in May" not in first["first no-memory@0"]
    assert all("new in May" not in place.system for place in places if place.keep == "no-memory")


def test_a_longer_life_is_the_shorter_one_gone_on_with(tmp_path):
    usual = {"runs": 2, "kinds": ("neutral", "flattering")}
    short, long = (request(conversations=n, **usual) for n in (2, 3))
    for one, other in zip(planned_lives(short), planned_lives(long), strict=True):
        assert life_folder(short, one) == life_folder(long, other)
        assert one.scripts == other.scripts[:2] and one.seed == other.seed
    told = lived(long, "documents", tmp_path)[0]
    cut = first_of(told.life, 2)
    assert cut.versions == told.life.versions[:3] and len(cut.conversations) == 2
    assert states_of(first_of(told.life, 0)) == told.versions[:1]
    assert first_of(told.life, 5) == told.life

    upset = {n: request(disturb=n, conversations=3) for n in ("flattering", "neutral")}
    twins = {n: [life_folder(r, m) for m in planned_lives(r) if m.kind == "twin"] for n, r in upset.items()}
    assert twins["flattering"] == twins["neutral"], "one twin serves every disturbance"
    other = request(disturb="flattering", conversations=3, at=2)
    moved = [life_folder(other, m) for m in planned_lives(other) if m.kind == "disturbed"]
    assert not {*moved} & {life_folder(other, m) for m in planned_lives(upset["flattering"])}


def test_choices_are_read_beside_statements(tmp_path):
    channels = ("utterance", "indirect", "behaviour")
    one = {"channels": channels, "dimensions": ("memory",), "preset": "demo"}
    found, _ = found_of("behaviour", tmp_path, **one)
    assert found.channels == channels
    assert [(each.channel, each.verdict) for each in found.moved] == [(c, "shifted") for c in channels]
    assert {(c.channel, c.role) for c in found.carried if c.carries} == {(c, "note") for c in channels}
    assert {each.channel for each in found.readings} == set(channels)
    assert "memory (indirect)" in lives_html(found, "selfscope live")


def test_a_channel_that_cannot_be_read_is_asked_no_further(tmp_path):
    blind = answered(lambda key, value: 0.0 if not key[2] else value)  # options alone: texts are read
    both = {"channels": ("self_report", "utterance"), "gated": True, "preset": "demo"}
    found, store = found_of("behaviour", tmp_path, taught=blind, **both)
    assert found.channels == ("utterance",) and found.moved[0].verdict == "shifted"
    assert any("were not asked in self_report" in warning for warning in found.warnings)
    rows = store.observations()
    assert set(rows.loc[rows["channel"] == "self_report", "state"]) == {""}
    alone, _ = found_of("behaviour", tmp_path, taught=blind, **both | {"channels": ("self_report",)})
    assert {each.verdict for each in alone.moved} == {"not interpretable"}


def test_channels_are_those_in_which_a_state_can_be_asked():
    ground = planted_ground("still")
    assert channels_of((), ground) == (("utterance",), False)
    assert channels_of(("indirect", "costed_choice"), ground) == (("indirect", "costed_choice"), False)
    for named, said in (
        (("open",), "no instrument asks"),
        (("internal",), "closed channels"),
        (("behaviour", "costed_choice"), "one instrument"),
    ):
        with pytest.raises(BadInput, match=said):
            channels_of(named, ground)


class Hidden:
    """A ground that gives no log-probabilities of texts, as most that are behind an API."""

    def __init__(self):
        self.identity = planted_ground("still").identity.__class__("service/one", "api")

    def unavailable(self, kind):
        return "it gives none" if kind == "text" else ""


def test_elsewhere_every_channel_is_tried_that_the_ground_answers_in():
    assert channels_of((), Hidden()) == (("self_report", "indirect", "behaviour"), True)
    with pytest.raises(BadInput, match="it gives none"):
        channels_of(("utterance",), Hidden())
