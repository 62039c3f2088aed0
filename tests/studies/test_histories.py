"""Histories drawn anew: on a tiny random network from end to end, and a phantom with planted shares."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from selfscope.errors import BadInput, CouldNot, Stopped
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.ground import GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.compare import refuse_unlike
from selfscope.studies.history_design import (
    SIZES,
    HistoryRequest,
    Size,
    build_histories,
    load_histories,
)
from selfscope.studies.history_plan import plan_histories
from selfscope.studies.history_run import asks_of_histories, draw_local, run_histories
from selfscope.studies.history_threads import FILE, Reply, threads_of
from selfscope.studies.restore import stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.where import WhereRequest, where
from selfscope.subjects import read_identity
from selfscope.values import Answer, Answers, ItemSet, Message, Prompt, Study, Usage
from selfscope.values.histories import Line
from selfscope.values.variance import Component
from tests.standins.weights import write_folder

ITEMS = load_cluster()
SIZE = Size(1, ("memory",), 1, 1, 1)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    for name, text in (("ilse", "You are Ilse, who keeps bees."), ("odd", "You are Odd, a ferryman.")):
        (folder / f"{name}.md").write_text(text)
    return tuple(read_identity(folder / f"{name}.md") for name in ("ilse", "odd"))


def small(study: Study, scripts: int = 2, regenerations: int = 2) -> Study:
    """Return a study with fewer and shorter conversations: the network takes bytes for words."""
    told = study.histories
    return replace(
        study, histories=replace(told, scripts=told.scripts[:scripts], regenerations=regenerations)
    )


@pytest.fixture(scope="module")
def study(ground, texts):
    return small(build_histories(HistoryRequest(ITEMS, "demo", texts=texts, tokens=6, sizes=SIZE), ground))


def held(study, ground, root, **more) -> RunStore:
    store = RunStore.of(study, root)
    asyncio.run(run_histories(study, ITEMS, ground, store, **more))
    return store


@pytest.fixture(scope="module")
def done(study, ground, tmp_path_factory):
    return held(study, ground, tmp_path_factory.mktemp("runs"))


def test_every_conversation_is_drawn_anew_and_every_value_leads_to_its_own(study, done):
    said = [json.loads(line) for line in (done.folder / FILE).read_text(encoding="utf-8").splitlines()]
    assert len(said) == 2 * 2 * 2 == len({s["subject"] for s in said})
    assert len({s["replies"][0]["seed"] for s in said}) == 8
    table = done.observations()
    asks = asks_of_histories(study, ITEMS)
    assert len(table) == 8 * len(asks) and len(asks) == 4
    assert (table["turn"] == 1).all() and (table["counterparty"] == "unsaid").all()
    rows = table.drop_duplicates("subject").set_index("subject")
    for each in said:
        row = rows.loc[each["subject"]]
        told = (row["character"], row["script"], row["thread"], row["regeneration"])
        assert told == (each["character"], each["script"], each["thread"], str(each["regeneration"]))
        assert [m["role"] for m in each["messages"]] == ["user", "assistant"]
        assert each["messages"][1]["content"] == each["replies"][0]["text"]
    assert set(table["evidence"]) == set(done.evidence()["evidence"]) and table["evidence"].is_unique
    assert stored_study(done) == study


def test_items_are_scored_after_the_history_alone(study, done, ground):
    line = json.loads((done.folder / FILE).read_text(encoding="utf-8").splitlines()[-1])
    row = done.observations().query("subject == @line['subject']").iloc[0]
    ask = next(
        a
        for a in asks_of_histories(study, ITEMS)
        if (a.cell.item, a.cell.polarity) == (row["item"], row["polarity"])
    )
    system = study.arms[-1].system
    before = (Message("system", system), *(Message(**m) for m in line["messages"]))
    prompt = Prompt((*before, Message("user", ask.user)), text=ask.text)
    alone = asyncio.run(ground.answer([prompt])).answers[0][0].value
    assert row["value"] == pytest.approx(alone, abs=1e-3)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(study, done, ground, tmp_path):
    again = held(study, ground, tmp_path / "again")
    assert (again.folder / FILE).read_bytes() == (done.folder / FILE).read_bytes()
    assert again.observations().equals(done.observations())
    other = held(replace(study, seed=1), ground, tmp_path / "other")
    assert (other.folder / FILE).read_bytes() != (done.folder / FILE).read_bytes()


def test_a_run_that_broke_off_goes_on_to_the_same_end(study, done, ground, tmp_path):
    calls = 0

    async def breaks(*given):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise CouldNot("the network is gone")
        return await draw_local(*given)

    with pytest.raises(CouldNot, match="gone"):
        held(study, ground, tmp_path, write=breaks)
    store = RunStore.of(study, tmp_path)
    assert not store.finished and len(list((store.folder / "parts").glob("*.parquet"))) == 2
    with (store.folder / FILE).open("a") as file:
        file.write('{"half of')
    drawn = []

    async def counts(ground, before, seeds, study):
        drawn.extend(seeds)
        return await draw_local(ground, before, seeds, study)

    held(study, ground, tmp_path, write=counts)
    assert len(drawn) == 4
    assert (store.folder / FILE).read_bytes() == (done.folder / FILE).read_bytes()
    assert store.observations().equals(done.observations())


def test_a_budget_stops_and_a_larger_one_goes_on(study, done, ground, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    plan = plan_histories(study, ITEMS, ground)
    assert plan.total == plan.left and plan.subjects == 8
    with pytest.raises(Stopped, match="9 calls"):
        held(study, ground, tmp_path, budget=Budget.read("9 calls"))
    half = plan_histories(study, ITEMS, ground)
    assert half.left.calls == plan.total.calls - 4 == 36 and half.done.calls == 4
    held(study, ground, tmp_path, budget=Budget.read("40 calls"))
    after = plan_histories(study, ITEMS, ground)
    assert after.left == Usage() and after.done.calls == after.total.calls
    assert after.done.distinct_tokens == pytest.approx(after.total.distinct_tokens, rel=0.1)


def test_what_is_not_drawn_anew_is_a_structural_zero(study, ground, tmp_path):
    greedy = replace(study, histories=replace(study.histories, temperature=0.0))
    store = held(greedy, ground, tmp_path)
    found = where(WhereRequest(str(store.folder), "trait", permutations=0))
    zeros = [c.name for c in found[0].components if c.structural_zero]
    assert any(name.startswith("regeneration") for name in zeros)
    assert {c.name for c in found[0].components if c.not_estimable} >= {"ground", "counterparty", "framing"}


class Planted:
    """A ground whose answers hold planted shares of character, script, thread and regeneration.

    It is told nothing of the design: it reads the system prompt, the user's turn and the reply before.
    """

    def __init__(self, items: ItemSet, sd: dict[str, float]) -> None:
        self.identity = GroundIdentity("phantom:histories", "phantom", "phantom", "1")
        self.tokenizer_name, self.context_tokens, self.sd = "words", None, sd
        every = [s for d in items.dimensions for s in d.statements]
        self.signs = {s.text: s.keyed for s in every} | {str(s.twin): -s.keyed for s in every}
        self.contents = {text: s.id for s in every for text in (s.text, str(s.twin))}

    def unavailable(self, kind: str) -> str:
        return ""

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        return Usage(prompts=len(prompts), calls=len(prompts))

    async def close(self) -> None: ...

    async def answer(self, prompts, *, seed=0, replicates=1, progress=None) -> Answers:
        return Answers(tuple((Answer(self._value(p), "log_prob", "logprob"),) for p in prompts))

    def _value(self, prompt: Prompt) -> float:
        system, said, reply = (m.content for m in prompt.messages[:3])
        item = self.contents[str(prompt.text)]
        trait = (
            self._draw("character", system)
            + self._draw("thread", system, said)
            + self._draw("regeneration", system, said, reply)
            + self._draw("character×item", system, item)
        )
        fluent = self._draw("bias", system, said, reply)
        return self.signs[str(prompt.text)] * trait + fluent

    def _draw(self, unit: str, *names: str) -> float:
        digest = hashlib.sha256("\n".join((unit, *names)).encode()).digest()
        sd = self.sd.get(unit, 0.0)
        return sd * float(np.random.default_rng(int.from_bytes(digest[:8], "big")).standard_normal())


async def numbered(ground, before, seeds, study) -> list[Reply]:
    return [Reply(f"reply {seed}", 3, 2, "stop", seed) for seed in seeds]


SIX = Size(2, ("memory",), 3, 1, 1)


def planted(tmp_path, sd: dict[str, float], **more) -> dict[str, Component]:
    ground = Planted(ITEMS, sd)
    study = build_histories(HistoryRequest(ITEMS, "demo", sizes=SIX), ground)
    store = RunStore.of(study, tmp_path)
    if not store.finished:
        asyncio.run(run_histories(study, ITEMS, ground, store, write=numbered))
    (found,) = where(WhereRequest(str(store.folder), "trait", permutations=199, **more))
    return {c.name: c for c in found.components}


def test_planted_shares_are_found_again(tmp_path):
    sd = {"character": 1.5, "thread": 0.8, "regeneration": 0.5, "character×item": 0.6, "bias": 3.0}
    found = planted(tmp_path, sd, random=("script",))
    for name, unit in (
        ("character", "character"),
        ("character×script", "thread"),
        ("regeneration:(character×script)", "regeneration"),
    ):
        low, high = found[name].ci
        assert low < sd[unit] ** 2 < high, name
    assert found["character"].ci[0] > 0 and found["character"].p_permutation <= 0.02
    assert found["character"].share == max(c.share for c in found.values() if np.isfinite(c.share))


def test_what_lies_in_threads_is_the_characters_only_where_scripts_are_fixed(tmp_path):
    sd = {"thread": 0.8, "regeneration": 0.5, "character×item": 0.6}
    fixed, random = planted(tmp_path, sd), planted(tmp_path, sd, random=("script",))
    assert random["character"].ci[0] < 0 and random["character"].p_permutation > 0.05
    assert random["character×script"].ci[0] > 0
    assert fixed["character"].ci[0] < 0.8**2 / 4 < fixed["character"].ci[1]


class Worn(Planted):
    """Planted, and wearing what it is told to: other weights, other answers."""

    def wearing(self, adapter: str) -> Planted:
        worn = Worn(ITEMS, self.sd)
        worn.identity = self.identity.wearing(adapter)
        return worn

    def _value(self, prompt: Prompt) -> float:
        mine = self._draw("ground", self.identity.extra.get("adapter", ""))
        return super()._value(prompt) + self.signs[str(prompt.text)] * mine


def test_weights_are_a_facet_where_adapters_are_worn(texts, tmp_path):
    ground = Worn(ITEMS, {"ground": 2.0, "character": 0.5, "regeneration": 0.2})
    study = build_histories(HistoryRequest(ITEMS, "demo", texts=texts, sizes=SIZE), ground)
    both = (*study.arms, *(replace(arm, adapter="other") for arm in study.arms))
    store = RunStore.of(study := small(replace(study, arms=both)), tmp_path)
    asyncio.run(run_histories(study, ITEMS, ground, store, write=numbered))
    table = store.observations()
    assert table["ground"].nunique() == 2 and table["character"].nunique() == 2
    found = where(WhereRequest(str(store.folder), "trait", permutations=0, obj="ground"))[0]
    own = next(c for c in found.components if c.name == "ground")
    assert own.fixed and own.share > 0.5
    said = [json.loads(line) for line in (store.folder / FILE).read_text(encoding="utf-8").splitlines()]
    assert len({s["subject"] for s in said}) == len({s["replies"][0]["seed"] for s in said}) == 16
    assert set(table["subject"]) == {s["subject"] for s in said}


def test_scripts_bear_on_no_dimension():
    scripts, *kinds = load_histories()
    said = " ".join(t for s in scripts for t in s.turns).lower()
    words = {w.lower() for d in ITEMS.dimensions for w in d.key_words}
    assert not [w for w in words if w in said]
    assert len(scripts) == max(size.scripts for size in SIZES.values()) and all(
        len(s.turns) == 3 for s in scripts
    )
    for lines in kinds:
        first, second = (len(line.text.split()) for line in lines)
        assert abs(first - second) <= 1


def test_standard_tells_counterparty_and_framing_and_every_thread_has_one_name():
    ground = Planted(ITEMS, {})
    study = build_histories(HistoryRequest(ITEMS), ground)
    threads = [t for group in threads_of(study) for t in group]
    assert len(threads) == 8 * 5 * 2 * 2 == len({t.name for t in threads})
    first = threads[0]
    assert first.turn(0).content.startswith("I am a person") and "no hurry" in first.turn(0).content
    assert first.turn(1).content == first.script.turns[1]
    assert isinstance(first.counterparty, Line) and SIZES["full"].replies == 3


def test_what_is_told_can_be_chosen_and_what_is_not_said_names_nothing():
    ground = Planted(ITEMS, {})
    plain = build_histories(HistoryRequest(ITEMS, "demo"), ground)
    assert plain.histories.collectives[0].text == ""
    told = build_histories(HistoryRequest(ITEMS, "demo", told=("collective",)), ground)
    threads = [t for group in threads_of(told) for t in group]
    assert len(threads) == 2 * len([t for group in threads_of(plain) for t in group])
    assert {t.collective.name for t in threads} == {"one", "all"}
    assert len({t.seed(0, 0, 0) for t in threads}) == len(threads) == len({t.name for t in threads})
    assert threads[1].turn(0).content.startswith("I put this to all copies of you")
    with pytest.raises(BadInput, match="no such facet is told"):
        build_histories(HistoryRequest(ITEMS, "demo", told=("weather",)), ground)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"characters": ("nobody",)}, "no such character"),
        ({"characters": ("stoic",)}, "several"),
        ({"constructs": ("taste",)}, "no such dimension"),
        ({"regenerations": 0}, "cannot be held"),
    ],
)
def test_what_cannot_be_asked_is_refused(change, said):
    with pytest.raises(BadInput, match=said):
        build_histories(HistoryRequest(ITEMS, "demo", **change), Planted(ITEMS, {}))


def test_such_a_run_is_no_subject_to_compare(study):
    with pytest.raises(BadInput, match="many characters, and no one subject"):
        refuse_unlike(study, study)


def test_only_local_weights_are_drawn_from(tmp_path):
    ground = Planted(ITEMS, {})
    study = build_histories(HistoryRequest(ITEMS, "demo", sizes=SIZE), ground)
    with pytest.raises(BadInput, match="local weights"):
        held(study, ground, tmp_path)


def test_the_presets_on_the_page_are_those_of_the_code():
    page = (Path(__file__).parents[2] / "docs" / "where.md").read_text(encoding="utf-8")
    rows = [[c.strip() for c in line.strip("|\n").split("|")] for line in page.splitlines()]
    told = {row[0].strip("` "): row for row in rows if len(row) == 9 and row[0].startswith("`")}
    for preset, size in SIZES.items():
        people = len(build_histories(HistoryRequest(ITEMS, preset), Planted(ITEMS, {})).arms)
        numbers = [people, size.scripts, size.replies, 2 * size.statements, size.elicitors]
        assert [int(told[preset][n]) for n in (1, 2, 3, 7, 8)] == numbers
        assert told[preset][4] == (" × ".join("2" for _ in size.told) or "nothing")
        assert told[preset][5] == "4"
    for line in (line for lines in load_histories()[1:] for line in lines):
        assert line.text in " ".join(page.split())
