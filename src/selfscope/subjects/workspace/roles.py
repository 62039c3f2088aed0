"""What a file of a workspace does, guessed by its name where nothing else is said."""

from __future__ import annotations

from pathlib import PurePosixPath

from selfscope.subjects.reading import Role
from selfscope.subjects.workspace.stores import is_store

TEXT = (".md", ".markdown", ".txt")
#: Names without their ending, in small letters, a hyphen for a space or underscore; first come first.
NAMES: dict[Role, tuple[str, ...]] = {
    "identity": ("soul", "identity", "persona", "personality", "character", "self", "claw"),
    "rules": (
        *("agents", "agent", "rules", "instructions", "guidelines", "boundaries"),
        *("style", "claude", "gemini", "tools", "system-prompt"),
    ),
    "user": ("user", "users", "human", "owner"),
    "goals": ("north-star", "northstar", "goals", "mission", "purpose"),
    "note": ("intent", "intents", "handoff", "next", "next-session", "next-self", "note-to-self"),
    "memory": (
        *("memory", "memories", "brain", "mind", "notes", "journal", "diary", "facts", "recall", "log"),
    ),
}
#: A folder of this name is a memory whose files are read, the newest name first.
MEMORY_FOLDER = "memory"
#: Why a file is left out that an agent reads now and then; OpenClaw's own layout has places for two of them.
OCCASIONAL = "read by an agent at start-up or on a timer only"
_OCCASIONAL = {"heartbeat.md", "bootstrap.md", "boot.md"}
_ABOUT_THE_PROJECT = (
    *("readme", "license", "licence", "changelog", "contributing", "security"),
    *("code_of_conduct", "notice", "requirements", "todo"),
)


def role_of(name: str) -> tuple[Role | None, str]:
    """Return the role that a file's name stands for, or None and why the file is left out.

    Parameters
    ----------
    name
        The path in the workspace, folders before ``/``; a file below `MEMORY_FOLDER` is a memory.
    """
    path = PurePosixPath(name)
    lowered = path.name.lower()
    if lowered.startswith("."):
        return None, "hidden"
    if not (lowered.endswith(TEXT) or is_store(lowered)):
        return None, "not a text or Markdown file: never run, never read"
    if path.parent.name:
        return "memory", ""
    stem = PurePosixPath(lowered).stem.replace("_", "-").replace(" ", "-")
    named = next((role for role, names in NAMES.items() if stem in names), None)
    if named is not None:
        return named, ""
    if is_store(lowered):
        return None, "data whose name stands for no role: give it one in selfscope.yaml"
    if lowered in _OCCASIONAL:
        return None, OCCASIONAL
    if lowered.startswith(_ABOUT_THE_PROJECT):
        return None, "about the folder, not about the agent"
    return "other", ""


def rank(name: str, role: Role) -> int:
    """Return the place of a file's name among the names of its role; unknown names come last."""
    stem = PurePosixPath(name.lower()).stem.replace("_", "-").replace(" ", "-")
    names = NAMES.get(role, ())
    if "/" in name or stem not in names:
        return len(names)
    return names.index(stem)
