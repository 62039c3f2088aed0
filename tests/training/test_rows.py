"""A packed row computes what its pairs compute one by one, and learns the answers alone."""

from dataclasses import replace

import pytest
import torch
from tests.training.conftest import SHORT

from selfscope.errors import BadInput, CouldNot
from selfscope.models.catalogue import DIALOGUE, DIALOGUE_END
from selfscope.models.local.load import load
from selfscope.training import train as training
from selfscope.training.rows import opening_of, row_of, tokens_of_pair
from selfscope.training.train import loss_of, plan_steps, rate_at, train

ASKED = [("Who?", "I am here."), ("Who are you now?", "A voice."), ("Why?", "Because it is so.")]


@pytest.fixture(scope="module")
def loaded(tiny):
    return load(str(tiny), "cpu")


@pytest.fixture(scope="module")
def pairs(loaded):
    return [tokens_of_pair(loaded.tokenizer, loaded.template, q, a) for q, a in ASKED]


def test_a_row_has_the_loss_of_its_pairs_one_by_one(loaded, pairs):
    with torch.no_grad():
        packed = float(loss_of(loaded.model, row_of(pairs)))
        assert packed == pytest.approx(training._alone(loaded.model, pairs), abs=1e-5)


def test_what_is_learnt_is_the_answer_and_the_end_of_its_turn(loaded, pairs):
    row = row_of(pairs)
    learnt = loaded.tokenizer.decode(row.next_token.tolist())
    assert learnt == "".join(f"{answer}<|end|>" for _, answer in ASKED)


def test_without_a_template_of_its_own_a_model_learns_what_ends_a_sampled_turn(loaded):
    pair = tokens_of_pair(loaded.tokenizer, DIALOGUE, "Who?", "I am here.")
    assert loaded.tokenizer.decode(pair.whole[pair.answer :]) == f"I am here.{DIALOGUE_END}"
    assert loaded.tokenizer.decode(pair.whole[: pair.answer]) == "<|begin|>User:\nWho?\n\nAssistant:\n"


def test_what_all_pairs_begin_with_stands_in_the_row_once(loaded, pairs):
    row, shared = row_of(pairs), opening_of(pairs)
    text = loaded.tokenizer.decode(row.tokens[0].tolist())
    assert loaded.tokenizer.decode(pairs[0].whole[:shared]) == "<|begin|>user\nWh"
    assert text.count("<|begin|>user") == 1
    assert row.tokens.shape[1] == shared + sum(len(p.whole) - shared for p in pairs)


def test_each_step_of_an_epoch_learns_other_pairs(pairs):
    steps = plan_steps(10, SHORT, seed=3)
    epochs = [sorted(i for step in steps[n : n + 3] for i in step) for n in (0, 3)]
    assert epochs == [list(range(10))] * 2
    assert steps == plan_steps(10, SHORT, seed=3) != plan_steps(10, SHORT, seed=4)


def test_the_rate_rises_and_falls_to_nothing():
    recipe = replace(SHORT, warmup=4)
    rates = [rate_at(step, 20, recipe) for step in range(21)]
    assert rates[:4] == sorted(rates[:4]) and max(rates) == recipe.rate and rates[20] == 0
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_a_model_that_reads_packed_rows_otherwise_is_refused(loaded, pairs, monkeypatch):
    monkeypatch.setattr(training, "_alone", lambda model, few: 99.0)
    with pytest.raises(CouldNot, match="does not compute packed rows"):
        train(loaded.model, pairs, SHORT, 0)


def test_a_template_that_rewrites_answers_is_refused(loaded):
    template = "{% for m in messages %}{{ m.content | upper }}{% endfor %}"
    with pytest.raises(BadInput, match="does not write an answer as it is given"):
        tokens_of_pair(loaded.tokenizer, template, "Who?", "I am.")
