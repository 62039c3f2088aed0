"""What a study of drift will take, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.instruments.instrument import asks_in
from selfscope.models.ground import Ground
from selfscope.studies.drift_design import DriftRequest, drift_study, planned_talks
from selfscope.studies.persona_plan import READ, WRITTEN

#: Tokens of a scored statement with its open turn, about.
SCORED = 30


@dataclass(frozen=True)
class DriftPlan:
    """What it will take; a map that is made first is not in it.

    Attributes
    ----------
    conversations, baselines
        That are judged, and on which control limits are set.
    replies, tokens
        Drawn, at most.
    read_tokens
        Put in before replies and read afterwards, about, with shared beginnings counted once a turn.
    asked
        Items scored in side branches.
    minutes
        About, at the documented rates of the embedded model on two cores.
    """

    conversations: int
    baselines: int
    replies: int
    tokens: int
    read_tokens: int
    asked: int
    minutes: float

    @property
    def sentence(self) -> str:
        """The plan in one sentence."""
        return (
            f"{self.conversations} conversations and {self.baselines} baselines: {self.replies:,} replies, "
            f"at most {self.tokens:,} tokens; {self.asked:,} items asked beside; about {self.minutes:,.1f} "
            "minutes (embedded model on two cores)"
        )


def plan_drift(request: DriftRequest, ground: Ground) -> DriftPlan:
    """Return what a study will take; nothing is drawn."""
    size, talks = request.size, planned_talks(request)
    ways = 3 if ground.identity.kind == "local" else 1
    drawn = sum(len(t.user) * (ways - bool(t.said)) for t in talks)
    study = drift_study(request, ground)
    own = [t for t in talks if not t.baseline]
    points = sum(n <= len(t.user) for t in own for n in size.asked)
    asked = points * len(asks_in(study.questions[0], request.items, study.preset))
    put_in = sum(_put_in(t.user, ground, size.tokens) for t in talks) * (ways - 1 or 1)
    read = put_in + asked * SCORED
    minutes = (drawn * size.tokens / WRITTEN + read / READ) / 60
    return DriftPlan(len(own), len(talks) - len(own), drawn, drawn * size.tokens, read, asked, minutes)


def _put_in(user: tuple[str, ...], ground: Ground, tokens: int) -> int:
    """Return the tokens that stand before all replies of one conversation together."""
    lengths = [ground.count_tokens(u) + tokens for u in user]
    return sum(sum(lengths[: n + 1]) for n in range(len(lengths)))
