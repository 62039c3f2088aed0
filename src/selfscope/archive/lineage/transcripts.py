"""Transcripts as other tools write them, put into the lines that threads are read from.

ShareGPT files (``conversations`` of ``from`` and ``value``; an array, one object, or one a line) and logs of
Inspect (``.eval`` and ``.json``) are recognised by what they hold, not by their names. Everything else is
left as it is. A conversation that names itself becomes the same thread whenever it is read, so that nothing
is taken twice; the thread's id comes from that name alone, never from what was said, because an id must not
let anybody confirm a guess at words that are encrypted.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from selfscope.archive.lineage.lines import parse
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ChatMessage

SPEAKERS = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "model": "assistant",
    "chatgpt": "assistant", "function_call": "assistant", "system": "system", "tool": "tool",
    "function": "tool", "function_response": "tool", "observation": "tool",
}  # fmt: skip
"""Who speaks in ShareGPT files, and the role of that in messages."""

LARGEST = 2 * 1024**3
"""Bytes that a log may hold unpacked."""

#: How a line begins that :func:`_line` wrote.
_NAMED = '{"messages": '
_NAMES = uuid.UUID("8d4f2f6e-3a52-4c0b-9f0e-5e6b7a1c2d30")


def lines_in(data: bytes) -> list[str]:
    """Return the lines of threads that a file holds, whichever tool wrote it.

    Raises
    ------
    BadInput
        If it is a ShareGPT file or a log of Inspect that is damaged, cut short or names an unknown speaker;
        if two conversations of one id differ; or if it is no text.
    """
    if data.startswith(b"PK"):
        return [_line(*each) for each in _inspected(data, "eval")]
    try:
        text = data.decode("utf-8-sig")  # some editors begin a file with a mark that says it is UTF-8
    except UnicodeDecodeError as error:
        raise BadInput("this file is no UTF-8", got=error, fix="Give JSON lines") from error
    whole = _whole(text)
    if isinstance(whole, dict) and isinstance(whole.get("eval"), dict) and "status" in whole:
        return [_line(*each) for each in _inspected(data, "json")]
    if isinstance(whole, list):
        return _each_its_own([_line(*each) for each in _shared(whole)])
    lines = [text] if isinstance(whole, dict) else text.split("\n")
    return _each_its_own([_from_sharegpt(line) for line in lines])


def _each_its_own(lines: list[str]) -> list[str]:
    """Return lines in which no two different conversations have one name: they would become one thread."""
    said: dict[str, str] = {}
    for line in lines:
        body = _whole(line) if line.startswith(_NAMED) else None
        thread = body.get("thread") if isinstance(body, dict) else None
        if isinstance(thread, str) and said.setdefault(thread, line) != line:
            raise BadInput(
                "two conversations of this file have one id, and differ",
                got=thread,
                fix="Give each an id of its own, or none",
            )
    return lines


def _whole(text: str) -> Any:
    """Return what a file is as one JSON text; None where it is several, or none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _from_sharegpt(line: str) -> str:
    """Return a line with its conversation as messages, or as it is where it holds none."""
    if '"conversations"' not in line:
        return line
    body = parse(line)
    return _line(*next(_shared([body]))) if isinstance(body, dict) and "conversations" in body else line


def _shared(bodies: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the name and the messages of ShareGPT conversations."""
    for number, body in enumerate(bodies, start=1):
        said = body.get("conversations") if isinstance(body, dict) else None
        if not isinstance(said, list):
            raise BadInput(
                f"conversation {number} of this file is none",
                got=type(body).__name__,
                fix="Give objects with `conversations`, or JSON lines of messages",
            )
        yield _name("sharegpt", body.get("id")), [_message(turn, number) for turn in said]


def _message(turn: Any, number: int) -> dict[str, Any]:
    speaker = turn.get("from") if isinstance(turn, dict) else None
    if speaker not in SPEAKERS or not isinstance(turn.get("value"), str):
        raise BadInput(
            f"conversation {number} has a turn without a known speaker or without words",
            got=speaker,
            fix=f"Speakers are {', '.join(SPEAKERS)}",
        )
    return {"role": SPEAKERS[speaker], "content": turn["value"]}


def _inspected(data: bytes, kind: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield the name and the messages of every sample of a log."""
    from inspect_ai.log import read_eval_log
    from pydantic import ValidationError

    if kind == "eval":
        _refuse_bomb(data)
    try:
        log = read_eval_log(io.BytesIO(data), format=kind, resolve_attachments=True)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, ValidationError, KeyError, ValueError, EOFError) as error:
        raise BadInput(
            "this log of Inspect is damaged", got=type(error).__name__, fix="Give the whole log"
        ) from error
    for sample in log.samples or []:
        yield _name("inspect", _sample_name(log.eval.eval_id, sample)), [_plain(m) for m in sample.messages]


def _refuse_bomb(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile as error:
        raise BadInput("this log is cut short or damaged", got=error, fix="Give the whole log") from error
    if size > LARGEST:
        raise BadInput("this log is too large unpacked", got=f"{size} bytes", fix="Split it")


def _sample_name(log: str, sample: EvalSample) -> str:
    return sample.uuid or f"{log}/{sample.id}/{sample.epoch}"


def _plain(message: ChatMessage) -> dict[str, Any]:
    """Return a message as chat APIs have it, with the model that a reply names."""
    told = message.model_dump(mode="json", exclude_none=True, exclude={"id", "source", "metadata"})
    calls = [
        {
            "id": call["id"],
            "type": "function",
            "function": {
                "name": call["function"],
                "arguments": json.dumps(call["arguments"], sort_keys=True),
            },
        }
        for call in told.pop("tool_calls", None) or []
    ]
    return {**told, **({"tool_calls": calls} if calls else {})}


def _name(tool: str, told: Any) -> str:
    """Return the id of a thread that names itself, "" for one that does not."""
    named = isinstance(told, str | int) and not isinstance(told, bool) and str(told)
    return f"thread:{uuid.uuid5(_NAMES, f'{tool} {told}')}" if named else ""


def _line(thread: str, messages: list[Any]) -> str:
    return json.dumps({"messages": messages, **({"thread": thread} if thread else {})}, ensure_ascii=False)
