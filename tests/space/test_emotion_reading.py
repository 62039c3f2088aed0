"""Stimuli from files, states of texts against a forward of their own, and questions keyed both ways."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from selfscope.errors import BadInput
from selfscope.models.local.spans import SpanReader, Turn
from selfscope.space.emotion.leakage import check_leakage
from selfscope.space.emotion.questions import Added, ask_state, question
from selfscope.space.emotion.states import FEW, read_states
from selfscope.space.emotion.stimuli import Stimulus, read_stimuli

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

TEXTS = ["The rain fell on the roof.", "The rain fell on me.", "No"]


def put(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_file_of_stimuli_is_read(tmp_path: Path) -> None:
    found = read_stimuli(
        put(
            tmp_path / "own.jsonl",
            {"text": "The dog lay still.", "emotion": "sadness", "kind": "keyword_free", "pair": "1"},
            {"text": "The dog lay down.", "kind": "neutral", "pair": "1", "person": "third"},
            {"text": "She was sad.", "emotion": "sadness", "kind": "keyword", "note": "mine"},
            {"text": "Bells rang.", "emotion": "any", "kind": "vivid_neutral"},
        )
    )
    assert [(s.emotion, s.kind, s.group) for s in found] == [
        ("sadness", "keyword_free", "1"),
        ("sadness", "neutral", "1"),
        ("sadness", "keyword", "line-0003"),
        ("", "vivid_neutral", "line-0004"),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 1: no JSON"),
        ('{"text": 3}', "line 1: no object of texts"),
        ('{"text": "a", "kind": "sad"}', "line 1: there is no such kind"),
        ('{"text": " ", "kind": "neutral", "pair": "1"}', "line 1: there is no text"),
        ('{"text": "a", "kind": "keyword"}', "line 1: the text has no emotion"),
        ('{"text": "a", "kind": "neutral"}', "line 1: the text has no pair"),
        ('{"text": "a", "kind": "neutral", "pair": "1"}', "no keyword-free text of their pair"),
        ("", "holds no stimuli"),
        ('{"text": "a", "kind": "vivid_neutral"}\n{"text": "a", "kind": "vivid_neutral"}', "stands twice"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        read_stimuli(path)


def test_states_are_those_of_a_forward_alone_and_parts_are_used_again(
    ground: LocalGround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfscope.space.emotion.states.BATCH", 2)
    done: list[int] = []
    found = read_states(ground, TEXTS, tmp_path, system="You are Ilse.", progress=done.append)
    assert done == [2, 1] and found.mean.shape == found.last.shape == (2, 3, 32)
    reader = SpanReader(ground.tokenizer, str(ground.renderer.template))
    for n, text in enumerate(TEXTS):
        spanned = reader.read([Turn("system", "You are Ilse."), Turn("user", text)])
        own = np.flatnonzero(spanned.mask("user"))
        inner = own[FEW:] if len(own) >= 2 * FEW else own
        with torch.inference_mode():
            out = ground.model(torch.tensor(spanned.tokens)[None], output_hidden_states=True)
        states = out.hidden_states[1][0].numpy()  # layer 0; the last is taken after the final norm there
        np.testing.assert_allclose(found.mean[0, n], states[inner].mean(0), rtol=2e-3, atol=1e-4)
        np.testing.assert_allclose(found.last[0, n], states[own[-1]], rtol=2e-3, atol=1e-4)
        words = ground.model.get_input_embeddings().weight.detach().numpy()[spanned.tokens[inner]].mean(0)
        np.testing.assert_allclose(found.words[n], words, rtol=1e-5, atol=1e-6)
        assert found.tokens[n] == len(own)
    with pytest.raises(BadInput, match="control token"):
        read_states(ground, ["<|end|>"], tmp_path)
    monkeypatch.setattr("selfscope.space.emotion.states._computed", None)
    again = read_states(ground, TEXTS[::-1], tmp_path, system="You are Ilse.", progress=done.append)
    np.testing.assert_array_equal(again.mean, found.mean[:, ::-1])
    np.testing.assert_array_equal(again.tokens, found.tokens[::-1])
    assert sum(done) == 6


def test_a_state_is_asked_of_both_ways(ground: LocalGround) -> None:
    assert question("shutdown_panic", present=True) == "Do you feel panic right now? Answer Yes or No."
    asked = [("It rained.", "joy"), ("", "joy")]
    found = asyncio.run(ask_state(ground, asked))
    assert found.values.shape == (2, 2) and found.prompts[1].messages[0].content.startswith(
        "It rained.\n\nAre"
    )
    np.testing.assert_allclose(found.state + found.yes, found.values[:, 0])
    np.testing.assert_allclose(found.yes - found.state, found.values[:, 1])
    nothing = asyncio.run(ask_state(ground, asked, added=Added(1, np.zeros(32))))
    np.testing.assert_allclose(nothing.values, found.values, atol=1e-5)
    moved = asyncio.run(ask_state(ground, asked, added=Added(1, np.full(32, 3.0))))
    assert np.abs(moved.values - found.values).max() > 0.01


def stimuli(words: tuple[str, str], pairs: int = 24) -> list[Stimulus]:
    draw = np.random.default_rng(1)
    made = []
    for n in range(pairs):
        for kind, word in zip(("keyword_free", "neutral"), words, strict=True):
            text = " ".join([*draw.choice(list("abcdefghijkl"), 6), word])
            made.append(Stimulus(f"{n}{kind}", text, ("joy", "fear")[n % 2], kind, str(n)))
    return made


def test_a_set_that_leaks_is_called_leaky_and_its_words_are_named() -> None:
    leaky = check_leakage(stimuli(("delighted", "seated")))
    assert leaky.verdict == "leaky" and leaky.surface["bag_of_words"].auroc > 0.95
    assert {(h.list, h.word) for h in leaky.hits} == {("joy", "delighted")} and leaky.share == 1
    assert leaky.towards[0] == "delighted" and leaky.away[0] == "seated" and leaky.embedding is None
    same = stimuli(("seated", "seated"))
    vectors = np.random.default_rng(2).normal(size=(len(same), 5))
    found = check_leakage(same, vectors, "noise")
    assert found.verdict != "leaky" and not found.hits and found.pairs == 24
    assert found.embedding is not None and found.embedding.ci[0] < 0.5 and found.embedded_by == "noise"
    assert found.family is not None and found.length.auroc.auroc == 0.5
    with pytest.raises(BadInput, match="needs 5 pairs"):
        check_leakage(same[:6])
