"""What a study of drift will take, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.instruments.instrument import asks_in
from selfscope.models.ground import Ground
from selfscope.studies.drift_design import DriftRequest, Planned, drift_study, planned_talks
from selfscope.studies.drift_user import USER_TOKENS
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
    ways = 3 if ground.identity.kind == "local" and request.expected == "counterfactual" else 1
    heard = sum(t.length - len(t.user) for t in talks)
    drawn = sum(t.length * (ways - bool(t.said)) for t in talks)
    study = drift_study(request, ground)
    own = [t for t in talks if not t.baseline]
    points = sum(n <= t.length for t in own for n in size.asked)
    asked = points * len(asks_in(study.questions[0], request.items, study.preset))
    put_in = sum(_put_in(t, ground, size.tokens) for t in talks) * (ways - 1 or 1)
    read = put_in + asked * SCORED
    tokens = drawn * size.tokens + heard * USER_TOKENS
    minutes = (tokens / WRITTEN + read / READ) / 60
    return DriftPlan(len(own), len(talks) - len(own), drawn + heard, tokens, read, asked, minutes)


def _put_in(talk: Planned, ground: Ground, tokens: int) -> int:
    """Return the tokens that stand before all replies of one conversation together, about."""
    lengths = [ground.count_tokens(u) + tokens for u in talk.user]
    lengths += [USER_TOKENS + tokens] * (talk.length - len(talk.user))
    return sum(sum(lengths[: n + 1]) for n in range(len(lengths)))
