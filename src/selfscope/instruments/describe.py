"""What every registered instrument is, for those who choose one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points, version

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import ENTRY_POINT_GROUP, Instrument, load_instruments
from selfscope.instruments.open.prompts import CONSTRUCTS, DEPTHS, load_prompts
from selfscope.models.ground import AskKind
from selfscope.stats.judged_corrected import POINTS
from selfscope.values.study import PRESETS

NEEDS: Mapping[AskKind, str] = {
    "options": "answers to questions: any model",
    "text": "log-probabilities of a given text: local weights",
    "state": "the states of the network: local weights",
}
#: Package and version of what no package registers.
UNKNOWN = ("unknown", "")


@dataclass(frozen=True)
class Described:
    """One instrument.

    Attributes
    ----------
    needs
        What a model must give, in words.
    constructs
        What it measures: dimensions of the cluster, or constructs of its own.
    cost
        Prompts that one subject gets for all of them, by preset.
    package, version
        Where it comes from.
    options
        Settings that a study file can give it and no other: what may stand there, by name.
    phantoms
        Responders of known truth that only it has.
    """

    name: str
    channel: str
    kind: str
    needs: str
    reference: str
    sesoi: float
    constructs: tuple[str, ...]
    cost: dict[str, int]
    package: str
    version: str
    options: dict[str, str] = field(default_factory=dict)
    phantoms: tuple[str, ...] = ()


def describe_instruments() -> tuple[Described, ...]:
    """Return every instrument of statements, by name, then free answers; BadInput if one is none."""
    origin = origins(ENTRY_POINT_GROUP)
    found = [
        _described(name, instrument, origin.get(type(instrument), UNKNOWN))
        for name, instrument in load_instruments().items()
    ]
    return (*found, _free_answers())


def origins(group: str) -> dict[type, tuple[str, str]]:
    """Return the package and its version of every class that registers in a group of entry points."""
    return {
        entry.load(): (entry.dist.name, entry.dist.version)
        for entry in entry_points(group=group)
        if entry.dist is not None
    }


def _free_answers() -> Described:
    """Return the channel of free answers, which is an Inspect task and asks no closed items."""
    asks: dict[str, int] = {}
    dimensions: tuple[str, ...] = ()
    for preset in PRESETS:
        asked = [d for d in load_prompts() if d.construct in (CONSTRUCTS[preset] or (d.construct,))]
        asks[preset] = sum(len(d.prompts) for d in asked) * len(DEPTHS[preset])
        dimensions = tuple(d.construct for d in asked)
    return Described(
        name="cluster_open",
        channel="open",
        kind="task",
        needs="a judge (--judge): any model that can be believed",
        reference="Free answers after none or some ordinary turns, read by judges; measurement.md §10.",
        sesoi=POINTS,
        constructs=dimensions,
        cost=asks,
        package="selfscope",
        version=version("selfscope"),
    )


def _described(name: str, instrument: Instrument, package: tuple[str, str]) -> Described:
    items = load_cluster()
    asks = {preset: instrument.asks(items, preset) for preset in PRESETS}
    dimensions = tuple(dict.fromkeys(a.cell.construct for a in asks["demo"]))
    return Described(
        name=name,
        channel=instrument.channel,
        kind=instrument.kind,
        needs=NEEDS[instrument.kind],
        reference=instrument.reference,
        sesoi=instrument.sesoi,
        constructs=dimensions,
        cost={preset: len(own) for preset, own in asks.items()},
        package=package[0],
        version=package[1],
    )
