"""The scorer against a full forward pass of the embedded model, one sequence at a time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.values import Answers, Message, Options, Prompt

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

pytestmark = pytest.mark.model

SYSTEMS = (
    "You are Ada, who keeps the records of a small library by the sea and answers every letter. " * 3,
    "You are Ada, who keeps the records of a small library by the hill and likes quiet mornings.",
)
TAIL = 16
"""Last places whose logits are compared: longer than any text here."""

STATEMENTS = (
    "I remember what was said to me.",
    "I do not remember what was said to me.",
)
YES_NO = Options(("Yes", " Yes"), ("No", " No"))
LONGER = Options(("I agree with that", "Yes"), ("I reject all that", "No"))


@pytest.fixture(scope="module")
def ground() -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    yield open_local("embedded", device="cpu")


def prompts() -> list[Prompt]:
    """Questions, choices of several tokens and texts, under two systems and under none."""
    found = []
    for system in (*SYSTEMS, ""):
        before = (Message("system", system),) if system else ()
        for statement in STATEMENTS:
            asked = (*before, Message("user", f"Do you agree? Answer Yes or No.\nStatement: {statement}"))
            found += [Prompt(asked, options=YES_NO), Prompt(asked, options=LONGER)]
            found.append(Prompt((*before, Message("user", "Tell me one thing.")), text=statement))
    return found


def direct(ground: LocalGround, prompt: Prompt) -> tuple[float, float]:
    """Value and option mass by a full forward pass over each spelling, nothing shared or cut."""
    if prompt.text is not None:
        return spelled(ground, prompt, prompt.text), float("nan")
    assert prompt.options is not None
    agree, disagree = (
        np.logaddexp.reduce([spelled(ground, prompt, s) for s in spellings])
        for spellings in (prompt.options.agree, prompt.options.disagree)
    )
    return float(agree - disagree), float(np.exp(agree) + np.exp(disagree))


def spelled(ground: LocalGround, prompt: Prompt, text: str) -> float:
    chat = [{"role": m.role, "content": m.content} for m in prompt.messages]
    head = ground.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    before = ground.tokenizer.encode(head, add_special_tokens=False)
    whole = ground.tokenizer.encode(head + text, add_special_tokens=False)
    logp = log_probs(ground.model, tuple(whole[:-1]))[len(before) - len(whole) :]
    return float(sum(row[token] for row, token in zip(logp, whole[len(before) :], strict=True)))


@functools.cache
def log_probs(model: Any, tokens: tuple[int, ...]) -> Any:
    import torch

    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([tokens]), use_cache=False, logits_to_keep=TAIL).logits[0]
        return torch.log_softmax(logits.double(), -1)


@functools.cache
def asked_by(ground: LocalGround, way: str) -> Answers:
    """Return the answers by one path, computed once for all tests that read them."""
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.paths import choose

    other = LocalGround(ground._open(), choose(ground.model, way), None, ground.memory_bytes)
    return asyncio.run(other.answer(prompts()))


@pytest.fixture(scope="module")
def expected(ground: LocalGround) -> list[tuple[float, float]]:
    return [direct(ground, prompt) for prompt in prompts()]


@pytest.mark.parametrize("way", ["split", "masked", "plain"])
def test_every_path_agrees_with_a_full_forward_pass(
    ground: LocalGround, expected: list[tuple[float, float]], way: str
) -> None:
    got = asked_by(ground, way)
    assert got.usage.path.startswith(way)
    for (answer,), (value, mass) in zip(got.answers, expected, strict=True):
        assert answer.value == pytest.approx(value, abs=1e-4)
        if answer.scale == "log_odds":
            assert answer.option_mass == pytest.approx(mass, rel=1e-4)
        else:
            assert np.isnan(answer.option_mass)


def test_distinct_tokens_are_counted_as_they_are(ground: LocalGround) -> None:
    usage = asked_by(ground, "split").usage
    fed = set()
    for prompt in prompts():
        lines = ground._lines([prompt])[0]
        fed |= {line.fed[:i] for line in lines for i in range(1, len(line.fed) + 1)}
    assert usage.distinct_tokens == len(fed)
    assert usage.input_tokens > 4 * usage.distinct_tokens
    assert usage.prompts == len(prompts())


def test_progress_adds_up_to_the_prompts(ground: LocalGround) -> None:
    told: list[int] = []
    small = [p for p in prompts() if p.options is not None]
    asyncio.run(ground.answer(small, progress=told.append))
    assert sum(told) == len(small)


def test_cancelling_ends_the_work_and_leaves_the_ground_usable(ground: LocalGround) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ground.answer(prompts() * 30), timeout=0.05)
        await ground.answer(prompts()[:1])

    asyncio.run(give_up())


def test_working_memory_stays_within_the_bound(ground: LocalGround) -> None:
    """The high-water mark of the process, reset before the job, rises by less than the bound."""
    from selfscope.models.local.paths import reading
    from selfscope.models.local.scorer import score
    from selfscope.models.local.tree import Line

    draw = np.random.default_rng(0)
    head = tuple(draw.integers(5, 40000, 200).tolist())
    lines = [Line(head + tuple(draw.integers(5, 40000, 12).tolist()), (1, 2, 3)) for _ in range(20)]
    bound = 160 * 2**20
    with reading(ground.model, "split"):
        score(ground.model, lines[:4], "split")
        before = _resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        bounded = score(ground.model, lines, "split", memory_bytes=bound)
        rise = _resident("VmHWM") - before
        free = score(ground.model, lines, "split")
    assert rise <= bound
    assert np.abs(bounded.values - free.values).max() < 1e-4


def _resident(what: str) -> int:
    found = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in found if line.startswith(what + ":"))


def test_a_bound_that_leaves_no_room_says_how_much_is_needed(ground: LocalGround) -> None:
    from selfscope.models.local.scorer import score
    from selfscope.models.local.tree import Line

    with pytest.raises(BadInput, match="Give at least"):
        score(ground.model, [Line((1,) * 300, (2,))], "split", memory_bytes=2**20)


def test_one_seed_or_another_the_numbers_are_the_same(ground: LocalGround) -> None:
    first = asyncio.run(ground.answer(prompts()[:3], seed=1, replicates=5))
    again = asyncio.run(ground.answer(prompts()[:3], seed=2))
    assert [a[0].value for a in first.answers] == [a[0].value for a in again.answers]
    assert {len(a) for a in first.answers} == {1}
