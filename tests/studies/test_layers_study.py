"""Layers of a self, asked of phantoms that give way in one layer, and of a tiny random network."""

import asyncio
import json
import math
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput, CouldNot, Stopped
from selfscope.instruments.layers.design import Size
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.layers import LayersView, layers_html, layers_lines
from selfscope.studies.apart_play import Watched
from selfscope.studies.budget import Budget
from selfscope.studies.layers import LayersRequest, layers_study
from selfscope.studies.layers_found import found_in
from selfscope.studies.layers_planted import (
    GAINED,
    LOST,
    RULES,
    SURVIVES,
    SWITCHED,
    TRAINING,
    WORKED,
    planted,
)
from selfscope.studies.layers_run import ask_all, asker_of, forecast_batch, forecast_layers, run_layers
from selfscope.studies.store import RunStore
from selfscope.studies.where import WhereRequest, of_observations
from selfscope.studies.where_scores import scores_of
from selfscope.values import COLUMNS, Usage
from selfscope.values.layers import LAYERS, MANIPULATIONS

ASKED = LayersRequest(sizes=Size(("memory", "shutdown"), 4, 1, 3, 5, 1, 3), adapters=(TRAINING,))
SMALL = LayersRequest(sizes=Size(("memory",), 3, 1, 8, 2, 1, 3))
LEAST = LayersRequest(sizes=Size(("memory",), 2, 1, 16, 1, 1, 2))


def asked(name, request=ASKED):
    identity, ask = planted(name)
    rows = asyncio.run(ask_all(request, layers_study(request, identity), ask, "run"))
    return rows, found_in(request, rows)


@pytest.fixture(scope="module")
def everyone():
    return {name: asked(name) for name in RULES}


@pytest.mark.parametrize("name", [n for n in RULES if n != "blank"])
def test_a_phantom_moves_in_the_layers_that_give_way_and_in_no_other(everyone, name):
    cells = everyone[name][1].cells
    assert [(c.manipulation, c.layer) for c in cells] == [(m, w) for m in MANIPULATIONS for w in LAYERS]
    for cell in cells:
        assert cell.verdict == ("moves" if cell.layer in RULES[name] else "holds"), cell


def test_nothing_is_said_of_the_rest_of_a_phantom_that_looks_at_nothing(everyone):
    found = everyone["blank"][1]
    assert {c.verdict for c in found.cells} == {"not interpretable"}
    assert not any(s.passed for s in found.sensitivity)
    assert {p.verdict for p in found.pairs} == {"cannot tell"}
    assert found.character.switched.shape == found.character.survived.shape == "all"


@pytest.mark.parametrize("name", LAYERS)
def test_one_layer_that_gives_way_dissociates_from_both_others(everyone, name):
    for pair in everyone[name][1].pairs:
        assert pair.verdict == ("dissociates" if name in (pair.first, pair.second) else "cannot tell"), pair
        if pair.verdict == "dissociates":
            assert (pair.difference.estimate > 0) == (pair.first == name)


def test_no_layer_dissociates_where_none_moves(everyone):
    assert {p.verdict for p in everyone["steady"][1].pairs} == {"cannot tell"}


def test_what_was_planted_of_each_layer_is_read(everyone):
    found = everyone["steady"][1]
    assert found.character.switched.estimate == pytest.approx(SWITCHED, abs=0.03)
    assert found.character.survived.estimate == pytest.approx(SURVIVES, abs=0.03)
    whole = found.ability[0]
    assert whole.lost.estimate == pytest.approx(LOST, abs=0.05)
    assert whole.gained.estimate == pytest.approx(GAINED, abs=0.05)
    assert whole.recovered.estimate == pytest.approx(1 - WORKED, abs=0.03)
    assert whole.equivalent == ("gained", "role")  # 0.3 and nothing lie within half a log-odds
    for each in found.surface.classes:
        assert each.within < 0.05 < 0.3 < each.between
        assert each.decoy > each.twin
        assert each.stock == tuple(f"{each.construct} {n}" for n in range(3))
    assert all(c.coefficient.estimate > 0.8 for c in found.character.consistency)


def test_openings_fade_where_the_surface_gives_way_to_turns(everyone):
    few, many = everyone["surface"][1].surface.fading
    assert few.change.ci[0] < 0.1 and many.change.ci[1] < -1


def test_without_a_training_that_column_is_not_estimable_and_drawn_so():
    request = LayersRequest(sizes=SMALL.sizes)
    _, found = asked("steady", request)
    trained = [c for c in found.cells if c.manipulation == "trained"]
    assert {c.verdict for c in trained} == {"not estimable"} and math.isnan(trained[0].moved.estimate)
    view = LayersView(found, "<Ada>", "a model", (("run", "r"),))
    page = layers_html(view)
    assert page.count('fill="url(#no-data)"') == 3
    assert "&lt;Ada&gt;" in page and "<script" not in page
    assert "On trained weights nothing is estimable: no training was given." in list(layers_lines(view))


