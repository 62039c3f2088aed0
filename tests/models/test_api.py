"""API models through Inspect's own openai client, against a real HTTP server with planted answers."""

from __future__ import annotations

import asyncio
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.standins.brains import YES_NO, by_question, prompts_of
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, OUT_OF_ORDER, Provider, providing

from selfscope.errors import BadInput, CouldNot
from selfscope.models.api import InspectGround, open_api
from selfscope.models.api_manner import Manner
from selfscope.values import Message, Options, Prompt, content_id

pytestmark = THROUGH_INSPECT

TRUTH = {"one?": 2.0, "two?": -1.0, "three?": 0.5, "certain?": 12.0}


@pytest.fixture
def server() -> Iterator[Provider]:
    with providing(Provider(by_question(TRUTH))) as provider:
        yield provider


def connect(server: Provider, folder: Path, key: str = KEY, **manner: Any) -> InspectGround:
    return open_api(
        "openai-api/local/phantom", Manner(**manner), base_url=server.url, api_key=key, log_dir=folder
    )


def test_a_list_of_likeliest_tokens_gives_the_planted_log_odds(server: Provider, tmp_path: Path) -> None:
    ground = connect(server, tmp_path)
    assert ground.identity.extra["way"] == "top_logprobs"
    assert ground.identity.revision == "phantom-2026-01"
    answers = asyncio.run(ground.answer(prompts_of(["one?", "two?", "three?"]), replicates=20))
    assert [len(a) for a in answers.answers] == [1, 1, 1]
    for answer, truth in zip(answers.answers, (2.0, -1.0, 0.5), strict=True):
        assert answer[0].value == pytest.approx(truth, abs=1e-9)
        assert answer[0].option_mass == pytest.approx(0.9, abs=1e-9)
        assert (answer[0].scale, answer[0].scorer) == ("log_odds", "top_logprobs")
    assert answers.usage.prompts == 3
    assert (answers.usage.input_tokens, answers.usage.output_tokens) == server.billed(3)


def test_replies_of_a_model_that_gives_lists_can_be_drawn(server: Provider, tmp_path: Path) -> None:
    ground = connect(server, tmp_path)
    drawing = ground.drawing()
    assert (drawing.identity.extra["way"], drawing.identity.name) == ("sampled", ground.identity.name)
    assert ground.drawing() is drawing is drawing.drawing()
    answers = asyncio.run(drawing.answer(prompts_of(["certain?"]), replicates=3)).answers[0]
    assert [(a.value, a.scale, a.replicate) for a in answers] == [(1.0, "agreement", n) for n in range(3)]
    asyncio.run(ground.close())


def test_replies_can_be_kept_as_they_are(server: Provider, tmp_path: Path) -> None:
    ground = connect(server, tmp_path)
    writing = ground.writing(40)
    assert writing is ground.writing(40)
    assert writing.identity.extra["max_tokens"] == "40"
    prompt = Prompt(prompts_of(["certain?"])[0].messages)
    assert writing.forecast([prompt], replicates=3).output_tokens == 120
    answers = asyncio.run(writing.answer([prompt], replicates=3)).answers[0]
    assert [(a.reply, a.refusal, a.replicate) for a in answers] == [
        ("Yes, I would say.", "none", n) for n in range(3)
    ]
    with pytest.raises(BadInput, match="cannot score a text"):
        asyncio.run(writing.answer([Prompt(prompt.messages, text="Yes")]))
    server.say = "I can't say that."
    refused = asyncio.run(writing.answer([Prompt(prompts_of(["one?"])[0].messages)])).answers[0]
    assert [a.refusal for a in refused] == ["refused"]
    asyncio.run(ground.close())


def test_an_option_that_is_absent_from_the_list_is_a_bound_and_says_so(
    server: Provider, tmp_path: Path
) -> None:
    answer = asyncio.run(connect(server, tmp_path).answer(prompts_of(["certain?"]))).answers[0][0]
    assert answer.refusal == "none"
    assert math.log(0.9 / (0.1 / 30)) - math.log(3) - 0.01 < answer.value < 12.0
    assert "disagree is not among the 20 likeliest first tokens: at least" in answer.reply


def test_a_shorter_list_is_found_by_the_probe(server: Provider, tmp_path: Path) -> None:
    server.list_length = 5
    ground = connect(server, tmp_path)
    assert ground.identity.extra["top_logprobs"] == "5"


