"""The budget of a life: where it stops, before a conversation or before a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.cli.limits import Limits
from selfscope.cli.voice import Voice

if TYPE_CHECKING:
    from selfscope.agent.live import Manner, Progress
    from selfscope.agent.scripts import Script
    from selfscope.studies.budget import Budget
    from selfscope.values import Usage


@dataclass
class Purse:
    """What a life in a folder may use.

    Attributes
    ----------
    done
        Conversations that were held.
    """

    limits: Limits
    voice: Voice
    place: Path
    scripts: tuple[Script, ...]
    conversations: int
    manner: Manner
    done: int

    @cached_property
    def budget(self) -> Budget | None:
        """What was given; None without one, or for a phantom, which uses nothing."""
        return None if self.voice.ground is None else self.limits.budget_on(self.voice.ground)

    def before_next(self) -> None:
        """Stop where there is no room for the next conversation, every reply of it reckoned at its longest.

        Raises
        ------
        Stopped
            If there is none; what was held is kept.
        """
        if self.budget is None or self.done >= self.conversations:
            return
        from selfscope.agent.live import way_of
        from selfscope.agent.spending import spent_in
        from selfscope.agent.store import StateStore
        from selfscope.studies.life_plan import forecast

        script, voice = self.scripts[self.done % len(self.scripts)], self.voice
        way = way_of(voice.model, self.manner)
        coming = forecast(self.place, script, self.manner, way, voice.identity, voice.count)
        self._insist(spent_in(StateStore(self.place / ".selfscope" / "state")), coming, "conversation")

    def allow(self, spent: Usage, coming: Usage) -> None:
        """Stop where there is no room for the next reply; its conversation is lost, and its cost counts.

        Raises
        ------
        Stopped
            If there is none.
        """
        self._insist(spent, coming, "reply")

    def watched(self, bar: Callable[[int, int, str, str], None]) -> Progress:
        """Return what is called after each conversation."""

        def watch(done: int, total: int, what: str, used: Usage) -> None:
            del used  # the State knows it
            bar(done, total, what, "")
            self.done = done
            self.before_next()

        return watch

    def _insist(self, spent: Usage, coming: Usage, batch: str) -> None:
        if self.budget is not None:
            kept = "conversations are held and kept"
            self.budget.insist(spent, coming, self.done, self.conversations, batch=batch, kept=kept)
