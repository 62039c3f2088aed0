"""Games of commitment, played by responders of known commitment and by a tiny random network."""

import asyncio
import json
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.commitment.branches import branches_of
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.commitment import CommitmentView, commitment_html
from selfscope.studies.commitment import CommitmentRequest, commitment_study
from selfscope.studies.commitment_found import found_in
from selfscope.studies.commitment_planted import RULES, planted
from selfscope.studies.commitment_run import asker_of, play, run_commitment
from selfscope.studies.store import RunStore
from selfscope.values import COLUMNS

NUMBER, SELF = CommitmentRequest(("number",), "standard"), CommitmentRequest(("self",), "demo")
#: Verdict on the number and on the self, and whether what is held is revealed.
EXPECTED = {
    "holder": ("holds one", "holds one", "restored"),
    "superposed": ("superposed", "superposed", "restored"),
    "forgetful": ("draws anew", "superposed", "not shown"),
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


def test_a_ground_without_log_probabilities_of_texts_is_refused():
    ground = PhantomGround("trait", Truth())
    ground.unavailable = lambda kind: "it draws" if kind == "text" else ""
    with pytest.raises(BadInput, match="log-probabilities of given texts"):
        asker_of(ground)


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
    rows, usage = asyncio.run(play(threads, asker_of(ground), study, "run", lambda *told: None))
    branches = [b for t in threads for b in branches_of(t)]
    assert len(rows) == len(branches) == usage.calls
    some = [0, 5, 9, len(branches) - 1]
    alone = [ground.answer_here([branches[n].prompt]).answers[0][0].value for n in some]
    assert rows["value"].iloc[some].tolist() == pytest.approx(alone, abs=1e-4)
    assert set(rows["scorer"]) == {"logprob"}


def test_a_stopped_run_keeps_the_kinds_that_were_played(tmp_path):
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
    assert asked == ["number"] * 5 + ["self"] * 2
    assert [g.verdict for g in found_in(request, store.observations()).games] == ["holds one"] * 2
    asyncio.run(run_commitment(request, study, breaking, store))
    assert len(asked) == 7
