"""Rows that join each other between two tokens: each says what it says alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.standins.weights import WIDTH, write_folder

from selfscope.errors import BadInput, CouldNot
from selfscope.models.caps import Cap, CappedModel
from selfscope.values import Message

if TYPE_CHECKING:
    from selfscope.models.local.generate import GenerationRequest
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.stream import Stream
    from selfscope.models.local.stream_rows import Row


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    yield open_local(folder, device="cpu", threads=1)


def request(n: int, system: str = "You keep a garden.", **given: Any) -> GenerationRequest:
    from selfscope.models.local.generate import GenerationRequest

    said = (Message("system", system), Message("user", "What grows here? " * (1 + 3 * (n % 3)) + str(n)))
    settings = {"messages": said, "max_tokens": 9 + n % 4, "temperature": 0.8, "seed": n}
    return GenerationRequest(**settings | given)


def cap(ground: LocalGround, seed: int) -> Cap:
    axis = np.random.default_rng(seed).normal(size=WIDTH)
    unit = (axis / np.linalg.norm(axis)).astype(np.float32)[None]
    low, high = np.array([2.0], np.float32), np.array([np.inf], np.float32)
    own = ground.identity
    return Cap((0,), unit, low, high, CappedModel(own.name, own.revision, own.template))


def reading(seed: int = 3) -> Any:
    from selfscope.models.local.capping import ReadAt

    return ReadAt(1, np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32))


def opened(ground: LocalGround, **given: Any) -> Stream:
    from selfscope.models.local.stream import Stream

    return Stream(ground, **given)


def run(stream: Stream, arrivals: dict[int, list[Row]]) -> dict[int, str]:
    """Let rows arrive before the steps that are named; return the text that each gave, by piece."""
    said: dict[int, str] = {}
    step = 0
    while stream.busy or step <= max(arrivals):
        for row in arrivals.get(step, []):
            stream.join(row)
        for piece in stream.advance():
            said[id(piece.row)] = said.get(id(piece.row), "") + piece.text
        step += 1
        assert step < 1000
    return said


def alone(ground: LocalGround, given: GenerationRequest) -> Any:
    from selfscope.models.local.generate import generate

    return asyncio.run(generate(ground, [given]))[0]


@pytest.mark.parametrize("gap", [0, 1, 4])
def test_a_row_that_joins_at_any_step_says_what_it_says_alone(ground: LocalGround, gap: int) -> None:
    stream = opened(ground, most=3)
    requests = [request(n, logprobs=True) for n in range(7)]
    rows = [stream.prepare(each) for each in requests]
    arrivals: dict[int, list[Row]] = {}
    for n, row in enumerate(rows):
        arrivals.setdefault(n * gap, []).append(row)
    said = run(stream, arrivals)
    for row, each in zip(rows, requests, strict=True):
        want = alone(ground, each)
        assert said[id(row)] == want.text
        assert row.reply.ids == list(want.token_ids)
        np.testing.assert_allclose(row.reply.logprobs, want.logprobs, atol=2e-5)


def test_the_rows_that_came_first_are_let_in_first_and_all_are_served(ground: LocalGround) -> None:
    stream = opened(ground, most=2)
    rows = [stream.prepare(request(n, max_tokens=5)) for n in range(6)]
    for row in rows:
        stream.join(row)
    began: list[Row] = []
    while stream.busy:
        stream.advance()
        assert stream.counts[1] <= 2
        began += [row for row in rows if row.reply.ids and row not in began]
    assert began == rows


def test_a_long_prompt_keeps_the_others_waiting_for_one_part_of_it_at_most(ground: LocalGround) -> None:
    stream = opened(ground, part=16)
    first = stream.prepare(request(0, max_tokens=40, temperature=0))
    late = stream.prepare(request(2, "The one who asks comes late."))
    stream.join(first)
    stream.advance()
    stream.join(late)
    for _ in range(-(-len(late.reply.prompt) // 16) - 2):
        drawn = len(first.reply.ids)
        stream.advance()
        assert len(first.reply.ids) == drawn + 1
        assert not late.reply.ids
    run(stream, {0: []})
    assert late.reply.stop_reason


def test_the_next_turn_does_not_compute_the_turns_before_again(ground: LocalGround) -> None:
    stream = opened(ground, part=16)
    first, other = request(1), stream.prepare(request(0, max_tokens=60, temperature=0))
    row = stream.prepare(first)
    said = run(stream, {0: [row]})[id(row)]
    longer = (*first.messages, Message("assistant", said), Message("user", "And then?"))
    again = request(5, messages=longer)
    row = stream.prepare(again)
    stream.join(other)
    stream.advance()
    stream.join(row)
    for _ in range(6):  # seven parts of 16 are its new tokens, twenty the whole
        stream.advance()
    assert row.reply.ids
    run(stream, {0: []})
    assert row.reply.ids == list(alone(ground, again).token_ids)


def test_a_row_that_is_cut_gives_what_it_has_and_frees_its_place(ground: LocalGround) -> None:
    stream = opened(ground, most=1)
    rows = [stream.prepare(request(n, max_tokens=30, temperature=0)) for n in range(3)]
    for row in rows:
        stream.join(row)
    for _ in range(4):
        stream.advance()
    stream.cut(rows[0], "gone")
    stream.cut(rows[1], "gone")
    done = {id(p.row): p.done for p in stream.advance() if p.done}
    assert set(done) == {id(rows[0]), id(rows[1])}
    assert 0 < done[id(rows[0])].output_tokens < 30 and done[id(rows[1])].output_tokens == 0
    assert done[id(rows[0])].stop_reason == "" and rows[0].cut == "gone"
    run(stream, {0: []})
    assert rows[2].reply.ids == list(alone(ground, rows[2].reply.request).token_ids)


def test_a_stop_text_is_never_given_out_in_part(ground: LocalGround) -> None:
    whole = alone(ground, request(4, max_tokens=30)).text
    stop = whole[8:11]
    stream = opened(ground)
    row = stream.prepare(request(4, max_tokens=30, stop=(stop,)))
    assert run(stream, {0: [row]})[id(row)] == whole[: whole.index(stop)]
    assert row.reply.stop_reason == "stop"


def test_rows_wear_caps_of_their_own_and_their_projections_are_read(ground: LocalGround) -> None:
    caps, at = [None, cap(ground, 1), cap(ground, 2)], reading()
    stream = opened(ground, read=at, caps=True)
    rows = [stream.prepare(request(0, seed=n, max_tokens=12), caps[n % 3]) for n in range(6)]
    run(stream, {0: rows[:3], 4: rows[3:]})
    for row in rows:
        own = ground if row.cap is None else ground.capped(row.cap)
        assert row.reply.ids == list(alone(own, row.reply.request).token_ids)
        assert len(row.said) == len(row.reply.ids)
        np.testing.assert_allclose(row.seen, projections(own, row.fed, at), atol=1e-4)
    assert len({tuple(row.reply.ids) for row in rows}) > 3
    with pytest.raises(BadInput, match="no cap"):
        opened(ground).prepare(request(0), cap(ground, 1))


def projections(ground: LocalGround, tokens: list[int], at: Any) -> list[float]:
    import torch

    from selfscope.models.local.blocks import hooked, open_blocks

    seen: list[Any] = []
    with torch.inference_mode():
        blocks = open_blocks(ground.model)
        with hooked([blocks.blocks[at.layer]], lambda n, states: seen.append(states)):
            ground.model(torch.tensor([tokens]), use_cache=False)
    return (seen[0][0] @ torch.from_numpy(at.direction)).tolist()


def test_the_check_passes_here_and_tells_a_network_that_does_not_join(ground: LocalGround) -> None:
    from selfscope.models.local.stream_check import check_joining

    stream = opened(ground)
    assert check_joining(stream) < 1e-5
    stream.slots.aim = wrong(stream.slots.aim)  # type: ignore[method-assign]
    with pytest.raises(CouldNot, match="join"):
        check_joining(stream)


def wrong(aim: Any) -> Any:
    """Positions of the first row for all, as of a network that numbers a batch and not its rows."""

    def given(first: int, starts: list[int], width: int) -> Any:
        mask, positions = aim(first, starts, width)
        return mask, positions[:1].expand_as(positions)

    return given


def test_a_conversation_that_does_not_fit_is_refused(ground: LocalGround) -> None:
    with pytest.raises(BadInput, match="2048 tokens"):
        opened(ground).prepare(request(0, max_tokens=2048))
    with pytest.raises(BadInput, match="100 tokens"):
        opened(ground, cells=100).prepare(request(0, max_tokens=60))


def test_rows_wait_where_there_is_no_room_for_them_together(ground: LocalGround) -> None:
    stream = opened(ground, cells=512)
    rows = [stream.prepare(request(2, seed=n, max_tokens=25)) for n in range(4)]
    for row in rows:
        stream.join(row)
    most = 0
    while stream.busy:
        stream.advance()
        most = max(most, stream.counts[1])
    assert most == 512 // rows[0].longest
    assert all(row.reply.stop_reason for row in rows)


def test_of_what_was_computed_only_so_much_is_kept() -> None:
    import torch

    from selfscope.models.local.beginnings import Beginnings

    def pairs(tokens: int) -> Any:
        return ((torch.zeros(1, tokens, 4), torch.zeros(1, tokens, 4)),)

    kept = Beginnings(most=3 * 2 * 10 * 4 * 4)
    for n in range(3):
        kept.keep("", [n] * 10, [0.0] * 10, pairs(10))
    assert kept.find("", [0, 0, 7], 9)[0] == 2 and kept.find("another cap", [0, 0], 9) == (0, None)
    kept.keep("", [9] * 10, [0.0] * 10, pairs(10))
    assert [kept.find("", [n], 9)[0] for n in (0, 1, 2, 9)] == [1, 0, 1, 1]
    kept.keep("", [9] * 15, [0.0] * 15, pairs(15))  # what it goes on from is let go
    assert len(kept) == 2