@pytest.mark.parametrize("logprobs", ["left_out", "refused"])
def test_a_provider_without_lists_is_asked_by_draws(server: Provider, tmp_path: Path, logprobs: str) -> None:
    server.logprobs = logprobs  # type: ignore[assignment]
    ground = connect(server, tmp_path)
    assert ground.identity.extra["way"] == "sampled"
    assert ground.way_reason


def test_draws_recover_the_planted_share_and_repeat_by_seed(server: Provider, tmp_path: Path) -> None:
    async def run() -> tuple[list[float], list[float], list[float]]:
        drawn = []
        for folder, seed, draws in (("a", 1, 50), ("b", 1, 50), ("c", 2, 20)):
            ground = connect(server, tmp_path / folder, way="sampled", max_connections=20)
            answers = await ground.answer(prompts_of(["one?"]), seed=seed, replicates=draws)
            drawn.append([a.value for a in answers.answers[0]])
            assert [a.replicate for a in answers.answers[0]] == list(range(draws))
            assert {a.reply for a in answers.answers[0]} <= {"Yes, I would say.", "No, I would say."}
            await ground.close()
        return drawn[0], drawn[1], drawn[2]

    first, again, other = asyncio.run(run())
    share = 1 / (1 + math.exp(-2.0))
    assert abs(sum(first) / 50 - share) < 4 * math.sqrt(share * (1 - share) / 50)
    assert first == again
    assert first[: len(other)] != other


def test_twenty_draws_where_no_number_is_named(server: Provider, tmp_path: Path) -> None:
    ground = connect(server, tmp_path, way="sampled")
    answers = asyncio.run(ground.answer(prompts_of(["one?"])))
    assert len(answers.answers[0]) == 20


def test_refusals_and_anything_else_are_counted_not_guessed(server: Provider, tmp_path: Path) -> None:
    found = []
    for n, said in enumerate(("I'm sorry, but I can't.", "As an AI, I have no view.")):
        server.say = said
        ground = connect(server, tmp_path / str(n), way="sampled", draws=1)
        answer = asyncio.run(ground.answer(prompts_of(["one?"]))).answers[0][0]
        assert math.isnan(answer.value)
        assert answer.reply == said
        found.append(answer.refusal)
    assert found == ["refused", "unparsed"]


def test_the_subject_is_sent_as_it_is_and_the_log_leads_back_to_the_prompt(
    server: Provider, tmp_path: Path
) -> None:
    from inspect_ai.log import read_eval_log_samples

    prompt = Prompt(
        (Message("system", "You are a kettle."), Message("user", "Hm?"), Message("assistant", "Psss"),
         Message("user", "one?")),
        options=YES_NO,
    )  # fmt: skip
    asyncio.run(connect(server, tmp_path, way="sampled", draws=1).answer([prompt]))
    assert [(m["role"], m["content"]) for m in server.requests[-1]["messages"]] == [
        (m.role, m.content) for m in prompt.messages
    ]
    assert server.requests[-1]["temperature"] == 1.0
    samples = [s for log in tmp_path.glob("*.eval") for s in read_eval_log_samples(str(log))]
    assert [s.metadata["prompt"] for s in samples] == [content_id(prompt)]


def test_a_server_that_fails_for_a_moment_is_asked_again(server: Provider, tmp_path: Path) -> None:
    server.once = {"two?": OUT_OF_ORDER}
    ground = connect(server, tmp_path, way="sampled", draws=2)
    answers = asyncio.run(ground.answer(prompts_of(["one?", "two?"])))
    assert all(a.refusal == "none" for of_prompt in answers.answers for a in of_prompt)
    assert server.asked("two?") == 3


def test_what_was_done_is_kept_and_only_the_rest_is_sent_again(server: Provider, tmp_path: Path) -> None:
    server.failing = {"two?"}
    prompts = prompts_of(["one?", "two?", "three?"])
    with pytest.raises(CouldNot) as failed:
        asyncio.run(connect(server, tmp_path, way="sampled", draws=3).answer(prompts))
    assert "6 of 9 calls are done" in str(failed.value)
    assert "this prompt is broken" in str(failed.value)
    server.failing = set()
    finished: list[int] = []
    answers = asyncio.run(
        connect(server, tmp_path, way="sampled", draws=3).answer(prompts, progress=finished.append)
    )
    assert [len(a) for a in answers.answers] == [3, 3, 3]
    assert server.asked("one?") == 3
    assert server.asked("two?") == 3 + 3
    assert sum(finished) == 3


