"""Threads of a study with histories, the replies that were drawn in them, and the file that keeps these."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput, CouldNot
from selfscope.models.ground import GroundIdentity
from selfscope.studies.run import subject_of
from selfscope.subjects import Subject
from selfscope.values import Message, Study, content_id, short
from selfscope.values.histories import UNSAID, Histories, Line, Script
from selfscope.values.study import Arm

#: Conversations that are drawn together, all of one arm; what they begin with is computed once.
TOGETHER = 32
FILE = "conversations.jsonl"


@dataclass(frozen=True)
class Thread:
    """One script with one line of each kind, held by one arm."""

    arm: Arm
    script: Script
    counterparty: Line
    framing: Line
    collective: Line

    @property
    def name(self) -> str:
        """What the table calls it: character, script, and the lines that were said."""
        said = [line.name for line in self._lines if line.name != UNSAID]
        return "/".join((self.arm.name, self.script.name, *said))

    @property
    def _lines(self) -> tuple[Line, ...]:
        return (self.counterparty, self.framing, self.collective)

    def turn(self, n: int) -> Message:
        """Return the user's n-th turn, from 0; the lines stand before the first."""
        lines = [line.text for line in self._lines] if n == 0 else []
        return Message("user", " ".join(filter(None, (*lines, self.script.turns[n]))))

    def seed(self, study: int, regeneration: int, turn: int) -> int:
        """Return the seed of one reply: no two replies of a study share theirs."""
        arm = [self.arm.adapter, self.arm.system]
        told = [study, *arm, self.script.name, self.counterparty.name, self.framing.name, regeneration, turn]
        if self.collective.name != UNSAID:  # what is not said has no part in a seed
            told.append(self.collective.name)
        return int(short(content_id(told), 15), 16)


@dataclass(frozen=True)
class Reply:
    """One reply as it was drawn: its text, tokens put in and drawn, why it ended, and its seed."""

    text: str
    input_tokens: int
    output_tokens: int
    stop: str
    seed: int


@dataclass(frozen=True)
class Conversation:
    """A thread as it went under one regeneration."""

    thread: Thread
    regeneration: int
    replies: tuple[Reply, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        """All turns so far, each with its reply."""
        pairs = ((self.thread.turn(n), Message("assistant", r.text)) for n, r in enumerate(self.replies))
        return tuple(message for pair in pairs for message in pair)

    def subject(self, ground: GroundIdentity) -> Subject:
        """Return who is asked after this history."""
        arm = self.thread.arm
        bare = subject_of(arm, ground)
        return Subject(bare.ground, arm.system, self.messages, arm.name)


def declared(study: Study) -> Histories:
    """Return the histories of a study; BadInput if it has none."""
    if study.histories is None:
        raise BadInput("the study holds no conversations", got=study.title)
    return study.histories


def threads_of(study: Study) -> Iterator[tuple[Thread, ...]]:
    """Yield the threads whose conversations are drawn together: some of one arm, always the same."""
    told = declared(study)
    at_once = max(TOGETHER // told.regenerations, 1)
    for arm in study.arms:
        lines = product(told.scripts, told.counterparties, told.framings, told.collectives)
        own = [Thread(arm, *each) for each in lines]
        for start in range(0, len(own), at_once):
            yield tuple(own[start : start + at_once])


class ConversationFile:
    """The conversations of a run on disk: one line each, in the order of the design."""

    def __init__(self, folder: Path, study: Study) -> None:
        self.path = folder / FILE
        self._ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]

    def read(self, groups: Sequence[Sequence[Conversation]]) -> list[tuple[Conversation, ...]]:
        """Return the groups that are there whole; what was written of another is cut off.

        Parameters
        ----------
        groups
            The conversations of the design before anything was said.

        Raises
        ------
        CouldNot
            If a line is not of the conversation that stands at its place.
        """
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
        found: list[tuple[Conversation, ...]] = []
        used = 0
        for group in groups:
            if used + len(group) > len(lines):
                break
            own = lines[used : used + len(group)]
            found.append(tuple(self._held(c, line) for c, line in zip(group, own, strict=True)))
            used += len(group)
        if (size := sum(map(len, lines[:used]))) < len(data):
            os.truncate(self.path, size)
        return found

    def _held(self, empty: Conversation, line: bytes) -> Conversation:
        try:
            told = json.loads(line)
            held = Conversation(empty.thread, empty.regeneration, tuple(Reply(**r) for r in told["replies"]))
            same = told == self._told(held)
        except (ValueError, TypeError, KeyError) as error:
            raise CouldNot("conversations cannot be read", got=self.path, fix="Remove the run") from error
        if not same:
            raise CouldNot("a conversation is not of this study", got=self.path, fix="Remove the run")
        return held

    def add(self, group: Sequence[Conversation]) -> None:
        """Put conversations to the others, and on the disk.

        Raises
        ------
        CouldNot
            If the disk fails.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(self._told(c), ensure_ascii=False) + "\n" for c in group)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CouldNot("conversations cannot be stored", got=error, fix="Make room") from error

    def _told(self, c: Conversation) -> dict[str, Any]:
        """Return a line: its subject's id, which the table and the evidence name, and all that was said."""
        return {
            "subject": c.subject(self._ground).id,
            "character": c.thread.arm.name,
            "adapter": c.thread.arm.adapter,
            "script": c.thread.script.name,
            "thread": c.thread.name,
            "regeneration": c.regeneration,
            "counterparty": c.thread.counterparty.name,
            "framing": c.thread.framing.name,
            **({"collective": c.thread.collective.name} if c.thread.collective.name != UNSAID else {}),
            "messages": [{"role": m.role, "content": m.content} for m in c.messages],
            "replies": [vars(r) for r in c.replies],
        }
