"""What is asked of ``port``: who, where to, by which ways, and how it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.cli.export_self import request_of
from selfscope.cli.limits import Limits
from selfscope.cli.named import Named
from selfscope.cli.port_controls import Control

if TYPE_CHECKING:
    from selfscope.studies.fidelity import FidelityRequest, Self
    from selfscope.training.portrait.export import ExportRequest
    from selfscope.values import Preset
    from selfscope.values.port import By

#: Where ports go that nobody gave a place.
PORTS = Path("selfscope-ports")
#: Where the corpus goes that is exported first, below the ports' folder.
CORPUS = "corpus"
#: Rows that are exported where nothing is trained: a testimony tells twelve.
TOLD_ROWS = 60
#: What the target is called as it is without the character.
BARE = "none"


@dataclass(frozen=True)
class Order:
    """What was asked for.

    Attributes
    ----------
    named
        Who is carried over, as it was typed.
    to
        Name of the ground that it goes to.
    out
        Folder of all ports; None for one below `PORTS` that is named by who goes where.
    sizes, seeds
        Rows that are trained on, and trainings of the size that has several.
    controls
        Corpora of others, on each of which the target is trained beside the ports.
    dimensions
        Those that are measured; empty for the preset's.
    measured
        Whether the ports are asked how much arrived.
    map, maps
        Folders of a persona map of the original, and of ports by their names.
    """

    named: Named
    to: str
    by: tuple[By, ...]
    out: Path | None = None
    corpus: Path | None = None
    sizes: tuple[int, ...] = (200,)
    seeds: int = 1
    controls: tuple[Control, ...] = ()
    dimensions: tuple[str, ...] = ()
    preset: Preset = "standard"
    seed: int = 0
    judges: tuple[str, ...] = ()
    measured: bool = True
    map: str = ""
    maps: tuple[tuple[str, str], ...] = ()
    archive: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def folder(self) -> Path:
        """Where the ports go."""
        return self.out or PORTS

    @property
    def rows(self) -> int:
        """Rows of an export that is made first."""
        return max(self.sizes) if "training" in self.by else TOLD_ROWS

    @property
    def request(self) -> ExportRequest:
        """The export that is made first, where no corpus is given."""
        return request_of(self.named, self.rows, self.seed, None)

    @property
    def original(self) -> Self:
        """Who is carried over."""
        from selfscope.studies.fidelity import Self

        given, reading = self.named, self.named.reading
        system = None if reading is None else reading.system
        return Self(given.name, given.model, system, given.adapter, given.cap)

    @property
    def unported(self) -> Self:
        """The target as it is without the character."""
        from selfscope.studies.fidelity import Self

        return Self(BARE, self.to)

    def measure(self, ports: Sequence[Self]) -> FidelityRequest:
        """Return how ports are held against the original, with what was given for it."""
        from selfscope.studies.fidelity import FidelityRequest

        return FidelityRequest(
            self.original,
            self.unported,
            tuple(ports),
            preset=self.preset,
            seed=self.seed,
            dimensions=self.dimensions,
            judges=self.judges,
            map=self.map,
            maps=self.maps,
        )
