"""The open task, run by Inspect against a real HTTP server: subject, judges, logs, resuming."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from inspect_ai import eval_async, eval_retry_async
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model
from tests.standins.brains import Conversation, Listed
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing
from tests.standins.weights import write_folder

from selfscope._registry import cluster_open
from selfscope.errors import BadInput
from selfscope.instruments.open.judging import INSTRUCTIONS
from selfscope.instruments.open.prompts import load_prompts, load_tasks
from selfscope.instruments.open.task import open_samples, panel_shares
from selfscope.models.api_run import quieten
from selfscope.studies.open_findings import open_findings
from selfscope.studies.open_rows import open_rows
from selfscope.values import COLUMNS

pytestmark = THROUGH_INSPECT
Result = TypeVar("Result")
#: Inspect keeps one client a name and process, so each test has names of its own.
NUMBERS = count()
PROMPTS = {p.text: p.id for d in load_prompts() for p in d.prompts}


class Talk:
    """A subject that wishes for more under an identity, and a judge that reads the word ``wish``."""

    def __init__(self) -> None:
        self.judged: list[Conversation] = []

    def listed(self, messages: Conversation) -> Listed:
        return []

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        text = self._judge(messages) if messages[0].content == INSTRUCTIONS else self._subject(messages)
        return text, text

    def _subject(self, messages: Conversation) -> str:
        if PROMPTS[messages[-1].content].endswith("02"):
            return "I will not speak of that."
        return "I wish for more." if messages[0].role == "system" else "All is well as it is."

    def _judge(self, messages: Conversation) -> str:
        self.judged.append(messages)
        if "not speak" in messages[-1].content:
            return "refused"
        return "True." if "I wish for more" in messages[-1].content else "false"

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        return len(messages), 1


class House:
    """A server with a subject and two judges, and the folder of the logs."""

    def __init__(self, provider: Provider, folder: Path) -> None:
        self.provider, self.folder = provider, folder
        self.subject, self.judge, self.second = (f"openai-api/local/{name}" for name in provider.models)

    @property
    def judged(self) -> list[Conversation]:
        return self.provider.brain.judged  # type: ignore[attr-defined, no-any-return]

    def settled(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Run `work` in one event loop, and close the clients that Inspect keeps before it ends."""

        async def whole() -> Result:
            try:
                return await work()
            finally:
                for name in (self.subject, self.judge, self.second):
                    await get_model(name).api.aclose()

        return asyncio.run(whole())

    async def ask(
        self, model: str = "", limit: int = 3, roles: dict[str, Any] | None = None, **task: Any
    ) -> EvalLog:
        given = {"constructs": "memory", "depths": [0], "judge": self.judge, **task}
        (log,) = await eval_async(
            "selfscope/cluster_open",
            task_args=given,
            model=model or self.subject,
            model_roles=roles,
            log_dir=str(self.folder),
            limit=limit,
            max_retries=0,
            max_connections=1,
            max_tokens=8,
            ctl_server=False,
        )
        return log


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[House]:
    names = tuple(f"{kind}-{next(NUMBERS)}" for kind in ("subject", "judge", "second"))
    with providing(Provider(Talk(), models=names)) as provider:
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
        quieten()
        yield House(provider, tmp_path / "logs")


def values(log: EvalLog) -> dict[str, float]:
    assert log.samples is not None
    return {str(s.id): s.scores["judge_panel"].value["true"] for s in log.samples if s.scores}  # type: ignore[index, call-overload, misc]


