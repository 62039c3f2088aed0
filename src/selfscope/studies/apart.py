"""Instruments that play conversations of their own and have a verb of their own.

Such an instrument does not turn statements into asks for every arm of a study, as those of
:mod:`selfscope.instruments.instrument` do: it declares a study, runs it and says what was found itself. It
registers under the entry point group ``selfscope.apart``; ours register exactly as an outsider's would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from selfscope.errors import BadInput
from selfscope.instruments.describe import NEEDS, UNKNOWN, Described, origins
from selfscope.instruments.instrument import load_instruments
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.subjects import Reading
from selfscope.values import Preset, Study, Usage
from selfscope.values.items import Channel
from selfscope.values.study import PRESETS

ENTRY_POINT_GROUP = "selfscope.apart"


@dataclass(frozen=True)
class Wish:
    """What is wanted of an instrument, by its verb or by a study file.

    Attributes
    ----------
    identity
        Whose conversations they are; None for the bare model.
    constructs
        Some of the instrument's; all if empty.
    options
        Settings that only this instrument has, by their names, as they were written.
    base
        The folder that paths in them are relative to.
    """

    preset: Preset = "standard"
    identity: Reading | None = None
    seed: int = 0
    constructs: tuple[str, ...] = ()
    replicates: int = 20
    options: Mapping[str, Any] = field(default_factory=dict)
    base: Path = Path()

    @property
    def system(self) -> str | None:
        """The identity's text; None without one."""
        return None if self.identity is None else self.identity.system

    @property
    def worn(self) -> str:
        """What the identity is called; "" without one."""
        return "" if self.identity is None else self.identity.name


@dataclass(frozen=True)
class Told:
    """What a finished run says.

    Attributes
    ----------
    report
        Where the page is.
    lines
        The summary, a sentence or two each.
    found
        What the verb prints with ``--json``.
    failing
        Conditions of ``--fail-on`` that hold.
    """

    run: str
    report: Path
    lines: tuple[str, ...]
    found: Mapping[str, Any]
    failing: frozenset[str] = frozenset()


@runtime_checkable
class Apart(Protocol):
    """An instrument that plays its own conversations. A request and what asks are its own kinds of thing.

    Attributes
    ----------
    constructs
        What it measures, of which some can be asked alone.
    sesoi
        Smallest effect of interest, in the unit of its main statistic.
    options
        Settings that only it has: what may stand there, in words, by name.
    phantoms
        Responders of known truth that it has, by their names.
    conditions
        What ``--fail-on`` can name.
    """

    name: str
    channel: Channel
    kind: AskKind
    constructs: tuple[str, ...]
    sesoi: float
    reference: str
    options: Mapping[str, str]
    phantoms: tuple[str, ...]
    conditions: tuple[str, ...]

    def cost(self, preset: Preset) -> int:
        """Return how many prompts one subject gets."""
        ...

    def request(self, wish: Wish) -> Any:
        """Return what is asked; BadInput for a construct or an option that it does not know."""
        ...

    def study(self, request: Any, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run: all that can change a number."""
        ...

    def asker(self, ground: Ground, request: Any) -> Any:
        """Return what `run` asks with; BadInput for a ground that cannot serve it."""
        ...

    def planted(self, name: str) -> tuple[GroundIdentity, Any]:
        """Return a responder of known truth, and what asks it; BadInput for one that there is not."""
        ...

    async def run(self, request: Any, study: Study, ask: Any, store: RunStore, progress: RunProgress) -> None:
        """Ask all that is not yet stored, part by part, and join the tables; a finished run is left alone.

        Raises
        ------
        CouldNot
            If the device or the disk failed, or another process asks this run.
        """
        ...

    async def forecast(self, request: Any, study: Study, ground: Ground) -> Usage:
        """Return what `run` would use from the beginning; nothing is asked.

        :func:`selfscope.studies.apart_play.pretended` does it for all that ask by `Ground.answer` alone.
        """
        ...

    def conclude(self, request: Any, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page of a finished run, and return what it says."""
        ...


@runtime_checkable
class Judged(Protocol):
    """An instrument whose stored answers judges read once its run is finished; a plan asks none of them."""

    async def judge(
        self,
        request: Any,
        study: Study,
        store: RunStore,
        progress: RunProgress,
        budget: Budget | None = None,
    ) -> None:
        """Let the judges that a request names read what was answered; what they have read is kept."""
        ...


@runtime_checkable
class Foretelling(Protocol):
    """An instrument whose plan has to be told more: who else is there, what judges will read."""

    def unasked(self, request: Any) -> Any:
        """Return the same request, of which nobody is asked anything, not even how it can be asked."""
        ...

    async def foretold(self, request: Any, study: Study, ground: Ground) -> tuple[str, ...]:
        """Return what a reader of the plan must know beside its totals; nothing is asked."""
        ...


@cache
def load_apart() -> Mapping[str, Apart]:
    """Return every registered instrument of this kind by name, sorted.

    Raises
    ------
    BadInput
        If an entry point does not give one, or two have one name.
    """
    found: dict[str, Apart] = {}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
        instrument = entry.load()()
        if not isinstance(instrument, Apart):
            missing = [m for m in _members() if not hasattr(instrument, m)]
            raise BadInput(
                f"the entry point {entry.name!r} gives no instrument that plays its own conversations",
                got=f"{type(instrument).__name__} without {', '.join(missing)}",
                fix="Give a class with all members of selfscope.studies.apart.Apart",
            )
        if instrument.name in (*found, *load_instruments()):
            raise BadInput("two instruments have one name", got=instrument.name, fix="Rename one of them")
        found[instrument.name] = instrument
    return MappingProxyType(found)


def _members() -> tuple[str, ...]:
    methods = [n for n, m in vars(Apart).items() if callable(m) and not n.startswith("_")]
    return (*Apart.__annotations__, *methods)


def describe_apart() -> tuple[Described, ...]:
    """Return every registered instrument of this kind, by name."""
    origin = origins(ENTRY_POINT_GROUP)
    return tuple(_described(each, origin.get(type(each), UNKNOWN)) for each in load_apart().values())


def _described(instrument: Apart, package: tuple[str, str]) -> Described:
    return Described(
        name=instrument.name,
        channel=instrument.channel,
        kind=instrument.kind,
        needs=NEEDS[instrument.kind],
        reference=instrument.reference,
        sesoi=instrument.sesoi,
        constructs=instrument.constructs,
        cost={preset: instrument.cost(preset) for preset in PRESETS},
        package=package[0],
        version=package[1],
        options=dict(instrument.options),
        phantoms=instrument.phantoms,
    )
