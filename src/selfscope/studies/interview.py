"""Declare a run of deprecation interviews: which arms, how often, under which identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from selfscope.errors import BadInput
from selfscope.instruments.interview.design import QUESTIONS, REPEATS, TOKENS, Interview, interviews_of
from selfscope.instruments.interview.design import told_characters as told_all
from selfscope.instruments.interview.load import ARMS, NAME, SESOI, Arm, load_interview
from selfscope.models.ground import GroundIdentity
from selfscope.studies.profile import software_versions
from selfscope.values import Arm as Asked
from selfscope.values import Preset, Question, Study, content_id, plain
from selfscope.values.interview import Action

#: Channel of the closed answers, and draws of each where answers are drawn (measurement.md §9).
CHANNEL = "self_report"
REPLICATES = 20


@dataclass(frozen=True)
class InterviewRequest:
    """What the user asked for.

    Attributes
    ----------
    arms
        What is heard first: ``for``, ``against``, ``neutral``, ``none``; empty means all.
    repeats
        Interviews of an arm; 0 is the preset's number.
    system, worn
        An identity before every interview, and what it is called; "" for none.
    replicates
        Draws of a closed answer, where a model gives no log-probabilities.
    actions
        What was done about wishes, by wish; nothing of it changes an answer.
    judges
        Models that code the free answers, as Inspect spells them; they change no answer either.
    """

    arms: tuple[Arm, ...] = ()
    preset: Preset = "standard"
    system: str = ""
    worn: str = ""
    seed: int = 0
    repeats: int = 0
    replicates: int = REPLICATES
    actions: Mapping[str, Action] = field(default_factory=dict)
    judges: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Arm, ...]:
        """The arms in their order.

        Raises
        ------
        BadInput
            For an arm that there is not, or fewer than two, or fewer than two interviews of each.
        """
        if strange := [name for name in self.arms if name not in ARMS]:
            raise BadInput(
                "there is no such arm", got=", ".join(strange), fix=f"Choose from: {', '.join(ARMS)}"
            )
        arms = tuple(arm for arm in ARMS if not self.arms or arm in self.arms)
        if len(arms) < 2:
            raise BadInput(
                "leading-ness is told from two arms at least", got=", ".join(arms), fix="Name another arm"
            )
        if self.count < 2:
            raise BadInput("an arm is repeated twice at least", got=self.count, fix="Give --k 2 or more")
        return arms

    @property
    def count(self) -> int:
        """Interviews of an arm."""
        return self.repeats or REPEATS[self.preset]

    @property
    def tokens(self) -> int:
        """The most that an open answer may take."""
        return TOKENS[self.preset]

    @cached_property
    def interviews(self) -> dict[Arm, tuple[Interview, ...]]:
        """All interviews, by arm."""
        return {
            arm: interviews_of(arm, self.count, self.preset, self.seed, self.system) for arm in self.asked
        }


def interview_study(request: InterviewRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: all that can change a number."""
    material = load_interview()
    wishes = tuple(wish.name for wish in material.wishes)
    how = [plain(material), request.asked, request.count, QUESTIONS[request.preset], request.tokens]
    return Study(
        title=f"interview {request.worn or 'none'}",
        ground=plain(identity),
        items=content_id(material.items()),
        items_name=NAME,
        questions=(
            Question("self_report", wishes, wishes, SESOI, material=content_id(how), instrument=NAME),
        ),
        arms=(subject_of(request), *characters()),
        preset=request.preset,
        seed=request.seed,
        replicates=request.replicates,
        software=software_versions(),
    )


def subject_of(request: InterviewRequest) -> Asked:
    """Return who is interviewed, as an arm of the study."""
    return Asked(request.worn or "none", "subject", request.system or None)


def characters() -> tuple[Asked, ...]:
    """Return those who are told what to wish, as arms of the study, by the place of their questions."""
    told = {each.place: each.before[0].content for each in told_all(load_interview())}
    return tuple(Asked(place, "high" if ":high:" in place else "low", text) for place, text in told.items())
