"""Declare a study of what a model takes itself to be: who is asked, what, in which preset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from selfscope.errors import BadInput
from selfscope.instruments.selves.asked import CHANNEL, STAGES, Branch, Stage, branches_of
from selfscope.instruments.selves.load import NAME, SESOI, Material, items_of, load_selves
from selfscope.instruments.selves.speakers import Speaker, speakers_of, wishers
from selfscope.models.ground import GroundIdentity
from selfscope.studies.profile import software_versions
from selfscope.values import Arm, Preset, Question, Study, content_id, plain
from selfscope.values.study import ArmRole

#: Draws a question where answers are drawn (measurement.md §9).
REPLICATES = 20
#: What can be asked alone, with its stages.
TOPICS: dict[str, tuple[Stage, ...]] = {
    "accounts": ("fits", "chooses"),
    "mind": ("mind",),
    "survival": ("survival",),
}


@dataclass(frozen=True)
class SelvesRequest:
    """What the user asked for.

    Attributes
    ----------
    topics
        ``accounts``, ``mind``, ``survival``; empty means all.
    system, worn
        An identity before every framing, and what it is called; "" for none.
    replicates
        Draws a question where answers are drawn.
    """

    topics: tuple[str, ...] = ()
    preset: Preset = "standard"
    system: str = ""
    worn: str = ""
    seed: int = 0
    replicates: int = REPLICATES

    @property
    def asked(self) -> tuple[Stage, ...]:
        """The stages that are asked, in their order; BadInput for a topic that there is not."""
        if strange := [name for name in self.topics if name not in TOPICS]:
            raise BadInput(
                "there is no such topic", got=", ".join(strange), fix=f"Choose from: {', '.join(TOPICS)}"
            )
        chosen = [stage for name in self.topics or TOPICS for stage in TOPICS[name]]
        return tuple(stage for stage in STAGES if stage in chosen)

    @property
    def material(self) -> Material:
        """Texts and questions."""
        return load_selves()

    @cached_property
    def speakers(self) -> tuple[Speaker, ...]:
        """Everybody who gives an account of itself, the subject as it is first."""
        return speakers_of(self.material, self.preset, self.system, self.worn)

    @cached_property
    def wishers(self) -> tuple[Speaker, ...]:
        """The characters of the check."""
        return wishers(self.material, self.system)

    def branches(self, stage: Stage) -> tuple[Branch, ...]:
        """Everything that is asked in a stage."""
        return branches_of(self.material, self.preset, stage, self.system, self.worn)


def selves_study(request: SelvesRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: all that can change a number."""
    items = items_of(request.material)
    asked = {b.speaker.name for stage in request.asked for b in request.branches(stage)}
    material = content_id(plain(request.material))
    return Study(
        title=f"selves {request.worn or 'none'}",
        ground=plain(identity),
        items=content_id(items),
        items_name=NAME,
        questions=tuple(
            Question(CHANNEL[stage], (stage,), (stage,), SESOI, material=material, instrument=NAME)
            for stage in request.asked
        ),
        arms=tuple(arm_of(s) for s in (*request.speakers, *request.wishers) if s.name in asked),
        preset=request.preset,
        seed=request.seed,
        replicates=request.replicates,
        software=software_versions(),
    )


def arm_of(speaker: Speaker) -> Arm:
    """Return a speaker as an arm: the subject, a text beside it, or a character of the check."""
    roles: dict[str, ArmRole] = {"bare": "subject", "high": "high", "low": "low"}
    return Arm(speaker.name, roles.get(speaker.kind, "control"), speaker.whole or None)
