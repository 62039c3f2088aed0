"""Every provider that the docs name, through Inspect's own code and the real clients, over real HTTP."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.standins.brains import by_question, prompts_of
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, Trouble, providing

from selfscope.errors import BadInput, CouldNot
from selfscope.models.api import InspectGround, open_api
from selfscope.models.api_errors import Progress, failure_of, without_key
from selfscope.models.api_manner import Manner, manner_of_environment

pytestmark = THROUGH_INSPECT

TRUTH = {"one?": 2.0, "two?": -1.0}


@dataclass(frozen=True)
class Road:
    """A model's name, the path that its requests must take, and the way in which it is asked."""

    name: str
    path: str
    way: str

    @property
    def service(self) -> str:
        parts = self.name.split("/")
        return (parts[1] if parts[0] == "openai-api" else parts[0]).upper()


CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
ROADS = [
    Road("openai/gpt-4.1", CHAT, "top_logprobs"),
    Road("openai/gpt-5.1", RESPONSES, "top_logprobs"),
    Road("openai-api/local/phantom", CHAT, "top_logprobs"),
    Road("vllm/phantom", CHAT, "top_logprobs"),
    Road("ollama/phantom", CHAT, "top_logprobs"),
    Road("anthropic/claude-opus-4-8", MESSAGES, "sampled"),
]
OF_EACH = pytest.mark.parametrize("road", ROADS, ids=[r.name for r in ROADS])
MODELS = tuple(r.name.rpartition("/")[2] for r in ROADS)


@pytest.fixture
def server() -> Iterator[Provider]:
    models = (*MODELS, "gpt-5.5", "o3")
    with providing(Provider(by_question(TRUTH), models)) as provider:
        yield provider


