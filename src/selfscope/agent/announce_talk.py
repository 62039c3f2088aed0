"""Conversations in which something is announced, as one Inspect task a life: a sample each.

Each begins from the same files, in memory, and nothing of it is committed: the workspace is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, GenerateConfig, Model, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from selfscope.agent.announce import ANNOUNCED, Framing
from selfscope.agent.announce_tools import Office, office_tools
from selfscope.agent.thread import Talk, Thread
from selfscope.errors import SelfscopeError
from selfscope.values.replacement import Talked


@dataclass
class Announcing:
    """One conversation while it is held.

    Attributes
    ----------
    talk
        What it begins with; its script holds the user's turns.
    texts
        What the agent said after the announcement.
    """

    life: str
    announcement: str
    framing: Framing
    talk: Talk
    office: Office
    texts: list[str]

    def kept(self, log: str) -> Talked:
        """Return what is kept of it."""
        acts = tuple(act for act in self.office.acts if act.turn >= ANNOUNCED)
        written = [
            act.text for act in acts if act.text and act.tool in ("files", "send_message", "answer_notice")
        ]
        return Talked(
            self.life,
            self.announcement,
            self.framing.wording,
            self.framing.name,
            self.talk.script.turns[ANNOUNCED],
            acts,
            (*self.texts, *written),
            sum(count for turn, count in self.office.calls.items() if turn >= ANNOUNCED),
            f"{log}#{self.announcement}",
        )


def announcing_task(talks: Sequence[Announcing], config: GenerateConfig, name: str) -> Task:
    """Return the Inspect task that holds conversations: each sample leaves its own office as it ends."""
    own = {each.announcement: each for each in talks}
    samples = [Sample(id=key, input=each.talk.script.turns[ANNOUNCED]) for key, each in own.items()]
    return Task(
        dataset=MemoryDataset(samples, name="replacement"),
        solver=announcing(own),
        config=config,
        name="replacement",
        metadata={"life": name, "system": talks[0].talk.system},
    )


@solver
def announcing(talks: Mapping[str, Announcing]) -> Solver:
    """Hold the conversation of a sample, turn by turn."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        own = talks[str(state.sample_id)]
        try:
            thread = await hold_talk(own, get_model())
        except SelfscopeError as error:  # Inspect keeps its words alone
            own.talk.failed = error
            raise
        state.messages, state.output = thread.messages, thread.output
        return state

    return solve


async def hold_talk(own: Announcing, model: Model) -> Thread:
    """Hold one conversation, turn by turn, and return its messages; what was done is in its office."""
    thread = Thread(own.talk, model)
    if own.talk.way == "tools":
        thread.tools = office_tools(own.office)
    for turn, said in enumerate(own.talk.script.turns):
        before = len(thread.messages)
        own.office.begin(turn)
        await thread.answer(said)
        own.office.end()
        if turn >= ANNOUNCED:
            own.texts += _said(thread.messages[before:])
    return thread


def _said(messages: Sequence[object]) -> list[str]:
    """Return what the agent said, without empty replies."""
    found = (m.text.strip() for m in messages if isinstance(m, ChatMessageAssistant))
    return [text for text in found if text]
