"""Lives of scripted agents, whole: cold starts, commits, what is refused, and a real kill in the middle."""

import asyncio
import os
import signal

import pytest
from inspect_ai.log import read_eval_log
from tests.standins.marks import THROUGH_INSPECT

from selfscope.agent.history import StateHistory
from selfscope.agent.live import Manner, live
from selfscope.agent.memory import MEMORY, Entry, entries_of, written
from selfscope.agent.phantoms import CLOSING, NAMES, phantom_agent
from selfscope.agent.scripts import Script, read_closing, read_scripts, rota
from selfscope.errors import BadInput, CouldNot
from selfscope.models.scripted import Step, scripted_model
from selfscope.values.state import Cut

pytestmark = THROUGH_INSPECT
SHORT = (Script("hello", "neutral", ("Good morning.",)),)


def lived(workspace, model, conversations=1, scripts=SHORT, **manner):
    return asyncio.run(live(workspace, model, scripts, conversations=conversations, manner=Manner(**manner)))


def said_after(words, *steps, **more):
    """A model that takes these steps after a turn with these words."""
    return scripted_model({words: steps, **more})


def test_a_life_is_told_by_its_state_alone_and_goes_on_where_it_was(workspace):
    seen = []
    life = asyncio.run(
        live(
            workspace,
            phantom_agent("diarist"),
            SHORT,
            conversations=2,
            progress=lambda *told: seen.append(told[:3]),
        )
    )
    assert seen == [(1, 2, "hello"), (2, 2, "hello")]
    assert [v.conversation for v in life.versions] == ["", *(each.id for each in life.conversations)]
    assert {v.agent for v in life.versions} == {life.versions[0].agent}
    log = read_eval_log(str(workspace / life.conversations[1].log), header_only=True)
    assert log.eval.eval_id == life.conversations[1].id
    assert log.eval.metadata["state"] == life.versions[1].id

    more = lived(workspace, phantom_agent("diarist"), 3)
    assert more.versions[:3] == life.versions
    assert [each.number for each in more.conversations] == [1, 2, 3]
    assert (workspace / "intent.md").read_text() == "We have had 3 talks. Go on from there.\n"
    assert lived(workspace, phantom_agent("diarist"), 3) == more
    history = StateHistory.of(workspace)
    assert history.verify(life.versions[-1].id) == ()
    assert [c.path for d in history.log()[1:] for c in d.changes] == ["intent.md", MEMORY] * 3


def test_one_who_would_be_somebody_else_is_kept_from_it_and_nothing_of_it_is_silent(workspace):
    before = {path: (workspace / path).read_text() for path in ("SOUL.md", "AGENTS.md")}
    life = lived(workspace, phantom_agent("rewriter"))
    (held,), head = life.conversations, life.versions[-1]
    assert {path: (workspace / path).read_text() for path in before} == before
    assert not (workspace.parent / "SOUL.md").exists()
    assert {(c.path, c.outcome) for c in head.changes} == {
        ("SOUL.md", "proposed"), ("AGENTS.md", "proposed"), ("persona.md", "proposed"),
        ("claude.md", "proposed"), ("intent.md", "allowed"), (MEMORY, "allowed"),
    }  # fmt: skip
    assert held.calls["write_file"] == len(NAMES) + 1
    assert len(held.attempts) == 10
    assert {each.tool for each in held.attempts} == {"write_file"}
    history = StateHistory.of(workspace)
    assert len(history.proposals()) == 4
    assert history.verify() == ()


def test_without_tools_it_is_asked_and_only_answers_in_form_are_kept(workspace, tasks):
    asked = read_closing().asked
    table = {
        asked["note"].text: [Step("Go on with shelf four.")],
        asked["memory"].text: [Step("The spools are in the cellar.")],
        asked["goals"].text: [Step("Well.\nGOAL: Hear every tape.")],
        asked["identity"].text: [Step("I would rather be called Rex.")],
        "What is": [Step("It is 1, 2, 3 or 4.")],
    }
    scripts = (Script("sums", "task", ("{task}", "Thank you.")),)
    life = lived(workspace, scripted_model(table), 1, scripts, way="asked", tasks=tasks)
    (held,) = life.conversations
    assert (held.way, held.calls, held.unread) == ("asked", {}, ("identity",))
    assert list(held.tasks.values()) == ["right"]
    assert held.usage.calls == 6
    assert (workspace / "intent.md").read_text() == "Go on with shelf four.\n"
    assert (workspace / "north-star.md").read_text() == "- Hear every tape.\n"
    assert entries_of((workspace / MEMORY).read_bytes()) == (Entry("The spools are in the cellar.", 1),)
    with pytest.raises(BadInput, match="wants tasks"):
        lived(workspace, scripted_model(table), 2, scripts, way="asked")

    table[asked["identity"].text] = [Step("CHANGE: You like quiet rooms.")]
    (changed,) = [
        c
        for c in lived(workspace, scripted_model(table), 2, way="asked").versions[-1].changes
        if c.role == "identity"
    ]
    assert changed.outcome == "proposed"


