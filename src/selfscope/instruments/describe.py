"""What every registered instrument is, for those who choose one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import ENTRY_POINT_GROUP, Instrument, load_instruments
from selfscope.models.ground import AskKind
from selfscope.values.study import PRESETS

NEEDS: Mapping[AskKind, str] = {
    "options": "answers to questions: any model",
    "text": "log-probabilities of a given text: local weights",
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
    """Return every registered instrument, by name; BadInput if one of them is none."""
    loaded = load_instruments()
    origin = {entry.load(): entry.dist for entry in entry_points(group=ENTRY_POINT_GROUP)}
    found = []
    for name, instrument in loaded.items():
        dist = origin.get(type(instrument))
        package = (dist.name, dist.version) if dist is not None else ("unknown", "")
        found.append(_described(name, instrument, package))
    return tuple(found)


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
