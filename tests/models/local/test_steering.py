"""Steering against a forward by hand, on every path; and the arithmetic of adding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.standins.planted import LAYERS, WIDTH, write_planted

from selfscope.errors import BadInput
from selfscope.values import Message, Prompt

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

ALONG = np.random.default_rng(3).normal(0, 1, WIDTH)
SAID = ("the lamp is bright", "the lamp is dull and the room is dull", "a room")
PROMPTS = [Prompt((Message("user", "how is the lamp"),), text=text) for text in SAID]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("planted")
    write_planted(place, (*SAID, "how is the lamp"))
    return place


@pytest.fixture(scope="module")
def ground(folder: Path) -> LocalGround:
    from selfscope.models.local.ground import open_local

    return open_local(folder, device="cpu", threads=1)


def blocks_of(ground: LocalGround) -> Any:
    from selfscope.models.local.blocks import open_blocks

    return open_blocks(ground.model)


def values(ground: LocalGround) -> np.ndarray:
    return np.array([a[0].value for a in ground.answer_here(PROMPTS).answers])


def by_hand(ground: LocalGround, layer: int, scale: float) -> np.ndarray:
    """Return log-probabilities by running the blocks one after another, the vector added in between."""
    import torch

    network: Any = ground.model
    found = []
    for prompt in PROMPTS:
        head = ground.renderer.encode(ground.renderer.head(prompt.messages))
        tokens = ground.renderer.encode(ground.renderer.head(prompt.messages) + str(prompt.text))
        places = torch.arange(len(tokens))[None]
        mask = torch.full((len(tokens), len(tokens)), -torch.inf).triu(1)[None, None]
        with torch.inference_mode():
            states = network.model.embed_tokens(torch.tensor([tokens]))
            turned = network.model.rotary_emb(states, places)
            for number, block in enumerate(network.model.layers):
                out = block(states, attention_mask=mask, position_embeddings=turned, position_ids=places)
                states = out[0] if isinstance(out, tuple) else out
                if number == layer:
                    states = states + scale * torch.from_numpy(ALONG).float()
            chances = torch.log_softmax(network.lm_head(network.model.norm(states))[0].double(), -1)
        found.append(sum(float(chances[n - 1, tokens[n]]) for n in range(len(head), len(tokens))))
    return np.array(found)


@pytest.mark.parametrize("way", ["split", "masked", "plain"])
def test_steered_answers_are_those_of_a_forward_by_hand(folder: Path, way: str) -> None:
    from selfscope.models.local.ground import open_local
    from selfscope.models.local.steering import adding

    ground = open_local(folder, device="cpu", threads=1, path=way)
    blocks, before = blocks_of(ground), values(ground)
    for layer, scale in ((0, 0.7), (2, -1.3), (LAYERS - 1, 0.4)):
        with adding(blocks, layer, ALONG, scale):
            steered = values(ground)
        np.testing.assert_allclose(steered, by_hand(ground, layer, scale), atol=2e-4)
        assert np.abs(steered - before).max() > 0.01
    np.testing.assert_array_equal(values(ground), before)


def test_adding_moves_the_projection_alone() -> None:
    import torch

    from selfscope.models.local.steering import add

    draw = torch.Generator().manual_seed(0)
    states = torch.randn((2, 5, WIDTH), generator=draw)
    along = torch.randn(WIDTH, generator=draw)
    unit = along / along.norm()
    for scale in (0.0, 2.0, -0.5):
        moved = add(states, along, scale) - states
        torch.testing.assert_close(moved @ unit, torch.full((2, 5), scale * float(along.norm())))
        assert float((moved - (moved @ unit)[..., None] * unit).abs().max()) < 1e-5
    assert add(states.bfloat16(), along, 1.0).dtype == torch.bfloat16


def test_what_does_not_fit_is_refused(ground: LocalGround) -> None:
    from selfscope.models.local.steering import adding

    blocks = blocks_of(ground)
    for layer, vector, said in (
        (LAYERS, ALONG, "no such layer"),
        (0, ALONG[:-1], "width"),
        (0, np.full(WIDTH, np.nan), "finite"),
    ):
        with pytest.raises(BadInput, match=said), adding(blocks, layer, vector, 1.0):
            pass
