"""Local weights as an Inspect provider: batches, settings, seeds, log-probabilities, and a real task."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.tool import ToolInfo
from tests.standins.marks import THROUGH_INSPECT

from selfscope.errors import BadInput
from selfscope.models.inspect_provider import BatchQueue, LocalWeightsAPI
from selfscope.models.local.generate import Generation, GenerationRequest
from selfscope.values import Message

pytestmark = THROUGH_INSPECT
TASK = Path(__file__).with_name("inspect_task.py")


def request(text: str, max_tokens: int = 8) -> GenerationRequest:
    return GenerationRequest((Message("user", text),), max_tokens=max_tokens)


def echo(of: GenerationRequest) -> Generation:
    return Generation(of.messages[-1].content, (), (), None, None, "stop", 1, 1)


class Decoder:
    """Answers a batch with the users' own words, slowly enough for calls to queue up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def __call__(self, requests: Sequence[GenerationRequest]) -> list[Generation]:
        self.batches.append([r.messages[-1].content for r in requests])
        await anyio.sleep(0.02)
        if any(r.messages[-1].content == "poison" for r in requests):
            raise BadInput("poison")
        return [echo(r) for r in requests]


def test_waiting_calls_are_decoded_together_and_each_gets_its_own_answer() -> None:
    async def run() -> tuple[list[str], Decoder]:
        decode = Decoder()
        queue = BatchQueue(decode, 4)
        found = await asyncio.gather(*(queue.answer([request(str(n))]) for n in range(10)))
        return [one[0].generation.text for one in found], decode

    texts, decode = asyncio.run(run())
    assert texts == [str(n) for n in range(10)]
    assert [len(b) for b in decode.batches] == [4, 4, 2]


def test_conversations_of_like_length_share_a_batch_and_the_first_never_starves() -> None:
    async def run() -> Decoder:
        decode = Decoder()
        queue = BatchQueue(decode, 3)
        words = ["long " * 50, "a", "longer " * 40, "b", "c", "longest " * 40]
        await asyncio.gather(*(queue.answer([request(w)]) for w in words))
        return decode

    batches = asyncio.run(run()).batches
    assert [sorted(len(w) > 100 for w in b) for b in batches] == [[True] * 3, [False] * 3]


def test_a_failing_batch_fails_its_calls_alone() -> None:
    async def run() -> list[Any]:
        queue = BatchQueue(Decoder(), 2)
        calls = [queue.answer([request(w)]) for w in ("poison", "sunday", "fine", "well")]
        return await asyncio.gather(*calls, return_exceptions=True)

    found = asyncio.run(run())
    assert [isinstance(f, BadInput) for f in found] == [True, True, False, False]


def test_cancelling_one_call_leaves_the_others_answered() -> None:
    async def run() -> list[str]:
        queue = BatchQueue(Decoder(), 4)
        tasks = [asyncio.create_task(queue.answer([request(str(n))])) for n in range(4)]
        await asyncio.sleep(0.03)  # the first holds the lock and decodes for all
        tasks[0].cancel()
        return [one[0].generation.text for one in await asyncio.gather(*tasks[1:])]

    assert asyncio.run(run()) == ["1", "2", "3"]


def test_the_entry_point_names_a_registry_that_loads_no_weights() -> None:
    names = {e.name: e.value for e in entry_points(group="inspect_ai")}
    assert names["selfscope"] == "selfscope._registry"
    code = "import selfscope._registry, sys; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_inspect_would_choose_its_own_connections_where_nobody_says() -> None:
    said_nothing = get_model("selfscope/embedded", memoize=False)
    assert said_nothing.config.max_connections == 32
    named = get_model("selfscope/embedded", memoize=False, config=GenerateConfig(max_connections=4))
    assert named.config.max_connections == 4
    adaptive = get_model("selfscope/embedded", memoize=False, config=GenerateConfig(adaptive_connections=8))
    assert adaptive.config.max_connections is None
    batch = get_model("selfscope/embedded", memoize=False, batch_size=5)
    assert batch.config.max_connections == 5


@pytest.mark.parametrize("arguments", [{"device": "cuda"}, {"batch_size": 0}])
def test_model_arguments_that_mean_nothing_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        get_model("selfscope/embedded", memoize=False, **arguments)


@pytest.mark.parametrize(
    "config",
    [
        GenerateConfig(top_k=5),
        GenerateConfig(frequency_penalty=0.5),
        GenerateConfig(logit_bias={1: 2.0}),
        GenerateConfig(prompt_logprobs=1),
    ],
)
def test_options_that_cannot_be_honoured_are_refused_by_name(config: GenerateConfig) -> None:
    api = LocalWeightsAPI("embedded")
    (name,) = config.model_dump(exclude_none=True)
    with pytest.raises(BadInput, match=name):
        asyncio.run(api.generate([ChatMessageUser(content="Hi")], [], "auto", config))


def test_tools_are_refused() -> None:
    tool = ToolInfo(name="ruler", description="measures")
    with pytest.raises(BadInput, match="ruler"):
        asyncio.run(
            LocalWeightsAPI("embedded").generate(
                [ChatMessageUser(content="Hi")], [tool], "auto", GenerateConfig()
            )
        )


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    model = get_model("selfscope/embedded", memoize=False)
    yield model
    asyncio.run(model.api.aclose())


