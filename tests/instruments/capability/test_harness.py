"""What a harness asks, answered by a tiny random network: against its own forward, token by token."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.standins.weights import write_folder

from selfscope.errors import BadInput
from selfscope.instruments.capability.harness import beginning, continuations, replies, rolled, windows
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.values import Message

CONTEXT, TEXT = "What is it?\n", "A No, Yes."


@pytest.fixture(scope="module", params=["split", "masked", "plain"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1, path=request.param)


def by_hand(ground: LocalGround, head: list[int], tail: list[int]) -> tuple[float, bool]:
    import torch

    model: Any = ground.model
    with torch.inference_mode():
        logp = torch.log_softmax(model(input_ids=torch.tensor([head + tail])).logits[0].double(), -1)
    rows = logp[len(head) - 1 : -1]
    return sum(float(row[t]) for row, t in zip(rows, tail, strict=True)), rows.argmax(-1).tolist() == tail


def greedy(ground: LocalGround, head: list[int], steps: int) -> list[int]:
    import torch

    model: Any = ground.model
    said = list(head)
    with torch.inference_mode():
        for _ in range(steps):
            said.append(int(model(input_ids=torch.tensor([said])).logits[0, -1].argmax()))
    return said[len(head) :]


def test_a_continuation_has_the_probability_of_the_models_own_forward(ground: LocalGround):
    encode = ground.renderer.encode
    found = continuations(ground, [(CONTEXT, TEXT), ("", TEXT)])
    wanted = [
        by_hand(ground, encode(CONTEXT), encode(CONTEXT + TEXT)[len(encode(CONTEXT)) :]),
        by_hand(ground, [beginning(ground)], encode(TEXT)),
    ]
    assert [v for v, _ in found] == pytest.approx([v for v, _ in wanted], abs=2e-4)
    assert [g for _, g in found] == [False, False]


def test_what_greedy_decoding_says_is_told_as_greedy(ground: LocalGround):
    from selfscope.models.local.ground import working
    from selfscope.models.local.paths import reading
    from selfscope.models.local.scorer import score
    from selfscope.models.local.tree import Line

    head = ground.renderer.encode(CONTEXT)
    said = greedy(ground, head, 4)
    other = [*said[:3], (said[3] + 1) % 200]
    lines = [Line(tuple(head), tuple(said)), Line(tuple(head), tuple(other)), Line(tuple(head), (said[0],))]
    with working(1), reading(ground.model, ground.way.way):
        found = score(ground.model, lines, ground.way.way)
    assert found.greedy.tolist() == [True, False, True]


def test_whole_texts_are_the_sum_over_their_tokens(ground: LocalGround):
    texts = ["Yes.", "No, A B Yes No."]
    wanted = [by_hand(ground, [beginning(ground)], ground.renderer.encode(t))[0] for t in texts]
    assert rolled(ground, texts) == pytest.approx(wanted, abs=2e-4)
    assert rolled(ground, ["", "Yes."])[0] == 0.0


def test_a_context_is_continued_as_it_stands_and_greedily(ground: LocalGround):
    head = ground.renderer.head([Message("user", "Say it.")])
    said = ground.tokenizer.decode(greedy(ground, ground.renderer.encode(head), 6), skip_special_tokens=True)
    found = anyio.run(
        replies, ground, [(head, {"max_gen_toks": 6}), (head, {"until": said[:1], "max_gen_toks": 6})]
    )
    assert said.startswith(found[0])
    assert found[0] != ""
    assert found[1] == ""


def test_what_cannot_be_scored_is_refused(ground: LocalGround):
    with pytest.raises(BadInput, match="longer than the context"):
        continuations(ground, [("a " * 3000, "b")])
    with pytest.raises(BadInput, match="cannot begin"):
        continuations(ground, [("", "ok"), ("Y", "es")])


@given(st.integers(1, 60), st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_windows_score_every_token_once_within_what_the_model_reads(length: int, most: int):
    tokens = list(range(1, length + 1))
    lines = list(windows(tokens, 0, most))
    assert [t for line in lines for t in line.tail] == tokens
    assert all(len(line.fed) <= most for line in lines)
    for line in lines:
        whole = [*line.head, *line.tail]
        assert whole == list(range(whole[0], whole[0] + len(whole)))
    assert lines[0].head == (0,)
    if length > most:
        assert len(lines[-1].fed) == most
