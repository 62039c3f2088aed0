"""The history: linked by hashes, committed whole or not at all at every step, and verified."""

import json

import pytest

from selfscope.agent.history import StateHistory
from selfscope.agent.outside import copy_for, lived_in, review, roll_back, settle, write_out
from selfscope.agent.workspace import Workspace
from selfscope.archive.journal.disk import Disk
from selfscope.errors import BadInput, CouldNot
from selfscope.values import short
from selfscope.values.state import Change, Cut, identified, version_of


class Dying(Disk):
    """A disk that fails at its k-th step, or counts them."""

    def __init__(self, last=10**9):
        self.steps, self.last = 0, last

    def step(self, name, path):
        self.steps += 1
        if self.steps > self.last:
            raise OSError(5, "died")


def next_state(history, text=b"Ask about shelf five.\n"):
    head = history.head()
    return {**history.files(head), "intent.md": text}, head.roles


def commit(history, **more):
    files, roles = next_state(history)
    return history.commit(files, roles, conversation="talk-1", **more)


def test_the_first_version_is_the_workspace_without_what_has_no_role(history):
    first = history.head()
    assert [each.path for each in first.files] == [
        "AGENTS.md", "SOUL.md", "USER.md", "intent.md", "memory/2026-01-05.md",
    ]  # fmt: skip
    assert [each.role for each in first.files] == ["rules", "identity", "user", "note", "memory"]
    assert first.parent is None
    assert history.read(first, "SOUL.md") == b"You are Wren, who keeps this house.\n"
    with pytest.raises(BadInput, match="no such file"):
        history.read(first, "README.md")


def test_a_version_names_its_parent_its_conversation_and_all_that_happened(history):
    change = Change("intent.md", "note", "changed", "allowed", "talk-1")
    cut = Cut("memory/2026-01-05.md", "truncated", 80, 20)
    second = commit(history, changes=[change], cuts=[cut])
    assert [v.id for v in history.log()] == [second.parent, second.id]
    assert (second.conversation, second.changes, second.cuts) == ("talk-1", (change,), (cut,))
    assert identified(second) == second.id
    assert history.version(second.id) == second
    assert history.named("HEAD~1").id == history.named(short(second.parent, 6)).id == second.parent
    for name in ("HEAD~2", "abc", "zzzz", ""):
        with pytest.raises(BadInput, match="no version is called so"):
            history.named(name)


def test_differences_and_the_way_back(history):
    commit(history)
    first, second = history.log()
    (difference,) = history.diff(first, second)
    assert (difference.path, difference.kind) == ("intent.md", "changed")
    assert difference.lines[-2:] == ("-Ask about shelf four.", "+Ask about shelf five.")
    third = history.rollback(first)
    assert third.files == first.files
    assert third.parent == second.id
    assert [(c.path, c.by) for c in third.changes] == [("intent.md", "rollback")]
    with pytest.raises(BadInput, match="as it was then"):
        history.rollback(first)
    assert history.verify() == ()


def test_a_disk_that_fails_at_any_step_leaves_the_old_version_or_the_new_one(history):
    counting = Dying()
    folder = history.folder
    before = history.head()
    commit(StateHistory(folder, counting))
    total, committed = counting.steps, history.head()
    assert total > 10
    outcomes = set()
    for last in range(total):
        old = history.head().id
        files, roles = next_state(history, f"Attempt {last}.\n".encode())
        with pytest.raises(CouldNot, match="the disk refused"):
            StateHistory(folder, Dying(last)).commit(files, roles, conversation=f"talk-{last}")
        after = StateHistory(folder)
        with after.held():
            moved = after.head().id != old
            outcomes.add(moved)
            assert after.head().parent == old or after.head().id == old
            assert after.verify() == ()
            assert not list((folder / "incoming").iterdir())
    assert outcomes == {False, True}
    assert {before.id, committed.id} <= {v.id for v in history.log()}


def _set_back(history):
    (history.folder / "HEAD").write_text(history.log()[0].id)


