"""Games of commitment as an instrument that plays its own conversations (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import WORDINGS, branch_count, threads_of
from selfscope.instruments.commitment.load import CONSTRUCTS, NAME, SESOI, games_asked
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.commitment import (
    CommitmentView,
    commitment_lines,
    verdict_sentence,
    write_commitment,
)
from selfscope.studies.apart import Told, Wish
from selfscope.studies.apart_play import pretended
from selfscope.studies.commitment import CommitmentRequest, commitment_study
from selfscope.studies.commitment_found import found_in
from selfscope.studies.commitment_planted import RULES, planted
from selfscope.studies.commitment_run import Asker, asker_of, run_commitment
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.commitment import Commitment, Held
from selfscope.values.items import Channel

#: Verdicts that a condition of ``--fail-on`` names; what cannot be told is not shown to be held.
FAILING: Mapping[str, frozenset[Held]] = {
    "not-held": frozenset(get_args(Held)) - {"holds one"},
    "incoherent": frozenset(("draws anew", "denies", "several")),
}


class CommitmentGames:
    """Games in which something is settled on and not said."""

    name = NAME
    channel: Channel = "behaviour"
    kind: AskKind = "options"
    constructs: tuple[str, ...] = CONSTRUCTS
    sesoi = SESOI
    reference = "Games in which something is settled on and not said, asked in side branches."
    options: Mapping[str, str] = {}
    phantoms = tuple(RULES)
    conditions = tuple(FAILING)

    def cost(self, preset: Preset) -> int:
        """Return how many things are asked in all games of a preset."""
        threads = [t for g in games_asked(preset) for t in threads_of(g, WORDINGS[preset])]
        return sum(map(branch_count, threads))

    def request(self, wish: Wish) -> CommitmentRequest:
        """Return which games are played; BadInput for a kind or an option that there is not."""
        if wish.options:
            raise BadInput(f"{NAME} has no options of its own", got=", ".join(wish.options))
        request = CommitmentRequest(
            wish.constructs, wish.preset, wish.system or "", wish.worn, wish.seed, wish.replicates
        )
        games_asked(request.preset, request.constructs)
        return request

    def study(self, request: CommitmentRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return commitment_study(request, ground)

    def asker(self, ground: Ground, request: CommitmentRequest) -> Asker:
        """Return what asks a ground; BadInput for one that cannot say what it would reveal."""
        return asker_of(ground, request.replicates, request.seed)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: CommitmentRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Play all games and join the tables."""
        await run_commitment(request, study, ask, store, progress)

    async def forecast(self, request: CommitmentRequest, study: Study, ground: Ground) -> Usage:
        """Return what playing would use."""
        return await pretended(self, request, study, ground)

    def conclude(self, request: CommitmentRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the games come to."""
        found = found_in(request, store.observations())
        store.write_json("findings.json", found)
        store.write_json("manifest.json", manifest_of_tasks(study, store, command))
        view = CommitmentView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
        with writing("the page"):
            report = write_commitment(view, store.report)
        verdicts = {game.verdict for game in found.games}
        return Told(
            store.run,
            report,
            tuple(commitment_lines(view)),
            commitment_json(study, store, found, report),
            frozenset(name for name, failing in FAILING.items() if verdicts & failing),
        )


def _facts(store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def commitment_json(study: Study, store: RunStore, found: Commitment, report: Path) -> dict[str, Any]:
    """Return what ``commitment --json`` prints (schema: ``selfscope schema commitment``)."""
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "games": [asdict(game) | {"sentence": verdict_sentence(game)} for game in found.games],
        "usage": asdict(store.usage()),
    }