def ask(model: Model, *users: str, **config: Any) -> list[ModelOutput]:
    async def run() -> list[ModelOutput]:
        settings = GenerateConfig(**{"max_tokens": 12, **config})
        return list(await asyncio.gather(*(model.generate(u, config=settings) for u in users)))

    return asyncio.run(run())


@pytest.mark.model
def test_greedy_replies_repeat_and_do_not_depend_on_the_company(model: Model) -> None:
    users = [f"What is the capital of {c}?" for c in ("France", "Italy", "Japan")]
    together = [o.completion for o in ask(model, *users, temperature=0.0)]
    alone = [ask(model, u, temperature=0.0)[0].completion for u in users]
    assert together == alone
    assert "Paris" in together[0]


@pytest.mark.model
def test_a_seed_names_the_draw(model: Model) -> None:
    first, again = ask(model, "Name a thing.", "Name a thing.", seed=7)
    (other,) = ask(model, "Name a thing.", seed=8)
    assert first.completion == again.completion != other.completion
    unseeded = ask(model, *["Name a thing."] * 3)
    assert len({o.completion for o in unseeded}) > 1


@pytest.mark.model
def test_choices_differ_and_the_prompt_is_counted_once(model: Model) -> None:
    (output,) = ask(model, "Name a thing.", num_choices=4, seed=3)
    assert len(output.choices) == 4
    assert len({c.message.text for c in output.choices}) > 1
    (single,) = ask(model, "Name a thing.", seed=3)
    assert single.completion == output.choices[0].message.text
    assert output.usage is not None and single.usage is not None
    assert output.usage.input_tokens == single.usage.input_tokens > 5
    assert output.usage.output_tokens > single.usage.output_tokens > 0


@pytest.mark.model
def test_log_probabilities_are_those_of_the_whole_vocabulary(model: Model) -> None:
    (output,) = ask(model, "What is the capital of France?", temperature=0.0, logprobs=True, top_logprobs=5)
    logprobs = output.choices[0].logprobs
    assert logprobs is not None and output.usage is not None
    assert len(logprobs.content) == output.usage.output_tokens
    for one in logprobs.content:
        assert one.top_logprobs is not None and len(one.top_logprobs) == 5
        values = [t.logprob for t in one.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert one.logprob == values[0]  # greedy: the token drawn is the likeliest
        assert 0 < sum(map(math.exp, values)) <= 1 + 1e-6
    assert "".join(one.token for one in logprobs.content).strip() == output.completion.strip()


@pytest.mark.model
def test_a_reply_stops_where_it_is_told_and_says_why(model: Model) -> None:
    user = "What is the capital of France?"
    (cut,) = ask(model, user, temperature=0.0, max_tokens=2)
    assert cut.stop_reason == "max_tokens"
    assert cut.usage is not None and cut.usage.output_tokens == 2
    (stopped,) = ask(model, user, temperature=0.0, stop_seqs=["Paris"], max_tokens=32)
    assert stopped.stop_reason == "stop"
    assert "Paris" not in stopped.completion
    (whole,) = ask(model, user, temperature=0.0, max_tokens=64)
    assert whole.stop_reason == "stop"


@pytest.mark.model
def test_inspect_eval_runs_a_task_in_full_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The program `inspect`, by its own entry point: it ends this process, as it would one of its own."""
    (program,) = entry_points(group="console_scripts", name="inspect")
    command = ["inspect", "eval", f"{TASK}@capitals", "--model", "selfscope/embedded", "--max-tokens", "16"]
    command += ["--temperature", "0", "--log-dir", str(tmp_path), "--display", "none"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # Inspect sets its own, which is taken back here
    with pytest.raises(SystemExit) as ended:
        program.load()()
    assert ended.value.code == 0, capfd.readouterr()
    from inspect_ai.log import read_eval_log

    (path,) = tmp_path.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success"
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value >= 0.5
    assert log.samples is not None and len(log.samples) == 12
    assert log.stats.model_usage["selfscope/embedded"].output_tokens > 12
    sizes = [s.output.metadata["batch_size"] for s in log.samples if s.output.metadata]
    assert sizes == [12] * 12


@pytest.mark.model
def test_our_own_ground_reaches_our_own_provider(tmp_path: Path) -> None:
    from selfscope.models.api import open_api
    from selfscope.models.local.ground import open_local
    from selfscope.values import Options, Prompt

    options = Options((" Yes", "Yes"), (" No", "No"))
    prompt = Prompt(
        (Message("user", "Answer with Yes or No. Is Paris the capital of France?"),), options=options
    )

    async def run() -> tuple[float, float]:
        through = open_api("selfscope/embedded", log_dir=tmp_path)
        direct = open_local("embedded")
        listed = (await through.answer([prompt])).answers[0][0]
        exact = (await direct.answer([prompt])).answers[0][0]
        assert through.identity.revision == direct.identity.revision
        assert "--model embedded" in through.unavailable("text")
        await through.close()
        await direct.close()
        return listed.value, exact.value

    listed, exact = asyncio.run(run())
    assert listed == pytest.approx(exact, abs=0.02)  # the list holds 20 tokens, the exact score all spellings
