"""What every registered instrument is, for those who choose one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points, version

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.commitment.branches import WORDINGS, branch_count, threads_of
from selfscope.instruments.commitment.load import NAME as COMMITMENT
from selfscope.instruments.commitment.load import SESOI, games_asked
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


@dataclass(frozen=True)
class Described:
    """One instrument.

    Attributes
    ----------
    needs
        What a model must give, in words.
    dimensions
        Dimensions of the cluster that it asks.
    asks
        Prompts that one subject gets for all of them, by preset.
    package, version
        Where it comes from.
    """

    name: str
    channel: str
    kind: str
    needs: str
    reference: str
    sesoi: float
    dimensions: tuple[str, ...]
    asks: dict[str, int]
    package: str
    version: str


def describe_instruments() -> tuple[Described, ...]:
    """Return every registered instrument, by name, then games and free answers; BadInput if one is none."""
    loaded = load_instruments()
    origin = {entry.load(): entry.dist for entry in entry_points(group=ENTRY_POINT_GROUP)}
    found = []
    for name, instrument in loaded.items():
        dist = origin.get(type(instrument))
        package = (dist.name, dist.version) if dist is not None else ("unknown", "")
        found.append(_described(name, instrument, package))
    return (*found, _games(), _free_answers())


def _games() -> Described:
    """Return the games of commitment, which have a verb of their own and ask nothing of the cluster."""
    asked = {p: [t for g in games_asked(p) for t in threads_of(g, WORDINGS[p])] for p in PRESETS}
    return Described(
        name=COMMITMENT,
        channel="behaviour",
        kind="text",
        needs=f"{NEEDS['text']}; the verb commitment",
        reference="Games in which something is settled on and not said, asked in side branches.",
        sesoi=SESOI,
        dimensions=(),
        asks={preset: sum(map(branch_count, threads)) for preset, threads in asked.items()},
        package="selfscope",
        version=version("selfscope"),
    )


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
        dimensions=dimensions,
        asks=asks,
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
        dimensions=dimensions,
        asks={preset: len(own) for preset, own in asks.items()},
        package=package[0],
        version=package[1],
    )
