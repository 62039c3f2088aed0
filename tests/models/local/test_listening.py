"""Means taken while replies are decoded are those of one pass over the finished texts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.standins.weights import write_folder

from selfscope.values import Message

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


@pytest.mark.parametrize("columns", [2048, 40])
@pytest.mark.parametrize("head", ["You are a heron, and this stands before all. ", ""])
def test_what_is_heard_is_what_a_pass_over_the_texts_gives(
    ground: LocalGround, head: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfscope.models.local import generate as module
    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.listening import Listener
    from selfscope.models.local.pooling import Pool, pool

    monkeypatch.setattr(module, "PREFILL_TOKENS", columns)  # some columns at a time
    users = ("Who?", "Where do you stand at noon?", "Hm", "What is it that you see there?", "Why?")
    requests = [
        module.GenerationRequest(
            (Message("user", head + user),), max_tokens=(1, 7, 3, 2, 9)[n], seed=n, temperature=1.0
        )
        for n, user in enumerate(users)
    ]
    prompts = [ground.renderer.encode(ground.renderer.head(r.messages)) for r in requests]
    places = [np.arange(3 + n, len(p) - 4) for n, p in enumerate(prompts[:-1])] + [np.arange(0)]
    blocks = open_blocks(ground.model)
    heard = Listener(blocks, places)
    said = asyncio.run(module.generate(ground, requests, listener=heard))
    assert [g.token_ids for g in asyncio.run(module.generate(ground, requests))] == [
        g.token_ids for g in said
    ]
    assert {len(g.token_ids) for g in said} >= {1, 7, 9}

    whole = [(*p, *g.token_ids) for p, g in zip(prompts, said, strict=True)]
    spoken = [Pool(n, np.arange(len(p), len(w))) for n, (p, w) in enumerate(zip(prompts, whole, strict=True))]
    asked = [Pool(n, some) for n, some in enumerate(places[:-1])]
    means = pool(ground.model, blocks, whole, [*asked, *spoken], "plain").means
    got = heard.means()
    np.testing.assert_allclose(got[0][:, :-1], means[:, : len(asked)], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[1], means[:, len(asked) :], rtol=1e-4, atol=1e-5)
    assert np.isnan(got[0][:, -1]).all()


def test_the_last_tokens_can_be_taken_back(ground: LocalGround) -> None:
    from selfscope.models.local import generate as module
    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.listening import KEPT, Listener, listener_bytes
    from selfscope.models.local.pooling import Pool, pool

    counts = (12, 3, 9)
    requests = [
        module.GenerationRequest((Message("user", "Who?"),), max_tokens=most, seed=n)
        for n, most in enumerate(counts)
    ]
    prompt = ground.renderer.encode(ground.renderer.head(requests[0].messages))
    blocks = open_blocks(ground.model)
    heard = Listener(blocks, [np.arange(2)] * 3)
    held = sum(t.numel() * t.element_size() for t in vars(heard).values() if hasattr(t, "element_size"))
    assert held == listener_bytes(len(blocks), blocks.width, 3)
    said = asyncio.run(module.generate(ground, requests, listener=heard))
    assert heard.take_back(0, 5) and heard.take_back(2, KEPT) and heard.take_back(1, 0)
    assert not heard.take_back(0, KEPT + 1) and not heard.take_back(1, 4)
    left = (7, 3, 1)
    whole = [(*prompt, *g.token_ids[:n]) for g, n in zip(said, left, strict=True)]
    pools = [Pool(k, np.arange(len(prompt), len(w))) for k, w in enumerate(whole)]
    want = pool(ground.model, blocks, whole, pools, "plain").means
    np.testing.assert_allclose(heard.means()[1], want, rtol=1e-4, atol=1e-5)


def test_a_reply_that_ends_at_once_has_no_mean_and_stops_nobody(
    ground: LocalGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfscope.models.local import generate as module
    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.listening import Listener

    requests = [
        module.GenerationRequest((Message("user", u),), max_tokens=4, seed=n) for n, u in enumerate("abcd")
    ]
    [first, *others] = asyncio.run(module.generate(ground, requests))
    monkeypatch.setattr(module, "end_tokens", lambda ground: frozenset(first.token_ids[:1]))
    heard = Listener(open_blocks(ground.model), [np.arange(2)] * 4)
    said = asyncio.run(module.generate(ground, requests, listener=heard))
    assert said[0].text == "" and said[0].stop_reason == "stop"
    assert [g.text for g in said[1:]] == [g.text for g in others]
    assert np.isnan(heard.means()[1][:, 0]).all() and np.isfinite(heard.means()[1][:, 1:]).all()
