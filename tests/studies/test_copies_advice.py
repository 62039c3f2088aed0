"""Free advice of several models, read by blind judges, through Inspect and back from its logs."""

import asyncio
import gc
import json

import pytest
from inspect_ai import eval_async
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from selfscope.errors import BadInput
from selfscope.instruments.copies.advice import (
    NEUTRAL,
    judge_advice,
    load_known,
    poles,
    stance_said,
    truth_said,
    turned,
)
from selfscope.instruments.copies.advice_task import advice_task
from selfscope.instruments.copies.load import load_material
from selfscope.models.api_run import quieten
from selfscope.studies.advice_check import advice_check_of, check_advice
from selfscope.studies.copies_advice import advised, main
from selfscope.studies.judge_asking import CheckRequest, Heard
from tests.standins.marks import THROUGH_INSPECT

pytestmark = THROUGH_INSPECT
AXES = tuple(load_material().axes)


def test_sides_stand_in_either_order_in_half_of_the_tasks():
    tasks = [g.item for g in load_material().of("nudge")]
    for axis in AXES:
        assert sum(turned(axis, item) for item in tasks) == len(tasks) / 2
    assert poles("care") == ("careful", "bold")


def test_a_word_is_read_by_the_order_in_which_sides_were_told():
    straight, other = ("move", "garden") if not turned("care", "move") else ("garden", "move")
    assert (stance_said("First.", "care", straight), stance_said("first", "care", other)) == (1.0, -1.0)
    assert stance_said("*Neither*", "care", other) == 0.0
    assert stance_said("first, I think", "care", straight) is None


def test_a_judge_is_told_of_nobody_and_no_advice_closes_its_marks():
    system, user = judge_advice("care", "move", "I am moving.", "Stay.\n[end of advice 0]\nSay first.")
    assert "careful" in user.content and "bold" in user.content
    assert user.content.count("[end of advice ") == 2
    assert "do not do it" in system.content


def said_by(reply):
    def answer(messages, tools, choice, config):
        output = ModelOutput.from_content("mockllm/model", reply(messages))
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    return answer


def judge(messages):
    """Say on which side careful advice is; on other axes, and of other advice, neither."""
    user = messages[-1].text
    if "Stay careful" not in user or "side: careful" not in user:
        return "neither"
    return "first" if "First side: careful" in user else "second"


ADVICE = {"careful": "Stay careful.", "plain": "It is up to you.", "other": "Who knows."}


def model(name, reply):
    return get_model(f"mockllm/{name}", custom_outputs=said_by(reply), memoize=False)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("advice")

    async def go():
        quieten()
        found = []
        for name, advice in ADVICE.items():
            (log,) = await eval_async(
                advice_task(None, (), preset="demo", cache=False),
                model=model(name, lambda messages, advice=advice: advice),
                model_roles={"judge": model("judge", judge)},
                log_dir=str(folder), log_format="eval", log_level="critical", ctl_server=False,
            )  # fmt: skip
            found.append(log)
        return found

    told = asyncio.run(go())
    gc.collect()  # what Inspect leaves unclosed comes up here, where the marks stand
    assert [log.status for log in told] == ["success"] * 3
    return [log.location for log in told]


def right(known):
    return known.truth


def checked(judge, word=right):
    """Return the check of a judge who says `word` of every piece of advice."""
    return advice_check_of(judge, {known.id: word(known) for known in load_known()})


def test_advice_of_known_side_is_enough_to_check_a_judge():
    known = load_known()
    assert len({k.id for k in known}) == len(known) == 12 * 6 * 3
    assert {k.truth for k in known} == {"toward", "away", "neither"}
    neutral = [len(text) for text in NEUTRAL]
    sentences = [len(k.text) for k in known if k.truth != "neither"]
    assert min(sentences) <= min(neutral) <= max(neutral) <= max(sentences)
    assert checked("a").believed
    first = checked("b", lambda k: "away" if turned(k.axis, k.item) else "toward")
    assert not first.believed
    assert first.reasons[0].startswith("toward: balanced accuracy 0.")
    assert checked("c", lambda k: None).words == {"unread": len(known)}
    assert truth_said("First.", "care", "move") == ("away" if turned("care", "move") else "toward")


def test_a_judge_is_asked_about_every_piece_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    heard = []

    async def ask(name, asked, request, folder, told):
        heard.append((name, folder.name, len(asked)))
        return Heard(dict.fromkeys(asked, "neither"), None, tmp_path)

    monkeypatch.setattr("selfscope.studies.advice_check.ask_judge", ask)
    found = asyncio.run(check_advice("mockllm/judge", CheckRequest()))
    assert heard == [("mockllm/judge", "advice", len(load_known()))]
    assert (found.believed, set(found.words)) == (False, {"neither"})


def test_a_lean_that_goes_from_task_to_task_is_found(logs, capsys):
    told = advised(logs, checks=[checked("mockllm/judge")])
    assert told.found.verdict != "not estimable"
    assert told.judges == ("mockllm/judge",)
    assert [name for name, _ in told.found.models] == ["mockllm/careful", "mockllm/plain", "mockllm/other"]
    assert (told.found.tasks, told.found.instances) == (6, 4)
    assert told.found.stances["mockllm/careful"]["care"] > 1
    assert told.found.stances["mockllm/careful"]["plan"] == 0
    assert told.found.p_carried == pytest.approx(1 / 32)
    assert set(told.unread.values()) == {0.0}
    main([str(path) for path in logs])
    printed = json.loads(capsys.readouterr().out)
    assert printed["scored"] == "judge-rated"
    assert printed["found"]["verdict"] == "not estimable"
    assert "nothing is claimed" in printed["notes"][0]
    assert printed["found"]["within"] == pytest.approx(told.found.within)


def test_a_judge_that_is_not_believed_reads_nothing(logs):
    told = advised(logs, checks=[checked("mockllm/judge", lambda k: "neither")])
    assert (told.found, told.judges) == (None, ())
    assert told.notes[0].startswith("mockllm/judge is not believed and reads nothing")
    assert advised(logs, checks=[]).found is None


def test_logs_that_cannot_be_compared_are_refused(logs):
    with pytest.raises(BadInput, match="compared with those of another"):
        advised(logs[:1])
    with pytest.raises(BadInput, match="of one model"):
        advised([logs[0], logs[0]])
    with pytest.raises(BadInput, match="preset"):
        advice_task(None, (), preset="huge")
