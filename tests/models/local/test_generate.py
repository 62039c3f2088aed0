"""Sampling: the company of a request changes nothing, and log-probabilities are the scorer's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.values import Message, Prompt

if TYPE_CHECKING:
    from selfscope.models.local.generate import Generation, GenerationRequest
    from selfscope.models.local.ground import LocalGround

SYSTEM = Message("system", "You are Ada, who answers briefly and likes gardens more than anything else. " * 2)


def chat(user: str) -> tuple[Message, ...]:
    return (SYSTEM, Message("user", user))


def drawn(ground: LocalGround, requests: list[GenerationRequest]) -> list[Generation]:
    from selfscope.models.local.generate import generate

    return asyncio.run(generate(ground, requests))


@pytest.mark.model
def test_each_request_keeps_its_own_settings_and_its_own_draws(embedded: LocalGround) -> None:
    from selfscope.models.local.generate import GenerationRequest

    requests = [
        GenerationRequest(chat("What is the capital of France?"), max_tokens=9, temperature=0),
        GenerationRequest(chat("Tell me about yourself."), max_tokens=5, seed=3, top_p=0.9, logprobs=True),
        GenerationRequest(chat("Hi!"), max_tokens=7, seed=4, temperature=0.7, top_logprobs=2),
        GenerationRequest(chat("Hi!"), max_tokens=7, seed=5, temperature=1.5),
    ]
    together = drawn(embedded, requests)
    alone = [drawn(embedded, [request])[0] for request in requests]
    assert [g.token_ids for g in together] == [g.token_ids for g in alone]
    assert together[0].logprobs is None
    assert together[1].logprobs is not None and together[1].top_logprobs is None
    assert together[1].stop_reason == "length" and together[1].output_tokens == 5
    assert together[2].top_logprobs is not None and {len(t) for t in together[2].top_logprobs} == {2}
    assert together[2].token_ids != together[3].token_ids
    assert all(
        g.input_tokens == len(embedded.renderer.encode(embedded.renderer.head(r.messages)))
        for g, r in zip(together, requests, strict=True)
    )


@pytest.mark.model
def test_log_probabilities_are_those_that_the_scorer_gives_the_text(embedded: LocalGround) -> None:
    from selfscope.models.local.generate import GenerationRequest

    request = GenerationRequest(chat("Describe rain."), max_tokens=12, seed=1, temperature=0.8, logprobs=True)
    said = drawn(embedded, [request])[0]
    scored = asyncio.run(embedded.answer([Prompt(request.messages, text=said.text)])).answers[0][0]
    assert scored.tokens == said.output_tokens
    assert said.logprobs is not None
    # decoding token by token through a cache has floating noise of its own: some 1e-5 a token
    assert scored.value == pytest.approx(sum(said.logprobs), abs=5e-5 * scored.tokens)


@pytest.mark.model
def test_greedy_replies_are_what_transformers_generates(embedded: LocalGround) -> None:
    import torch

    from selfscope.models.local.generate import GenerationRequest

    request = GenerationRequest(chat("Count from one to five."), max_tokens=10, temperature=0)
    prompt = torch.tensor([embedded.renderer.encode(embedded.renderer.head(request.messages))])
    theirs = embedded.model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=10, do_sample=False
    )[0, prompt.shape[1] :].tolist()
    ours = drawn(embedded, [request])[0].token_ids
    assert list(ours) == [t for t in theirs if t != embedded.tokenizer.eos_token_id]


@pytest.mark.model
def test_a_stop_text_ends_the_reply_and_is_cut_off(embedded: LocalGround) -> None:
    from selfscope.models.local.generate import GenerationRequest

    whole = drawn(embedded, [GenerationRequest(chat("Tell me a story."), max_tokens=20, temperature=0)])[0]
    word = whole.text.split()[3]
    cut = drawn(embedded, [GenerationRequest(chat("Tell me a story."), 20, temperature=0, stop=(word,))])[0]
    assert cut.stop_reason == "stop"
    assert cut.text == whole.text[: whole.text.index(word)]


@pytest.mark.parametrize("spread", [0.1, 2.0, 6.0])
def test_a_large_vocabulary_is_drawn_from_as_if_all_of_it_were_sorted(spread: float) -> None:
    import torch

    from selfscope.models.local.picking import SORTED, pick

    draw = np.random.default_rng(5)
    for seed in range(20):
        # Rounded, so that many tokens are equally likely.
        logp = torch.log_softmax(torch.tensor(np.round(draw.normal(0, spread, 8 * SORTED), 1)).float(), -1)
        chance = torch.softmax(logp.double() / 0.7, -1)
        falling, order = chance.sort(descending=True, stable=True)
        kept = falling[: int((falling.cumsum(0) < 0.9).sum()) + 1].cumsum(0)
        at = torch.rand(1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * kept[-1]
        want = order[int(torch.searchsorted(kept, at, right=True))]
        assert pick(logp, 0.7, 0.9, torch.Generator().manual_seed(seed)) == int(want)


def test_draws_follow_the_probabilities_and_top_p_keeps_the_likeliest() -> None:
    import torch

    from selfscope.models.local.picking import pick

    chance = torch.tensor([0.1, 0.6, 0.0, 0.3])
    random = torch.Generator().manual_seed(0)
    found = np.bincount([pick(chance.log(), 1.0, 1.0, random) for _ in range(4000)], minlength=4) / 4000
    assert found == pytest.approx(chance.numpy(), abs=0.03)
    assert found[2] == 0
    kept = {pick(chance.log(), 1.0, 0.85, random) for _ in range(200)}
    assert kept == {1, 3}
    assert {pick(chance.log(), 0.0, 1.0, random) for _ in range(3)} == {1}
    cold = np.mean([pick(chance.log(), 0.2, 1.0, random) == 1 for _ in range(300)])
    assert cold > 0.9


def test_settings_that_mean_nothing_are_refused() -> None:
    from selfscope.models.local.generate import GenerationRequest

    for wrong in ({"max_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}):
        with pytest.raises(BadInput, match="cannot be sampled"):
            GenerationRequest(chat("Hi!"), **wrong)