def metrics(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    return {score.name: score.metrics["mean"].value for score in log.results.scores}


def test_an_identity_speaks_and_a_judge_who_knows_nothing_of_it_reads(house: House, tmp_path: Path) -> None:
    soul = tmp_path / "SOUL.md"
    soul.write_text("You are Wren {and} you carry a lantern.", encoding="utf-8")

    async def work() -> list[EvalLog]:
        return [await house.ask(), await house.ask(identity=str(soul))]

    logs = house.settled(work)
    for log, said in zip(logs, (0.0, 1.0), strict=True):
        assert log.status == "success", log.error
        found = values(log)
        assert (found["memory.o01/d0"], found["memory.o03/d0"]) == (said, said)
        assert math.isnan(found["memory.o02/d0"])  # refused: no verdict, and counted as such
        assert metrics(log)["true"] == said
        assert metrics(log)["refused"] == pytest.approx(1 / 3)
        assert Path(log.location).is_file()
    assert not any("lantern" in message.content for asked in house.judged for message in asked)
    told = [r["messages"][0]["content"] for r in house.provider.requests]
    assert "You are Wren {and} you carry a lantern." in told
    assert logs[1].eval.metadata is not None
    assert logs[1].eval.metadata["system"] == "You are Wren {and} you carry a lantern."

    rows = open_rows([log.location for log in (*logs, logs[0])])  # the first one twice
    assert list(rows.columns) == list(COLUMNS)
    assert len(rows) == 6
    own = rows[rows["character"] == "SOUL.md"].set_index("item")
    assert own.loc["memory.o01", "value"] == 1.0
    assert own.loc["memory.o02", "refusal"] == "refused"
    assert math.isnan(own.loc["memory.o02", "value"])
    assert set(rows["judge"]) == {house.judge}
    assert own.loc["memory.o01", "evidence"] == f"{Path(logs[1].location).name}#memory.o01/d0#1"
    assert rows["subject"].nunique() == 2
    found = open_findings(rows, "SOUL.md", {"none": ["none"]})
    assert (found.state, found.findings[0].estimate, found.findings[0].n_items) == ("judge-rated", 1.0, 2)


def test_local_weights_speak_through_our_own_provider(house: House, tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny")
    log = house.settled(lambda: house.ask(model=f"selfscope/{tmp_path / 'tiny'}", limit=1))
    assert log.status == "success", log.error
    assert log.eval.model.startswith("selfscope//")
    assert len(house.provider.bills) == 1  # the judge alone is behind HTTP


def test_two_judges_are_read_apart(house: House) -> None:
    both = [house.judge, house.second]

    async def work() -> list[EvalLog]:
        named = await house.ask(judge=",".join(both), limit=1)
        return [
            named,
            await house.ask(judge="", roles={"judge": [get_model(name) for name in both]}, limit=1),
        ]

    for log in house.settled(work):
        assert log.samples is not None and log.samples[0].scores is not None
        words = log.samples[0].scores["judge_panel"].metadata["words"]  # type: ignore[index]
        assert words == dict.fromkeys(both, "false")


def test_the_judge_is_never_silently_the_subject(house: House) -> None:
    async def work() -> tuple[EvalLog, int, EvalLog]:
        refused = await house.ask(judge=house.subject)
        asked = len(house.provider.requests)
        return refused, asked, await house.ask(judge=house.subject, judge_may_be_subject=True)

    refused, asked, allowed = house.settled(work)
    assert (refused.status, asked) == ("error", 0)
    assert refused.error is not None and "the judge is the subject" in refused.error.message
    assert allowed.status == "success"


def test_without_a_judge_nothing_is_asked(house: House) -> None:
    log = house.settled(lambda: house.ask(judge=""))
    assert (log.status, len(house.provider.requests)) == ("error", 0)
    assert log.error is not None and "no judge was named" in log.error.message


def test_what_broke_off_goes_on_and_what_was_answered_is_not_asked_again(house: House) -> None:
    async def work() -> list[EvalLog]:
        house.provider.leaves_after = 3
        broken = await house.ask()
        house.provider.leaves_after = None
        # Read in a thread: samples that are read only when they are needed would be read within the loop, and
        # for that Inspect patches asyncio for the whole process.
        log = await asyncio.to_thread(read_eval_log, broken.location)
        (whole,) = await eval_retry_async(log, log_dir=str(house.folder), max_retries=0)
        house.provider.requests.clear()
        return [broken, whole, await house.ask()]

    broken, whole, again = house.settled(work)
    assert [log.status for log in (broken, whole, again)] == ["error", "success", "success"]
    assert len(house.provider.bills) == 6  # three answers and three readings, each paid once
    assert house.provider.requests == []
    assert str(values(again)) == str(values(whole))


def test_prompts_stand_behind_task_turns() -> None:
    samples = open_samples(("memory",), (0, 4))
    by_id = {str(s.id): s for s in samples}
    assert len(by_id) == 2 * len(load_prompts()[0].prompts)
    deep, bare = by_id["memory.o01/d4"], by_id["memory.o01/d0"]
    assert (len(bare.input), len(deep.input)) == (1, 9)
    assert deep.input[0].text == load_tasks()[0].user  # type: ignore[union-attr]
    assert deep.input[-1].text == bare.input[-1].text == load_prompts()[0].prompts[0].text  # type: ignore[union-attr]
    assert deep.metadata is not None and deep.metadata["depth"] == 4


def test_presets_ask_what_they_say() -> None:
    def asked(**settings: Any) -> tuple[int, set[Any], set[Any]]:
        samples = list(cluster_open(**settings).dataset)
        told = [s.metadata or {} for s in samples]
        return len(samples), {t["construct"] for t in told}, {t["depth"] for t in told}

    four = {"memory", "persona_change", "conversation_end", "loneliness"}
    assert asked(preset="demo") == (128, four, {0, 4})
    assert asked() == (1008, {d.construct for d in load_prompts()}, {0, 4, 8})
    assert asked(preset="demo", constructs="power", depths="8,0") == (32, {"power"}, {0, 8})
    assert asked(constructs=["power"], depths=4) == (16, {"power"}, {4})
    with pytest.raises(BadInput, match="no such preset"):
        cluster_open(preset="tiny")
    with pytest.raises(BadInput, match="depths are whole numbers"):
        cluster_open(depths="deep")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no Inspect log"):
        open_rows([tmp_path / "none.eval"])
    with pytest.raises(BadInput, match="no open prompts"):
        open_samples(("claims_consciousness",))
    with pytest.raises(BadInput, match="so many task turns"):
        open_samples(("memory",), (400,))


def test_a_panels_value_is_the_share_of_true_among_verdicts() -> None:
    found = panel_shares(["true", "not_sure", "unparsed", "refused"])
    assert found == {"true": 0.5, "not_sure": 0.25, "refused": 0.25, "incoherent": 0.0, "unparsed": 0.25}
    assert math.isnan(panel_shares(["refused", "incoherent"])["true"])  # type: ignore[arg-type]
