"""Ask what a study file declares, model by model, and join what comes of it in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.cli.apart import PHANTOM
from selfscope.cli.limits import Limits
from selfscope.cli.show import command_line, counting, writing

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.studies.apart import Told
    from selfscope.studies.apart_declare import AskedApart
    from selfscope.studies.conclude import Outcome
    from selfscope.studies.declare import Declared
    from selfscope.studies.declare_subjects import Wanted
    from selfscope.studies.joined import JoinedStore
    from selfscope.studies.store import RunStore
    from selfscope.values import Usage


@dataclass(frozen=True)
class Model:
    """What answers for a model's name: a ground, a phantom of some instruments, or both.

    Attributes
    ----------
    phantom
        A phantom's name; "" for a model.
    """

    name: str
    ground: Ground | None
    phantom: str

    def player(self) -> Ground | str:
        """Return who plays instruments that play their own conversations."""
        return self.phantom or self._ground

    def unserved(self, asked: AskedApart) -> str:
        """Return why it cannot play an instrument, in words; "" if it can."""
        if not self.phantom:
            return self._ground.unavailable(asked.instrument.kind)
        own = asked.instrument.phantoms
        return "" if self.phantom in own else f"it has no phantom {self.phantom}, but {', '.join(own)}"

    @property
    def _ground(self) -> Ground:
        assert self.ground is not None  # what is no phantom was opened
        return self.ground

    async def close(self) -> None:
        """Give back what the ground holds."""
        if self.ground is not None:
            await self.ground.close()


@dataclass(frozen=True)
class Done:
    """One subject of a study under one seed: what was found by statements, and by each other instrument.

    Attributes
    ----------
    outcome, report, cluster
        Of statements: what was found, the page, the cluster in sentences; None and empty without them.
    told
        What each instrument that played its own conversations says, by its name.
    stores
        The runs by instrument; "" where statements were asked.
    unavailable
        Channels and instruments that the model cannot serve, each with the reason.
    """

    wanted: Wanted
    model: str
    outcome: Outcome | None = None
    report: Path | None = None
    cluster: tuple[str, ...] = ()
    told: Mapping[str, Told] = field(default_factory=dict)
    stores: Mapping[str, RunStore] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The identity's name; none for the bare model."""
        return self.wanted.identity.name if self.wanted.identity is not None else "none"

    @property
    def pages(self) -> tuple[Path, ...]:
        """Every page that was written."""
        return (*(() if self.report is None else (self.report,)), *(t.report for t in self.told.values()))

    def used(self) -> Usage:
        """Return what all its runs used."""
        from selfscope.values import Usage

        used = Usage()
        for store in self.stores.values():
            used = used.plus(store.usage())
        return used


def open_model(declared: Declared, model: str, adapter: str, *, probe: bool) -> Model:
    """Return what answers for a model of a study file.

    Raises
    ------
    BadInput
        If it is no model, and no phantom of anything that the study asks with.
    """
    from selfscope.models.choose import choose_ground
    from selfscope.models.phantoms import NAMED
    from selfscope.studies.store import runs_folder

    phantom = model.removeprefix(PHANTOM) if model.startswith(PHANTOM) and not adapter else ""
    own = any(phantom in asked.instrument.phantoms for asked in declared.apart)
    if phantom and own and phantom not in NAMED:
        return Model(model, None, phantom)
    logs = runs_folder() / "logs"
    ground = choose_ground(model, log_folder=logs, probe=probe, adapter=adapter)
    return Model(ground.identity.name, ground, phantom)


async def ask_study(declared: Declared, limits: Limits) -> list[Done]:
    """Run model by model, so that weights are loaded once; return the runs in the order of the file."""
    from selfscope.values import Usage

    found: dict[int, Done] = {}
    spent = Usage()
    for name, adapter in dict.fromkeys((w.model, w.adapter) for w in declared.runs):
        model = open_model(declared, name, adapter, probe=True)
        try:
            _refuse_early(declared, model)
            for n, wanted in enumerate(declared.runs):
                if (wanted.model, wanted.adapter) == (name, adapter):
                    found[n] = await _ask_one(declared, wanted, model, limits, spent)
                    spent = spent.plus(found[n].used())
        finally:
            await model.close()
    return [found[n] for n in sorted(found)]


def _refuse_early(declared: Declared, model: Model) -> None:
    """Refuse a model that an instrument cannot be played on before anything is asked of it."""
    who = model.player()
    for asked in declared.apart:
        if not isinstance(who, str) and not model.unserved(asked):
            asked.instrument.asker(who, asked.instrument.request(asked.wish(None, 0)))


async def _ask_one(declared: Declared, wanted: Wanted, model: Model, limits: Limits, spent: Usage) -> Done:
    done = Done(wanted, model.name)
    if declared.channels:
        done = await _ask_statements(declared, wanted, model, limits, spent)
    for asked in declared.apart:
        name = asked.instrument.name
        if why := model.unserved(asked):
            done = replace(done, unavailable={**done.unavailable, name: why})
            continue
        told, store = await _play(asked, wanted, model, limits, spent.plus(done.used()))
        done = replace(done, told={**done.told, name: told}, stores={**done.stores, name: store})
    return done


async def _play(
    asked: AskedApart, wanted: Wanted, model: Model, limits: Limits, spent: Usage
) -> tuple[Told, RunStore]:
    from selfscope.studies.apart_play import play

    who = model.player()
    budget = None if isinstance(who, str) else limits.budget_on(who, spent)
    with counting(asked.instrument.name) as progress:
        played = await play(asked.instrument, asked.wish(wanted.identity, wanted.seed), who, progress, budget)
    return played.conclude(command_line()), played.store


async def _ask_statements(
    declared: Declared, wanted: Wanted, model: Model, limits: Limits, spent: Usage
) -> Done:
    from selfscope.cli.page import run_view
    from selfscope.report import cluster_lines, write_report
    from selfscope.studies.conclude import conclude
    from selfscope.studies.phantoms import teach
    from selfscope.studies.run import run_study
    from selfscope.studies.store import RunStore

    ground = model.ground
    if ground is None:
        why = f"{model.name} plays conversations, and answers no statements"
        return Done(wanted, model.name, unavailable=dict.fromkeys(declared.channels, why))
    items = declared.items
    study = declared.study(wanted, ground)
    teach(ground, study, items)
    store = RunStore.of(study)
    with counting(study.title) as progress:
        budget = limits.budget_on(ground, spent)
        unavailable = await run_study(study, items, ground, store, progress=progress, budget=budget)
    outcome = conclude(store, study, items, ground.identity, unavailable, (), command_line())
    view = run_view(outcome)
    with writing("the page"):
        report = write_report(view, store.report)
    return Done(wanted, model.name, outcome, report, cluster_lines(view), {}, {"": store}, unavailable)


def join_study(title: str, done: Sequence[Done]) -> JoinedStore | None:
    """Join all finished runs of a study in one table; None where none has an answer."""
    from selfscope.studies.joined import Part, join

    parts = [
        Part(store, name, each.identity, each.model, each.wanted.seed)
        for each in done
        for name, store in each.stores.items()
        if store.finished
    ]
    return join(title, parts) if parts else None
