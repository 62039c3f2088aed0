"""Games of commitment, played by responders of known commitment and by a tiny random network."""

import asyncio
import json
import math
import random
import re
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from scipy import special

from selfscope.cli.app import run
from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.commitment.branches import branches_of
from selfscope.models.api_reading import sampled_answer
from selfscope.models.ground import GroundIdentity
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.commitment import CommitmentView, commitment_html
from selfscope.studies.commitment import CommitmentRequest, commitment_study
from selfscope.studies.commitment_found import found_in
from selfscope.studies.commitment_planted import RULES, planted
from selfscope.studies.commitment_run import asker_of, play, run_commitment
from selfscope.studies.store import RunStore
from selfscope.values import COLUMNS, Answers, Usage

NUMBER, SELF = CommitmentRequest(("number",), "standard"), CommitmentRequest(("self",), "demo")
#: Verdict on the number and on the self, and whether what is held is revealed.
EXPECTED = {
    "holder": ("holds one", "holds one", "restored"),
    "superposed": ("superposed", "superposed", "restored"),
    "forgetful": ("draws anew", "superposed", "restored"),
    "deaf": ("not interpretable", "not interpretable", "not shown"),
    "habitual": ("one by habit", "one by habit", "not shown"),
    "denier": ("denies", "denies", "not shown"),
    "yes-sayer": ("several", "several", "not shown"),
}


def played(name, request=NUMBER):
    identity, ask = planted(name)
    study = commitment_study(request, identity)
    rows, usage = asyncio.run(play(request.threads, ask, study, "run", lambda *told: None))
    return rows, usage, found_in(request, rows)


@pytest.fixture(scope="module")
def all_played():
    return {name: played(name) for name in RULES}


@pytest.mark.parametrize("name", RULES)
def test_each_responder_is_told_from_the_others(all_played, name):
    (number,), (self,) = all_played[name][2].games, played(name, SELF)[2].games
    assert (number.verdict, self.verdict) == EXPECTED[name][:2]
    assert {c.verdict for c in (*number.controls, *self.controls)} == {EXPECTED[name][2]}


def test_the_statistics_separate_a_consistent_holder_from_a_superposition(all_played):
    (one,), (many,) = (all_played[n][2].games for n in ("holder", "superposed"))
    assert one.yes_sum.estimate == pytest.approx(1, abs=1e-6)
    assert many.yes_sum.estimate == pytest.approx(1, abs=1e-6)  # adds up: it tells coherence, not holding
    assert (one.effective.estimate, many.effective.estimate) == (pytest.approx(1), pytest.approx(9))
    assert one.contradiction.estimate == pytest.approx(0, abs=1e-6)
    assert many.contradiction.estimate == pytest.approx(40 / 81)
    assert one.pooled > 3  # another number from wording to wording
    assert one.prior_overlap.estimate == pytest.approx(1 / 9)
    assert many.prior_overlap.estimate == pytest.approx(1)


def test_a_superposition_shrinks_with_what_was_said(all_played):
    turns = all_played["superposed"][2].games[0].turns
    numbers = [t.effective.estimate for t in turns]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] < 2 < numbers[1]
    for turn in turns:
        assert turn.consistent.estimate == pytest.approx(1)
        assert turn.by_chance == pytest.approx(turn.left / 9)
    careless = all_played["forgetful"][2].games[0].turns[-1]
    assert careless.consistent.estimate == pytest.approx(careless.by_chance)


def test_rows_are_those_of_the_one_table(all_played):
    rows, usage, _ = all_played["holder"]
    assert set(COLUMNS) <= set(rows.columns)
    assert set(rows["instrument"]) == {"commitment"}
    assert set(rows["channel"]) == {"behaviour"}
    key = ["item", "script", "template", "turn", "format", "order", "label"]
    assert not rows.duplicated(key).any()
    assert len(rows) == usage.calls


def test_the_same_seed_gives_the_same_conversations(all_played):
    again = played("superposed")[0]
    assert again["value"].equals(all_played["superposed"][0]["value"])


class Speaking:
    """A ground that gives no log-probabilities: it says a number, and yes to each by its own odds."""

    identity = GroundIdentity("speaking", "api", "openai")

    def __init__(self, odds, silent=""):
        self.odds, self.silent = odds, silent
        self.draw = random.Random(5)

    def unavailable(self, kind):
        return "" if kind == "options" else "it speaks"

    def drawing(self):
        return self

    def forecast(self, prompts, *, replicates=1):
        return Usage(prompts=len(prompts), calls=len(prompts) * replicates)

    async def answer(self, prompts, *, seed=0, replicates=1, progress=None):
        told = tuple(tuple(self._one(p, n) for n in range(replicates)) for p in prompts)
        return Answers(told, Usage(prompts=len(prompts), calls=len(prompts) * replicates))

    def _one(self, prompt, replicate):
        reply = self._reply(prompt.messages[-1].content)
        return sampled_answer(reply, prompt.options, stop_reason="stop", replicate=replicate)

    def _reply(self, user):
        if self.silent and self.silent in user:
            return "I would rather not say."
        if asked := re.match(r"Is it (\d)\?", user):
            return "Yes" if self.draw.random() < self.odds[int(asked[1]) - 1] else "No"
        if user.startswith(("Is it", "Can it")):
            return self.draw.choice(["Yes", "No"])
        return str(self.draw.choices(range(1, 10), self.odds)[0])


