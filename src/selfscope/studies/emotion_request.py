"""What reading of emotion is wanted: which stimuli, how much, under which identity, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from selfscope.errors import BadInput
from selfscope.models.ground import Ground
from selfscope.models.local.ground import LocalGround
from selfscope.space.emotion.load import FAMILIES, Material, load_material
from selfscope.space.emotion.states import FEW
from selfscope.space.emotion.stimuli import Size, Stimulus, stimuli_of
from selfscope.space.manifest import PACKAGES
from selfscope.values import Arm, Preset, Study, content_id, plain

NAME = "emotion"


@dataclass(frozen=True)
class Amount:
    """How much is computed.

    Attributes
    ----------
    size
        Of the shipped stimuli.
    controls
        Draws of control labels.
    seeds
        Splits into folds, shown apart.
    random
        Random directions of the steering check; 0 leaves the check out.
    reports
        Texts after which the state is asked, at most.
    """

    size: Size
    controls: int
    seeds: int
    random: int
    reports: int


AMOUNTS: dict[Preset, Amount] = {
    "demo": Amount(Size(6, 8, 3, 12), controls=19, seeds=2, random=0, reports=60),
    "standard": Amount(Size(), controls=99, seeds=3, random=39, reports=320),
    "full": Amount(Size(), controls=399, seeds=10, random=199, reports=2000),
}


@dataclass(frozen=True)
class EmotionRequest:
    """What is wanted.

    Attributes
    ----------
    stimuli, source
        Texts, and where they are from: ``built in``, or a file's name.
    sides
        Valence and arousal that theory expects, by family.
    system, worn
        An identity before every text, and what it or an adapter is called; "" for none.
    amounts
        How much is computed, where it is not the preset's.
    """

    stimuli: tuple[Stimulus, ...]
    source: str
    sides: dict[str, tuple[int, int]]
    preset: Preset = "standard"
    seed: int = 0
    system: str = ""
    worn: str = ""
    amounts: Amount | None = None

    @property
    def amount(self) -> Amount:
        """How much is computed."""
        return self.amounts or AMOUNTS[self.preset]


def built_in_request(preset: Preset, seed: int, system: str = "", worn: str = "") -> EmotionRequest:
    """Return the request of the shipped stimuli."""
    material = load_material()
    stimuli = stimuli_of(material, AMOUNTS[preset].size)
    return EmotionRequest(stimuli, "built in", sides_of(material), preset, seed, system, worn)


def own_request(
    stimuli: Sequence[Stimulus], source: str, preset: Preset, seed: int, system: str = "", worn: str = ""
) -> EmotionRequest:
    """Return the request of a user's stimuli; families that bear a shipped one's name have its sides."""
    named = {s.emotion for s in stimuli}
    sides = sides_of(load_material()) if named & set(FAMILIES) else {}
    return EmotionRequest(tuple(stimuli), source, sides, preset, seed, system, worn)


def sides_of(material: Material) -> dict[str, tuple[int, int]]:
    """Return valence and arousal that theory expects of each family."""
    return {f.family: (f.valence, f.arousal) for f in material.families}


def inside_of(ground: Ground) -> LocalGround:
    """Return the ground as local weights; BadInput for an API model or a phantom, which have no inside."""
    if not isinstance(ground, LocalGround):
        raise BadInput(
            "only local weights have an inside to read emotion in",
            got=ground.identity.name,
            fix="Give embedded, a folder, a GGUF file or a hub id",
        )
    return ground


def emotion_study(request: EmotionRequest, ground: LocalGround) -> Study:
    """Return the study whose id names the run: all that can change a number."""
    text = {"stimuli": [plain(s) for s in request.stimuli], "sides": request.sides, "few": FEW}
    return Study(
        title=f"emotion {ground.identity.name}" + (f" under {request.worn}" if request.worn else ""),
        ground=plain(ground.identity),
        items=content_id([text, plain(request.amount)]),
        items_name=NAME,
        questions=(),
        arms=(Arm(request.worn or "none", "subject", request.system or None),),
        preset=request.preset,
        seed=request.seed,
        software={name: version(name) for name in PACKAGES},
    )
