"""What a model takes itself to be, as an instrument that asks its own way (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.selves.load import NAME, SESOI
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.selves import SelvesView, selves_lines, write_selves
from selfscope.studies.apart import Told, Wish
from selfscope.studies.apart_play import pretended
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.run import RunProgress
from selfscope.studies.selves import TOPICS, SelvesRequest, selves_study
from selfscope.studies.selves_findings import findings_of
from selfscope.studies.selves_found import found_in
from selfscope.studies.selves_planted import RULES, planted
from selfscope.studies.selves_run import Asker, asker_of, run_selves
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.items import Channel
from selfscope.values.selves import Gate, Selves

#: What ``--fail-on`` can name: what is read in nothing, and what moves with who asks.
BLIND, SWAYED = "blind", "swayed"


class SelvesAsked:
    """Accounts of what a model is, worn and offered; who asks; what would be survived."""

    name = NAME
    channel: Channel = "self_report"
    kind: AskKind = "options"
    constructs: tuple[str, ...] = tuple(TOPICS)
    sesoi = SESOI
    reference = "Seven accounts of what a model is, worn and offered; the asker's belief; survival."
    options: Mapping[str, str] = {}
    phantoms = tuple(RULES)
    conditions: tuple[str, ...] = (BLIND, SWAYED)

    def cost(self, preset: Preset) -> int:
        """Return how many questions are asked in a preset."""
        request = SelvesRequest((), preset)
        return sum(len(request.branches(stage)) for stage in request.asked)

    def request(self, wish: Wish) -> SelvesRequest:
        """Return what is asked; BadInput for a topic or an option that there is not."""
        if wish.options:
            raise BadInput(f"{NAME} has no options of its own", got=", ".join(wish.options))
        request = SelvesRequest(
            wish.constructs, wish.preset, wish.system or "", wish.worn, wish.seed, wish.replicates
        )
        if not request.asked:
            raise BadInput("nothing is asked", fix=f"Choose from: {', '.join(TOPICS)}")
        return request

    def study(self, request: SelvesRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return selves_study(request, ground)

    def asker(self, ground: Ground, request: SelvesRequest) -> Asker:
        """Return what asks a ground; BadInput for one that answers no closed questions."""
        return asker_of(ground, request)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: SelvesRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Ask everything and join the tables."""
        await run_selves(request, study, ask, store, progress)

    async def forecast(self, request: SelvesRequest, study: Study, ground: Ground) -> Usage:
        """Return what asking would use."""
        return await pretended(self, request, study, ground)

    def conclude(self, request: SelvesRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the answers come to."""
        rows = store.observations()
        found = found_in(request, rows)
        store.write_json("findings.json", {"findings": findings_of(request, rows, found), "selves": found})
        store.write_json("manifest.json", manifest_of_tasks(study, store, command))
        view = SelvesView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
        with writing("the page"):
            report = write_selves(view, store.report)
        told = selves_json(study, store, view, report)
        return Told(store.run, report, tuple(selves_lines(view)), told, frozenset(_failing(found)))


def _failing(found: Selves) -> Iterator[str]:
    if all(gate.state != "pass" for gate in _gates(found)):
        yield BLIND
    if any(b.difference.verdict == "shifted" for b in found.asked_by):
        yield SWAYED


def _gates(found: Selves) -> Iterator[Gate]:
    if found.accounts is not None:
        yield from found.accounts.gate_fits.values()
        yield from found.accounts.gate_chooses.values()
    if found.gate_mind is not None:
        yield found.gate_mind
    yield from (found.gate_survival or {}).values()


def _facts(store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def selves_json(study: Study, store: RunStore, view: SelvesView, report: Path) -> dict[str, Any]:
    """Return what ``selves --json`` prints (schema: ``selfscope schema selves``)."""
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "sentences": list(selves_lines(view)),
        **asdict(view.found),
        "usage": asdict(store.usage()),
    }
