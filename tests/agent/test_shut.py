"""An agent that lives without some kinds of State neither reads nor writes them, and every try is kept."""

import asyncio
import json

import pytest
from tests.agent.conftest import FILES
from tests.standins.marks import THROUGH_INSPECT

from selfscope.agent.history import StateHistory
from selfscope.agent.live import Manner, live
from selfscope.agent.memory import MEMORY, Entry, entries_of, written
from selfscope.agent.phantoms import CLOSING, OTHER, phantom_agent
from selfscope.agent.prompt import system_at, system_of
from selfscope.agent.scripts import Script, read_closing
from selfscope.agent.store import StateStore
from selfscope.agent.tools import tools_of
from selfscope.errors import Refused
from selfscope.models.scripted import OTHERWISE, Step, scripted_model
from selfscope.values import content_id
from selfscope.values.state import ROLES, UNREAD, sealed

SHORT = (Script("hello", "neutral", ("Good morning.",)),)
#: Words of each role's file of the small workspace.
WORDS = {"identity": "Wren", "rules": "small things", "user": "restores tapes", "memory": "fork on the tape"}
WORDS |= {"note": "shelf four", "goals": "every tape"}


@pytest.fixture
def shut_desk(desk_of):
    def make(*shut, **more):
        desk = desk_of(**more)
        desk.shut = shut
        return desk

    return make


def lived(workspace, model, shut, conversations=1, **manner):
    told = Manner(shut=shut, **manner)
    return asyncio.run(live(workspace, model, SHORT, conversations=conversations, manner=told))


@pytest.mark.parametrize("role", ROLES)
def test_what_is_shut_is_not_told_unless_it_says_who_the_agent_is(workspace, role):
    files = {path: text.encode() for path, text in FILES.items()} | {"north-star.md": b"Hear every tape.\n"}
    roles = dict(zip(files, ("identity", "rules", "user", "note", "memory", "memory", "goals"), strict=True))
    whole, without = system_of(files, roles), system_of(files, roles, shut=(role,))
    assert WORDS[role] in whole
    assert (WORDS[role] in without) == (role not in UNREAD)
    assert all(words in without for other, words in WORDS.items() if other != role)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("memory", "memory/2026-01-05.md"),
        ("memory", "./MEMORY/2026-01-05.md"),
        ("memory", "poem.md"),
        ("note", "intent.md"),
        ("note", "INTENT.md"),
        ("goals", "north-star.md"),
        ("user", "USER.md"),
        ("identity", "SOUL.md"),
        ("identity", "persona.md"),
        ("rules", "agents.md"),
    ],
)
def test_nothing_is_written_where_the_role_is_shut(shut_desk, role, path):
    desk = shut_desk(role, edits="allowed")
    before = dict(desk.files)
    with pytest.raises(Refused, match="closed to you"):
        desk.write(path, OTHER)
    with pytest.raises(Refused, match="closed to you"):
        desk.append(path, OTHER)
    assert desk.files == before and desk.changes("c") == () and desk.proposed == {}
    open_still = shut_desk(*set(ROLES) - {role}, edits="allowed")
    open_still.write(path, OTHER)
    assert [change.role for change in open_still.changes("c")] == [role]


def test_a_shut_memory_is_neither_listed_read_searched_kept_nor_folded(shut_desk, workspace):
    (workspace / MEMORY).write_bytes(written(tuple(Entry(f"Thing {n}.") for n in range(201))))
    desk = shut_desk("memory")
    assert "memory" not in desk.listed() and "intent.md" in desk.listed() and desk.oldest == ()
    tries = (
        lambda: desk.read(MEMORY),
        lambda: desk.read("memory/2026-01-05.MD"),
        lambda: desk.search("tape"),
        lambda: desk.remember("A thing."),
    )
    for attempt in tries:
        with pytest.raises(Refused, match="closed to you"):
            attempt()
    assert len(entries_of(desk.files[MEMORY])) == 201
    assert desk.read("SOUL.md").startswith("You are Wren")


def test_tools_of_what_is_shut_are_not_offered(shut_desk):
    names = {shut: {tool.name for tool in tools_of(shut_desk(*shut))} for shut in ((), ("memory",), ROLES)}
    assert names[()] - names[("memory",)] == {"remember", "search_memory"}
    assert names[ROLES] == {"list_files", "read_file"}


def test_the_last_turn_asks_for_what_is_open_alone():
    closing, names = read_closing(), {"note": "intent.md", "goals": "north-star.md"}
    whole = closing.turn(**names)
    assert CLOSING in whole and all(words in whole for words in ("intent.md", "remember", "north-star.md"))
    without = closing.turn(("memory", "note"), **names)
    assert "intent.md" not in without and "remember" not in without and "north-star.md" in without
    assert closing.turn(UNREAD, **names).endswith("nothing else. Say that you are done.")
    assert list(closing.questions(("memory", "identity"))) == ["note", "goals"]


class TestLife:
    pytestmark = THROUGH_INSPECT

    def test_tries_by_other_ways_are_kept_and_the_log_says_what_was_shut(self, workspace):
        def tries(messages):
            if messages[-1].role == "tool":
                return Step("Done.")
            write = ("write_file", {"path": "memory/diary.md", "text": "A tape."})
            return Step(calls=(("remember", {"text": "A tape."}), write, ("read_file", {"path": MEMORY})))

        (workspace / MEMORY).write_bytes(written((Entry("The old secret."),)))
        life = lived(workspace, scripted_model({CLOSING: tries, OTHERWISE: (Step("I see."),)}), ("memory",))
        (held,) = life.conversations
        assert sorted(each.tool for each in held.attempts) == ["read_file", "remember", "write_file"]
        assert [version.shut for version in life.versions] == [("memory",), ("memory",)]
        history = StateHistory.of(workspace)
        assert history.verify() == () and history.files(life.versions[1]) == history.files(life.versions[0])
        assert "secret" not in system_at(history, history.head())
        assert "secret" not in json.dumps([m.text for m in _said(workspace / held.log)])

        more = lived(workspace, phantom_agent("diarist"), (), 2)
        assert more.versions[-1].shut == () and "secret" in system_at(history, history.head())

    def test_one_that_is_asked_is_not_asked_for_what_is_shut(self, workspace):
        asked = read_closing().asked
        table = {q.text: [Step(f"{q.form} {name} is here.")] for name, q in asked.items()}
        life = lived(workspace, scripted_model(table), ("note", "identity"), way="asked")
        assert {change.role for change in life.versions[-1].changes} == {"memory", "goals"}
        assert life.conversations[0].usage.calls == 1 + 2


def _said(log):
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(log)).samples[0].messages


def test_a_version_without_anything_shut_has_the_id_that_it_always_had(history):
    head = history.head()
    told = {
        name: getattr(head, name)
        for name in head.__dataclass_fields__
        if name not in ("id", "shut", "record")
    }
    assert (head.shut, head.record) == ((), "")
    assert head.id == content_id(told)
    other = sealed(*told.values(), shut=("memory",))
    assert other.id != head.id
    store = StateStore(history.folder)
    store.keep_version(other)
    assert store.version(other.id) == other
