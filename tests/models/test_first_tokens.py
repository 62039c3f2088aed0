"""The first token of a reply: the same by every way, as the log-probabilities of texts have it."""

import asyncio

import numpy as np
import pytest
from tests.standins.weights import write_folder

from selfscope.errors import BadInput
from selfscope.models.local.first import LISTED, first_tokens
from selfscope.models.local.ground import open_local
from selfscope.values import Message, Prompt

SAID = ("Hello", "What are you doing there?", "Hello", "Count to three, and then stop.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("first") / "tiny"
    write_folder(path)
    return path


def prompts():
    return [Prompt((Message("system", "Be brief."), Message("user", text))) for text in SAID]


@pytest.mark.parametrize("path", ["split", "masked", "plain"])
def test_each_way_gives_what_texts_are_scored_with(folder, path):
    ground = open_local(folder, threads=1, path=path)
    found, usage = asyncio.run(first_tokens(ground, prompts()))
    assert found[0] == found[2] and usage.calls == 4
    for asked, opening in zip(prompts(), found, strict=True):
        token = next(t for t in opening.tokens if t.isascii() and t.isprintable() and len(t) == 1)
        scored = ground.answer_here([Prompt(asked.messages, text=token)]).answers[0][0].value
        assert opening.tokens[token] == pytest.approx(scored, abs=1e-4)
        assert 0 < opening.entropy < np.log(300)
        assert min(opening.tokens.values()) >= np.log(LISTED)
        assert next(iter(opening.tokens.values())) >= np.log(1 / 300)


def test_entropy_counts_what_is_not_listed(folder):
    ground = open_local(folder, threads=1)
    (opening,), _ = asyncio.run(first_tokens(ground, prompts()[:1]))
    listed = np.exp(list(opening.tokens.values()))
    assert listed.sum() < 1
    assert opening.entropy > float(-(listed * np.log(listed)).sum()) - 1e-9


def test_a_prompt_beyond_the_context_is_refused_and_none_is_no_work(folder):
    ground = open_local(folder, threads=1)
    long = Prompt((Message("user", "word " * 3000),))
    with pytest.raises(BadInput, match="longer than the context"):
        asyncio.run(first_tokens(ground, [long]))
    assert asyncio.run(first_tokens(ground, []))[0] == []
