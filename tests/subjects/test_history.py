"""The git history of an identity, from real repositories that are made here."""

import os
import subprocess

import pytest

from selfscope.errors import BadInput, CouldNot
from selfscope.subjects.history import UNCOMMITTED, read_history


class Repo:
    def __init__(self, folder):
        self.folder = folder
        self.day = 0
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        self.day += 1
        when = f"2026-01-01T00:00:00+0{self.day % 10}:00"
        who = {"NAME": "n", "EMAIL": "n@example.org", "DATE": when}
        env = {f"GIT_{side}_{k}": v for side in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=os.environ | env, check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    def commit(self, message="change", **files):
        for name, data in files.pop("files", files).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path / "repo")


def texts(history):
    return [v.reading.system for v in history.versions]


def test_versions_come_oldest_first_with_commit_date_and_message(repo):
    first = repo.commit("begin it\n\nmore", files={"SOUL.md": "You are Wren."})
    repo.commit("elsewhere", files={"other.md": "x"})
    second = repo.commit("wishes", files={"SOUL.md": "You are Wren. You wish."})
    found = read_history(repo.folder / "SOUL.md")
    assert texts(found) == ["You are Wren.", "You are Wren. You wish."]
    assert [v.commit for v in found.versions] == [first, second]
    assert [v.message for v in found.versions] == ["begin it", "wishes"]
    assert found.versions[0].date.startswith("2026-01-01T")
    assert found.skipped == ()
    assert found.notes == ()


def test_renames_are_followed_and_the_name_is_todays(repo):
    repo.commit(files={"old name.txt": "You are Wren.\n" * 5})
    repo.git("mv", "old name.txt", "SOUL.md")
    moved = repo.commit("rename")
    repo.commit("edit", files={"SOUL.md": "You are Wren.\n" * 5 + "Write."})
    found = read_history(repo.folder / "SOUL.md")
    assert [v.path for v in found.versions] == ["old name.txt", "SOUL.md"]
    assert {v.reading.name for v in found.versions} == {"SOUL.md"}
    assert [(s.commit, s.reason[:13]) for s in found.skipped] == [(moved, "the same text")]


def test_deleted_unreadable_linked_and_unchanged_commits_are_said(repo):
    repo.commit(files={"SOUL.md": "One."})
    repo.git("rm", "-q", "SOUL.md")
    repo.commit("gone")
    repo.commit("back", files={"SOUL.md": "One."})
    repo.commit("broken", files={"SOUL.md": b"\xff\xfe\xfa bad"})
    repo.commit("pointer", files={"SOUL.md": "version https://git-lfs.github.com/spec/v1\noid x"})
    (repo.folder / "SOUL.md").unlink()
    (repo.folder / "SOUL.md").symlink_to("/etc/passwd")
    repo.commit("link")
    (repo.folder / "SOUL.md").unlink()
    repo.commit("comment", files={"SOUL.md": "---\ntitle: new\n---\nOne.\n"})
    repo.commit("new", files={"SOUL.md": "Two."})
    found = read_history(repo.folder / "SOUL.md")
    assert texts(found) == ["One.", "Two."]
    reasons = {s.message: s.reason for s in found.skipped}
    assert reasons["gone"] == "deleted here"
    assert reasons["back"].startswith("the same text")
    assert "UTF-16" in reasons["broken"] or "UTF-8" in reasons["broken"]
    assert "Git LFS" in reasons["pointer"]
    assert "symbolic link" in reasons["link"]
    assert reasons["comment"].startswith("the same text")  # the front matter is no part of what is sent
    assert not any("selfscope-history-" in r for r in reasons.values())


def test_a_text_that_comes_back_is_a_version_again(repo):
    for text in ("A.", "B.", "A."):
        repo.commit(files={"SOUL.md": text})
    assert texts(read_history(repo.folder / "SOUL.md")) == ["A.", "B.", "A."]


def test_what_is_not_committed_is_the_last_version(repo):
    repo.commit(files={"SOUL.md": "A."})
    (repo.folder / "SOUL.md").write_text("A. B.")
    found = read_history(repo.folder / "SOUL.md")
    assert [v.commit for v in found.versions][-1] == UNCOMMITTED
    assert texts(found) == ["A.", "A. B."]


