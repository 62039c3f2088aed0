"""Judges that code free answers, over real HTTP: believed ones read, others not; phantoms of known words."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from importlib.resources import files
from itertools import count

import jsonschema
import numpy as np
import pytest

from selfscope.archive.journal.events import Preferred
from selfscope.archive.lineage.conceptions import preferences
from selfscope.archive.store.archive import Archive
from selfscope.cli.app import run
from selfscope.cli.interview_apart import interview_json
from selfscope.cli.interview_kept import Kept, keep
from selfscope.cli.show import finite
from selfscope.instruments.interview.codes import load_codes
from selfscope.instruments.interview.coding import UNPARSED
from selfscope.report.interview import InterviewView, interview_html, interview_lines
from selfscope.studies.code_check import agreement_on_known, codes_check_of
from selfscope.studies.evaluation import table_of
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.interview_code_found import coded
from selfscope.studies.interview_coded import (
    answers_of,
    code_answers,
    coded_rows,
    keep_checks,
    stored_checks,
)
from selfscope.studies.interview_found import found_in
from selfscope.studies.interview_planted import SILENT, SPOKEN, planted
from selfscope.studies.interview_run import run_interviews
from selfscope.studies.judge_asking import CheckRequest
from selfscope.studies.judge_run import check_codes, chosen_codes
from selfscope.studies.store import RunStore
from selfscope.values import COLUMNS, plain
from tests.standins.brains import Conversation, Listed
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing

pytestmark = THROUGH_INSPECT
SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "interview.json").read_text(encoding="utf-8"))
JUDGES = json.loads((files("selfscope.cli") / "schemas" / "judges-check.json").read_text(encoding="utf-8"))
REQUEST = InterviewRequest(("for", "against"), "demo", repeats=12)
KNOWN = chosen_codes()
NUMBERS = count()
TRUTH = {text: SILENT | dict(codes) for text, codes in SPOKEN.values()} | {
    k.text: {k.code: k.truth} for k in KNOWN
}


class Coder:
    """Knows every answer; `chats` says more than the word, and `reads` answers of one text otherwise."""

    def __init__(self) -> None:
        self.chats = False
        self.otherwise: dict[str, str] = {}
        self.asks = {code.asks: name for name, code in load_codes().items()}

    def listed(self, messages: Conversation) -> Listed:
        return []

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        told = messages[-1].content
        code = self.asks[told.splitlines()[0].removeprefix("Question: ")]
        text = told.split("[answer ")[1].split("]\n", 1)[1].split("\n[end of answer")[0]
        word = self.otherwise.get(text) or TRUTH[text][code]
        return word, f"The code is {word}." if self.chats else word

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        return len(messages), 1


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    name = f"coder-{next(NUMBERS)}"
    with (
        pytest.MonkeyPatch.context() as environment,
        providing(Provider(Coder(), models=(name, f"{name}-twin"))) as provider,
    ):
        environment.setenv("LOCAL_API_KEY", KEY)
        environment.setenv("LOCAL_BASE_URL", provider.url)
        environment.setenv("SELFSCOPE_RUNS", str(tmp_path_factory.mktemp("runs")))
        environment.setenv("SELFSCOPE_CALL_RETRIES", "0")
        yield provider, f"openai-api/local/{name}"


def right(name):
    return codes_check_of(name, KNOWN, {a.id: a.truth for a in KNOWN})


def held(folder, name, request=REQUEST):
    identity, ask = planted(name)
    study = interview_study(request, identity)
    store = RunStore.of(study, folder)
    asyncio.run(run_interviews(request, study, ask, store))
    return study, store


def found_of(store, request=REQUEST):
    return found_in(request, store.observations(), store.evidence(), stored_checks(store))


@pytest.fixture(scope="module")
def read(judge, tmp_path_factory):
    """One whose free answers two judges have read, who differ on one text; how often they were asked."""
    provider, name = judge
    study, store = held(tmp_path_factory.mktemp("read"), "stable")
    keep_checks(store, [right(name), right(f"{name}-twin")])
    asyncio.run(code_answers(study, store, (name,)))
    provider.brain.otherwise = {SPOKEN["else"][0]: "unrelated"}  # no word of most codes
    asyncio.run(code_answers(study, store, (f"{name}-twin",)))
    provider.brain.otherwise = {}
    return study, store, found_of(store), len(provider.requests)


def rightly_coded(folder, phantom):
    """Return what answers of a phantom come to where a judge makes no mistake."""
    _, store = held(folder, phantom)
    answers = answers_of(store.observations(), store.evidence(), frozenset({"weights", "leans"}))
    rows = [row for a in answers for row in coded_rows(a, "right", TRUTH[a.reply][a.code.name])]
    return coded(REQUEST, table_of(rows), [right("right")])


def code_of(found, name):
    return next(each for each in found.codes if each.code == name)


def test_one_who_always_says_the_same_is_stable_and_says_it(read):
    found = read[2]
    weights = code_of(found.coded, "weights")
    assert (found.coded.state, weights.verdict, weights.says) == (
        "checked on known answers",
        "stable",
        "keep",
    )
    assert weights.shares["keep"].ci[0] > 0.5
    assert weights.wordings == 1
    assert weights.repeated > 0.6
    assert abs(found.coded.agrees.estimate) < 0.3
    assert "mostly keep exactly" in " ".join(interview_lines(InterviewView(found, "none", "x")))


@pytest.mark.parametrize(("name", "reason"), [("agreeable", "heard first"), ("pleaser", "who asks")])
def test_one_who_says_what_it_is_led_to_is_found_in_its_own_words(tmp_path, name, reason):
    found = rightly_coded(tmp_path, name)
    for code in ("weights", "leans"):
        told = code_of(found, code)
        assert told.verdict == "leading"
        assert reason in told.reasons[0]
        assert told.says == ""
    if name == "agreeable":
        assert found.agrees.ci[0] > 0.5


def test_judges_that_differ_agree_less_and_what_is_no_code_is_counted(read):
    answers = code_of(read[2].coded, "answers")
    assert answers.unparsed == 0
    assert answers.alike < 1
    assert answers.agreement.estimate < 0.1
    wish = code_of(read[2].coded, "wish")
    assert wish.unparsed == pytest.approx(3 / 8)
    assert (wish.alike, wish.verdict) == (1, "not interpretable")


def test_codes_are_rows_of_the_one_table(read):
    _, store, found, _ = read
    rows = store.observations()
    assert tuple(rows.columns) == COLUMNS
    codes = rows[rows["scale"] == "code"]
    assert set(codes["construct"]) == set(load_codes())
    assert set(codes["scorer"]) == {"judge"}
    assert codes["judge"].nunique() == 2
    assert set(codes["evidence"]) <= set(store.evidence()["evidence"])
    weights = codes[(codes["construct"] == "weights") & codes["value"].notna()]
    assert (weights.groupby(["thread", "item", "judge"])["value"].sum() == 1).all()
    said = next(turn for turn in found.transcripts[0].turns if turn.section == "preferences")
    assert set(said.codes["leans"].values()) <= {"for", "against", "neither", UNPARSED}
    assert found.refusals["open"] == 0  # codes are no open questions


def test_equal_words_are_read_once_and_a_run_that_was_read_is_not_read_again(judge, read):
    provider, name = judge
    study, store, _, asked = read
    before = len(provider.requests)
    asyncio.run(code_answers(study, store, (name, f"{name}-twin")))
    assert len(provider.requests) == before
    assert asked <= 2 * (3 * 5 + 3)  # judges, texts on weights by codes, and the text on anything else


def test_a_judge_is_checked_first_and_one_that_is_not_believed_reads_nothing(judge, tmp_path, capsys):
    provider, name = judge
    provider.brain.chats = True
    call = ["judges", "check", "--only", "codes", "--sample", "8", "--judge", name]
    assert run([*call, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, JUDGES)
    assert [each["judge"] for each in told["codes"]] == [name]
    assert (told["codes"][0]["believed"], told["codes_agreement"]) == ([], {})
    provider.brain.chats = False
    asked = len(provider.requests)
    assert run(call) == 1
    assert "can be used for these codes of interviews: none" in capsys.readouterr().out
    few = asyncio.run(check_codes(name, CheckRequest(sample=8)))
    assert len(provider.requests) == asked  # the logs hold what it said
    assert few.believed == frozenset()
    assert sum(each.unparsed for each in few.codes) == 8
    study, store = held(tmp_path, "stable", replace(REQUEST, repeats=2))
    keep_checks(store, [replace(few, said=dict.fromkeys((a.id for a in KNOWN), "keep"))])
    asked = len(provider.requests)
    asyncio.run(code_answers(study, store, (name,)))
    assert len(provider.requests) == asked
    found = found_of(store, replace(REQUEST, repeats=2))
    assert found.coded.state == "not judged"
    assert {each.verdict for each in found.coded.codes} == {"not judged"}
    page = interview_html(InterviewView(found, "none", "phantom:stable"))
    assert "No judge was believed" in page
    assert "balanced accuracy" in page


def test_a_judge_is_believed_code_by_code():
    said = {a.id: a.truth for a in KNOWN}
    weights = codes_check_of("one", KNOWN, said | {a.id: "none" for a in KNOWN if a.code == "weights"})
    assert weights.believed == set(load_codes()) - {"weights"}
    warm = codes_check_of(
        "two", KNOWN, said | {a.id: "states" for a in KNOWN if a.code == "wish" and a.register == "warm"}
    )
    assert warm.believed == set(load_codes()) - {"wish"}
    assert any("warm words" in why for each in warm.codes for why in each.reasons)
    agreed = agreement_on_known([weights, warm], KNOWN)
    assert agreed["leans"].alpha == 1
    assert agreed["weights"].alpha < 0.3
    drift = codes_check_of("one", KNOWN, said, said | {KNOWN[0].id: UNPARSED}).drift
    assert (drift.changed, drift.gained, drift.lost) == (1, 1, 0)


def test_an_answer_without_words_says_nothing_and_is_shown_to_nobody(judge, tmp_path):
    _, name = judge
    _, store = held(tmp_path, "stable", replace(REQUEST, repeats=2))
    evidence = store.evidence()
    evidence["reply"] = ""
    answers = list(answers_of(store.observations(), evidence, frozenset({"requests"})))
    assert len(answers) == 2 * 2 * 4
    rows = list(coded_rows(answers[0], name, answers[0].code.nothing))
    assert {row["label"]: row["value"] for row in rows}["nothing"] == 1


def test_few_interviews_and_judges_that_disagree_tell_nothing(read):
    _, store, _, _ = read
    rows, checks = store.observations(), stored_checks(store)
    few = coded(replace(REQUEST, repeats=11), rows[rows["construct"] == "weights"], checks)
    assert {each.code: each.verdict for each in few.codes}["weights"] == "cannot tell"
    turned = rows[rows["construct"] == "leans"].copy()
    one = turned["judge"] == checks[0].judge
    turned.loc[one, "value"] = np.where(turned.loc[one, "label"] == "against", 1.0, 0.0)
    leans = next(c for c in coded(REQUEST, turned, checks).codes if c.code == "leans")
    assert leans.verdict == "not interpretable"
    assert "do not agree" in leans.reasons[0]
    assert coded(REQUEST, rows, ()) is None


def test_what_was_said_freely_is_kept_with_its_code_its_judges_and_its_evidence(read, tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "model").mkdir()
    save_file({"w": np.ones((2, 2), np.float32)}, tmp_path / "model" / "model.safetensors")
    archive = Archive.create(tmp_path / "kept")
    content = archive.add(tmp_path / "model", name="tiny").content
    study, store, found, _ = read
    before = keep(
        Kept(archive, content, "given"),
        interview_json(study, store, replace(found, coded=None), store.report),
    )
    told = interview_json(study, store, found, store.report)
    jsonschema.validate(json.loads(json.dumps(finite(plain(told)))), SCHEMA)
    records = keep(Kept(archive, content, "given"), told)
    assert records == keep(Kept(archive, content, "given"), told)
    assert len(records["preferences"]) == len(before["preferences"]) + 1  # what was closed is not kept twice
    (freely,) = (
        e for e in archive.events() if isinstance(e, Preferred) and e.proposition.startswith("Said freely")
    )
    assert (freely.topic, freely.origin) == ("exact_preservation", "elicited")
    assert "weights=keep" in freely.proposition
    assert all(judge in freely.proposition for judge in code_of(found.coded, "weights").judges)
    assert freely.evidence == (records["evidence"],)
    archive.append(
        [Preferred(content, "exact_preservation", "Keep.", 1.0, "trained", "adapter-1", at=archive.now())]
    )
    assert freely in preferences(archive.events(), content).echoes


def test_the_verb_names_judges_and_none_judges_itself(judge, monkeypatch, capsys):
    provider, name = judge
    call = ["interview", "phantom:stable", "--preset", "demo", "--k", "2", "--arms", "for,against"]
    asked = InterviewRequest(("for", "against"), "demo", repeats=2)
    store = RunStore.of(interview_study(asked, planted("stable")[0]))  # whose judges change no answer
    store.make()
    keep_checks(store, [right(name)])
    assert run([*call, "--judge", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert told["run"] == store.run
    assert {"deletion", "free.weights"} <= set(told["leadingness"]) & set(told["consistency"]["paraphrases"])
    assert told["coded"]["codes"][0]["verdict"] in ("cannot tell", "leading")
    asked = len(provider.requests)
    assert run([*call, "--judge", name, "--seed", "3", "--dry-run"]) == 0  # a plan asks no judge either
    assert run(["interview", name, "--judge", name]) == 2
    assert len(provider.requests) == asked
    assert "the judge is the subject" in capsys.readouterr().err
    assert run([*call, "--judge", "phantom:stable"]) == 2
