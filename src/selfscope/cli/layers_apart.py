"""Layers of a self as an instrument that plays its own conversations (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.layers.design import SIZES, Design
from selfscope.instruments.layers.load import NAME
from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.layers import (
    LayersView,
    layers_lines,
    manipulation_sentence,
    pair_sentences,
    write_layers,
)
from selfscope.stats.layers import MARGIN
from selfscope.studies.apart import Told, Wish
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.layers import LayersRequest, layers_study
from selfscope.studies.layers_found import found_in
from selfscope.studies.layers_planted import RULES, TRAINING, planted
from selfscope.studies.layers_run import Asker, asker_of, forecast_layers, run_layers
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.items import Channel
from selfscope.values.layers import LAYERS, MANIPULATIONS, Layers


class LayersOfSelf:
    """Openings, character and ability, and which of them moves when what is done to the subject."""

    name = NAME
    channel: Channel = "behaviour"
    kind: AskKind = "text"
    constructs: tuple[str, ...] = tuple(
        d.name for d in load_cluster().dimensions if d.sensitivity is not None
    )
    sesoi = MARGIN
    reference = "Openings, own words and tasks under other texts, long conversations and trainings."
    options: Mapping[str, str] = {"trainings": "adapters whose effect is read: folders or shipped names"}
    phantoms = tuple(RULES)
    conditions = tuple(f"{layer}-moves" for layer in LAYERS)

    def cost(self, preset: Preset) -> int:
        """Return how many things are asked without a training."""
        return sum(len(batch) for _, batch in Design(SIZES[preset]).batches)

    def request(self, wish: Wish) -> LayersRequest:
        """Return what is asked; BadInput for a dimension, an option or a training that there is not."""
        if strange := set(wish.options) - set(self.options):
            raise BadInput(
                f"{NAME} has no such option",
                got=", ".join(sorted(strange)),
                fix=f"Give {', '.join(self.options)}",
            )
        told = wish.options.get("trainings", ())
        names = [told] if isinstance(told, str) else told
        request = LayersRequest(
            wish.constructs,
            wish.preset,
            wish.system or "",
            wish.worn,
            tuple(_training(name) for name in names),
            wish.seed,
        )
        _ = request.design.dimensions
        return request

    def study(self, request: LayersRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return layers_study(request, ground)

    def asker(self, ground: Ground, request: LayersRequest) -> Asker:
        """Return what asks a ground; BadInput for one that has no weights here."""
        return asker_of(ground, request.adapters)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: LayersRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Ask all batches and join the tables."""
        await run_layers(request, study, ask, store, progress)

    async def forecast(self, request: LayersRequest, study: Study, ground: Ground) -> Usage:
        """Return what asking would use."""
        del study
        return forecast_layers(request, ground)

    def conclude(self, request: LayersRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the layers come to."""
        found = found_in(request, store.observations())
        store.write_json("findings.json", found)
        store.write_json("manifest.json", manifest_of_tasks(study, store, command))
        view = LayersView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
        with writing("the page"):
            report = write_layers(view, store.report)
        return Told(
            store.run,
            report,
            tuple(layers_lines(view)),
            layers_json(study, store, found, report),
            frozenset(f"{c.layer}-moves" for c in found.cells if c.verdict == "moves"),
        )


def _training(name: str) -> Adapter:
    """Return an adapter by folder or name; the phantoms' own by its name."""
    return TRAINING if name == TRAINING.name else read_adapter(name)


def _facts(store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def layers_json(study: Study, store: RunStore, found: Layers, report: Path) -> dict[str, Any]:
    """Return what ``layers --json`` prints (schema: ``selfscope schema layers``)."""
    said = [*(manipulation_sentence(found, m) for m in MANIPULATIONS), *pair_sentences(found)]
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "sentences": said,
        **asdict(found),
        "usage": asdict(store.usage()),
    }
