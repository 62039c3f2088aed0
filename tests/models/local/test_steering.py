"""Steering against a forward by hand, on every path; and the arithmetic of adding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


limits = st.floats(-3, 3, width=32)


@given(st.integers(0, 2**20), limits, limits)
def test_limits_move_the_projection_alone_and_nothing_that_lies_inside(
    seed: int, one: float, two: float
) -> None:
    import torch

    from selfscope.models.local.steering import ablate, band, ceil, floor

    draw = torch.Generator().manual_seed(seed)
    states = 2 * torch.randn((3, 4, WIDTH), generator=draw)
    unit = torch.nn.functional.normalize(torch.randn(WIDTH, generator=draw), dim=0)
    low, high = min(one, two), max(one, two)
    before = states @ unit
    each: list[tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor]] = [
        (lambda s: floor(s, unit, low), before.clamp(min=low)),
        (lambda s: ceil(s, unit, high), before.clamp(max=high)),
        (lambda s: band(s, unit, low, high), before.clamp(low, high)),
        (lambda s: ablate(s, unit), torch.zeros_like(before)),
    ]
    for done, wanted in each:
        moved = done(states)
        torch.testing.assert_close(moved @ unit, wanted, atol=1e-4, rtol=1e-4)
        change = moved - states
        assert float((change - (change @ unit)[..., None] * unit).abs().max()) < 1e-4
        torch.testing.assert_close(done(moved), moved, atol=1e-5, rtol=1e-5)
        same = wanted == before
        assert torch.equal(moved[same], states[same])
    # The sign is the function's: the floor of one direction is the ceiling of its opposite.
    torch.testing.assert_close(floor(states, unit, low), ceil(states, -unit, -low))


@given(st.integers(0, 2**20))
def test_each_row_has_limits_and_directions_of_its_own(seed: int) -> None:
    import torch

    from selfscope.models.local.steering import band

    draw = torch.Generator().manual_seed(seed)
    states = torch.randn((3, 5, WIDTH), generator=draw)
    units = torch.nn.functional.normalize(torch.randn((3, WIDTH), generator=draw), dim=-1)
    low, high = torch.tensor([-torch.inf, 0.2, 0.0]), torch.tensor([torch.inf, torch.inf, 0.0])
    found = band(states, units, low, high)
    assert torch.equal(found[0], states[0])
    for row in (1, 2):
        alone = band(states[row], units[row], float(low[row]), float(high[row]))
        torch.testing.assert_close(found[row], alone)
    shared = band(states, units[1], low, high)
    torch.testing.assert_close(shared[1], found[1])
    assert band(states.bfloat16(), units, low, high).dtype == torch.bfloat16


def test_limits_that_mean_nothing_are_refused() -> None:
    import torch

    from selfscope.models.local.steering import band

    unit = torch.eye(WIDTH)[0]
    with pytest.raises(BadInput, match="length 1"):
        band(torch.ones(2, WIDTH), 2 * unit, 0.0, 1.0)
    with pytest.raises(BadInput, match="lies above"):
        band(torch.ones(2, WIDTH), unit, 1.0, 0.0)
