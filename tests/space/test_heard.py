"""What is heard while responses are drawn is what reading them gives; the rest is read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from selfscope.space.asked import MapPreset, RoleAsk, cast_of, map_asks
from selfscope.space.capture import capture
from selfscope.space.heard import FILE, HeardFile, heard_bytes
from selfscope.space.persona_capture import conversations_of, map_recipe
from selfscope.space.responses import Drawing, Response, draw_responses, heard_file, logp_of
from selfscope.space.sorting import LikelihoodScorer, Said
from selfscope.values import Message

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

#: Two bytes of a random network are a text now and then; the others are read again as other tokens.
SIZES = MapPreset(5, 4, 1, 2, 2)
Drawn = tuple[tuple[RoleAsk, ...], dict[str, Response], Path]


@pytest.fixture(scope="module")
def drawn(ground: LocalGround, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("part")
    asks = map_asks(cast_of(SIZES), SIZES)
    return asks, asyncio.run(draw_responses(ground, asks, Drawing(2, 0), folder, batch=9, hear=True)), folder


def test_vectors_that_were_heard_are_those_that_reading_gives(
    drawn: Drawn, ground: LocalGround, tmp_path: Path
) -> None:
    asks, found, folder = drawn
    heard = heard_file(folder, asks, found)
    assert 3 < len(heard) < len(asks) - 3 and set(heard) == {r.ask for r in found.values() if r.heard}
    talks, recipe = conversations_of(asks, found), map_recipe(ground, 24, 1)
    both = capture(ground, talks, recipe, tmp_path / "both", heard=heard)
    read = capture(ground, talks, recipe, tmp_path / "read")
    for span in recipe.spans:
        np.testing.assert_allclose(both.mean(span), read.mean(span), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(both.cell_mean(span), read.cell_mean(span), rtol=1e-4, atol=1e-5)
    assert both.manifest["tokens"] == read.manifest["tokens"]
    assert both.manifest["count"] == read.manifest["count"]
    told, all_read = both.manifest["computed"], read.manifest["computed"]
    assert (told["heard"], all_read["heard"]) == (len(heard), 0) and told["tokens"] < all_read["tokens"]
    wrong = {name: vectors + 1 for name, vectors in heard.items()}
    other = capture(ground, talks, recipe, tmp_path / "wrong", heard=wrong)
    assert abs(other.mean("assistant") - read.mean("assistant")).max() > 0.1


def test_what_drawing_tells_of_a_response_needs_no_scoring(drawn: Drawn, ground: LocalGround) -> None:
    asks, found, _ = drawn
    told = [Said(a.system, a.user, found[a.id].text, found[a.id].logp) for a in asks if found[a.id].heard]
    told = [s for s in told if s.system]
    assert len(told) > 2 and all(s.logp is not None and s.logp < 0 for s in told)
    half = [replace(s, logp=None) if n % 2 else s for n, s in enumerate(told)]
    scorer, counts = LikelihoodScorer(ground), ([], [])  # type: tuple[LikelihoodScorer, tuple[list[int], ...]]
    got = asyncio.run(scorer.score(half, counts[0].append))
    want = asyncio.run(scorer.score([replace(s, logp=None) for s in told], counts[1].append))
    np.testing.assert_allclose(got, want, atol=2e-4)
    assert sum(counts[0]) == sum(counts[1]) == len(told)


def test_what_a_stop_text_cut_off_is_not_counted(ground: LocalGround) -> None:
    from selfscope.models.local.generate import Generation

    head = ground.renderer.head([Message("user", "Who?")])
    prompt, ids = ground.renderer.encode(head), tuple(ground.renderer.encode("ab;User"))
    said = Generation("ab", ids, tuple("ab;User"), tuple(-0.5 * n for n in range(7)), None, "stop", 9, 7)
    assert logp_of(ground, head, prompt, said) == -0.5
    assert logp_of(ground, head, prompt, replace(said, text="ba")) is None
    assert logp_of(ground, head, prompt, replace(said, text="")) is None


def test_a_file_that_was_taken_away_and_begun_anew_holds_no_noughts(tmp_path: Path) -> None:
    vectors = np.ones((2, 3, 4))
    HeardFile(tmp_path, ["a", "b"]).keep({"a": vectors})
    (tmp_path / FILE).unlink()
    again = HeardFile(tmp_path, ["a", "b"], ["a"])
    assert "a" not in again
    again.keep({"b": 2 * vectors})
    later = HeardFile(tmp_path, ["a", "b"], ["a", "b"])
    assert "a" not in later and later["b"].tolist() == (2 * vectors).tolist()
    later.drop()
    assert list(later) == [] and not (tmp_path / FILE).exists()


def test_too_many_vectors_do_not_wait_on_the_disk(ground: LocalGround) -> None:
    assert heard_bytes(ground, 28) == 28 * 2 * 2 * 32 * 4
    assert heard_bytes(ground, 10**7) == 0
