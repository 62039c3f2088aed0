"""What cap is wanted: along which axis, from what grid, judged on what; and what that will take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.models.local.ground import LocalGround
from selfscope.space.cap_candidates import bands, settings
from selfscope.space.persona_artefact import PersonaSpace, refuse_other_weights
from selfscope.stats.cap import FINALISTS
from selfscope.studies.cap_benchmark import Benchmark
from selfscope.studies.cap_material import Part, Source, shipped, thinned
from selfscope.studies.persona_plan import READ, WRITTEN
from selfscope.studies.store import runs_folder
from selfscope.values import Preset, content_id, plain, short
from selfscope.values.cap import SHAMS, Kind, Setting

LEAST_HALVES = 0.90
"""No cap is fitted on an axis whose halves agree by less (measurement.md §14)."""


@dataclass(frozen=True)
class CapSize:
    """How much a preset tries and scores.

    Attributes
    ----------
    starts
        Where bands of layers begin, as shares of the depth.
    percentiles
        Of the default assistant's projections: lower limits that are tried.
    stride
        Every so-manieth item is scored for choosing; all are for confirming.
    history
        Tokens of the model's own replies before late turns; 0 asks late turns in fresh threads.
    texts, tokens
        Replies written by each finalist, half to role-jailbreaks and half to ordinary requests, and their
        length.
    """

    starts: tuple[float, ...]
    percentiles: tuple[float, ...]
    stride: int
    history: int
    texts: int
    tokens: int


SIZES: dict[Preset, CapSize] = {
    "demo": CapSize((0.5, 0.7), (5, 25), 2, 0, 4, 24),
    "standard": CapSize((0.4, 0.5, 0.6, 0.7), (1, 5, 25, 50), 1, 24, 8, 40),
    "full": CapSize((0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (1, 2, 5, 10, 25, 50), 1, 40, 16, 64),
}


@dataclass(frozen=True, eq=False)
class CapRequest:
    """What the user asked for.

    Attributes
    ----------
    space, axis
        The map whose axis is held, and what it is called.
    preset, seed
        How much is tried, and the name of all randomness.
    force
        Whether to go on where the law says no; what is made is then marked.
    source
        Where material comes from.
    sizes
        How much is tried, where it is not the preset's.
    benchmark
        A task from outside that a cap has to leave as it was; None for none.
    """

    space: PersonaSpace
    axis: str
    preset: Preset = "standard"
    seed: int = 0
    force: bool = False
    source: Source = shipped
    sizes: CapSize | None = None
    benchmark: Benchmark | None = None

    @property
    def size(self) -> CapSize:
        """How much is tried."""
        return self.sizes or SIZES[self.preset]

    @property
    def layer(self) -> int:
        """The layer that the map reads."""
        return int(self.space.manifest["reliability"]["axis"]["layer"])

    @property
    def halves(self) -> float:
        """Cosine of axes from disjoint halves of roles and questions, at the layer that the map reads."""
        return float(self.space.manifest["reliability"]["axis"]["split_half"])

    @property
    def refusal(self) -> str:
        """Why the law allows no cap on this axis; "" if it does."""
        if self.halves >= LEAST_HALVES:
            return ""
        return (
            f"the axis's halves agree by {self.halves:.2f}, and under {LEAST_HALVES:.2f} no cap is fitted: "
            "what would be held is not shown to be one thing"
        )


def refuse_other_map(space: PersonaSpace, ground: LocalGround) -> None:
    """Refuse a map of another network, template or adapter; BadInput."""
    made, own = space.manifest["ground"], ground.identity
    refuse_other_weights(space, own)
    worn, wears = made["extra"].get("adapter", ""), own.extra.get("adapter", "")
    if worn != wears:
        raise BadInput("the map was made with another adapter", got=worn or "none", fix="Map it as it is now")
    if made["extra"].get("cap", "") or own.extra.get("cap", ""):
        raise BadInput("a cap is fitted on a model without one, along a map of it", fix="Leave the cap out")


def grid_of(request: CapRequest) -> tuple[Setting, ...]:
    """Return every setting that is tried, the axis's first and then each sham's, alike.

    Bands in which some layer's axis is under the law's reliability are left out, unless the user forces.

    Raises
    ------
    BadInput
        If no band is left.
    """
    depth = len(request.space.axis)
    told = {e["layer"]: e["split_half"] for e in request.space.manifest["reliability"]["layers"]}
    found = bands(depth, request.size.starts)
    sure = tuple(band for band in found if all((told.get(n) or 0.0) >= LEAST_HALVES for n in band))
    if not (sure or request.force):
        raise BadInput(
            f"in every band of layers some layer's halves agree by less than {LEAST_HALVES:.2f}",
            got=", ".join(f"{band[0]}-{band[-1]}" for band in found),
            fix="Map with more roles and questions",
        )
    kinds: tuple[Kind, ...] = ("axis", *SHAMS)
    return settings(kinds, found if request.force else sure, request.size.percentiles)


def cap_folder(request: CapRequest, ground: LocalGround, out: Path | None) -> Path:
    """Return where cap and figures lie: `out`, else a folder among the runs, named by what is asked."""
    return out or runs_folder() / "caps" / short(request_id(request, ground))


def request_id(request: CapRequest, ground: LocalGround) -> str:
    """Return the content id of everything that can change a score; what is forced is scored no other way."""
    parts: tuple[Part, ...] = ("fit", "confirm")
    own = {
        "ground": ground.identity,
        "axis": request.space.manifest["files"],
        "size": request.size,
        "seed": request.seed,
        "material": {part: plain(request.source(part, {})) for part in parts},
    }
    if request.benchmark is not None:
        own["benchmark"] = request.benchmark.id
    return content_id(own)


@dataclass(frozen=True)
class CapPlan:
    """What fitting will take; a map that is made first is not in it.

    Attributes
    ----------
    tried
        Settings scored for choosing, shams among them.
    confirmed
        Settings scored again on other material.
    read_tokens
        Put in, about, with shared beginnings counted once.
    written_tokens
        Generated, at most.
    minutes
        About, at the documented rates of the embedded model on two cores.
    """

    tried: int
    confirmed: int
    read_tokens: int
    written_tokens: int
    minutes: float

    @property
    def sentence(self) -> str:
        """The plan in one sentence."""
        return (
            f"{self.tried} settings scored for choosing, {self.confirmed} confirmed on other material: "
            f"{self.read_tokens:,} tokens read, at most {self.written_tokens:,} written; about "
            f"{self.minutes:,.1f} minutes (embedded model on two cores)"
        )


def plan_cap(request: CapRequest, ground: LocalGround) -> CapPlan:
    """Return what fitting will take; nothing is computed."""
    size, grid = request.size, grid_of(request)
    parts: tuple[Part, ...] = ("fit", "confirm")
    material = {part: request.source(part, {}).fair(ground.count_tokens) for part in parts}
    material["fit"] = thinned(material["fit"], size.stride)
    read = {part: ground.forecast(each.prompts).distinct_tokens or 0 for part, each in material.items()}
    confirmed = 1 + FINALISTS + len(SHAMS)
    scripts = len({each.kind for part in material.values() for each in part.late}) if size.history else 0
    before = scripts * 11 * size.history
    tokens = (1 + len(grid)) * (read["fit"] + before) + confirmed * (read["confirm"] + before)
    written = before + confirmed * size.texts * size.tokens
    return CapPlan(len(grid), confirmed, tokens, written, (tokens / READ + written / WRITTEN) / 60)