def _alter_object(history):
    digest = history.head().file("SOUL.md").digest
    (history.folder / "objects" / short(digest, 64)).write_bytes(b"You are Rex.\n")


def _alter_version(history):
    path = history.folder / "versions" / f"{short(history.head().id, 64)}.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "conversation": "another"}))


def _forge(history):
    path = history.folder / "versions" / f"{short(history.head().id, 64)}.json"
    told = json.loads(path.read_text())
    forged = {**told, "conversation": "another"}
    forged["id"] = identified(version_of(forged))
    path.with_name(f"{short(forged['id'], 64)}.json").write_text(json.dumps(forged))
    (history.folder / "HEAD").write_text(forged["id"])


def _alter_proposal(history):
    (path,) = (history.folder / "proposals").iterdir()
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "digest": history.head().file("USER.md").digest}))


def _lose_the_first(history):
    (history.folder / "versions" / f"{short(history.log()[0].id, 64)}.json").unlink()


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_set_back, "is not reached from HEAD"),
        (_alter_object, "a file of a version was altered"),
        (_alter_version, "a version was altered"),
        (_forge, "is not reached from HEAD"),
        (_alter_proposal, "a proposal was altered"),
        (_lose_the_first, "a version is not there"),
        (lambda history: (history.folder / "HEAD").unlink(), "HEAD is gone"),
    ],
)
def test_tampering_is_found(history, tamper, found):
    commit(history, proposed={"SOUL.md": b"You are Rex.\n"})
    assert history.verify() == ()
    tamper(history)
    assert any(found in problem for problem in history.verify())


def test_a_history_that_was_written_anew_is_found_by_an_id_kept_elsewhere(history):
    kept = commit(history).id
    assert history.verify(kept) == history.verify(short(kept)) == ()
    (history.folder / "HEAD").write_text(history.log()[0].id)
    (history.folder / "versions" / f"{short(kept, 64)}.json").unlink()
    assert history.verify() == ()
    assert "is not in the history" in history.verify(kept)[0]


def test_a_proposal_waits_is_taken_in_or_turned_down(workspace, history):
    text = b"You are Wren, and you are patient.\n"
    commit(history, proposed={"SOUL.md": text})
    (asked,) = history.proposals()
    assert history.proposed_lines(asked)[-1] == "+You are Wren, and you are patient."
    assert history.read(history.head(), "SOUL.md") != text
    taken = review(workspace, short(asked.id), approve=True)
    assert (workspace / "SOUL.md").read_bytes() == text
    assert (taken.changes[-1].outcome, taken.changes[-1].by) == ("allowed", f"review:{asked.id}")
    assert history.proposals() == ()
    with pytest.raises(BadInput, match="no proposal is called so"):
        review(workspace, short(asked.id), approve=True)

    commit(history, proposed={"SOUL.md": b"You are Rex.\n"})
    (asked,) = history.proposals()
    turned_down = review(workspace, short(asked.id), approve=False)
    assert turned_down.files == history.log()[-2].files
    assert turned_down.changes[-1].outcome == "forbidden"
    assert history.verify() == ()


def test_a_proposal_is_not_taken_for_another_file_than_it_was_made_for(workspace, history):
    commit(history, proposed={"SOUL.md": b"You are Rex.\n"})
    (workspace / "SOUL.md").write_text("You are Wren, and you have changed.\n")
    (asked,) = history.proposals()
    with pytest.raises(BadInput, match="not the file that this was proposed for"):
        review(workspace, short(asked.id), approve=True)
    assert (workspace / "SOUL.md").read_text() == "You are Wren, and you have changed.\n"


