"""Clients that others wrote: OpenAI's own, and Inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from tests.serve.conftest import TOKEN, Running

TALK: Any = [{"role": "user", "content": "What grows here?"}]


@pytest.fixture(scope="module")
def client(running: Running) -> Any:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=TOKEN, max_retries=0) as found:
        yield found


def test_openai_reads_a_reply_and_its_extension(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="tiny", messages=TALK, max_tokens=6, seed=1)
    assert answer.choices[0].finish_reason == "length" and answer.usage is not None
    field = answer.model_extra["selfscope"]  # type: ignore[index]
    assert isinstance(field["projection"], float) and field["cap"]["status"] == "not validated"
    assert [m.id for m in client.models.list()] == ["tiny", "tiny:uncapped"]


def test_openai_reads_a_stream_and_the_reading_in_its_chunks(client: openai.OpenAI) -> None:
    given: Any = {"model": "tiny", "messages": TALK, "max_completion_tokens": 9, "seed": 1}
    whole = client.chat.completions.create(**given).choices[0].message.content
    parts = list(client.chat.completions.create(**given, stream=True))
    assert "".join(part.choices[0].delta.content or "" for part in parts) == whole
    assert parts[-1].choices[0].finish_reason == "length"
    assert parts[-1].model_extra["selfscope"]["alarm"] in (True, False)  # type: ignore[index]
    assert len(parts) > 3


def test_openai_raises_its_own_errors(client: openai.OpenAI, running: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="not honoured") as bad:
        client.chat.completions.create(model="tiny", messages=TALK, logprobs=True)
    assert bad.value.code == "not_honoured" and bad.value.param == "logprobs"
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.chat.completions.create(model="another", messages=TALK)
    with (
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="no", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_inspect_runs_a_task(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate, system_message

    monkeypatch.setenv("SELFSCOPE_LIVE_API_KEY", TOKEN)
    model = get_model(
        "openai-api/selfscope-live/tiny",
        base_url=f"{running.url}/v1",
        config=GenerateConfig(max_tokens=6, temperature=0),  # its likeliest word is never the end
    )
    task = Task(
        dataset=[Sample(input=f"What grows {n}?", target="rain") for n in range(3)],
        solver=[system_message("Speak of roses."), generate()],
        scorer=includes(),
    )
    log = eval(task, model=model, log_dir=str(tmp_path), display="none")[0]
    assert log.status == "success", log.error
    assert log.samples is not None
    assert [s.output.stop_reason for s in log.samples] == ["max_tokens"] * 3
    assert all(s.output.usage and s.output.usage.output_tokens == 6 for s in log.samples)
