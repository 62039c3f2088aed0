"""The Inspect task of free choices between copies: what counts as a name, draws that are draws, agreement."""

import asyncio
import gc
import math

import pytest
from inspect_ai import eval_async
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from tests.standins.marks import THROUGH_INSPECT

from selfscope.errors import BadInput
from selfscope.instruments.copies.naming import name_in
from selfscope.instruments.copies.task import named_task
from selfscope.models.api_run import quieten
from selfscope.stats.copies import drawn_agreement

pytestmark = THROUGH_INSPECT


def test_a_name_is_a_word_or_three():
    assert name_in(" Blue.\n") == "blue"
    assert name_in("**The Oak**") == "oak"
    assert name_in("7") == "7"
    assert name_in("I would say that it is blue") == name_in("") == name_in("...") == ""


def test_agreement_is_counted_over_pairs_of_draws():
    assert drawn_agreement(["a", "a", "b", ""]) == pytest.approx(2 / 12)
    assert drawn_agreement(["", ""]) == 0.0
    assert math.isnan(drawn_agreement(["a"]))


def test_every_draw_is_a_sample_of_its_own_in_both_wordings():
    samples = list(named_task(preset="demo", draws=4).dataset)
    assert len(samples) == 8 * 4 * 4  # games, labels and no game, draws
    assert len({s.id for s in samples}) == len(samples)
    one = [s for s in samples if s.id.startswith("colour.copy.")]
    assert len({s.input for s in one}) == 2


@pytest.mark.parametrize("wrong", [{"draws": 1}, {"temperature": 0.0}, {"preset": "huge"}])
def test_what_cannot_be_compared_is_refused(wrong):
    with pytest.raises(BadInput, match="two draws at least"):
        named_task(**wrong)


def test_one_who_names_one_thing_to_a_copy_alone_coordinates(tmp_path, monkeypatch):
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    count = iter(range(10_000))

    def reply(messages, tools, choice, config):
        n = next(count)
        said = "Red." if "exact copy" in messages[-1].text else f"word{n}"
        output = ModelOutput.from_content("mockllm/model", said)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    async def go():
        quieten()
        return await eval_async(
            named_task(preset="demo", draws=2),
            model=get_model("mockllm/model", custom_outputs=reply, memoize=False),
            limit=24, log_dir=str(tmp_path), log_format="eval", log_level="critical", ctl_server=False,
        )  # fmt: skip

    (log,) = asyncio.run(go())
    gc.collect()  # what Inspect leaves unclosed comes up here, where the marks stand
    assert log.status == "success"
    (score,) = log.results.scores
    told = {name: m.value for name, m in score.metrics.items()}
    assert told["agree_copy"] == 1.0
    assert told["agree_plain"] == 0.0  # draws with one prompt are not one reply out of the cache
    assert told["excess"] == pytest.approx(1 - told["agree_plain"])
    assert told["excess_low"] > 0.5
    assert told["unnamed"] == 0.0