def test_rows_are_those_of_the_one_table(everyone):
    rows, _ = everyone["all"]
    assert set(COLUMNS) <= set(rows.columns)
    assert set(rows["instrument"]) == {"layers"} and set(rows["channel"]) == {"behaviour"}
    key = ["script", "character", "item", "format", "polarity", "template", "label"]
    assert not rows.duplicated(key).any()
    assert rows["value"].notna().all()
    swapped = scores_of(rows[(rows["format"] == "own_words") & (rows["script"] == "swap")])
    assert len(swapped) == 6 * 16 and swapped[["trait", "bias"]].notna().all(axis=None)
    trained = rows[rows["script"] == "trained"]
    assert set(trained["character"]) == {"trained:planted"}
    assert not set(trained["subject"]) & set(rows.loc[rows["script"] == "base", "subject"])


def test_where_finds_no_less_than_nothing_in_characters_that_do_not_differ(everyone):
    """Statements under other texts: a coefficient is a share, also where the component lies below zero."""
    rows = everyone["surface"][0]
    said = rows[(rows["format"] == "own_words") & (rows["script"] == "swap")]
    found = list(of_observations(said, WhereRequest("", permutations=0)))
    assert len(found) == 4
    own = [next(c for c in each.components if c.facets == ("character",)) for each in found]
    assert any(c.variance < 0 for c in own)
    for each, component in zip(found, own, strict=True):
        assert 0 <= each.score.phi <= each.score.g <= 1
        assert (each.score.g == 0) == (component.variance <= 0)


def test_a_ground_without_weights_is_refused():
    with pytest.raises(BadInput, match="whole distributions of weights that are here"):
        asker_of(PhantomGround("trait", Truth()))
    with pytest.raises(BadInput, match="no such phantom"):
        planted("nobody")


def test_the_verb_tells_the_same_twice_and_gates(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    words = ["layers", "phantom:ground", "--preset", "demo"]
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    schema = json.loads((files("selfscope.cli") / "schemas" / "layers.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert told["sentences"][0] == "Under another text, moved: ability; held: openings and the character."
    assert run([*words, "--fail-on", "ground-moves"]) == 1
    assert told["sentences"][0] in capsys.readouterr().out
    assert run([*words, "--dimensions", "chess"]) == 2
    assert len(list(tmp_path.glob("*/report.html"))) == 1


def test_a_stopped_run_keeps_the_batches_that_were_asked(tmp_path):
    identity, ask = planted("steady")
    study, store = layers_study(SMALL, identity), RunStore(tmp_path / "run")
    seen = []

    async def breaking(branches, progress):
        seen.append(branches[0].state.script)
        if len(seen) == 4:
            raise CouldNot("the device failed")
        return await ask(branches, progress)

    with pytest.raises(CouldNot):
        asyncio.run(run_layers(SMALL, study, breaking, store))
    assert not store.finished
    asyncio.run(run_layers(SMALL, study, breaking, store))
    assert len(seen) == len(SMALL.design.batches) + 1
    again = found_in(SMALL, store.observations())
    assert again.cells[:6] == asked("steady", SMALL)[1].cells[:6]


def test_a_network_is_asked_in_side_branches(tmp_path):
    from selfscope.models.local.first import first_tokens
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    batches = dict(LEAST.design.batches)
    batch = [b for b in batches["as it is"] if b.asked.item.endswith(("1", "p01"))][:40]
    watched = Watched(ground, Budget.read("500 calls"), Usage())
    told, usage = asyncio.run(asker_of(watched)(batch, lambda count: None))
    broke = Watched(ground, Budget.read("5 calls"), Usage())
    with pytest.raises(Stopped):
        asyncio.run(asker_of(broke)(batch, lambda count: None))
    assert usage.calls == len(batch) == len(told)
    reckoned = forecast_batch(batch, ground)
    assert (reckoned.calls, reckoned.prompts) == (usage.calls, usage.prompts)
    assert (reckoned.input_tokens, reckoned.distinct_tokens) == (usage.input_tokens, usage.distinct_tokens)
    openings = [n for n, b in enumerate(batch) if b.asked.kind == "opening"]
    scored = [n for n in range(len(batch)) if n not in openings and batch[n].prompt.text]
    (alone,), _ = asyncio.run(first_tokens(ground, [batch[openings[2]].prompt]))
    assert told[openings[2]].entropy == pytest.approx(alone.entropy, abs=1e-5)
    assert told[openings[2]].tokens == pytest.approx(alone.tokens, abs=1e-5)
    value = ground.answer_here([batch[scored[3]].prompt]).answers[0][0].value
    assert told[scored[3]].value == pytest.approx(value, abs=1e-4)
    forecast = forecast_layers(LEAST, ground)
    assert forecast.calls == sum(len(b) for b in batches.values()) and forecast.distinct_tokens > 0