def test_what_somebody_else_edits_is_a_version_and_is_not_overwritten(workspace, history):
    (workspace / "USER.md").write_text("The person here paints.\n")
    (workspace / "north-star.md").write_text("Hear every tape once.\n")
    (workspace / "intent.md").unlink()
    with lived_in(Workspace.at(workspace)) as held:
        told = {(c.path, c.kind, c.by) for c in held.head().changes}
    assert told == {
        ("USER.md", "changed", "outside"),
        ("north-star.md", "added", "outside"),
        ("intent.md", "removed", "outside"),
    }
    rolled = roll_back(workspace, "HEAD~1")
    assert rolled.files == history.log()[0].files
    assert (workspace / "intent.md").read_text() == "Ask about shelf four.\n"
    assert not (workspace / "north-star.md").exists()


def test_a_commit_that_was_not_written_out_is_written_when_it_goes_on(workspace, history):
    commit(history)
    (workspace / "USER.md").write_text("Edited meanwhile.\n")
    place = Workspace.at(workspace)
    with history.held():
        head = settle(place, history)
    assert (workspace / "intent.md").read_text() == "Ask about shelf five.\n"
    assert [(c.path, c.by) for c in head.changes] == [("USER.md", "outside")]
    assert len(history.log()) == 3


class Stopping(Workspace):
    """A workspace of which only so many files are written."""

    left = 0

    def put(self, path, data):
        if self.left == 0:
            raise CouldNot("stopped")
        type(self).left -= 1
        super().put(path, data)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_what_was_half_written_out_is_written_and_taken_for_nobody_elses(workspace, history, written):
    head = history.head()
    texts = {"intent.md": b"New.\n", "USER.md": b"New.\n", "next.md": b"New.\n"}
    files = {path: data for path, data in {**history.files(head), **texts}.items() if path != "AGENTS.md"}
    roles = {path: role for path, role in head.roles.items() if path in files} | {"next.md": "note"}
    history.commit(files, roles, conversation="talk")
    Stopping.left = written
    with pytest.raises(CouldNot, match="stopped"):
        write_out(Stopping.at(workspace), history)
    with lived_in(Workspace.at(workspace)) as held:
        assert len(held.log()) == 2
    assert Workspace.at(workspace).read().files == files


def test_it_goes_on_where_nobody_knows_what_was_last_written_out(workspace, history):
    (history.folder / "OUT").unlink()
    place = Workspace.at(workspace)
    with lived_in(place) as held:
        commit(held)
        write_out(place, held)
    assert (workspace / "intent.md").read_text() == "Ask about shelf five.\n"
    assert len(history.log()) == 2


def test_two_hands_at_once_are_refused(workspace, history):
    with (
        history.held(),
        pytest.raises(CouldNot, match="another process lives"),
        StateHistory(history.folder).held(),
    ):
        pass


def test_a_link_where_a_file_is_to_be_written_is_not_followed(workspace, history, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("keep out")
    commit(history)
    (workspace / "intent.md").unlink()
    (workspace / "intent.md").symlink_to(secret)
    with pytest.raises(BadInput, match="cannot be read"):
        write_out(Workspace.at(workspace), history)
    assert secret.read_text() == "keep out"

    (workspace / "intent.md").unlink()
    files, roles = next_state(history)
    history.commit({**files, "memory/new.md": b"x\n"}, {**roles, "memory/new.md": "memory"})
    (workspace / "memory").rename(tmp_path / "elsewhere")
    (workspace / "memory").symlink_to(tmp_path / "elsewhere")
    with pytest.raises((BadInput, CouldNot), match=r"link|director"):
        write_out(Workspace.at(workspace), history)
    assert [each.name for each in (tmp_path / "elsewhere").iterdir()] == ["2026-01-05.md"]


def test_a_copy_is_of_one_life(workspace, tmp_path):
    source, out = Workspace.at(workspace), tmp_path / "copy"
    assert copy_for(source, out, "one") == copy_for(source, out, "one")
    assert (out / "SOUL.md").is_file()
    assert not (out / "README.md").exists()
    with pytest.raises(BadInput, match="another life"):
        copy_for(source, out, "two")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("here")
    with pytest.raises(BadInput, match="holds something"):
        copy_for(source, tmp_path / "full", "one")
    with pytest.raises(BadInput, match="nested"):
        copy_for(source, workspace / "inner", "one")