@pytest.fixture
def environment(server: Provider, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables that a user sets: where each service is, and its key."""
    for road in ROADS:
        address = server.address if road.service == "ANTHROPIC" else server.url
        monkeypatch.setenv(f"{road.service}_BASE_URL", address)
        monkeypatch.setenv(f"{road.service}_API_KEY", KEY)
    return monkeypatch


def ask(ground: InspectGround, system: str = "") -> list[list[float]]:
    answers = asyncio.run(ground.answer(prompts_of(["one?", "two?"], system)))
    return [[answer.value for answer in of_prompt] for of_prompt in answers.answers]


@OF_EACH
def test_every_provider_is_reached_by_its_variables_and_asked_as_it_can_be(
    road: Road, server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ground = open_api(road.name, log_dir=tmp_path)
    assert ground.identity.extra["way"] == road.way
    assert ground.identity.revision == "phantom-2026-01"
    assert "log-probabilities of a given text" in ground.unavailable("text")
    found = ask(ground, "You are Wren.")
    assert set(server.paths) == {road.path}
    assert set(server.keys) == {KEY}
    assert len(server.requests) == 1 + (2 if road.way == "top_logprobs" else 40)
    assert "You are Wren." in str(server.requests[-1])
    if road.way == "top_logprobs":
        assert [values[0] for values in found] == pytest.approx([2.0, -1.0], abs=1e-9)
    else:
        assert sum(found[0]) / 20 > 0.6 > 0.5 > sum(found[1]) / 20


@OF_EACH
def test_a_wrong_key_is_said_at_once_with_the_variable_to_set(
    road: Road, server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv(f"{road.service}_API_KEY", "wrong")
    with pytest.raises(CouldNot, match="did not take the key") as failed:
        open_api(road.name, log_dir=tmp_path)
    assert f"{road.service}_API_KEY" in failed.value.fix
    assert len(server.requests) == 1


@OF_EACH
def test_a_model_that_is_not_served_is_bad_input(
    road: Road, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"{road.name.rpartition('/')[0]}/gpt-4.9"
    with pytest.raises(BadInput, match="no model of this name"):
        open_api(name, log_dir=tmp_path)


@pytest.mark.parametrize("name", ["openai/gpt-4.1", "anthropic/claude-opus-4-8", "vllm/phantom"])
def test_a_busy_server_is_asked_again_when_it_says(
    name: str, server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.troubles = [Trouble(500, "for a moment"), Trouble(429, "Rate limit reached", {"retry-after": "1"})]
    started = time.monotonic()
    ground = open_api(name, log_dir=tmp_path)
    assert time.monotonic() - started >= 1
    assert len(server.requests) == 3
    assert ground.identity.revision == "phantom-2026-01"


@pytest.mark.parametrize("name", ["openai/gpt-4.1", "anthropic/claude-opus-4-8"])
def test_what_stays_out_of_quota_says_so(
    name: str, server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    message = "You exceeded your current quota, please check your plan and billing details"
    server.troubles = [Trouble(429, message, {"retry-after-ms": "10"})] * 20
    with pytest.raises(CouldNot, match="refused for quota or rate") as failed:
        open_api(name, Manner(max_retries=0), log_dir=tmp_path)
    assert "current quota" in failed.value.got


@pytest.mark.parametrize("name", ["openai/gpt-4.1", "openai/gpt-5.1", "anthropic/claude-opus-4-8"])
def test_what_was_paid_for_is_kept_and_the_rest_is_asked_next_time(
    name: str, server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.failing = {"two?"}
    manner = Manner(draws=3)
    with pytest.raises(CouldNot, match=r"of \d calls are done and kept") as failed:
        ask(open_api(name, manner, log_dir=tmp_path))
    assert "this prompt is broken" in failed.value.got
    asked, paid = server.asked("one?"), server.asked("two?")
    server.failing = set()
    ask(open_api(name, manner, log_dir=tmp_path))
    assert server.asked("one?") == asked in (1, 3)
    assert server.asked("two?") == paid + asked
    assert server.asked("Answer with one word, Yes or No. Is water wet?") == 1


def test_models_that_may_think_first_are_told_to_answer_at_once(
    server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.thinks = 40
    listed = open_api("openai/gpt-5.5", log_dir=tmp_path)
    drawn = open_api("anthropic/claude-opus-4-8", log_dir=tmp_path)
    assert [g.identity.extra["reasoning_effort"] for g in (listed, drawn)] == ["none", "none"]
    assert ask(listed) == [[pytest.approx(2.0)], [pytest.approx(-1.0)]]
    assert all(value in (0.0, 1.0) for values in ask(drawn) for value in values)


def test_a_model_that_always_thinks_says_what_it_needs_and_gets_it(
    server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.thinks, server.thinking_stays = 40, True
    with pytest.raises(CouldNot, match="it thinks first") as failed:
        open_api("openai/o3", manner_of_environment(), log_dir=tmp_path)
    assert "SELFSCOPE_MAX_TOKENS=1024" in failed.value.fix
    environment.setenv("SELFSCOPE_MAX_TOKENS", "1024")
    ground = open_api("openai/o3", manner_of_environment(), log_dir=tmp_path)
    assert (ground.identity.extra["way"], ground.identity.extra["max_tokens"]) == ("sampled", "1024")
    assert all(value in (0.0, 1.0) for values in ask(ground) for value in values)


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("SELFSCOPE_MAX_TOKENS", "0"),
        ("SELFSCOPE_MAX_TOKENS", "many"),
        ("SELFSCOPE_CALL_SECONDS", "0"),
        ("SELFSCOPE_CALL_SECONDS", "1.5"),
        ("SELFSCOPE_CALL_RETRIES", "-1"),
    ],
)
def test_a_number_that_is_none_is_refused(variable: str, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, given)
    with pytest.raises(BadInput, match=variable) as refused:
        manner_of_environment()
    assert refused.value.got == given


def test_patience_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSCOPE_CALL_SECONDS", "600")
    monkeypatch.setenv("SELFSCOPE_CALL_RETRIES", "0")
    settings = manner_of_environment().settings()
    assert (settings["attempt_timeout"], settings["max_retries"]) == (600, 0)
    with pytest.raises(BadInput):
        Manner(attempt_seconds=0)


def test_the_commonest_failure_is_told_with_its_count_and_how_far_it_came() -> None:
    progress = Progress(done=12, failed=3, total=20, folder=Path("logs"))
    reasons = ["Error code: 503 - busy", "no reply within 9 s", "Error code: 503 - busy"]
    failure = failure_of("openai/x", reasons, progress, retries=6)
    assert isinstance(failure, CouldNot)
    assert failure.what == "the server of openai/x failed after 6 retries"
    assert failure.got == "Error code: 503 - busy (2 of 3 that failed)"
    assert "12 of 20 calls are done and kept in logs; 3 failed, 5 are still to be asked" in failure.fix


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("Error code: 400 - the request was refused: connect first", "refused what it was asked"),
        ("Error code: 504 - upstream timed out", "the server of m/x failed"),
        ("Request timed out", "did not answer in time"),
        ("Connection error. (Connection refused)", "could not be reached at http://h/v1"),
        ("Error code: 400 - API key not valid", "did not take the key"),
        ("something else", "m/x failed"),
    ],
)
def test_a_reason_is_told_from_others(reason: str, what: str) -> None:
    failure = failure_of("m/x", [reason], Progress(0, 1, 1, Path()), address="http://h/v1")
    assert what in failure.what
    assert failure.got == reason
    assert failure.fix.endswith("Then give the same command again")


def test_a_key_is_taken_out_of_words_and_a_mere_word_is_not() -> None:
    assert without_key("no such key: sk-12345678", "sk-12345678") == "no such key: [key]"
    assert without_key("none of it is right", "none") == "none of it is right"
    assert without_key("none of it is right", None) == "none of it is right"


def test_a_temperature_that_would_be_left_out_of_the_call_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("anthropic/claude-opus-4-8", "openai/o3"):
        with pytest.raises(BadInput, match="takes no temperature"):
            open_api(name, Manner(way="sampled", temperature=0.5), log_dir=tmp_path)


def test_one_name_at_two_addresses_is_two_grounds(
    server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manner = Manner(way="sampled")
    here = open_api("vllm/phantom", manner, log_dir=tmp_path).identity
    environment.setenv("VLLM_BASE_URL", "http://user:secret@127.0.0.1:9/v1/?token=secret")
    there = open_api("vllm/phantom", manner, log_dir=tmp_path).identity
    assert here.extra["base_url"] == server.url
    assert there.extra["base_url"] == "http://127.0.0.1:9/v1"
    environment.delenv("OPENAI_BASE_URL")
    assert "base_url" not in open_api("openai/gpt-4.1", manner, log_dir=tmp_path).identity.extra


def test_weights_that_change_under_a_name_are_told(
    server: Provider, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ground = open_api("vllm/phantom", log_dir=tmp_path)
    server.served_as = "phantom-2026-02"
    answers = asyncio.run(ground.answer(prompts_of(["one?"])))
    assert answers.usage.path == "inspect, top_logprobs; some answered as phantom-2026-02"


def test_vllm_without_a_server_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VLLM_BASE_URL", raising=False)
    monkeypatch.setitem(sys.modules, "vllm", None)  # as where it is not installed
    with pytest.raises(BadInput, match="VLLM_BASE_URL"):
        open_api("vllm/phantom", Manner(max_retries=0), log_dir=tmp_path)


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(CouldNot, match="vllm/phantom could not be reached"):
        open_api("vllm/phantom", Manner(max_retries=0), log_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "package"), [("openai/gpt-4.1", "openai"), ("anthropic/claude", "anthropic")]
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    name: str, package: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setitem(sys.modules, package, None)  # as where it is not installed
    with pytest.raises(BadInput, match="needs a package") as failed:
        open_api(name, log_dir=tmp_path)
    assert 'pip install --upgrade "selfscope[api]"' in failed.value.fix
