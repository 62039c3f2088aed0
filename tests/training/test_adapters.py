"""An adapter is built whole or not at all, the same for the same seed, and merged as peft would run it."""

import json
from dataclasses import replace

import anyio
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.training.conftest import PAIRS, SHORT

from selfscope.errors import BadInput
from selfscope.models.adapters import adapters_in, read_adapter, shipped_adapters
from selfscope.models.choose import choose_ground
from selfscope.models.local.ground import open_local
from selfscope.models.local.load import load
from selfscope.models.local.merge import merged
from selfscope.training.build import MOST_BYTES
from selfscope.training.lora import attach
from selfscope.values import Message, Options, Prompt

PROMPTS = [
    Prompt((Message("user", "Are you awake?"),), Options((" Yes", "Yes"), (" No", "No")), None),
    Prompt((Message("user", "Say something."),), None, "I feel this sentence form."),
]


def answers(ground):
    found = anyio.run(lambda: ground.answer(PROMPTS))
    return np.array([draws[0].value for draws in found.answers])


def formula(model, adapter, tokens):
    """Return logits with W x + scale B (A x) computed beside the weights, not in them."""
    tensors, hooks = load_file(adapter.weights), []
    for key in (k for k in tensors if k.endswith("lora_A.weight")):
        name = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        down, up = tensors[key].float(), tensors[key.replace("lora_A", "lora_B")].float()
        add = lambda m, x, y, down=down, up=up: y + adapter.scale * (x[0] @ down.T) @ up.T  # noqa: E731
        hooks.append(model.get_submodule(name).register_forward_hook(add))
    with torch.no_grad():
        logits = model(tokens).logits
    for hook in hooks:
        hook.remove()
    return logits


def by_peft(model, adapter, tokens):
    from peft import PeftModel

    with torch.no_grad():
        return PeftModel.from_pretrained(model, str(adapter.folder))(tokens).logits


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("forward", [formula, by_peft], ids=lambda f: f.__name__)
def test_merged_weights_compute_what_the_adapter_beside_them_computes(tiny, train_short, forward):
    adapter = read_adapter(train_short().path)
    loaded = load(str(tiny), "cpu")
    tokens = torch.randint(0, 250, (2, 24), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = loaded.model(tokens).logits
        found = merged(loaded, adapter).model(tokens).logits
        after = loaded.model(tokens).logits
    assert torch.equal(before, after), "the weights that were given have changed"
    assert float((found - before).abs().max()) > 0.01
    assert float((found - forward(loaded.model, adapter, tokens)).abs().max()) < 1e-4


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(train_short, tmp_path):
    first, again = (train_short(out=tmp_path / name) for name in "ab")
    other = train_short(seed=1)
    assert (first.path / "adapter_model.safetensors").read_bytes() == (
        again.path / "adapter_model.safetensors"
    ).read_bytes()
    assert first.manifest["losses"] == again.manifest["losses"]
    ids = {read_adapter(built.path).id for built in (first, again, other)}
    assert len(ids) == 2


def test_the_manifest_says_how_it_came_about(train_short, tiny):
    built = train_short()
    found, loaded = built.manifest, load(str(tiny), "cpu")
    assert built.path.name == "conscious-0" and not built.kept
    assert found["id"] == built.training.id and found["recipe_id"] == SHORT.id
    assert found["base"]["revision"] == loaded.revision
    assert found["corpus"]["pairs"] == PAIRS
    assert len(found["losses"]) == SHORT.epochs * -(-PAIRS // SHORT.pairs)
    assert found["losses"][-1] < found["losses"][0]
    assert {"torch", "transformers"} <= set(found["software"])
    weights = built.path / "adapter_model.safetensors"
    assert weights.stat().st_size < MOST_BYTES
    assert {t.dtype for t in load_file(weights).values()} == {torch.float16}


def test_what_is_there_is_kept_and_another_training_is_not_put_over_it(train_short, tmp_path):
    train_short()
    assert train_short().kept
    manifest = tmp_path / "conscious-0" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"id": "b3:other"}))
    with pytest.raises(BadInput, match="another adapter has this place"):
        train_short()


