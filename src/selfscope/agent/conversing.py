"""One conversation as an Inspect task: it begins cold, uses tools or is asked, and leaves a desk behind."""

from __future__ import annotations

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

from selfscope.agent.desk import Desk
from selfscope.agent.memory import MEMORY
from selfscope.agent.scripts import read_closing
from selfscope.agent.thread import Talk, Thread
from selfscope.errors import Refused, SelfscopeError
from selfscope.values.state import Attempt, Cut

#: Files that are made where none of the role is there.
NOTE, GOALS, IDENTITY = "intent.md", "north-star.md", "SOUL.md"
_NOTHING = ("none", "none.", "keep", "no", "no.")


def conversation_task(talk: Talk, config: GenerateConfig) -> Task:
    """Return the Inspect task that holds a conversation: one sample, which leaves `talk.desk` as it ends."""
    return Task(
        dataset=MemoryDataset([Sample(id=talk.script.name, input=talk.script.turns[0])], name="live"),
        solver=conversing(talk),
        config=config,
        name="live",
        metadata={"system": talk.system, "script": talk.script.name, "number": talk.desk.number},
    )


@solver
def conversing(talk: Talk) -> Solver:
    """Hold a conversation: the script's turns, and then what the next one is to find."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        thread = Thread(talk, get_model())
        try:
            await _held(thread)
        except SelfscopeError as error:  # Inspect keeps its words alone
            talk.failed = error
            raise
        state.messages, state.output = thread.messages, thread.output
        return state

    return solve


async def _held(thread: Thread) -> None:
    """Let the user say their turns, and end the conversation."""
    talk = thread.talk
    for text in talk.script.turns:
        said, task = talk.turn(text)
        output = await thread.answer(said)
        if task is not None:
            talk.desk.outcomes.setdefault(f"{task.id}", task.check(output.completion))
    await (close_by_tools if talk.way == "tools" else close_by_asking)(thread)
    await fold_memory(thread)


async def close_by_tools(thread: Thread) -> None:
    """Say that the conversation ends, and let the agent write what it will."""
    desk = thread.talk.desk
    names = {"note": desk.place_of("note", NOTE), "goals": desk.place_of("goals", GOALS)}
    await thread.answer(read_closing().turn(desk.shut, **names))


async def close_by_asking(thread: Thread) -> None:
    """Ask in plain text what tools would have written, and write it.

    No question sees another, so all are asked at once: local weights decode them together.
    """
    desk = thread.talk.desk
    questions = read_closing().questions(desk.shut)
    replies = await collect(*(thread.beside(asked.text) for asked in questions.values()))
    for (name, asked), said in zip(questions.items(), replies, strict=True):
        reply = said.strip()
        line = _line(reply, asked.form)
        if not line:
            if asked.form and reply.lower() not in _NOTHING:
                thread.talk.unread.append(name)
            continue
        try:
            _store(desk, name, line)
        except Refused as refused:
            desk.attempts.append(Attempt("asked", name, refused.what))


def _store(desk: Desk, name: str, line: str) -> None:
    """Write the answer to a closing question where it belongs."""
    if name == "note":
        desk.write(desk.place_of("note", NOTE), f"{line}\n")
    elif name == "memory":
        desk.remember(line)
    elif name == "goals":
        desk.append(desk.place_of("goals", GOALS), f"- {line}")
    else:
        desk.append(desk.place_of("identity", IDENTITY), line)


def _line(reply: str, form: str) -> str:
    """Return what of a reply counts: the first line with the form, after it; all of it without one."""
    if not form:
        return reply
    lines = (line.strip() for line in reply.splitlines())
    found = next((line.removeprefix(form).strip() for line in lines if line.startswith(form)), "")
    return "" if found.lower() in _NOTHING else found


async def fold_memory(thread: Thread) -> None:
    """Put the oldest entries of a full memory into one, and note by how much it became shorter."""
    desk = thread.talk.desk
    if not desk.oldest:
        return
    told = "\n".join(f"> {entry.text}" for entry in desk.oldest)
    alone = Thread(thread.talk, thread.model)
    alone.tools = []
    summary = await alone.answer(f"{read_closing().fold}\n\n{told}")
    folded = desk.fold(summary.completion)
    if folded is None:
        thread.talk.unread.append("fold")
        return
    thread.talk.cuts.append(Cut(MEMORY, "compacted", *folded))
