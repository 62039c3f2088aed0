"""Rows of one batch in different characters: each is computed as on weights that wear its adapter."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.standins.lora import write_lora
from tests.standins.weights import write_folder

from selfscope.errors import BadInput
from selfscope.values import Message, Prompt

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.local.generate import GenerationRequest
    from selfscope.models.local.ground import LocalGround

#: Largest difference of a logit, or of a token's log-probability, that float32 makes on these networks.
ROUNDING = 1e-4


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


@pytest.fixture(scope="module")
def adapters(ground: LocalGround, tmp_path_factory: pytest.TempPathFactory) -> tuple[Adapter, ...]:
    """Three of different rank, scale and layers."""
    place = tmp_path_factory.mktemp("adapters")
    return (
        write_lora(place / "one", ground, rank=2, seed=1),
        write_lora(place / "two", ground, rank=5, alpha=3.0, targets=("down_proj", "o_proj"), seed=2),
        write_lora(place / "three", ground, rank=1, alpha=2.0, targets=("q_proj", "up_proj"), seed=3),
    )


def held(ground: LocalGround, adapters: Any, way: Any = None) -> Any:
    from selfscope.models.local.many import many_on
    from selfscope.models.local.merge import twin

    own: Any = twin(ground.model)
    return own, many_on(ground, own, adapters, way=way)


@pytest.mark.parametrize("way", ["masked", "grouped", "gathered", None])
def test_every_row_is_computed_as_on_merged_weights(
    ground: LocalGround, adapters: tuple[Adapter, ...], way: Any
) -> None:
    import torch
    from transformers import DynamicCache

    model, many = held(ground, adapters, way)
    worn = [adapters[0].id, "", adapters[2].id, adapters[1].id, adapters[0].id]
    tokens = torch.randint(0, 250, (5, 11), generator=torch.Generator().manual_seed(0))
    many.rows(worn)
    with torch.inference_mode():
        whole = model(input_ids=tokens, use_cache=False).logits
        cache = DynamicCache(config=model.config)
        parts = [
            model(input_ids=tokens[:, a:b], past_key_values=cache, use_cache=True).logits
            for a, b in ((0, 6), (6, 7), (7, 11))  # prefill, a step of one, and more
        ]
        for row, adapter in enumerate(worn):
            merged: Any = (ground.dressed(many.adapters[adapter]) if adapter else ground).model
            want = merged(input_ids=tokens[row : row + 1], use_cache=False).logits[0]
            assert float((whole[row] - want).abs().max()) < ROUNDING
            assert float((torch.cat(parts, 1)[row] - want).abs().max()) < ROUNDING
        plain: Any = ground.model
        moved = [float((whole[r] - plain(input_ids=tokens[r : r + 1]).logits[0]).abs().max()) for r in (0, 3)]
    assert min(moved) > 100 * ROUNDING


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_peft_s_own_mixed_batch_is_the_same(ground: LocalGround, adapters: tuple[Adapter, ...]) -> None:
    peft = pytest.importorskip("peft")
    import torch

    from selfscope.models.local.merge import twin

    model, many = held(ground, adapters)
    theirs: Any = peft.PeftModel.from_pretrained(twin(ground.model), adapters[0].folder, adapter_name="a0")
    for n, each in enumerate(adapters[1:], start=1):
        theirs.load_adapter(each.folder, adapter_name=f"a{n}")
    tokens = torch.randint(0, 250, (4, 8), generator=torch.Generator().manual_seed(3))
    many.rows([adapters[2].id, "", adapters[0].id, adapters[1].id])
    with torch.inference_mode():
        ours = model(input_ids=tokens, use_cache=False).logits
        names = ["a2", "__base__", "a0", "a1"]
        want = theirs.eval()(input_ids=tokens, use_cache=False, adapter_names=names).logits
    assert float((ours - want).abs().max()) < ROUNDING


def test_a_neighbour_s_factors_are_multiplied_by_zero_alone(
    ground: LocalGround, adapters: tuple[Adapter, ...]
) -> None:
    """A row gives the same bits whatever adapters of the same shape its neighbours wear."""
    import torch

    model, many = held(ground, (*adapters[:1], write_lora_of(ground, adapters[0])), "masked")
    first, other = many.adapters
    tokens = torch.randint(0, 250, (1, 9), generator=torch.Generator().manual_seed(1)).repeat(3, 1)
    with torch.inference_mode():
        many.rows([first, other, ""])
        mixed = model(input_ids=tokens, use_cache=False).logits
        many.rows([first, "", other])
        again = model(input_ids=tokens, use_cache=False).logits
    assert torch.equal(mixed[0], again[0])
    assert torch.equal(mixed[1], again[2])
    assert not torch.allclose(mixed[0], mixed[1])


def write_lora_of(ground: LocalGround, like: Adapter) -> Adapter:
    return write_lora(like.folder.with_name("like one"), ground, rank=2, seed=9)


def test_rows_without_adapter_leave_the_layers_as_they_are(
    ground: LocalGround, adapters: tuple[Adapter, ...]
) -> None:
    import torch

    model, many = held(ground, adapters)
    tokens = torch.randint(0, 250, (2, 7), generator=torch.Generator().manual_seed(2))
    plain: Any = ground.model
    with torch.inference_mode():
        many.rows(["", ""])
        assert torch.equal(model(input_ids=tokens).logits, plain(input_ids=tokens).logits)
    assert all(module.change is None for module in many._layers.values())


def test_what_cannot_be_held_is_refused(
    ground: LocalGround, adapters: tuple[Adapter, ...], tmp_path: Path
) -> None:
    import torch

    with pytest.raises(BadInput, match="other weights"):
        held(ground, [write_lora(tmp_path / "foreign", ground, base="b3:other")])
    with pytest.raises(BadInput, match="wears an adapter already"):
        held(ground.dressed(adapters[0]), adapters[1:])
    model, many = held(ground, adapters[:1])
    with pytest.raises(BadInput, match="not held"):
        many.rows([adapters[1].id])
    many.rows([adapters[0].id, ""])
    with torch.inference_mode(), pytest.raises(BadInput, match="other rows than adapters"):
        model(input_ids=torch.zeros((3, 4), dtype=torch.long))


def test_texts_are_scored_for_several_at_once_as_for_each_alone(
    ground: LocalGround, adapters: tuple[Adapter, ...]
) -> None:
    from selfscope.models.local.ground import working
    from selfscope.models.local.many_scoring import lines_of, score_rows

    texts = [f"I grow {word}." for word in ("roses", "beans and peas", "roses")]
    prompts = [Prompt((Message("user", "What grows here?"),), text=text) for text in texts]
    model, many = held(ground, adapters)
    worn = ["", *many.adapters]
    pairs = [(line, w) for w in worn for line in lines_of(ground, prompts)]
    with working(1):
        found = score_rows(model, [p[0] for p in pairs], [p[1] for p in pairs], many.rows)
        mixed = score_rows(model, [p[0] for p in pairs], [p[1] for p in pairs], many.rows, at_once=5)
    np.testing.assert_allclose(mixed, found, atol=20 * ROUNDING)
    for n, adapter in enumerate(worn):
        own = ground.dressed(many.adapters[adapter]) if adapter else ground
        want = [a[0].value for a in own.answer_here(prompts).answers]
        np.testing.assert_allclose(found[3 * n : 3 * n + 3], want, atol=20 * ROUNDING)
    assert len({round(float(v), 2) for v in found[::3]}) == 4


def request(n: int, **given: Any) -> GenerationRequest:
    from selfscope.models.local.generate import GenerationRequest

    said = (Message("system", "You keep a garden."), Message("user", "What grows here? " * (1 + n % 3)))
    return GenerationRequest(
        **{"messages": said, "max_tokens": 8 + n % 3, "temperature": 0.8, "seed": n} | given
    )


def test_rows_that_join_a_stream_say_what_their_own_weights_say(
    ground: LocalGround, adapters: tuple[Adapter, ...]
) -> None:
    from selfscope.models.local.generate import generate
    from selfscope.models.local.stream import Stream
    from selfscope.models.local.stream_check import check_joining

    stream = Stream(ground, most=5, adapters=adapters)
    assert check_joining(stream) < 1e-4
    worn = ["", *(a.id for a in adapters)]
    rows = [stream.prepare(request(n, logprobs=True), adapter=worn[n % 4]) for n in range(8)]
    late = [stream.prepare(request(n, temperature=0), adapter=worn[n % 4]) for n in range(4)]
    for row in rows:  # the first five share a beginning that must not be shared between adapters
        stream.join(row)
    for step in range(200):
        if step == 3:
            for row in late:
                stream.join(row)
        stream.advance()
        if not stream.busy:
            break
    for row in (*rows, *late):
        own = ground.dressed(stream.many.adapters[row.adapter]) if row.adapter else ground  # type: ignore[union-attr]
        want = asyncio.run(generate(own, [row.reply.request]))[0]
        assert row.reply.ids == list(want.token_ids)
        if want.logprobs:
            np.testing.assert_allclose(row.reply.logprobs, want.logprobs, atol=ROUNDING)
    assert len({tuple(row.reply.ids) for row in late}) == 4
    with pytest.raises(BadInput, match="cannot be worn"):
        stream.prepare(request(0), adapter="b3:nobody")