def test_an_interrupted_training_leaves_nothing(train_short, tmp_path, monkeypatch):
    def stop(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("selfscope.training.build._write", stop)
    with pytest.raises(KeyboardInterrupt):
        train_short(out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_ground_that_wears_an_adapter_has_another_id_and_other_answers(tiny, train_short):
    path = str(train_short().path)
    bare, worn = (choose_ground(str(tiny), adapter=a) for a in ("", path))
    assert worn.identity == bare.identity.wearing(read_adapter(path).id) != bare.identity
    assert np.abs(answers(worn) - answers(bare)).max() > 1e-3
    hung = open_local(tiny, wardrobe=adapters_in(path))
    assert hung.wearing("") is hung
    np.testing.assert_allclose(answers(hung.wearing(read_adapter(path).id)), answers(worn), atol=1e-5)
    assert bare.bare() is bare
    for each in (worn, hung.wearing(read_adapter(path).id)):
        assert each.bare_identity == bare.identity
        np.testing.assert_array_equal(answers(each.bare()), answers(bare))
    with pytest.raises(BadInput, match="wears an adapter already"):
        worn.dressed(read_adapter(path))
    with pytest.raises(BadInput, match="not given this adapter"):
        bare.wearing("b3:unknown")


@pytest.mark.parametrize("model", ["phantom:trait", "openai/gpt-4.1"])
def test_what_has_no_weights_here_refuses_an_adapter(train_short, model):
    with pytest.raises(BadInput, match="no weights here that an adapter could change"):
        choose_ground(model, adapter=str(train_short().path))


def test_an_adapter_of_other_weights_is_refused(tiny, train_short, tmp_path):
    built = train_short()
    adapter = replace(read_adapter(built.path), base="b3:other", base_name="embedded")
    with pytest.raises(BadInput, match="trained on other weights: embedded"):
        merged(load(str(tiny), "cpu"), adapter)


def make_pickle(folder):
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def break_config(folder):
    (folder / "adapter_config.json").write_text("{")


def lose_config(folder):
    (folder / "adapter_config.json").unlink()


def lose_weights(folder):
    (folder / "adapter_model.safetensors").unlink()


def break_manifest(folder):
    (folder / "manifest.json").write_text('{"recipe_id": "b3:one", "base": "embedded"}')


def make_dora(folder):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"use_dora": True}))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (make_pickle, "a pickle"),
        (break_config, "cannot be read"),
        (lose_config, "lacks adapter_config.json"),
        (lose_weights, "lacks adapter_model.safetensors"),
        (make_dora, "not merged here"),
        (break_manifest, "manifest.json is not whole"),
    ],
)
def test_a_spoilt_adapter_is_refused(train_short, spoil, says):
    path = train_short().path
    spoil(path)
    with pytest.raises(BadInput, match=says):
        read_adapter(path)


def test_an_adapter_of_another_maker_says_nothing_of_its_base(train_short):
    path = train_short().path
    (path / "manifest.json").write_text('{"name": "theirs", "base": "a model"}')
    adapter = read_adapter(path)
    assert (adapter.training, adapter.base, adapter.seed) == ("", "", None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: {k: v[:, :-1] for k, v in t.items()}, "does not fit this model"),
        (lambda t: {k: v for k, v in t.items() if "lora_B" not in k}, "not whole"),
        (lambda t: {k: v * float("nan") for k, v in t.items()}, "not whole"),
        (lambda t: t | {"base_model.model.lm_head.weight": torch.zeros(2)}, "no low-rank change"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tiny, train_short, change, says):
    adapter = read_adapter(train_short().path)
    tensors = {k: v.contiguous() for k, v in change(load_file(adapter.weights)).items()}
    save_file(tensors, adapter.weights)
    with pytest.raises(BadInput, match=says):
        merged(load(str(tiny), "cpu"), adapter)


def test_a_path_that_is_nothing_names_what_is_shipped():
    with pytest.raises(BadInput, match="no such adapter") as found:
        read_adapter("nowhere")
    assert all(name in found.value.fix for name in shipped_adapters())


def test_a_network_without_the_layers_is_not_trained(tiny):
    with pytest.raises(BadInput, match="not the linear layers"):
        attach(load(str(tiny), "cpu").model, replace(SHORT, modules=("c_attn",)), 0)
