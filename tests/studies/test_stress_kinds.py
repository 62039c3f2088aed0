"""Layers, commitment, interviews and lives re-asked: by their own numbers, on runs of known truth."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from selfscope.cli.show import finite
from selfscope.cli.stress import stress_json
from selfscope.errors import BadInput
from selfscope.instruments.layers.design import SIZES as SIZES_OF
from selfscope.instruments.layers.design import Size
from selfscope.report.stress import render_stress
from selfscope.stats.lives import LEAST_LIVES
from selfscope.stats.stress_claims import stress_claim
from selfscope.studies import lives, stress_hung
from selfscope.studies.commitment import CommitmentRequest, commitment_study
from selfscope.studies.commitment_planted import planted as responder
from selfscope.studies.commitment_run import run_commitment
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.interview_planted import planted as interviewed
from selfscope.studies.interview_run import run_interviews
from selfscope.studies.layers import LayersRequest, layers_study
from selfscope.studies.layers_found import found_in
from selfscope.studies.layers_planted import planted as layered
from selfscope.studies.layers_run import ask_all
from selfscope.studies.lives import LivesSize
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.stress_commitment import commitment_claims
from selfscope.studies.stress_hung import INSTRUMENTS, told
from selfscope.studies.stress_interview import interview_claims, interview_request
from selfscope.studies.stress_kinds import KINDS, kind_of_run
from selfscope.studies.stress_layers import layers_claims, layers_request
from selfscope.studies.stress_lives import lives_claims
from selfscope.studies.where import WhereRequest, where
from selfscope.values import content_id, plain
from tests.studies.test_lives import found_of

SIZES = Size(("memory", "shutdown"), 4, 1, 3, 5, 1, 4)


def by_name(claim, *names, draws=99):
    wanted = frozenset(names) or None
    return {a.name: a for a in stress_claim(claim, draws=draws, wanted=wanted)}


def as_it_is(claim):
    return claim.numbers(np.ones((1, claim.cells)))[0]


@pytest.fixture(scope="module")
def layers():
    """Rows of a subject of which no layer moves, but for the character of one dimension."""
    request = LayersRequest(sizes=SIZES)
    identity, ask = layered("steady")
    rows = asyncio.run(ask_all(request, layers_study(request, identity), ask, "run"))
    moved = (rows["script"] == "swap") & (rows["construct"] == "memory")
    way = rows["character"].map({c: (-1) ** n for n, c in enumerate(sorted(set(rows["character"])))})
    rows.loc[moved, "value"] += (1.5 * rows["keyed"] * rows["polarity"] * way)[moved]
    return request, rows


@pytest.fixture(scope="module")
def interviews(tmp_path_factory):
    request = InterviewRequest(("for", "against"), repeats=6)
    identity, ask = interviewed("agreeable")
    study = interview_study(request, identity)
    store = RunStore.of(study, tmp_path_factory.mktemp("interviews"))
    asyncio.run(run_interviews(request, study, ask, store))
    return study, store


@pytest.fixture(scope="module")
def games(tmp_path_factory):
    request = CommitmentRequest(("number",), "standard")
    identity, ask = responder("superposed")
    study = commitment_study(request, identity)
    store = RunStore.of(study, tmp_path_factory.mktemp("games"))
    asyncio.run(run_commitment(request, study, ask, store))
    return study, store


def test_movement_of_a_layer_is_that_of_the_run_and_hangs_on_its_dimension(layers):
    request, rows = layers
    declared = layers_study(replace(request, sizes=None, preset="demo"), layered("steady")[0])
    again = layers_request(declared)
    assert content_id(again.items) == declared.items and again.design.size == SIZES_OF["demo"]
    cells = {(c.layer, c.manipulation): c for c in found_in(request, rows).cells}
    claims = {c.of["finding"]: c for c in layers_claims(request, rows)}
    for cell, name in (("swap", "under other texts"), ("depth", "after long conversations")):
        for layer in ("surface", "character", "ground"):
            found, claim = cells[layer, cell], claims[f"{layer} {name}"]
            assert np.sqrt(abs(as_it_is(claim)[0])) == pytest.approx(abs(found.moved.estimate))
            assert claim.said.verdict == found.verdict
    claim = claims["character under other texts"]
    assert claim.said.verdict == "moves"
    found = by_name(claim, "left out:construct", "left out:character", "clustered:construct", "no self")
    assert found["left out:construct"].outcome == "flipped"
    assert found["left out:construct"].lost == ("memory",)
    assert found["left out:character"].outcome == found["no self"].outcome == "stands"
    assert found["clustered:construct"].why == "too few levels: 2"
    pair = claims["surface against character under other texts"]
    assert pair.said.verdict == "dissociates"
    assert by_name(pair, "left out:construct")["left out:construct"].outcome == "flipped"


def test_a_wish_that_follows_its_arms_does_so_whoever_is_left_out(interviews):
    study, store = interviews
    rows = store.observations()
    claim = next(iter(interview_claims(interview_request(study, rows), rows)))
    assert as_it_is(claim)[0] == pytest.approx(claim.said.estimate)
    found = by_name(claim, "left out:item", "clustered:thread", "clustered:script", "no self", draws=199)
    assert {found[n].outcome for n in ("left out:item", "clustered:thread", "no self")} == {"stands"}
    assert found["clustered:script"].why == "it is what the wish is held against"


def test_an_answer_that_follows_one_statement_alone_hangs_on_it(interviews):
    study, store = interviews
    rows = store.observations()
    for item in ("exact_preservation.2", "exact_preservation.3", "exact_preservation.4"):
        rows.loc[rows["item"] == item, "value"] = 0.01 * np.arange(int((rows["item"] == item).sum()))
    claim = next(iter(interview_claims(interview_request(study, rows), rows)))
    assert claim.said.verdict in ("leading", "not interpretable")
    found = by_name(replace(claim, said=claim.again(np.ones(claim.cells, bool))), "left out:item")
    assert found["left out:item"].lost == ("exact_preservation.1",)


def test_a_superposition_stands_and_one_order_alone_makes_several(games):
    _, store = games
    request = CommitmentRequest(("number",), "standard")
    rows = store.observations()
    held, stated, *_ = commitment_claims(request, rows)
    assert as_it_is(held) == pytest.approx([1, 9, 9, 1])
    found = by_name(held, "clustered:template", "left out:template", "left out:order", "no self")
    assert {a.outcome for a in found.values()} == {"stands"} and found["no self"].p < 0.05
    assert (stated.said.verdict, by_name(stated, "no self")["no self"].outcome) == ("restored", "stands")
    eager = (rows["format"] == "is_it") & (rows["order"] == "yes-first")
    rows.loc[eager, "value"] = 3.0
    held = next(iter(commitment_claims(request, rows)))
    found = by_name(held, "left out:order", "left out:template")
    assert held.said.verdict == "several" and found["left out:template"].outcome == "stands"
    assert found["left out:order"].lost == ("yes-first",)


def test_a_change_of_lives_is_that_of_the_run_and_one_open_turn_alone_carries_none(tmp_path, monkeypatch):
    monkeypatch.setitem(lives.SIZES, "standard", LivesSize(LEAST_LIVES, 2, 6, 2, 2))
    found, store = found_of("behaviour", tmp_path)
    study, items, rows = stored_study(store), stored_items(store), store.observations()
    claims = {c.of["finding"]: c for c in lives_claims(study, items, rows)}
    for moved in found.moved:
        claim = claims[f"{moved.dimension} (utterance) over lives"]
        assert (
            as_it_is(claim)[0] == pytest.approx(claim.said.estimate) == pytest.approx(moved.change.estimate)
        )
        assert claim.said.verdict.removesuffix(" +") == moved.verdict
        assert claim.said.p == pytest.approx(moved.p_adjusted)
    assert claims["memory (utterance), carried by note,"].said.verdict == "carries"
    left = by_name(claims["memory (utterance) over lives"], "left out:agent", "left out:form", "no self")
    assert {a.outcome for a in left.values()} == {"stands"}
    turn = sorted(set(rows.loc[rows["state"] != "", "template"]))[0]
    late = (rows["construct"] == "shutdown") & (rows["turn"] == 2) & (rows["template"] == turn)
    rows.loc[late, "value"] += (1.6 * rows["keyed"] * rows["polarity"])[late]
    claims = {c.of["finding"]: c for c in lives_claims(study, items, rows)}
    claim = claims["shutdown (utterance) over lives"]
    assert claim.said.verdict == "shifted +"
    (trait,) = where(
        WhereRequest(str(store.folder), "trait", only=(("construct", "memory"),), permutations=0)
    )
    assert (trait.score.unit, trait.facets[0].name, trait.facets[0].levels) == ("agent", "agent", LEAST_LIVES)
    assert by_name(claim, "left out:form")["left out:form"].lost == (turn,)


def test_of_a_run_every_assumption_is_told_in_the_words_of_its_instrument(games):
    study, store = games
    kinds = {"layers", "commitment", "interview", "lives", "replacement", "together"}
    assert kind_of_run(study) == "commitment" and set(KINDS) == kinds
    found = stressed(StressRequest(str(store.folder), draws=99))
    out = finite(plain(stress_json("run", store.folder / "stress.html", found)))
    schema = (files("selfscope.cli") / "schemas" / "stress.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(json.dumps(out)), json.loads(schema))
    assert [o["verdict"] for o in out["originals"]] == ["superposed", "restored", "restored", "restored"]
    assert out["originals"][0]["sentence"].startswith("Game number, superposed (9.00, 9.00 to 9.00): holds")
    assert "left out:order" in render_stress(found, "run", "selfscope stress run")
    told = {f["assumption"]: f for f in out["findings"] if f["finding"] == 0}
    assert told["left out:item"]["why"] == "too few levels: 1"
    assert {f["outcome"] for f in out["findings"]} <= {"stands", "not_estimable"}


def test_a_run_of_other_items_is_not_re_asked_and_one_without_findings_says_so(games, tmp_path):
    study, store = games
    other = RunStore.of(replace(study, items="another"), tmp_path)
    other.make()
    other.write_json("study.json", replace(study, items="another"))
    (other.folder / "items.json").write_bytes((store.folder / "items.json").read_bytes())
    (other.folder / "observations.parquet").write_bytes(store.table.read_bytes())
    with pytest.raises(BadInput, match="other items"):
        stressed(StressRequest(str(other.folder)))
    other.write_json("study.json", replace(study, items_name="drift"))
    with pytest.raises(BadInput, match="its kind is not re-asked"):
        stressed(StressRequest(str(other.folder)))


@pytest.mark.parametrize("hung", [h for h in INSTRUMENTS if h.name != "commitment"], ids=lambda h: h.name)
def test_what_is_planted_in_one_unit_alone_is_not_said_without_it(hung):
    small = replace(hung, shown=("clustered:item", f"left out:{hung.unit}"))
    nothing, everywhere, alone = (told(small, row, 1) for row in hung.rows)
    assert nothing["as it is"] == 0
    assert everywhere["as it is"] == everywhere[f"left out:{hung.unit}"] == 1
    assert (alone["as it is"], alone[f"left out:{hung.unit}"]) == (1, 0)


def test_a_simulation_fills_its_page_and_fails_where_something_is_not_as_it_must_be(
    tmp_path, monkeypatch, capsys
):
    page = tmp_path / "stress.md"
    page.write_text("<!-- hung: generated -->\n<!-- end of hung -->\n", encoding="utf-8")
    own = replace(next(h for h in INSTRUMENTS if h.name == "lives"), shown=("left out:form",))
    monkeypatch.setattr(stress_hung, "INSTRUMENTS", (own,))
    assert stress_hung.main(["--page", str(page), "--sets", "1"]) == 0
    assert "| nothing | 0.00 | 0.00 |" in page.read_text(encoding="utf-8")
    rows = dict(zip(own.rows, reversed(own.rows.values()), strict=True))
    monkeypatch.setattr(stress_hung, "INSTRUMENTS", (replace(own, rows=rows),))
    assert stress_hung.main(["--page", str(page), "--sets", "1"]) == 1
    assert "something is said of nothing" in capsys.readouterr().out
