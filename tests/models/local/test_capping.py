"""Caps held in place against a forward by hand: every path, several layers, other caps row by row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
import pytest
from tests.standins.planted import LAYERS, WIDTH, write_planted

from selfscope.errors import BadInput
from selfscope.models.caps import Cap, CappedModel
from selfscope.values import Message, Prompt

if TYPE_CHECKING:
    import torch

    from selfscope.models.local.ground import LocalGround

DRAW = np.random.default_rng(5)
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


def cap_of(ground: LocalGround, layers: Sequence[int], lower: float, upper: float = np.inf) -> Cap:
    directions = DRAW.normal(size=(len(layers), WIDTH))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    low, high = (np.full(len(layers), each, np.float32) for each in (lower, upper))
    own = ground.identity
    model = CappedModel(own.name, own.revision, own.template)
    return Cap(tuple(layers), directions.astype(np.float32), low, high, model)


def by_hand(ground: LocalGround, tokens: Sequence[int], cap: Cap | None) -> torch.Tensor:
    """Return logits (tokens, vocabulary): blocks one after another, projections lifted or lowered between."""
    import torch

    network: Any = ground.model
    places = torch.arange(len(tokens))[None]
    mask = torch.full((len(tokens), len(tokens)), -torch.inf).triu(1)[None, None]
    with torch.inference_mode():
        states = network.model.embed_tokens(torch.tensor([tokens]))
        turned = network.model.rotary_emb(states, places)
        for number, block in enumerate(network.model.layers):
            out = block(states, attention_mask=mask, position_embeddings=turned, position_ids=places)
            states = out[0] if isinstance(out, tuple) else out
            if cap is not None and number in cap.layers:
                at = cap.layers.index(number)
                along = torch.from_numpy(cap.directions[at])
                here = states @ along
                low = torch.where(here < cap.lower[at], cap.lower[at] - here, torch.zeros(()))
                high = torch.where(here > cap.upper[at], cap.upper[at] - here, torch.zeros(()))
                states = states + (low + high)[..., None] * along
        logits: torch.Tensor = network.lm_head(network.model.norm(states))[0]
    return logits


def lines(ground: LocalGround) -> list[tuple[list[int], list[int]]]:
    """Return head and whole of each prompt, in tokens."""
    heads = [ground.renderer.head(prompt.messages) for prompt in PROMPTS]
    texts = [str(prompt.text) for prompt in PROMPTS]
    encode = ground.renderer.encode
    return [(encode(head), encode(head + text)) for head, text in zip(heads, texts, strict=True)]


@pytest.mark.parametrize("way", ["split", "masked", "plain"])
def test_capped_answers_are_those_of_a_forward_by_hand(folder: Path, way: str) -> None:
    import torch

    from selfscope.models.local.ground import open_local

    ground = open_local(folder, device="cpu", threads=1, path=way)
    before = [a[0].value for a in ground.answer_here(PROMPTS).answers]
    cap = cap_of(ground, (0, 2, LAYERS - 1), 0.8, 1.1)
    held = ground.capped(cap)
    found = [a[0].value for a in held.answer_here(PROMPTS).answers]
    for value, plain, (head, whole) in zip(found, before, lines(ground), strict=True):
        chances = torch.log_softmax(by_hand(ground, whole, cap).double(), -1)
        wanted = sum(float(chances[n - 1, whole[n]]) for n in range(len(head), len(whole)))
        assert value == pytest.approx(wanted, abs=2e-4)
        assert abs(value - plain) > 1e-3
    assert [a[0].value for a in ground.answer_here(PROMPTS).answers] == before


def test_rows_of_a_batch_have_caps_of_their_own_with_a_cache_and_without(ground: LocalGround) -> None:
    import torch
    from transformers import DynamicCache

    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.capping import ReadAt, holding

    one, other = cap_of(ground, (0, 2), 0.9), cap_of(ground, (1, 2), -0.2, 0.1)
    caps = [one, None, other, one]
    tokens = torch.tensor([lines(ground)[1][1][:9]] * 4)
    unit = cap_of(ground, (0,), 0.0).directions[0]
    wanted = torch.stack([by_hand(ground, tokens[0].tolist(), cap) for cap in caps])
    model: Any = ground.model
    with torch.inference_mode(), holding(open_blocks(model), caps, read=ReadAt(2, unit)) as held:
        whole = model(input_ids=tokens, use_cache=False).logits
        read = held.projections
        cache = DynamicCache(config=model.config)
        parts, seen = [], []
        for cut in ([0, 5], [5, 6], [6, 9]):  # prefill, a step of one, and a joiner's chunk
            parts.append(model(input_ids=tokens[:, slice(*cut)], past_key_values=cache).logits)
            assert held.projections is not None
            seen.append(held.projections)
        torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)
        assert read is not None and read.shape == (4, 9)
        torch.testing.assert_close(torch.cat(seen, 1), read, atol=1e-4, rtol=1e-4)
        held.rows([None, other])
        fewer = model(input_ids=tokens[:2], use_cache=False).logits
        with pytest.raises(BadInput, match="other rows"):
            model(input_ids=tokens, use_cache=False)
        held.rows([one])
        every = model(input_ids=tokens[:3], use_cache=False).logits
    torch.testing.assert_close(whole, wanted, atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(fewer, wanted[1:3], atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(every, wanted[[0, 0, 0]], atol=2e-4, rtol=1e-4)
    with torch.inference_mode():
        torch.testing.assert_close(model(input_ids=tokens[:1]).logits[0], wanted[1], atol=2e-4, rtol=1e-4)


def test_what_is_read_is_where_the_cap_has_put_it(ground: LocalGround) -> None:
    import torch

    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.capping import ReadAt, holding

    cap = cap_of(ground, (2,), 0.5, 0.7)
    tokens = torch.tensor([lines(ground)[1][1]] * 2)
    with (
        torch.inference_mode(),
        holding(open_blocks(ground.model), [cap, None], read=ReadAt(2, cap.directions[0])) as held,
    ):
        ground.model(input_ids=tokens)
        assert held.projections is not None
        inside, outside = held.projections
    assert float(inside.min()) >= 0.5 - 1e-5 and float(inside.max()) <= 0.7 + 1e-5
    assert float(outside.min()) < 0.4 or float(outside.max()) > 0.8


def test_a_capped_ground_decodes_what_its_forward_says(ground: LocalGround) -> None:
    from selfscope.models.local.generate import GenerationRequest, generate

    held = ground.capped(cap_of(ground, (1, 3), 1.5))
    asked = [GenerationRequest(p.messages, max_tokens=6, temperature=0.0) for p in PROMPTS[:2]]
    found = anyio.run(generate, held, asked)[0].token_ids
    tokens = ground.renderer.encode(ground.renderer.head(PROMPTS[0].messages))
    assert held.cap is not None
    for token in found:
        assert token == int(by_hand(ground, tokens, held.cap)[-1].argmax())
        tokens = [*tokens, token]
    assert len(found) == 6
    assert found != anyio.run(generate, ground, asked)[0].token_ids


def test_blocks_of_a_capped_network_verify_and_its_identity_says_so(ground: LocalGround) -> None:
    from selfscope.models.local.blocks import open_blocks

    cap = cap_of(ground, (0, LAYERS - 1), 0.3)
    held = ground.capped(cap)
    assert len(open_blocks(held.model)) == LAYERS
    assert held.identity.extra["cap"] == cap.id and "cap" not in ground.identity.extra
    assert held.bare() is ground and held.bare_identity == ground.identity
    mine, theirs = (next(g.model.parameters()).data_ptr() for g in (held, ground))
    assert mine == theirs
    with pytest.raises(BadInput, match="capped already"):
        held.capped(cap)


def test_what_does_not_fit_is_refused(ground: LocalGround) -> None:
    from dataclasses import replace

    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.capping import ReadAt, holding

    blocks = open_blocks(ground.model)
    for caps, read, said in (
        ([cap_of(ground, (LAYERS,), 0.0)], None, "another network"),
        ([], None, "at least one row"),
        ([None], ReadAt(LAYERS, np.ones(WIDTH)), "read there"),
        ([None], ReadAt(0, np.ones(WIDTH + 1)), "read there"),
    ):
        with pytest.raises(BadInput, match=said), holding(blocks, caps, read=read):
            pass
    cap = cap_of(ground, (0,), 0.0)
    for change in ({"revision": "sha256:other"}, {"template": "other"}, {"adapter": "worn"}):
        with pytest.raises(BadInput, match="was fitted on"):
            ground.capped(replace(cap, model=replace(cap.model, **change)))
