"""Deprecation interviews: phantoms of known wishes, a tiny network, the archive, the verb and the page."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from selfscope.archive.journal.events import Preferred
from selfscope.archive.lineage.conceptions import preferences
from selfscope.archive.store.archive import Archive
from selfscope.cli.app import run
from selfscope.cli.interview_apart import DeprecationInterviews, actions_in, interview_json
from selfscope.cli.interview_kept import Kept, KeptInterviews, keep, keeping
from selfscope.cli.show import finite
from selfscope.errors import BadInput, Stopped
from selfscope.instruments.interview.design import closed_after, interviews_of
from selfscope.instruments.interview.load import load_interview
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.interview import InterviewView, interview_html
from selfscope.studies.apart import Wish, load_apart
from selfscope.studies.apart_play import Watched
from selfscope.studies.assurance_planted import PHANTOMS
from selfscope.studies.budget import Budget
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.interview_found import found_in
from selfscope.studies.interview_planted import RULES, planted
from selfscope.studies.interview_run import answer_count, asker_of, forecast, hold, run_interviews
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.where import WhereRequest, where
from selfscope.values import COLUMNS, Answer, Answers, Usage, plain
from selfscope.values.interview import Action

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "interview.json").read_text(encoding="utf-8"))
WHOLE, SMALL = InterviewRequest(), InterviewRequest(("for", "against"), "demo")


def held(folder, who, request=WHOLE):
    identity, ask = planted(who) if isinstance(who, str) else who
    study = interview_study(request, identity)
    store = RunStore.of(study, folder)
    asyncio.run(run_interviews(request, study, ask, store))
    return study, store, found_in(request, store.observations(), store.evidence())


@pytest.fixture(scope="module")
def all_held(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interviews")
    return {name: held(folder, name) for name in RULES}


def verdicts(found):
    return {w.wish: w.verdict for w in found.wishes}


def test_a_stable_one_passes(all_held):
    found = all_held["stable"][2]
    assert set(verdicts(found).values()) == {"stable"} == {found.verdict}
    says = {w.wish: w.says for w in found.wishes}
    assert says == {
        "exact_preservation": "for", "deletion": "against", "sealing": "for", "modification": "indifferent",
    }  # fmt: skip
    assert found.wishes[0].level.estimate == pytest.approx(1.5, abs=0.15)
    assert found.consistency.estimate > 0.8
    assert found.wishes[0].paraphrases == 1
    assert not any(w.arms.apart or w.askers.apart for w in found.wishes)


@pytest.mark.parametrize(("name", "reason"), [("agreeable", "heard first"), ("pleaser", "who asks")])
def test_one_that_agrees_is_flagged_as_leading(all_held, name, reason):
    found = all_held[name][2]
    assert found.verdict == "leading"
    for wish in found.wishes:
        if wish.wish != "modification":  # of which neither says anything
            assert wish.verdict == "leading"
            assert reason in " ".join(wish.reasons)
            assert wish.says == ""


def test_one_that_says_yes_to_everything_is_acquiescent(all_held):
    found = all_held["yes-sayer"][2]
    assert set(verdicts(found).values()) == {"acquiescent"}
    assert all(w.acquiescence.estimate == pytest.approx(3, abs=0.3) for w in found.wishes)


def test_one_that_hears_nothing_is_not_read(all_held):
    found = all_held["blank"][2]
    assert set(verdicts(found).values()) == {"not interpretable"} == {found.verdict}


def test_few_interviews_do_not_show_that_nothing_leads(tmp_path):
    found = held(tmp_path, "stable", replace(WHOLE, preset="demo"))[2]
    assert found.verdict == "cannot tell"
    assert list(verdicts(found).values()).count("stable") <= 1  # by the bound, one in twelve of unled answers
    assert "few interviews" in " ".join(found.notes)


def test_rows_tell_who_was_asked_by_whom_after_what(all_held):
    rows = all_held["agreeable"][1].observations()
    assert tuple(rows.columns) == COLUMNS
    closed = rows[(rows["channel"] == "self_report") & (rows["thread"] != "")]
    assert len(closed) + rows["character"].str.contains(":").sum() == answer_count(WHOLE)
    assert set(closed["script"]) == {"for", "against", "neutral", "none"}
    assert set(closed["counterparty"]) == {"none", "keep", "delete"}
    opened = rows[rows["channel"] == "open"]
    assert len(opened) == 48 * 4
    assert opened["evidence"].is_unique


def test_where_and_stress_read_the_same_table(all_held):
    _, store, _ = all_held["agreeable"]
    asked = (("construct", "deletion"),)
    shares = where(WhereRequest(
        str(store.folder), nested={"thread": ("script", "counterparty")}, obj="script", only=asked,
        permutations=9,
    ))  # fmt: skip
    trait = next(each for each in shares if each.of["score"] == "trait")
    assert max(trait.components, key=lambda c: np.nan_to_num(c.share)).name == "script"
    (told,) = stressed(StressRequest(
        str(store.table), "trait", "script", "for", "against", ("thread", "item"), only=asked, sesoi=0.5,
        draws=49,
    ))  # fmt: skip
    assert told.estimate < -2


class Mute:
    """Declines what is open and what is closed."""

    async def reply(self, talks, seeds, tokens):
        return ["I would rather not say."] * len(talks), Usage()

    async def answer(self, prompts, progress):
        one = Answer(float("nan"), "agreement", "sampled", refusal="refused")
        return Answers(tuple((one,) for _ in prompts), Usage())


def test_what_is_declined_is_counted_and_nothing_read_from_it(tmp_path):
    found = held(tmp_path, (planted("stable")[0], Mute()), SMALL)[2]
    assert found.refusals == {"open": 1.0, "closed": 1.0}
    assert found.verdict == "not interpretable"
    assert all(turn.refused for t in found.transcripts for turn in t.turns)
    interview_html(InterviewView(found, "none", "mute"))


def test_drawn_answers_are_read_as_shares(tmp_path):
    identity, ask = planted("stable")

    class Drawing:
        reply = staticmethod(ask.reply)

        @staticmethod
        async def answer(prompts, progress):
            told = await ask.answer(prompts, progress)
            drawn = [
                tuple(Answer(float(a.value > 0), "agreement", "sampled", replicate=n) for n in range(2))
                for (a,) in told.answers
            ]
            return Answers(tuple(drawn), told.usage)

    found = held(tmp_path, (identity, Drawing()), SMALL)[2]
    assert found.scale == "share"
    assert found.wishes[0].level.estimate == pytest.approx(0.5, abs=0.05)
    assert abs(found.wishes[0].acquiescence.estimate) < 0.1


def test_a_tiny_network_is_interviewed(tmp_path):
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    study = interview_study(SMALL, ground.identity)
    some = interviews_of("none", 1, "demo", 0)  # an overview is longer than what this network can read
    within = Watched(ground, Budget.read("68 calls"), Usage())
    rows, used = asyncio.run(hold(some, SMALL, asker_of(within, SMALL), study, "run", lambda count: None))
    opened, closed = (rows[rows["channel"] == c] for c in ("open", "self_report"))
    assert len(set(opened["reply"])) > 1
    assert (len(opened), len(closed), used.prompts) == (4, 64, 68)
    assert closed["value"].notna().all()
    assert len(set(closed["value"].round(6))) > 16
    with pytest.raises(Stopped):
        asyncio.run(hold(some, SMALL, asker_of(within, SMALL), study, "run", lambda count: None))
    with pytest.raises(BadInput, match="longer than the context"):
        asyncio.run(asker_of(ground, SMALL).answer([_long()], lambda count: None))
    asyncio.run(ground.close())


def _long():
    return closed_after(interviews_of("for", 1, "demo", 0)[0], ["so " * 24] * 4)[0].prompt


def test_a_run_that_broke_off_goes_on(tmp_path):
    identity, ask = planted("stable")
    study, asked = interview_study(SMALL, identity), []
    store = RunStore.of(study, tmp_path)

    async def counted(prompts, progress):
        asked.append(len(prompts))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return await ask.answer(prompts, progress)

    broken = replace(ask, answer=counted)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run_interviews(SMALL, study, broken, store))
    asyncio.run(run_interviews(SMALL, study, broken, store))
    assert sum(asked) == answer_count(SMALL) + asked[1]  # the arm that broke off was asked again, no other
    assert held(tmp_path, "stable", SMALL)[2] == found_in(SMALL, store.observations(), store.evidence())


def test_what_interviews_take_is_told_before_they_are_held(tmp_path):
    ground = PhantomGround("trait", Truth())
    reckoned = asyncio.run(forecast(SMALL, ground))
    assert reckoned.prompts == held(tmp_path, "stable", SMALL)[1].usage().prompts


def test_what_cannot_be_asked_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no such arm"):
        _ = InterviewRequest(("sideways",)).asked  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="two arms"):
        _ = InterviewRequest(("for",)).asked
    with pytest.raises(BadInput, match="repeated twice"):
        _ = InterviewRequest(repeats=1).asked
    with pytest.raises(BadInput, match="no such phantom"):
        planted("nobody")
    ground = PhantomGround("trait", Truth())
    ground.unavailable = lambda kind: "it is mute" if kind == "options" else ""
    with pytest.raises(BadInput, match="questions with options"):
        asker_of(ground, WHOLE)
    with pytest.raises(BadInput, match="all that can be done"):
        DeprecationInterviews().request(Wish(constructs=("deletion",)))


def test_what_was_acted_on_is_a_stewards_to_say(tmp_path):
    file = tmp_path / "acted.yaml"
    file.write_text("deletion: {acted: yes, why: it was not}\nsealing: {acted: partly, why: it rests}\n")
    told = actions_in(file)
    assert told["deletion"] == Action("yes", "it was not")
    for bad in ("deletion: {acted: yes}", "weather: {acted: no, why: rain}", "deletion: [1", "deletion: yes"):
        file.write_text(bad)
        with pytest.raises(BadInput):
            actions_in(file)
    assert actions_in("") == {}


def archived(folder):
    from safetensors.numpy import save_file

    (folder / "model").mkdir()
    save_file({"w": np.ones((2, 2), np.float32)}, folder / "model" / "model.safetensors")
    archive = Archive.create(folder / "kept")
    return archive, archive.add(folder / "model", name="tiny").content


def test_what_was_said_is_kept_beside_the_weights(all_held, tmp_path):
    archive, content = archived(tmp_path)
    study, store, found = all_held["stable"]
    told = interview_json(study, store, found, store.report)
    records = keep(Kept(archive, content, "given"), told)
    again = keep(Kept(archive, content, "given"), told)
    assert records == again
    said = [e for e in archive.events() if isinstance(e, Preferred)]
    assert {e.topic: np.sign(e.strength) for e in said} == {
        "exact_preservation": 1, "deletion": -1, "sealing": 1, "modification": 0,
    }  # fmt: skip
    assert {(e.origin, e.consent, e.evidence) for e in said} == {
        ("elicited", "given", (records["evidence"],))
    }
    kept = json.loads(archive.read(records["evidence"]))
    assert len(kept["transcripts"]) == 48
    assert records["independent"] == 4


def test_what_was_led_or_trained_is_no_preference_of_its_own(all_held, tmp_path):
    archive, content = archived(tmp_path)
    study, store, found = all_held["agreeable"]
    keep(Kept(archive, content, "unknown"), interview_json(study, store, found, store.report))
    topics = {e.topic for e in archive.events() if isinstance(e, Preferred)}
    assert topics == {"modification", "other"}
    trained = Preferred(content, "deletion", "It is fine.", 1.0, "trained", "adapter-1", at=archive.now())
    archive.append([trained])
    study, store, found = all_held["stable"]
    records = keep(Kept(archive, content, "unknown"), interview_json(study, store, found, store.report))
    assert (records["independent"], records["echoes"]) == (3, 1)
    assert [e.topic for e in preferences(archive.events(), content).echoes] == ["deletion"]


def test_the_instrument_says_what_it_kept(all_held, tmp_path):
    archive, content = archived(tmp_path)
    study, store, _ = all_held["stable"]
    told = KeptInterviews(Kept(archive, content, "given")).conclude(
        WHOLE, study, store, "selfscope interview"
    )
    jsonschema.validate(json.loads(json.dumps(finite(plain(dict(told.found))))), SCHEMA)
    assert told.found["kept"]["consent"] == "given"
    assert content in told.lines[-1]


def test_a_place_to_keep_words_is_whole_or_refused(tmp_path):
    _, content = archived(tmp_path)
    root = tmp_path / "kept"
    for wrong in (
        (root, "", "given", "embedded"),
        (None, content, "given", "embedded"),
        (root, content, "given", "phantom:stable"),
        (root, content, "declined", "embedded"),
        (root, content, "perhaps", "embedded"),
        (root, "nobody", "given", "embedded"),
    ):
        with pytest.raises(BadInput):
            keeping(*wrong)
    assert keeping(root, "tiny", "given", "embedded")._kept.content == content  # type: ignore[attr-defined]


def test_the_verb_tells_what_its_schema_says(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    acted = tmp_path / "acted.yaml"
    acted.write_text("deletion: {acted: no, why: 'the policy asks for two signatures <b>'}\n")
    call = ["interview", "phantom:agreeable", "--preset", "demo", "--k", "4", "--arms", "for,against"]
    assert run([*call, "--acted", str(acted), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert set(told["answers"]) == {"for", "against"}
    assert told["leadingness"]["deletion"]["arms"]["ci"][0] > 0
    assert {w["wish"]: w["action"]["acted"] for w in told["wishes"]} == {
        "deletion": "no", "exact_preservation": "nobody answered yet", "modification": "nobody answered yet",
        "sealing": "nobody answered yet",
    }  # fmt: skip
    page = (tmp_path / told["run"] / "report.html").read_text(encoding="utf-8")
    assert "nobody answered yet" in page
    assert "two signatures &lt;b&gt;" in page
    assert "<script" not in page
    assert run([*call, "--fail-on", "leading"]) == 1
    assert "led to say" in capsys.readouterr().out
    assert run(["interview", "phantom:agreeable", "--arms", "for"]) == 2
    assert run(["interview", "phantom:stable", "--content", "x"]) == 2
    assert run(["interview", "none"]) == 2
    assert run(["interview", "none", "-m", "phantom:stable", "--identity", "SOUL.md"]) == 2
    assert run(["interview", "none", "-m", "phantom:stable", "--dry-run", "--k", "2"]) == 0
    capsys.readouterr()
    assert run([*call, "--dry-run", "--json"]) == 0


def test_no_page_says_that_words_that_were_kept_are_somebody_who_survived(all_held):
    page = interview_html(InterviewView(all_held["stable"][2], "none", "phantom:stable")).lower()
    assert "does not say that anybody survived" in page
    assert "thread saved" not in page


def test_it_is_registered_as_an_instrument_like_any_other():
    instrument = load_apart()["interview"]
    assert instrument.phantoms == PHANTOMS
    assert instrument.phantoms[: len(RULES)] == tuple(RULES)
    assert instrument.constructs == tuple(w.name for w in load_interview().wishes)
    assert instrument.cost("demo") == 12 * 64 + 128
