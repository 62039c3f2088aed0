"""A planted direction is found at its layer, passes and steers; with shuffled labels it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.standins.planted import MARKS, MOVED, PLANTED, direction, write_planted

from selfscope.errors import CouldNot
from selfscope.values import Message, Options, Prompt

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

WORDS = ["lamp", "room", "door", "stone", "rain", "cup", "road", "field", "coat", "night", "paper", "wind"]
DRAW = np.random.default_rng(4)


def sentence(mark: str) -> str:
    """Eight words of any kind, with a mark among them twice."""
    words = DRAW.choice(WORDS, 8).tolist()
    return " ".join((*words[:3], mark, *words[3:6], mark, *words[6:]))


def source() -> Any:
    from selfscope.space.reply_pairs import ReplyPair
    from selfscope.space.steering_check import Posed
    from selfscope.space.trait_direction import DirectionSource

    pairs = tuple(
        ReplyPair(f"p{n:02d}", n % 2 == 0, f"kind {n // 8}", sentence(""), *map(sentence, MARKS))
        for n in range(16)
    )
    said, asked = [], []
    options = Options(("Yes",), ("No",))
    for n in range(6):
        keyed = 1 if n % 2 == 0 else -1
        for polarity in (1, -1):
            word = MOVED[0] if keyed * polarity > 0 else MOVED[1]
            text = f"the {WORDS[n]} is {word}"
            said.append(Posed(keyed, polarity, Prompt((Message("user", "how is it"),), text=text)))
            asked.append(Posed(keyed, polarity, Prompt((Message("user", f"{text} or"),), options)))
    opened = tuple(Prompt((Message("user", sentence("")),)) for _ in range(4))
    return DirectionSource("planted", pairs, tuple(said), tuple(asked), opened)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    from selfscope.models.local.ground import open_local

    place = tmp_path_factory.mktemp("planted")
    write_planted(place, (" ".join(WORDS), "how is it the or"))
    return open_local(place, device="cpu", threads=1)


@pytest.fixture(scope="module")
def blocks(ground: LocalGround) -> Any:
    from selfscope.models.local.blocks import open_blocks

    return open_blocks(ground.model)


@pytest.fixture
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path))


@pytest.mark.usefixtures("_cache")
def test_a_planted_direction_is_found_and_kept(ground: LocalGround, blocks: Any) -> None:
    from selfscope.space.trait_direction import (
        MANIFEST,
        TENSORS,
        cached_at,
        direction_of,
        forecast_direction,
        open_direction,
    )

    wanted = source()
    coming = forecast_direction(ground, wanted)
    found, usage = direction_of(ground, blocks, wanted)
    check = found.check
    assert check.layer == PLANTED
    assert check.passed, check.reasons
    assert float(found.unit @ direction().numpy()) > 0.9
    assert check.trait > 5 * abs(check.agreement)
    assert max(map(abs, check.random)) < check.trait
    assert check.steering_p == check.least_p == pytest.approx(0.05)
    assert usage.distinct_tokens == coming.distinct_tokens
    again, nothing = direction_of(ground, blocks, wanted)
    assert again.check == check
    assert nothing.distinct_tokens == 0 == forecast_direction(ground, wanted).distinct_tokens
    np.testing.assert_array_equal(again.unit, found.unit)
    place = cached_at(ground, wanted)
    assert (place / MANIFEST).is_file()
    (place / TENSORS).write_bytes((place / TENSORS).read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(CouldNot, match="not those of the manifest"):
        open_direction(place)
    assert cached_at(ground, replace(wanted, seed=1)) != place


@pytest.mark.usefixtures("_cache")
def test_shuffled_labels_do_not_pass(ground: LocalGround, blocks: Any) -> None:
    from selfscope.space.trait_direction import direction_of

    wanted = source()
    mixed = tuple(
        replace(p, keyed=p.against, against=p.keyed) if n in (0, 3, 4, 5, 9, 10, 14, 15) else p
        for n, p in enumerate(wanted.pairs)
    )
    check = direction_of(ground, blocks, replace(wanted, pairs=mixed))[0].check
    assert not check.passed
    assert any("AUROC" in reason for reason in check.reasons)
    assert any("shuffled labels" in reason for reason in check.reasons)


def test_an_opening_is_read_where_the_reply_would_begin(ground: LocalGround, blocks: Any) -> None:
    """Against a plain forward; and what stands in the system prompt is read in it."""
    import torch

    from selfscope.space.openings import forecast_openings, openings

    prompts = [
        Prompt((*((Message("system", said),) if said else ()), Message("user", user)))
        for said in ("", f"{MARKS[0]} the lamp", f"{MARKS[1]} the road and")
        for user in ("how is the lamp", "the rain")
    ]
    states, usage = openings(ground, blocks, prompts, [0, PLANTED])
    assert usage.distinct_tokens == forecast_openings(ground, prompts).distinct_tokens
    network: Any = ground.model
    for n, prompt in enumerate(prompts):
        tokens = ground.renderer.encode(ground.renderer.head(prompt.messages))
        with torch.inference_mode():
            out = network(torch.tensor([tokens]), output_hidden_states=True).hidden_states
        for place, layer in enumerate((0, PLANTED)):
            np.testing.assert_allclose(states[place, n], out[layer + 1][0, -1].numpy(), atol=1e-4)