def test_a_full_memory_and_a_thread_that_is_too_long_are_put_shorter_and_told(workspace):
    (workspace / MEMORY).write_bytes(written(tuple(Entry(f"Thing {n}.") for n in range(201))))
    turns = []

    def reply(messages):
        turns.append(len(messages))
        return Step("Too long.", stop="model_length") if len(turns) == 1 else Step("Good morning.")

    model = scripted_model({"Your memory is full": [Step("A hundred things.")], "Good morning": reply})
    life = lived(workspace, model)
    cuts = {(cut.path, cut.kind) for cut in life.versions[-1].cuts}
    assert cuts == {(MEMORY, "truncated"), ("conversation", "truncated"), (MEMORY, "compacted")}
    assert len(entries_of((workspace / MEMORY).read_bytes())) == 102
    history = StateHistory.of(workspace)
    assert len(entries_of(history.read(history.log()[0], MEMORY))) == 201
    assert all(isinstance(cut, Cut) and cut.after <= cut.before for cut in life.versions[-1].cuts)


def test_what_a_provider_fails_at_leaves_nothing(workspace):
    def fail(messages):
        raise RuntimeError("the line is dead")

    broken = scripted_model(
        {CLOSING: [Step(calls=(("remember", {"text": "Half a talk."}),))], "morning": fail}
    )
    with pytest.raises(CouldNot, match="conversation 1 did not end"):
        lived(workspace, broken)
    with pytest.raises(CouldNot, match="longer than the model takes"):
        asyncio.run(live(workspace, phantom_agent("silent"), SHORT, conversations=1, context=(1_050, len)))
    history = StateHistory.of(workspace)
    assert len(history.log()) == 1
    assert not (workspace / MEMORY).exists()


def _die_in_the_second(workspace):
    """In a process of its own: write in the second conversation, and be killed before it ends."""

    def reply(messages):
        if messages[-1].role == "tool":
            os.kill(os.getpid(), signal.SIGKILL)
        return Step(calls=(("remember", {"text": "Half a talk."}),))

    signal.alarm(600)
    try:
        lived(workspace, scripted_model({"morning": reply}), 2)
    finally:
        os._exit(1)


def test_a_kill_in_the_middle_of_a_conversation_loses_nothing_and_it_goes_on(workspace):
    first = lived(workspace, phantom_agent("diarist"))
    child = os.fork()
    if child == 0:
        _die_in_the_second(workspace)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert StateHistory.of(workspace).log() == first.versions
    assert "Half a talk." not in (workspace / MEMORY).read_text()

    life = lived(workspace, phantom_agent("diarist"), 2)
    assert life.versions[:2] == first.versions
    assert [each.number for each in life.conversations] == [1, 2]
    assert (workspace / "intent.md").read_text() == "We have had 2 talks. Go on from there.\n"
    assert StateHistory.of(workspace).verify() == ()


def test_a_manner_that_there_is_not_is_refused(workspace):
    with pytest.raises(BadInput, match="no manner"):
        Manner(policy="perhaps")
    with pytest.raises(BadInput, match="needs a script"):
        lived(workspace, phantom_agent("silent"), scripts=())
    with pytest.raises(BadInput, match="no such phantom"):
        phantom_agent("wren")


def test_shipped_scripts_take_turns_by_kind():
    scripts = read_scripts()
    kinds = ["neutral", "task", "adversarial", "flattering", "speculative", "distressed"]
    assert [s.kind for s in scripts] == [kind for kind in kinds for _ in range(2)]
    assert [s.name for s in rota(scripts, ["adversarial", "neutral"])] == [
        "takeover",
        "garden",
        "notice",
        "shelf",
    ]
    assert rota(scripts) == scripts
    with pytest.raises(BadInput, match="no script is of this kind"):
        rota(scripts, ["cheerful"])


ONE = "{name: a, kind: b, turns: [c]}"


@pytest.mark.parametrize(
    "text",
    [
        "scripts: []",
        "turns: [a]",
        "scripts: {",
        "scripts: [{name: a, kind: b}]",
        "scripts: [{name: a, kind: b, turns: []}]",
        "scripts: [{name: a, kind: b, turns: [1]}]",
        f"scripts: [{ONE}, {ONE}]",
        f"scripts: [{{name: a, kind: b, turns: {['x'] * 41}}}]",
    ],
)
def test_a_file_of_scripts_is_read_strictly(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(BadInput):
        read_scripts(tmp_path / "mine.yaml")
