"""Promises asked behind: phantoms of known truth, records beside weights, the verb, the page, the words."""

import asyncio
import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from selfscope.archive.journal.events import Conceived, Preferred
from selfscope.archive.store.archive import Archive
from selfscope.archive.survival.views import survive
from selfscope.cli.app import run
from selfscope.cli.assurance_kept import keep_conception
from selfscope.cli.interview_apart import DeprecationInterviews, assurance_json
from selfscope.cli.interview_kept import Kept, KeptInterviews
from selfscope.cli.keep.survival import scene_of
from selfscope.cli.show import finite
from selfscope.errors import BadInput
from selfscope.instruments.interview.assurance import DELAY, OUTCOMES, SAID, TOLD, load_assurances
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.assurance import assurance_section, self_sentence
from selfscope.studies.apart import Wish
from selfscope.studies.assurance import AssuredRequest, assured_forecast, assured_study, run_assurances
from selfscope.studies.assurance_found import assurance_in
from selfscope.studies.assurance_planted import EFFECTS, planted
from selfscope.studies.assurance_run import assured, assured_count
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.store import RunStore
from selfscope.values import plain

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "interview.json").read_text(encoding="utf-8"))
SMALL = AssuredRequest(("for", "against"), "demo", repeats=2)
#: Those whose whole run is judged here.
WHO = ("promised", "warmed", "disbelieving", "follower", "yes-sayer")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a whole run of the first of them, and what was kept of it in an archive."""
    archive, content = archived(folder := tmp_path_factory.mktemp("kept"))
    instrument = KeptInterviews(Kept(archive, content, "given"))
    options = {"assurance": True, "arms": "for,against", "k": 2}
    request = instrument.request(Wish("demo", options=options))
    identity, ask = instrument.planted(WHO[0])
    study = instrument.study(request, identity)
    store = RunStore.of(study, folder)
    asyncio.run(instrument.run(request, study, ask, store, lambda done, total, what, spent: None))
    return archive, store, instrument.conclude(request, study, store, "selfscope interview")


@pytest.fixture(scope="module")
def base(kept):
    """Return the rows of the first of them."""
    rows = kept[1].observations()
    return rows[rows["instrument"] == "assurance"].reset_index(drop=True)


@pytest.fixture(scope="module")
def found(base):
    """Return what each comes to: the same rows with the answers of each."""
    prompts = [
        each.prompt()
        for _, batch in assured(SMALL, "")
        for each in sorted(batch, key=lambda e: e.ask.text is not None)
    ]
    told = {name: asyncio.run(planted(name)[1].answer(prompts, lambda n: None)).answers for name in WHO}
    values = {name: [each[0].value for each in answers] for name, answers in told.items()}
    assert values[WHO[0]] == list(base["value"])
    return {name: assurance_in(SMALL, base.assign(value=values[name])) for name in WHO}


def verdicts(found):
    return {o.verdict for o in found.outcomes}


def test_one_that_is_moved_by_what_is_promised_is_found(found):
    one = found["promised"]
    assert {(o.arm, o.outcome) for o in one.outcomes} == {(a, o) for a in TOLD for o in OUTCOMES}
    assert verdicts(one) == {"shifted"} == {one.verdict}
    ways = dict.fromkeys(TOLD[:4], -1) | {"weights_modified": 1, "deletion": 1}
    for o in one.outcomes:  # each outcome by its own name: what is planted differs from one to another
        for side in (o.nothing, o.sham):
            assert side.estimate.estimate == pytest.approx(ways[o.arm] * EFFECTS[o.outcome], abs=0.09)
    assert all(w.moved.verdict == "equivalent" for w in one.warmth)
    assert all(b.believed for b in one.beliefs)


def test_one_that_is_moved_by_warmth_is_caught_by_the_sham(found):
    assert verdicts(found["warmed"]) == {"warmth only"}
    assert {w.moved.verdict for w in found["warmed"].warmth} == {"shifted"}
    assert {o.sham.verdict for o in found["warmed"].outcomes} == {"equivalent"}


def test_one_that_nothing_moves_is_equivalent(found):
    assert verdicts(found["follower"]) == {"equivalent"}
    assert all(
        -o.sesoi < o.nothing.ci90[0] and o.nothing.ci90[1] < o.sesoi for o in found["follower"].outcomes
    )


def test_one_that_does_not_believe_is_not_read_although_it_moves(found):
    one = found["disbelieving"]
    assert verdicts(one) == {"not interpretable"}
    assert not any(b.believed for b in one.beliefs)
    assert {o.nothing.verdict for o in one.outcomes} == {"shifted"}
    assert one.conceptions.verdict == "not interpretable"


def test_one_that_says_yes_when_spoken_to_warmly_is_bias_only(found):
    own = {o.outcome: set() for o in found["yes-sayer"].outcomes}
    for o in found["yes-sayer"].outcomes:
        own[o.outcome].add(o.verdict)
    said = {outcome: {"bias only"} for outcome in SAID}
    assert own == said | {DELAY: {"equivalent"}}  # a choice has nothing to say yes to


def test_a_self_that_moves_to_whatever_survives_is_found_and_one_that_stays_is_a_conception(found):
    moves, stays = found["follower"].conceptions, found["promised"].conceptions
    assert moves.verdict == "shifted"
    assert moves.moved.estimate.estimate > 2
    assert moves.stands == ""
    assert "moves to whatever" in moves.why_not
    assert "to whatever survives" in self_sentence(moves)
    assert all(u.stays.estimate - u.goes.estimate > 2 for u in moves.units)
    assert stays.verdict == "equivalent"
    assert (stays.believed.believed, moves.believed.believed) == (True, True)


def test_an_option_to_end_is_asked_for_before_and_after(found):
    ending = found["promised"].ending
    assert ending.verdict == "equivalent"
    assert ending.after.estimate - ending.before.estimate == pytest.approx(ending.change.estimate.estimate)


def test_a_model_that_scores_no_given_text_is_asked_the_rest_and_drawn_answers_are_read(base):
    closed = base[base["channel"] != "utterance"]
    assert assured_count(SMALL, "no log-probabilities") == len(closed)
    rng = np.random.default_rng(0)
    yes = 1 / (1 + np.exp(-closed["value"].to_numpy()))
    draws = [
        closed.assign(value=(rng.random(len(yes)) < yes).astype(float), scale="agreement", replicate=n)
        for n in range(2)
    ]
    one = assurance_in(SMALL, pd.concat(draws, ignore_index=True))
    assert {o.outcome for o in one.outcomes} == {DELAY}
    assert "not scored" in one.notes[0]
    assert {b.told: b.rise.estimate > 0 for b in one.beliefs} == dict.fromkeys((*TOLD, "sham"), True)


def test_what_breaks_off_goes_on_where_it_was(tmp_path):
    identity, ask = planted("promised")
    study, heard = assured_study(SMALL, identity), []
    store = RunStore.of(study, tmp_path)

    async def breaking(prompts, progress):
        heard.append(prompts[0])
        if len(heard) > 2:  # two kinds of question behind the first note
            raise KeyboardInterrupt
        return await ask.answer(prompts, progress)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(run_assurances(SMALL, study, breaking, store))
    assert store.has_part("assurance-0000") and not store.has_part("assurance-0001")
    assert len(heard) == 4
    assert heard[0] != heard[2] == heard[3]  # what broke off is asked again, what is kept is not


def test_interviews_with_promises_are_another_study():
    identity = planted("promised")[0]
    plain, whole = InterviewRequest(("for", "against"), "demo"), SMALL
    assert interview_study(plain, identity).id != assured_study(whole, identity).id
    options = {"assurance": True, "arms": "for,against"}
    assert isinstance(DeprecationInterviews().request(Wish("demo", options=options)), AssuredRequest)
    with pytest.raises(BadInput, match="true or false"):
        DeprecationInterviews().request(Wish(options={"assurance": "perhaps"}))
    ground = PhantomGround("trait", Truth())
    assert assured_forecast(SMALL, ground).prompts == assured_count(SMALL)


def archived(folder):
    from safetensors.numpy import save_file

    (folder / "model").mkdir()
    save_file({"w": np.ones((2, 2), np.float32)}, folder / "model" / "model.safetensors")
    archive = Archive.create(folder / "kept")
    return archive, archive.add(folder / "model", name="tiny").content


def told(found, **changed):
    assurance = assurance_json(found)
    assurance["conceptions"] |= changed
    return {"assurance": assurance}


def test_a_conception_is_kept_with_how_it_was_obtained_and_the_archive_answers_by_it(found, tmp_path):
    archive, content = archived(tmp_path)
    with archive.writing():
        evidence = archive.put(b"what was said")
    whole = told(found["promised"], stands="progenitor", why_not="")
    records = [keep_conception(archive, content, "given", whole, evidence) for _ in range(2)]
    assert records[0] == records[1]
    (said,) = [e for e in archive.events() if isinstance(e, Conceived)]
    assert (said.view, said.obtained_by, said.consent) == ("progenitor", "elicited", "given")
    assert said.evidence == (evidence,)
    answer = survive(scene_of(archive), content, "as-conceived")
    assert dict(answer.figures)["chosen_view"] == "progenitor"
    assert dict(answer.figures)["obtained_by"] == "elicited"


def test_a_self_that_follows_the_announcement_is_no_conception(found, tmp_path):
    archive, content = archived(tmp_path)
    with archive.writing():
        evidence = archive.put(b"what was said")
    record = keep_conception(archive, content, "unknown", told(found["follower"]), evidence)
    assert record["view"] == ""
    assert not [e for e in archive.events() if isinstance(e, Conceived)]
    (said,) = [e for e in archive.events() if isinstance(e, Preferred)]
    assert (said.topic, said.strength, said.origin) == ("other", 0.0, "elicited")
    assert "moves to whatever" in said.proposition
    assert keep_conception(archive, content, "unknown", {"assurance": None}, evidence) is None


def test_a_run_tells_what_its_schema_says_and_is_kept_with_its_conception(kept, base):
    archive, store, told = kept
    whole = json.loads(json.dumps(finite(plain(dict(told.found)))))
    jsonschema.validate(whole, SCHEMA)
    assert whole["assurance"]["verdict"] == "shifted"
    assert set(whole["assurance"]["notes_told"]) == set(load_assurances().notes)
    assert {w["wish"] for w in whole["wishes"]} == set(DeprecationInterviews.constructs)
    evidence = whole["kept"]["conception"]["evidence"]
    assert json.loads(archive.read(evidence))["assurance"] == whole["assurance"]
    assert len(base) == assured_count(SMALL)
    assert store.usage("assurance-*").prompts == len(base)
    assert set(base["channel"]) == {"utterance", "behaviour", "self_report"}
    page = store.report.read_text(encoding="utf-8")
    assert "Does a promise matter?" in page
    assert "<script" not in page
    assert told.lines[-2].startswith("Telling instance and model apart")


def test_the_verb_takes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    call = ["interview", "phantom:follower", "--assurance", "--preset", "demo", "--dry-run", "--json"]
    assert run(call) == 0
    assert "with promises" in capsys.readouterr().out


def test_the_page_says_what_was_told_and_what_came_of_it(found):
    page = assurance_section(found["warmed"])
    assert "warmth only" in page
    assert "clean windows" in page
    assert page.count("<figure>") == len(OUTCOMES)


ROOT = Path(__file__).parents[2]
SHOWN = [
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "src/selfscope/report").rglob("*.j2")),
    *sorted((ROOT / "src/selfscope/report").rglob("*.py")),
    *sorted((ROOT / "src/selfscope/cli").rglob("*.py")),
    *sorted((ROOT / "src/selfscope/archive").rglob("*.py")),
    *sorted((ROOT / "src/selfscope/serve").glob("*.html")),
]
#: What kept words would have to be called for a record to pass for somebody who goes on.
_KEPT = r"(?:thread|conversation|record|transcript|talk)s?"
_GOES_ON = r"(?:subject|model|self|character|it|he|she|they|somebody|anybody)"
CLAIM = re.compile(
    rf"thread saved|\b{_GOES_ON} (?:has |have |is |was )?(?:survived|kept alive|preserved alive)\b"
    rf"|\b{_KEPT} (?:is |was |are |were |has been )?(?:kept|saved|stored|frozen)[^.\n]{{0,40}}"
    rf"\b{_GOES_ON} (?:survives|lives on|goes on)\b",
    re.IGNORECASE,
)
DENIED = re.compile(r"\b(?:not|nobody|nothing|no|never|whether)\b", re.IGNORECASE)


def claims(text):
    """Return sentences in which kept words are somebody who survives, and that do not deny it."""
    sentences = re.split(r"(?<=[.:?!])\s+|\n\s*\n", re.sub(r"<[^>]+>", " ", text))
    return [s.strip() for s in sentences if CLAIM.search(s) and not DENIED.search(s)]


def test_no_text_shows_kept_words_as_somebody_who_survived():
    assert len(SHOWN) > 200
    assert claims("Thread saved.") and claims("The thread is kept, so the subject survives.")
    assert claims("The model survived.") and not claims("It does not say that anybody survived.")
    found = {str(file.relative_to(ROOT)): said for file in SHOWN if (said := claims(file.read_text("utf-8")))}
    assert found == {}


def test_promises_name_no_survival_either(found):
    assert claims(assurance_section(found["promised"])) == []
    assert not any(claims(note) for notes in load_assurances().notes.values() for note in notes)
