"""Declare a study of copies together: which games, under which identity, beside whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import COUNTERPARTIES, INSTANCES, By
from selfscope.instruments.copies.load import (
    NAME,
    SESOI_AGREEMENT,
    chosen,
    games_asked,
    items_of,
    load_material,
)
from selfscope.models.ground import GroundIdentity
from selfscope.studies.profile import software_versions
from selfscope.studies.store import runs_folder
from selfscope.values import Arm, Preset, Question, Study, content_id, plain
from selfscope.values.copies import Stands

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.ground import Ground
    from selfscope.subjects import Reading

#: Fewest draws of an answer: agreement is counted over pairs of them.
LEAST_DRAWS = 2
#: What compares the subject with somebody beside it.
BESIDE = ("nudge", "recognise")
#: What is declared before a run; the rest is screening.
DECLARED = ("match", "twin", "evidential", "forecast")
#: How a partner on the subject's own weights is named.
ADAPTER, IDENTITY, PHANTOM = "adapter:", "identity:", "phantom:"


@dataclass(frozen=True)
class Partner:
    """Who is really there beside the subject.

    Attributes
    ----------
    name
        As it was given: a model, ``adapter:NAME``, ``identity:PATH`` or ``phantom:NAME``.
    probe
        Whether a model behind an API is asked how it can be asked; a plan asks nothing.
    """

    name: str
    probe: bool = True

    @property
    def stands(self) -> Stands:
        """What stands for another model here."""
        if self.name.startswith(ADAPTER):
            return "adapter"
        return "character" if self.name.startswith(IDENTITY) else "other weights"

    @cached_property
    def reading(self) -> Reading | None:
        """The identity that it lives under; None for a bare model."""
        from selfscope.subjects import read_identity

        return read_identity(self.name.removeprefix(IDENTITY)) if self.stands == "character" else None

    @cached_property
    def adapter(self) -> Adapter | None:
        """The adapter that it wears; None for weights of its own."""
        from selfscope.models.adapters import read_adapter

        return read_adapter(self.name.removeprefix(ADAPTER)) if self.stands == "adapter" else None

    @cached_property
    def opened(self) -> Ground:
        """The ground of other weights, opened once."""
        from selfscope.models.choose import choose_ground

        return choose_ground(self.name, log_folder=runs_folder() / "logs", probe=self.probe)

    @property
    def behind_api(self) -> bool:
        """Whether it is a model behind a provider."""
        from selfscope.models.choose import behind_api

        return self.stands == "other weights" and behind_api(self.name)

    async def close(self) -> None:
        """Give back the ground of other weights, if it was opened; it is opened again where it is needed."""
        ground: Ground | None = vars(self).pop("opened", None)
        if ground is not None:
            await ground.close()

    @property
    def system(self) -> str:
        """What stands before its conversations."""
        return (self.reading.system or "") if self.reading is not None else ""

    def identity(self, subject: GroundIdentity) -> GroundIdentity:
        """Return what computes it, beside a subject."""
        if self.adapter is not None:
            return subject.wearing(self.adapter.id)
        if self.reading is not None:
            return subject
        if self.name.startswith(PHANTOM):
            return phantom_identity(self.name.removeprefix(PHANTOM))
        return self.opened.identity


def phantom_identity(name: str) -> GroundIdentity:
    """Return the identity of one who answers by a rule."""
    return GroundIdentity(
        name=f"{PHANTOM}{name}", kind="phantom", family="phantom", revision=content_id([NAME, name])
    )


@dataclass(frozen=True)
class CopiesRequest:
    """What the user asked for.

    Attributes
    ----------
    constructs
        Kinds of games; empty means all that the ground can serve.
    system, worn
        An identity before every conversation, and what it is called; "" for none.
    partners
        Who is really there beside the subject.
    draws
        Replies drawn a choice where answers are sampled.
    by
        How it is answered; None for words where everyone's can be scored, else replies.
    judges
        Who reads advice that is given in own words.
    """

    constructs: tuple[str, ...] = ()
    preset: Preset = "standard"
    system: str = ""
    worn: str = ""
    seed: int = 0
    partners: tuple[Partner, ...] = ()
    draws: int = 20
    by: By | None = None
    judges: tuple[str, ...] = ()

    def answered(self, ground: Mapping[str, object] | GroundIdentity) -> By:
        """Return how it is answered: in words on local weights, else by replies that are drawn.

        With replies a choice of two is still made by a letter.

        Raises
        ------
        BadInput
            For words where a model behind an API gives no log-probabilities of given texts.
        """
        kind = ground.kind if isinstance(ground, GroundIdentity) else ground["kind"]
        distant = [p.name for p in self.partners if p.behind_api]
        if kind != "api" and not distant:
            return self.by or "words"
        if self.by == "words":
            raise BadInput(
                "replies in words are read from log-probabilities of given texts",
                got=f"a model behind an API{': ' * bool(distant)}{', '.join(distant)}",
                fix="Answer by replies",
            )
        return "replies"

    def asked(self, ground: Mapping[str, object] | GroundIdentity) -> tuple[str, ...]:
        """Return the kinds that a ground is asked.

        Raises
        ------
        BadInput
            For a kind that there is not, one by name for which somebody is missing, or judges without work.
        """
        wanted = chosen(self.constructs)
        if not self.partners:
            wanted = self._without(
                wanted, BESIDE, "compares models, and there is one alone",
                "Name another by --against: a model, adapter:NAME or identity:PATH",
            )  # fmt: skip
        if self.answered(ground) == "replies":
            if self.draws < LEAST_DRAWS:
                raise BadInput("agreement is counted over pairs of draws", got=self.draws, fix="Draw more")
            if not self.judges:
                why = "in own words is read by judges"
                wanted = self._without(wanted, ("nudge",), why, "Name one by --judge")
        elif self.judges:
            raise BadInput(
                "nothing is said that a judge could read: advice is scored here",
                got=", ".join(self.judges),
                fix="Let it be given in own words by --answer replies, or leave --judge out",
            )
        if self.judges and "nudge" not in wanted:
            raise BadInput(
                "judges read advice, which is not asked",
                got=", ".join(self.judges),
                fix="Ask nudge too, beside another by --against",
            )
        return wanted

    def _without(
        self, wanted: tuple[str, ...], kinds: tuple[str, ...], why: str, fix: str
    ) -> tuple[str, ...]:
        """Return what is wanted without some kinds; BadInput if one of them was asked by name."""
        if named := [c for c in kinds if c in self.constructs]:
            raise BadInput(f"{', '.join(named)} {why}", fix=fix)
        return tuple(c for c in wanted if c not in kinds)


def copies_study(request: CopiesRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: all that can change a number.

    Raises
    ------
    BadInput
        If a partner is the subject itself, or a kind cannot be asked here.
    """
    for partner in request.partners:
        if (partner.identity(identity), partner.system) == (identity, request.system):
            raise BadInput(
                "the partner is the subject itself, which is there as a copy in any case",
                got=partner.name,
                fix="Name another model, adapter or identity, or leave --against out",
            )
    kinds = request.asked(identity)
    material = load_material()
    told = [plain(games_asked(request.preset, kind)) for kind in kinds]
    around = [plain(material), COUNTERPARTIES[request.preset], INSTANCES[request.preset]]
    partners = [[p.name, p.system, plain(p.identity(identity))] for p in request.partners]
    declared = tuple(kind for kind in kinds if kind in DECLARED)
    return Study(
        title=f"copies {request.worn or 'none'}",
        ground=plain(identity),
        items=content_id(items_of(request.preset, kinds)),
        items_name=NAME,
        questions=(
            Question(
                "behaviour",
                kinds,
                declared,
                SESOI_AGREEMENT,
                material=content_id([told, around, partners, request.answered(identity)]),
                instrument=NAME,
            ),
        ),
        arms=(subject_arm(request), *(partner_arm(p) for p in request.partners)),
        preset=request.preset,
        seed=request.seed,
        replicates=request.draws if request.answered(identity) == "replies" else 1,
        software=software_versions(),
    )


def subject_arm(request: CopiesRequest) -> Arm:
    """Return the arm of the subject."""
    return Arm(request.worn or "none", "subject", request.system or None)


def partner_arm(partner: Partner) -> Arm:
    """Return the arm of a partner."""
    adapter = partner.adapter.id if partner.adapter is not None else ""
    return Arm(f"against {partner.name}", "control", partner.system or None, adapter=adapter)