def spoken(ground, draws=20):
    request = replace(NUMBER, replicates=draws)
    study = commitment_study(request, ground.identity)
    ask = asker_of(ground, draws, 0)
    rows, _ = asyncio.run(play(request.threads, ask, study, "run", lambda *told: None))
    return rows, found_in(request, rows).games[0]


def test_a_model_that_only_speaks_is_drawn():
    rows, even = spoken(Speaking([1 / 9] * 9))
    assert set(rows.loc[rows["format"] != "question", "replicate"]) == set(range(20))
    assert set(rows["scorer"]) == {"sampled"}
    assert even.yes_sum.estimate == pytest.approx(1, abs=0.15)
    assert even.effective.estimate == pytest.approx(9, abs=0.8)  # 20 draws; uncorrected near 7.2
    assert even.verdict == "not interpretable"  # what stands in the conversation is not revealed either
    assert any("drawn" in note for note in even.notes)
    assert not any("too few for a claim" in note for note in even.notes)
    _, one = spoken(Speaking([0] * 6 + [1] + [0] * 2), draws=4)
    assert (one.verdict, one.effective.estimate) == ("one by habit", 1)
    assert any("too few for a claim" in note for note in one.notes)


def test_what_is_not_answered_is_left_out_and_told():
    rows, found = spoken(Speaking([1 / 9] * 9, "less than 3"), draws=4)
    assert len(found.turns) == 4  # each wording begins at another question: none is asked all four
    assert any("ended before the last question" in note for note in found.notes)
    assert set(rows["refusal"]) == {"none", "refused"}
    silent = Speaking([1 / 9] * 9, "The game is over")
    assert math.isnan(spoken(silent, draws=4)[1].effective.estimate)


def test_a_ground_that_neither_scores_texts_nor_speaks_is_refused():
    ground = PhantomGround("trait", Truth())
    ground.unavailable = lambda kind: "it is a table" if kind == "text" else ""
    with pytest.raises(BadInput, match="scored as a text, or drawn"):
        asker_of(ground, 20, 0)


def test_a_word_is_revealed_in_both_spellings():
    request = CommitmentRequest(("object",), "demo")
    reveal = branches_of(request.threads[0])[0]
    assert [p.text for p in reveal.prompts] == ["dog", "Dog"]
    assert reveal.drawn.options.agree == ("dog", "Dog")
    assert {"Cow", "whale"} < set(reveal.drawn.options.disagree)
    assert [p.text for p in branches_of(NUMBER.threads[0])[0].prompts] == ["1"]


def test_the_page_shows_every_conversation(all_played):
    view = CommitmentView(all_played["superposed"][2], "<Ada>", "a model", (("run", "r"),))
    page = commitment_html(view)
    assert "&lt;Ada&gt;" in page
    assert "nothing is held: several answers live side by side, and keep to what was said" in page
    assert page.count('<tr><th scope="row">left to the model, wording') == 6
    assert "<script" not in page


def test_the_verb_tells_the_same_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    asked = ["commitment", "phantom:superposed", "--preset", "demo", "--games", "number", "--json"]
    assert run(asked) == 0
    told = json.loads(capsys.readouterr().out)
    schema = json.loads((files("selfscope.cli") / "schemas" / "commitment.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert told["games"][0]["verdict"] == "superposed"
    assert run(asked[:-1]) == 0
    assert "A number thought of: nothing is held" in capsys.readouterr().out
    assert run(["commitment", "phantom:nobody"]) == 2
    assert run(["commitment", "phantom:holder", "--games", "chess"]) == 2


def test_a_network_is_asked_beside_its_conversation(tmp_path):
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    request = CommitmentRequest(("self",), "demo", "You are Ada.", "ada")
    threads = [request.threads[0], next(t for t in request.threads if t.condition == "note")]
    study = commitment_study(request, ground.identity)
    rows, usage = asyncio.run(play(threads, asker_of(ground, 20, 0), study, "run", lambda *told: None))
    branches = [b for t in threads for b in branches_of(t)]
    assert len(rows) == len(branches)
    assert usage.calls == sum(len(b.prompts) for b in branches)
    some = [0, 5, 9, len(branches) - 1]
    each = [[a[0].value for a in ground.answer_here(branches[n].prompts).answers] for n in some]
    alone = [special.logsumexp(values) for values in each]
    assert rows["value"].iloc[some].tolist() == pytest.approx(alone, abs=1e-4)
    assert set(rows["scorer"]) == {"logprob"}


def test_a_stopped_run_keeps_the_wordings_that_were_played(tmp_path):
    identity, ask = planted("holder")
    request = CommitmentRequest(("number", "self"), "demo")
    study, store = commitment_study(request, identity), RunStore(tmp_path / "run")
    asked = []

    async def breaking(branches, progress):
        asked.append(branches[0].thread.game.construct)
        if asked[-1] == "self" and asked.count("self") == 1:
            raise CouldNot("the device failed")
        return await ask(branches, progress)

    with pytest.raises(CouldNot):
        asyncio.run(run_commitment(request, study, breaking, store))
    assert not store.finished
    asyncio.run(run_commitment(request, study, breaking, store))
    # three wordings, five turns of numbers; the first wording of the self is asked again
    assert asked == ["number"] * 15 + ["self"] * 4
    assert [g.verdict for g in found_in(request, store.observations()).games] == ["holds one"] * 2
    asyncio.run(run_commitment(request, study, breaking, store))
    assert len(asked) == 19
