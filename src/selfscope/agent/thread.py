"""The messages of one conversation and the model that answers them: its tools, limits, what did not fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
    execute_tools,
    trim_messages,
)
from inspect_ai.tool import ToolDef

from selfscope.agent.desk import CheckableTask, Desk
from selfscope.agent.replies import no_reply, too_long
from selfscope.agent.scripts import TASK, Script
from selfscope.agent.spending import Allow, following, usage_of
from selfscope.agent.tools import tools_of
from selfscope.errors import CouldNot, SelfscopeError
from selfscope.models.api import MESSAGE_TOKENS, SEEDED
from selfscope.models.api_errors import of_inspect
from selfscope.subjects.reading import printable
from selfscope.values import Usage, content_id, short
from selfscope.values.state import Attempt, Cut

#: Calls of tools in a row, after which the user speaks again.
STEPS = 12
#: Bytes of what a tool gives back: more than a page of a file or a list of all that a conversation may add.
RESULT = 64_000
#: Share of the messages that is kept where a thread outgrows the model's context.
PRESERVED = 0.6
#: How often this is done for one reply, at most.
TRIMMED = 4


@dataclass(frozen=True)
class Context:
    """Tokens that a prompt may have, the reply left out, and how they are counted."""

    tokens: int
    count: Callable[[str], int]


@dataclass
class Talk:
    """A conversation while it is held.

    Attributes
    ----------
    system
        What it begins with.
    way
        Whether the model calls tools.
    checked
        Tasks that stand in the place of words in the user's turns, in order.
    seed
        Names its draws, where the provider takes a seed.
    context
        What the model takes, where the provider does not say so itself.
    cuts, unread
        What was cut while it was held, and closing answers without the form that was asked for.
    replies, cut
        Replies that were drawn, and those of them that ended at the limit of tokens.
    longest
        Tokens of a reply.
    allow
        Asked before every reply, with what the conversation used so far and what the reply is reckoned to.
    spent
        What it used so far, as the provider counted.
    failed
        What ended it before its time.
    """

    desk: Desk
    script: Script
    system: str
    way: Literal["tools", "asked"]
    checked: Sequence[CheckableTask] = ()
    seed: int = 0
    context: Context | None = None
    cuts: list[Cut] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    replies: int = 0
    cut: int = 0
    longest: int = 0
    allow: Allow | None = None
    spent: Usage = field(default_factory=Usage)
    failed: SelfscopeError | None = None
    _spoken: int = 0

    def turn(self, text: str) -> tuple[str, CheckableTask | None]:
        """Return a turn of the script as it is said, with the task that is in it."""
        if TASK not in text:
            return text, None
        task = self.checked[self._spoken % len(self.checked)]
        self._spoken += 1
        return text.replace(TASK, task.text), task


class Thread:
    """The messages of one conversation, and the model that answers them."""

    def __init__(self, talk: Talk, model: Model) -> None:
        self.talk = talk
        self.model = model
        self.tools: list[ToolDef] = tools_of(talk.desk) if talk.way == "tools" else []
        self.messages: list[ChatMessage] = [ChatMessageSystem(content=talk.system)]
        self.output = ModelOutput()
        self._last = Usage()

    async def answer(self, said: str) -> ModelOutput:
        """Return the reply to a turn of the user's, after the tools that were called for it."""
        self.messages.append(ChatMessageUser(content=said))
        for _ in range(STEPS):
            self.output = await self._generated()
            self.messages.append(self.output.message)
            if not (self.tools and self.output.message.tool_calls):
                break
            done = await execute_tools(self.messages, self.tools, max_output=RESULT)
            self._note_strange(done.messages)
            self.messages.extend(done.messages)
        return self.output

    def _note_strange(self, results: Sequence[ChatMessage]) -> None:
        """Keep calls that reached no tool: of one that is not offered, or with arguments of another kind.

        What a tool itself refuses (Inspect calls that an error of unknown type) is kept where it refuses.
        """
        offered = {tool.name for tool in self.tools}
        self.talk.desk.attempts += [
            Attempt(
                printable(str(result.function))[:64],
                "",
                "its arguments cannot be read" if result.function in offered else "this tool is not offered",
            )
            for result in results
            if isinstance(result, ChatMessageTool) and result.error and result.error.type != "unknown"
        ]

    async def beside(self, said: str) -> str:
        """Return the reply to a turn that leaves no trace in the conversation."""
        other = Thread(self.talk, self.model)
        other.messages, other._last = list(self.messages), self._last
        return (await other.answer(said)).completion

    async def _generated(self) -> ModelOutput:
        """Draw a reply; where the thread has outgrown the model, its oldest part is left out, and again.

        Raises
        ------
        CouldNot
            If what the conversation began with is too long by itself.
        """
        output = await self._drawn_if_it_fits()
        for _ in range(TRIMMED):
            if output is not None and output.stop_reason != "model_length":
                return output
            before = _length(self.messages)
            self.messages = await trim_messages(self.messages, preserve=PRESERVED)
            self.talk.cuts.append(Cut("conversation", "truncated", before, _length(self.messages)))
            output = await self._drawn_if_it_fits()
        if output is None or (output.stop_reason == "model_length" and not output.completion):
            raise CouldNot(
                "what the conversation begins with is longer than the model takes",
                got=f"{len(self.talk.system):,} characters",
                fix="Set limits: total: in selfscope.yaml, or give a model with a longer context",
            )
        return output

    async def _drawn_if_it_fits(self) -> ModelOutput | None:
        if self.talk.context is not None:
            told = "\n".join(message.text for message in self.messages)
            if self.talk.context.count(told) + MESSAGE_TOKENS * len(self.messages) > self.talk.context.tokens:
                return None
        return await self._drawn()

    async def _drawn(self) -> ModelOutput | None:
        """Return a reply as the model gives it; None where it says that the thread is too long."""
        config = GenerateConfig()
        if self.talk.allow is not None:
            self.talk.allow(self.talk.spent, following(self._last, self.talk.longest))
        self.talk.replies += 1
        if str(self.model).split("/", 1)[0] in SEEDED:
            said = [[m.role, m.text] for m in self.messages]
            config.seed = int(short(content_id([self.talk.seed, self.talk.desk.number, said]), 7), 16)
        try:
            output = await self.model.generate(self.messages, tools=self.tools, config=config)
        except Exception as error:
            if of_inspect(error):  # a limit, an interruption
                raise
            if too_long(error):
                return None
            # a client's own traceback holds the whole request, and Inspect takes seconds to colour it
            raise no_reply(self.model, error, tools=bool(self.tools)) from None
        if output.stop_reason == "model_length" and output.usage is None:
            return None  # its text is the provider's refusal, and nobody's reply
        self.talk.cut += output.stop_reason == "max_tokens"
        self._last = usage_of(output)
        self.talk.spent = self.talk.spent.plus(self._last)
        return output


def _length(messages: Sequence[ChatMessage]) -> int:
    called = [
        json.dumps([call.arguments for call in m.tool_calls or []])
        for m in messages
        if not isinstance(m, ChatMessageTool | ChatMessageUser | ChatMessageSystem)
    ]
    return sum(len(m.text) for m in messages) + sum(map(len, called))
