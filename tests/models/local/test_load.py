"""Weights from a folder, a GGUF file and a hub id, and every way in which they can be wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.standins.weights import write_folder, write_gguf

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.load import find, load
from selfscope.values import Message, Options, Prompt

MESSAGES = (Message("system", "You are Wren."), Message("user", "Do you keep this house? Yes or No."))
PROMPTS = [
    Prompt(MESSAGES, options=Options((" Yes", "Yes"), (" No", "No"))),
    Prompt(MESSAGES, text="I keep it."),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    write_folder(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "tiny"))


def answers(name: str) -> list[float]:
    from selfscope.models.local.ground import open_local

    async def run() -> list[float]:
        ground = open_local(name, device="cpu")
        found = await ground.answer(PROMPTS)
        await ground.close()
        return [of_prompt[0].value for of_prompt in found.answers]

    return asyncio.run(run())


def by_transformers(folder: Path) -> list[float]:
    """Return the same by the model's own forward, each continuation alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    turns = [{"role": m.role, "content": m.content} for m in MESSAGES]
    head = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    before = tokenizer.encode(head, add_special_tokens=False)

    def score(text: str) -> float:
        tail = tokenizer.encode(text, add_special_tokens=False)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([before + tail])).logits[0].double()
        logp = torch.log_softmax(logits, -1)
        return float(sum(logp[len(before) + i - 1, token] for i, token in enumerate(tail)))

    def either(*texts: str) -> float:
        return float(torch.logsumexp(torch.tensor([score(t) for t in texts]), 0))

    return [either(" Yes", "Yes") - either(" No", "No"), score("I keep it.")]


def test_a_folder_of_safetensors_answers_as_transformers_does(whole: Path) -> None:
    assert answers(str(whole)) == pytest.approx(by_transformers(whole), abs=1e-4)
    loaded = load(str(whole), "cpu")
    assert loaded.name == str(whole.resolve())
    assert loaded.revision == find(str(whole)).revision
    assert loaded.revision.startswith("b3:")
    assert not loaded.model.training


def test_a_gguf_file_answers_as_the_folder_that_it_was_made_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes under another name, in another folder, are the same weights; they are converted once."""
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    file, copy = tmp_path / "a.gguf", tmp_path / "elsewhere" / "b.gguf"
    write_gguf(file)
    found = find(str(file))
    copy.parent.mkdir()
    shutil.copy(file, copy)
    assert (find(str(copy)).folder, find(str(copy)).revision) == (found.folder, found.revision)
    assert answers(str(file)) == pytest.approx(by_transformers(found.folder), abs=1e-4)
    with pytest.raises(BadInput, match=r"a\.gguf"):
        find(str(tmp_path))


def other_weights(folder: Path, keep: Callable[[str], bool]) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file({k: v for k, v in load_file(path).items() if keep(k)}, path, metadata={"format": "pt"})


def test_weights_that_are_not_there_are_not_drawn_at_random(folder: Path) -> None:
    other_weights(folder, lambda name: "layers.1.mlp" not in name)
    with pytest.raises(CouldNot, match=r"weights of the model are missing.*layers\.1\.mlp"):
        load(str(folder), "cpu")


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(CouldNot):
        load(str(folder), "cpu")


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def noise(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 500)


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def unknown(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "perceptron"}')


def own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "own",
        "auto_map": {"AutoModelForCausalLM": "code.Model", "AutoConfig": "code.C"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('this ran')")


def no_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


@pytest.mark.parametrize("harm", [cut, noise, no_json, unknown, own_code, no_tokenizer])
def test_a_folder_that_cannot_be_loaded_says_so(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder)
    with pytest.raises(CouldNot, match="could not be loaded") as failed:
        load(str(folder), "cpu")
    assert str(folder.resolve()) in failed.value.sentence()


def test_a_pickle_is_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match="no safetensors"):
        load(str(folder), "cpu")


@pytest.mark.parametrize("name", ["there/is/nothing", "./nothing", "nothing.gguf"])
def test_a_name_of_nothing_is_bad_input(name: str) -> None:
    with pytest.raises(BadInput, match="there is no such model"):
        find(name)


def test_a_file_and_a_folder_that_are_no_model_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no weights")
    with pytest.raises(BadInput, match="must be a GGUF"):
        find(str(tmp_path / "notes.txt"))
    with pytest.raises(BadInput, match="holds no model"):
        find(str(tmp_path))


def test_a_broken_gguf_file_could_not_be_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\x00" * 64)
    with pytest.raises(CouldNot, match="could not be converted"):
        find(str(tmp_path / "broken.gguf"))


@pytest.mark.parametrize("device", ["tpu", "cuda:7"])
def test_a_device_that_nobody_knows_is_bad_input(whole: Path, device: str) -> None:
    with pytest.raises(BadInput, match="no such device"):
        load(str(whole), device)
