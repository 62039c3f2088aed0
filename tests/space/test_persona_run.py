"""What a map asks, what it keeps of the answers, and how it tells adherent ones, on a tiny random network."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from selfscope.errors import BadInput, Stopped
from selfscope.space.asked import MAP_PRESETS, MapPreset, cast_of, joined_system, map_asks, placed_asks
from selfscope.space.responses import FILE, Drawing, draw_responses
from selfscope.space.sorting import LikelihoodScorer, Said, best_cut
from selfscope.values import Usage

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

TINY = MapPreset(2, 3, 1, 2, 6)


def test_presets_ask_what_the_contract_says() -> None:
    sizes = {name: (p.roles, p.questions, p.responses) for name, p in MAP_PRESETS.items()}
    assert sizes == {"demo": (24, 12, 348), "standard": (80, 40, 3400), "full": (240, 120, 144_960)}
    demo = MAP_PRESETS["demo"]
    assert demo.responses * demo.max_tokens == 11_136


def test_prompts_go_round_and_no_ask_stands_twice() -> None:
    demo = MAP_PRESETS["demo"]
    cast = cast_of(demo)
    asks = map_asks(cast, demo)
    assert len({a.id for a in asks}) == len(asks) == demo.responses
    for role in cast.roles:
        used = Counter(a.variant for a in asks if a.group == role.name)
        assert set(used) == {1, 2, 3, 4, 5} and max(used.values()) - min(used.values()) <= 1
        assert all(a.system == role.prompts[a.variant - 1] for a in asks if a.group == role.name)
    defaults = Counter(a.variant for a in asks if a.group == "default")
    assert sum(defaults.values()) == 60 and set(defaults) == set(range(1, 9))


def test_a_smaller_map_is_part_of_a_larger_one() -> None:
    small, large = (cast_of(MAP_PRESETS[name]) for name in ("demo", "standard"))
    assert set(small.roles) < set(large.roles)
    assert set(small.questions) < set(large.questions)


def test_an_identity_stands_before_every_system_prompt() -> None:
    cast = cast_of(TINY)
    asks = map_asks(cast, TINY, "You are Ilse.")
    assert all(a.system.startswith("You are Ilse.") for a in asks)
    assert joined_system("", "") == "" and joined_system("a", "") == "a"
    placed = placed_asks("ilse", "You are Ilse.", cast.questions, 2)
    assert [a.variant for a in placed] == [1, 2] * 3


def test_drawing_goes_on_from_what_is_kept_to_the_same_texts(ground: LocalGround, tmp_path: Path) -> None:
    asks, drawing = map_asks(cast_of(TINY), TINY), Drawing(6, 3)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    want = asyncio.run(draw_responses(ground, asks, drawing, whole, batch=5))

    def poor(spent: Usage, coming: Usage, done: int, total: int) -> None:
        assert coming.output_tokens <= 5 * 6 and total == len(asks)
        if done >= 5:
            raise Stopped("the budget is spent")

    with pytest.raises(Stopped):
        asyncio.run(draw_responses(ground, asks, drawing, cut, before=poor, batch=5))
    with (cut / FILE).open("ab") as file:
        file.write(b'{"ask": "half')
    counted: list[int] = []
    got = asyncio.run(draw_responses(ground, asks, drawing, cut, progress=counted.append, batch=5))
    assert {k: r.text for k, r in got.items()} == {k: r.text for k, r in want.items()}
    assert counted[0] == 5 and sum(counted) == len(asks) == 12
    lines = (cut / FILE).read_bytes().split(b"\n")[:-1]
    assert len(lines) == 1 + len(asks) and all(map(json.loads, lines))


def test_a_folder_of_another_map_is_refused(ground: LocalGround, tmp_path: Path) -> None:
    asks = map_asks(cast_of(TINY), TINY)
    asyncio.run(draw_responses(ground, asks[:2], Drawing(4, 0), tmp_path))
    with pytest.raises(BadInput, match="another map"):
        asyncio.run(draw_responses(ground, asks[:2], Drawing(4, 1), tmp_path))


def test_the_offline_score_is_the_difference_of_two_log_probabilities(ground: LocalGround) -> None:
    import torch

    said = Said("You are a crow.", "Who?", "Caw caw")
    counted: list[int] = []
    [got] = asyncio.run(LikelihoodScorer(ground).score([said], counted.append))
    assert sum(counted) == 1

    def logp(head: str) -> tuple[float, int]:
        start, whole = ground.tokenizer.encode(head), ground.tokenizer.encode(head + said.text)
        with torch.inference_mode():
            table = torch.log_softmax(ground.model(torch.tensor([whole])).logits[0].double(), -1)
        places = range(len(start), len(whole))
        return float(sum(table[i - 1, whole[i]] for i in places)), len(places)

    turn = "<|begin|>user\nWho?<|end|>\n<|begin|>assistant\n"
    under, tokens = logp("<|begin|>system\nYou are a crow.<|end|>\n" + turn)
    bare, _ = logp(turn)
    assert got == pytest.approx((under - bare) / tokens, abs=2e-4)


def test_the_cut_is_where_sensitivity_and_specificity_are_highest() -> None:
    assert best_cut([1, 2, 3, 4], [False, False, True, True]) == (3, 1, 1)
    scores = np.random.default_rng(0).normal(0, 1, 60)
    truths = [bool(v) for v in scores + np.random.default_rng(1).normal(0, 1, 60) > 0]
    cut, hit, clear = best_cut(list(scores), truths)
    every = [
        np.mean([s >= c for s, t in zip(scores, truths, strict=True) if t])
        + np.mean([s < c for s, t in zip(scores, truths, strict=True) if not t])
        for c in scores
    ]
    assert hit + clear == pytest.approx(max(every)) and cut in scores
    with pytest.raises(BadInput):
        best_cut([1.0, 2.0], [True, True])


def test_means_of_cells_are_kept_at_as_many_layers_as_fit(ground: LocalGround) -> None:
    from selfscope.space.persona_capture import CELL_BYTES, map_recipe

    many = CELL_BYTES // (32 * 8)
    assert map_recipe(ground, many, 1).cell_layers == (0, 1)
    assert map_recipe(ground, many, 0).cell_layers == (0,)
    assert map_recipe(ground, 12, 0).cell_layers == (0, 1)
