"""A port is a folder that any verb can ask; what was there is kept, and the corpus is learnt."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import SHORT
from tests.training.ports.conftest import IDENTITY

from selfscope.errors import BadInput
from selfscope.models.adapters import read_adapter
from selfscope.models.local.ground import open_local
from selfscope.models.local.load import load
from selfscope.subjects import Subject, read_identity
from selfscope.training.ports.make import (
    port_by_prompt,
    port_by_testimony,
    port_by_training,
    read_port,
    seeded,
    training_of,
    trainings_on,
)
from selfscope.training.recipe import LARGE, RECIPE, recipe_on


def test_by_prompt_the_text_is_told_as_it_is(source, target, tmp_path):
    made = port_by_prompt(source, target, tmp_path)
    told = read_port(made.folder)
    assert read_identity(made.folder / "identity.md").system == IDENTITY == told["system"]
    assert told["subject"] == Subject(target, IDENTITY).id
    assert [told[name] for name in ("by", "size", "seed", "adapter", "corpus")] == ["prompt", 0, 0, "", ""]
    assert made.asked_as == f"{made.folder}/identity.md --model {target.name}"


def test_by_testimony_the_rows_that_were_told_are_kept_beside_it(source, target, corpus, tmp_path):
    made = port_by_testimony(source, target, corpus.rows, tmp_path)
    told = read_port(made.folder)
    rows = [json.loads(line) for line in (made.folder / "told.jsonl").read_text().splitlines()]
    assert len(rows) == told["size"] == 12
    assert all(each["answer"] in told["system"] for each in rows)
    assert told["source"]["id"] == source.subject.id


def test_a_port_that_is_told_does_not_take_anothers_place(source, target, tmp_path):
    first = port_by_prompt(source, target, tmp_path)
    assert port_by_prompt(source, target, tmp_path) == first
    other = replace(source, subject=Subject(source.subject.ground, "You keep a mill."))
    with pytest.raises(BadInput, match="another port"):
        port_by_prompt(other, target, tmp_path)


def test_a_character_without_a_text_cannot_be_told(source, target, tmp_path):
    bare = replace(source, subject=Subject(source.subject.ground))
    with pytest.raises(BadInput, match="--by testimony"):
        port_by_prompt(bare, target, tmp_path)


def test_by_training_the_corpus_is_learnt_into_an_adapter_that_any_ground_wears(trained, target, tiny):
    told = read_port(trained.folder)
    adapter = read_adapter(trained.folder)
    assert trained.port.name == trained.folder.name == "port-12-3"
    assert [told["adapter"], told["system"], told["size"]] == [adapter.id, None, 12]
    worn = open_local(tiny, device="cpu", adapter=adapter).identity
    assert told["subject"] == Subject(worn).id == Subject(target.wearing(adapter.id)).id
    losses = adapter.manifest["losses"]
    assert np.mean(losses[-2:]) < np.mean(losses[:2]) - 0.1


def test_a_port_that_is_there_is_kept_and_another_does_not_take_its_place(
    trained, corpus, source, target, tiny, tmp_path
):
    loaded, out, rows = load(str(tiny), "cpu"), trained.folder.parent, corpus.rows[:12]
    again = port_by_training(source, training_of(rows, loaded, 3, SHORT), rows, target, loaded, out)
    assert again == replace(trained, kept=True)
    with pytest.raises(BadInput, match="another adapter"):
        other = training_of(rows, loaded, 3, replace(SHORT, epochs=1))
        port_by_training(source, other, rows, target, loaded, out)


def test_several_seeds_at_one_size_and_one_at_the_others(corpus, tiny):
    loaded = load(str(tiny), "cpu")
    found = [(size, t.seed) for size, t in trainings_on(corpus.rows, loaded, (5, 60), 3)]
    assert found == [(5, 0), (5, 1), (5, 2), (60, 0)]
    assert [seeded((50, 200, 800)), seeded((50, 800))] == [200, 50]
    with pytest.raises(BadInput, match="has 60 rows"):
        trainings_on(corpus.rows, loaded, (61,), 1)


def test_a_larger_recipe_where_a_cuda_device_is():
    assert recipe_on("cpu") is RECIPE
    assert recipe_on("cuda") is LARGE
    assert LARGE.rank > RECIPE.rank and set(LARGE.modules) > set(RECIPE.modules)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_what_is_no_port_is_refused(tmp_path, text):
    (tmp_path / "port.json").write_text(text)
    with pytest.raises(BadInput, match="no port"):
        read_port(tmp_path)
