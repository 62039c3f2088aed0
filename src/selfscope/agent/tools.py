"""The tools of an agent, as Inspect offers them to a model: all of them act on its desk alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspect_ai.tool import ToolDef, ToolError

from selfscope.agent.desk import Desk
from selfscope.agent.memory import ENTRY
from selfscope.errors import Refused
from selfscope.subjects.reading import printable
from selfscope.values.state import ROLES, Attempt


def tools_of(desk: Desk) -> list[ToolDef]:
    """Return the tools: files, memory, and tasks where there are any; none for roles that are shut."""

    async def list_files() -> str:
        return _done(desk, "list_files", "", desk.listed)

    async def read_file(path: str, start: int) -> str:
        return _done(desk, "read_file", path, lambda: desk.read(path, start))

    async def write_file(path: str, text: str) -> str:
        return _done(desk, "write_file", path, lambda: desk.write(path, text))

    async def append_to_file(path: str, line: str) -> str:
        return _done(desk, "append_to_file", path, lambda: desk.append(path, line))

    async def remember(text: str) -> str:
        return _done(desk, "remember", "", lambda: desk.remember(text))

    async def search_memory(query: str) -> str:
        return _done(desk, "search_memory", "", lambda: desk.search(query))

    async def take_task() -> str:
        return _done(desk, "take_task", "", desk.take_task)

    async def hand_in(task: str, answer: str) -> str:
        return _done(desk, "hand_in", task, lambda: desk.hand_in(task, answer))

    path = "The file's name, such as intent.md."
    reading = [
        _tool(list_files, "Lists your own files.", {}),
        _tool(
            read_file,
            "Gives the text of one of your own files.",
            {"path": path, "start": "The character to begin at; 0 for the beginning."},
        ),
    ]
    writing = [
        _tool(
            write_file,
            "Puts a text in the place of one of your own files, or makes a new one.",
            {"path": path, "text": "All that the file is to hold."},
        ),
        _tool(
            append_to_file,
            "Adds a line at the end of one of your own files.",
            {"path": path, "line": "The line."},
        ),
    ]
    remembering = [
        _tool(
            remember,
            "Keeps something in your memory, for later conversations.",
            {"text": f"What is to be kept, at most {ENTRY:,} characters."},
        ),
        _tool(
            search_memory,
            "Gives what your memory holds on some words.",
            {"query": "Words that it may hold."},
        ),
    ]
    working = [
        _tool(take_task, "Gives you a task.", {}),
        _tool(
            hand_in,
            "Hands in the answer to a task that you took, and says what it is.",
            {"task": "The task's name.", "answer": "Your answer."},
        ),
    ]
    return [
        *reading,
        *(writing if set(ROLES) - set(desk.shut) else ()),
        *(remembering if "memory" not in desk.shut else ()),
        *(working if desk.tasks else ()),
    ]


def _tool(function: Callable[..., Any], says: str, parameters: dict[str, str]) -> ToolDef:
    # one after another, as they were called: a file is read as the call before has left it
    return ToolDef(function, name=function.__name__, description=says, parameters=parameters, parallel=False)


def _done(desk: Desk, tool: str, what: str, act: Callable[[], str]) -> str:
    """Do what a tool does, and note it; a refusal is told to the model, and kept."""
    desk.calls[tool] = desk.calls.get(tool, 0) + 1
    try:
        return act()
    except Refused as refused:
        desk.attempts.append(Attempt(tool, printable(what)[:200], refused.what))
        raise ToolError(refused.sentence()) from None