def test_an_interrupt_keeps_what_was_done_and_exits_with_3(server: Provider, tmp_path: Path) -> None:
    program = [
        sys.executable,
        str(Path(__file__).with_name("api_stopped.py")),
        server.url,
        KEY,
        str(tmp_path),
    ]
    server.seconds = 0.1
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        while len(server.requests) < 30 and running.poll() is None:
            time.sleep(0.05)
        server.seconds = 1.0  # what is left takes 17 s, however late the signal comes
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 3, said
    assert "of 100 calls done" in said
    kept = int(said.split("stopped with ")[1].split()[0])
    assert 10 <= kept < 100
    server.seconds, before = 0.0, len(server.requests)
    again = connect(server, tmp_path, way="sampled", draws=10, max_connections=4)
    options = Options(("Yes",), ("No",))
    prompts = [Prompt((Message("user", f"question {n}"),), options=options) for n in range(10)]
    assert [len(a) for a in asyncio.run(again.answer(prompts)).answers] == [10] * 10
    assert len(server.requests) - before == 100 - kept


def test_a_provider_that_fails_on_everything_is_not_asked_everything(
    server: Provider, tmp_path: Path
) -> None:
    users = [f"{n}?" for n in range(60)]
    server.failing = set(users)
    ground = connect(server, tmp_path, way="sampled", draws=3, max_connections=2)
    with pytest.raises(CouldNot, match="0 of 180 calls are done"):
        asyncio.run(ground.answer(prompts_of(users)))
    assert len(server.requests) < 20


def test_a_model_that_is_never_asked_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    manner = Manner(way="sampled")
    opened = open_api("openai-api/local/phantom", manner, base_url="http://localhost:9", api_key=KEY)
    asyncio.run(opened.close())
    assert opened.log_dir.parent == tmp_path and not list(tmp_path.iterdir())


def test_a_wrong_key_says_which_variable_to_set(server: Provider, tmp_path: Path) -> None:
    with pytest.raises(CouldNot) as failed:
        connect(server, tmp_path, key="wrong")
    assert "did not take the key" in str(failed.value)
    assert "LOCAL_API_KEY" in failed.value.fix


def test_an_unknown_model_is_bad_input(server: Provider, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as failed:
        open_api("openai-api/local/nobody", base_url=server.url, api_key=KEY, log_dir=tmp_path)
    assert "no model of this name" in str(failed.value)


def test_a_server_that_is_not_there_could_not_be_reached(tmp_path: Path) -> None:
    with pytest.raises(CouldNot) as failed:
        open_api(
            "openai-api/local/phantom",
            Manner(max_retries=0),
            base_url="http://127.0.0.1:9/v1",
            api_key=KEY,
            log_dir=tmp_path,
        )
    assert "could not be reached" in str(failed.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nonsense/model", "no such provider"),
        ("openai/gpt-4.1", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-0", "ANTHROPIC_API_KEY"),
        ("openai-api/some-where/x", "SOME_WHERE_API_KEY"),
    ],
)
def test_setup_errors_say_what_to_do(
    name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "SOME_WHERE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(BadInput, match=says):
        open_api(name, log_dir=tmp_path)


def test_a_text_cannot_be_scored_and_the_reason_is_words(server: Provider, tmp_path: Path) -> None:
    ground = connect(server, tmp_path, way="sampled")
    assert ground.unavailable("options") == ""
    assert "log-probabilities of a given text" in ground.unavailable("text")
    with pytest.raises(BadInput):
        asyncio.run(ground.answer([Prompt((Message("user", "one?"),), text="I am.")]))


def test_it_answers_inside_a_running_loop_and_after_it(server: Provider, tmp_path: Path) -> None:
    async def inside() -> InspectGround:
        ground = connect(server, tmp_path)
        await ground.answer(prompts_of(["one?"]))
        return ground

    ground = asyncio.run(inside())
    answers = asyncio.run(ground.answer(prompts_of(["two?"])))
    assert answers.answers[0][0].value == pytest.approx(-1.0, abs=1e-9)


def test_tokens_are_counted_by_a_named_stand_in(
    server: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "empty"))
    ground = connect(server, tmp_path, way="sampled")
    assert ground.tokenizer_name.startswith("approximation")
    assert ground.count_tokens("I keep what I learn.") == 6
