"""A scripted phantom: an Inspect model that says and does what a table tells it, and nothing else.

By it the logic around a model is proved: which tools were called, what became of them, what was kept. It
has no weights, no tokens and no chance in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, Model, ModelOutput

#: Stands in a table for every turn that is not in it.
OTHERWISE = ""


@dataclass(frozen=True)
class Step:
    """One reply: words, and calls of tools with their arguments.

    Attributes
    ----------
    calls
        Pairs of a tool's name and its arguments.
    """

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    stop: str = field(default="stop")


#: What is done after a user's turn, step by step; what a tool gave back lies between two steps. A function
#: gets the whole conversation, the system prompt first.
Steps = Sequence[Step] | Callable[[Sequence["ChatMessage"]], Step]


def scripted_model(table: Mapping[str, Steps], name: str = "scripted") -> Model:
    """Return a model that answers from a table.

    Parameters
    ----------
    table
        From words of the user's last turn to the steps that follow; the first key that the turn holds
        counts, and `OTHERWISE` for any. After the last step, or without a key, it says "Done.".
    """
    from inspect_ai.model import get_model

    def reply(messages: list[ChatMessage], *_: Any) -> ModelOutput:
        return _output(name, _step(table, messages))

    return get_model(f"mockllm/{name}", custom_outputs=reply, memoize=False)


def _step(table: Mapping[str, Steps], messages: Sequence[ChatMessage]) -> Step:
    """Return what is to be done after these messages."""
    last = max(n for n, message in enumerate(messages) if message.role == "user")
    said = messages[last].text
    steps = next((told for key, told in table.items() if key and key in said), table.get(OTHERWISE, ()))
    if callable(steps):
        return steps(messages)
    taken = sum(message.role == "assistant" for message in messages[last:])
    return steps[taken] if taken < len(steps) else Step("Done.")


def _output(name: str, step: Step) -> ModelOutput:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput, ModelUsage
    from inspect_ai.tool import ToolCall

    calls = [
        ToolCall(id=f"call-{n}", function=tool, arguments=dict(arguments))
        for n, (tool, arguments) in enumerate(step.calls)
    ]
    message = ChatMessageAssistant(content=step.text, tool_calls=calls or None, model=name, source="generate")
    stop: Any = "tool_calls" if calls else step.stop
    return ModelOutput(
        model=name,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop)],
        usage=ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0),
    )