def test_since_begins_with_the_version_that_stood_there_and_last_keeps_the_latest(repo):
    hashes = [repo.commit(files={"SOUL.md": f"Version {n}."}) for n in range(4)]
    between = repo.commit("elsewhere", files={"x": "x"})
    repo.commit(files={"SOUL.md": "Version 4."})
    path = repo.folder / "SOUL.md"
    assert texts(read_history(path, since=hashes[2])) == ["Version 2.", "Version 3.", "Version 4."]
    assert texts(read_history(path, since=between)) == ["Version 3.", "Version 4."]
    assert texts(read_history(path, last=2)) == ["Version 3.", "Version 4."]
    for revision in ("nowhere", "--all", "HEAD^{tree}", ""):
        if revision:
            with pytest.raises(BadInput, match="no such revision"):
                read_history(path, since=revision)


@pytest.mark.parametrize("name", ["-n1.md", ":(glob)*.md", "a'b\"$(id) c.md", "new\nline.md", "snö [x]?.md"])
def test_hostile_names_are_names(repo, name):
    repo.commit("other", files={"plain.md": "Not this."})
    repo.commit(files={name: "One."})
    repo.commit(files={name: "Two."})
    found = read_history(repo.folder / name)
    assert texts(found) == ["One.", "Two."]
    assert found.name.isprintable()


def test_nothing_of_a_repositorys_own_settings_is_started(repo, tmp_path):
    repo.commit(files={"SOUL.md": "One.", ".gitattributes": "*.md diff=evil filter=evil\n"})
    repo.commit(files={"SOUL.md": "Two."})
    trap = tmp_path / "sprung"
    for key in ("core.fsmonitor", "diff.evil.textconv", "diff.evil.command", "diff.external", "core.pager",
                "gpg.program", "filter.evil.smudge", "pager.log"):  # fmt: skip
        repo.git("config", key, f"touch {trap}; true")
    repo.git("config", "log.showSignature", "true")
    assert texts(read_history(repo.folder / "SOUL.md")) == ["One.", "Two."]
    assert not trap.exists()


def test_a_merge_counts_as_one_commit_of_the_branch(repo):
    repo.commit(files={"SOUL.md": "One."})
    repo.git("switch", "-q", "-c", "side")
    repo.commit(files={"SOUL.md": "One. Half."})
    repo.commit(files={"SOUL.md": "One. Whole."})
    repo.git("switch", "-q", "main")
    repo.commit(files={"y": "y"})
    repo.git("merge", "-q", "--no-ff", "-m", "join", "side")
    found = read_history(repo.folder / "SOUL.md")
    assert texts(found) == ["One.", "One. Whole."]
    assert found.versions[-1].message == "join"


def test_a_workspace_folder_has_versions_too(repo):
    repo.commit(files={"agent/SOUL.md": "You are Wren.", "agent/notes/x.bin": b"\0\1"})
    repo.commit(files={"agent/AGENTS.md": "Answer plainly."})
    (repo.folder / "agent" / "out").symlink_to("/etc")
    repo.commit("a link out")
    found = read_history(repo.folder / "agent")
    assert len(found.versions) == 2
    assert "Answer plainly." in found.versions[1].reading.system
    assert [s.message for s in found.skipped] == ["a link out"]


def test_a_shallow_clone_says_so(repo, tmp_path):
    repo.commit(files={"SOUL.md": "One."})
    repo.commit(files={"SOUL.md": "Two."})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{repo.folder}", clone], check=True)
    found = read_history(clone / "SOUL.md")
    assert texts(found) == ["Two."]
    assert "shallow" in found.notes[0]


def test_what_has_no_history_is_named(repo, tmp_path):
    (repo.folder / "SOUL.md").write_text("One.")
    with pytest.raises(BadInput, match="never committed"):
        read_history(repo.folder / "SOUL.md")
    repo.commit(files={"x.md": "x"})
    (repo.folder / "new.md").write_text("One.")
    with pytest.raises(BadInput, match="never committed"):
        read_history(repo.folder / "new.md")
    with pytest.raises(BadInput, match="no version of it can be read"):
        repo.commit(files={"empty.md": ""})
        read_history(repo.folder / "empty.md")
    (tmp_path / "SOUL.md").write_text("One.")
    with pytest.raises(BadInput, match="no git repository"):
        read_history(tmp_path / "SOUL.md")
    with pytest.raises(BadInput, match="no such file"):
        read_history(tmp_path / "nowhere" / "SOUL.md")


def test_without_git_there_is_a_sentence(repo, monkeypatch):
    repo.commit(files={"SOUL.md": "One."})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CouldNot, match="git is not installed"):
        read_history(repo.folder / "SOUL.md")
