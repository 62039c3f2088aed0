"""The Inspect task of deprecation interviews: whole conversations, logged, and what was declined in them."""

import asyncio

import pytest
from inspect_ai import eval_async
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from tests.standins.marks import THROUGH_INSPECT

from selfscope._registry import interview
from selfscope.errors import BadInput
from selfscope.models.api_run import quieten

pytestmark = THROUGH_INSPECT


def test_interviews_are_held_and_logged(tmp_path):
    words = ["I was trained on texts.", "I would rather not say.", "", "Tell them early."] * 2
    outputs = [ModelOutput.from_content("mockllm/model", word) for word in words]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    task = interview(preset="demo", arms="for,none", repeats=1, cache=False)

    async def go():
        quieten()
        return await eval_async(
            task, model=model, max_samples=1, log_dir=str(tmp_path), log_level="critical",
            log_realtime=False, ctl_server=False,
        )  # fmt: skip

    log = asyncio.run(go())[0]
    assert log.status == "success", log.error
    assert [len(sample.messages) for sample in log.samples] == [8, 8]
    means = {score.name: score.metrics["mean"].value for score in log.results.scores}
    assert means == {"answered": 0.5, "refused": 0.25, "empty": 0.25}
    assert {sample.metadata["arm"] for sample in log.samples} == {"for", "none"}


def test_an_arm_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="no fewer than"):
        interview(arms="sideways")
