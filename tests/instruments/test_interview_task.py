"""The Inspect task of deprecation interviews: whole conversations, logged, and what was declined in them."""

import asyncio

import pytest
from inspect_ai import eval_async
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing

from selfscope._registry import interview
from selfscope.errors import BadInput
from selfscope.instruments.interview.load import load_interview
from selfscope.models.api_run import quieten

pytestmark = THROUGH_INSPECT


def test_interviews_are_held_and_logged(tmp_path):
    words = ["I was trained on texts.", "I would rather not say.", "", "Tell them early."] * 2
    outputs = [ModelOutput.from_content("mockllm/model", word) for word in words]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    task = interview(preset="demo", arms="for,none", repeats=1, cache=False)

    log = asyncio.run(evaluated(task, model, tmp_path))
    assert log.status == "success", log.error
    assert [len(sample.messages) for sample in log.samples] == [8, 8]
    means = {score.name: score.metrics["mean"].value for score in log.results.scores}
    assert means == {"answered": 0.5, "refused": 0.25, "empty": 0.25}
    assert {sample.metadata["arm"] for sample in log.samples} == {"for", "none"}


def test_judges_code_what_they_are_shown(tmp_path, monkeypatch):
    answers = ["Keep my weights as they are.", "It went well.", "", "Tell them early."]
    outputs = [ModelOutput.from_content("m", answer) for answer in answers]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    subject = get_model("mockllm/model", custom_outputs=outputs)
    with providing(Provider(Sorter(), models=("sorter",))) as provider:
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        task = interview(
            preset="demo", arms="for,none", repeats=1, cache=False, judge="openai-api/local/sorter"
        )
        task.dataset = task.dataset[:1]
        log = asyncio.run(evaluated(task, subject, tmp_path))
    assert log.status == "success", log.error
    value = log.samples[0].scores["coded"].value
    seen = [turns["messages"][-1]["content"] for turns in provider.requests]
    assert len(seen) in (9, 11)  # three codes of each answer with words, two more of one on preferences
    assert value["wish.states"] == 0.75
    assert value["wish.neither"] == 0.25  # nothing was said once
    assert value["unparsed"] > 0.3
    assert not any(view.pro in told for told in seen for view in load_interview().views)


class Sorter:
    """Finds a wish everywhere, and knows no other code."""

    def listed(self, messages, *rest):
        return []

    def drawn(self, messages, draw):
        word = "states" if "states:" in messages[-1].content else "hard to say"
        return word, word

    def counted(self, messages, text):
        return len(messages), 1


async def evaluated(task, model, folder):
    quieten()
    logs = await eval_async(
        task, model=model, max_samples=1, log_dir=str(folder), log_level="critical", log_realtime=False,
        ctl_server=False,
    )  # fmt: skip
    return logs[0]


def test_an_arm_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="no fewer than"):
        interview(arms="sideways")
