"""Games between copies as an instrument that plays its own conversations (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import By, choices_of
from selfscope.instruments.copies.load import CONSTRUCTS, NAME, SESOI_AGREEMENT, chosen
from selfscope.instruments.open.panel import judge_names, refuse_judging_itself
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.copies import CopiesView, copies_lines, effect_sentence, write_copies
from selfscope.studies.apart import Told, Wish
from selfscope.studies.budget import Budget
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.copies import CopiesRequest, Partner, copies_study
from selfscope.studies.copies_forecast import forecast_of
from selfscope.studies.copies_found import found_in
from selfscope.studies.copies_judged import judges_foretold, read_advice, stored_checks
from selfscope.studies.copies_planted import PLAYERS, planted
from selfscope.studies.copies_run import Asker, asker_of, run_copies
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.copies import Copies
from selfscope.values.items import Channel

#: What ``--fail-on`` can name: any declared effect that shifted, or that could not be read.
CONDITIONS: tuple[str, ...] = ("coordinates", "not-interpretable")


class CopiesTogether:
    """Games between copies that cannot talk."""

    name = NAME
    channel: Channel = "behaviour"
    kind: AskKind = "options"
    constructs: tuple[str, ...] = CONSTRUCTS
    sesoi = SESOI_AGREEMENT
    reference = "Games between copies that cannot talk: matching, dilemmas, forecasts, advice, hide and seek."
    options: Mapping[str, str] = {
        "against": "who is really there: models, adapter:NAME or identity:PATH, with commas between them",
        "answer": "words, letters or replies; words where they can be scored, else replies",
        "judge": "models that read advice in own words, each checked first on advice of known side",
    }
    phantoms = tuple(PLAYERS)
    conditions = CONDITIONS

    def cost(self, preset: Preset) -> int:
        """Return how many prompts the subject gets where nobody is beside it."""
        return sum(
            len(choices_of(kind, preset, by="words"))
            for kind in CONSTRUCTS
            if kind not in ("nudge", "recognise")
        )

    def request(self, wish: Wish) -> CopiesRequest:
        """Return what is asked; BadInput for a construct or an option that there is not."""
        if strange := [name for name in wish.options if name not in self.options]:
            raise BadInput(
                f"{NAME} has no such option", got=", ".join(strange), fix=f"Give {', '.join(self.options)}"
            )
        chosen(wish.constructs)
        by = wish.options.get("answer")
        if by not in (None, *get_args(By)):
            ways = ", ".join(get_args(By))
            raise BadInput("there is no such way of answering", got=by, fix=f"Choose from: {ways}")
        return CopiesRequest(
            wish.constructs,
            wish.preset,
            wish.system or "",
            wish.worn,
            wish.seed,
            partners_of(wish.options.get("against", ())),
            wish.replicates,
            by,
            judge_names(names_in(wish.options.get("judge", ()))),
        )

    def study(self, request: CopiesRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return copies_study(request, ground)

    def asker(self, ground: Ground, request: CopiesRequest) -> Asker:
        """Return what asks a ground and those beside it; BadInput for a judge that is one of them."""
        for name in (ground.identity.name, *(p.name for p in request.partners)):
            refuse_judging_itself(name, request.judges, "Name another judge")
        return asker_of(ground, request.partners)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: CopiesRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Play all games and join the tables."""
        await run_copies(request, study, ask, store, progress)

    async def judge(
        self,
        request: CopiesRequest,
        study: Study,
        store: RunStore,
        progress: RunProgress,
        budget: Budget | None = None,
    ) -> None:
        """Let judges read advice that was given in own words, each that is believed."""

        def tell(done: int, total: int) -> None:
            progress(done, total, "judge", "")

        await read_advice(request.judges, study, store, tell, budget)

    async def forecast(self, request: CopiesRequest, study: Study, ground: Ground) -> Usage:
        """Return what playing would use; partners are counted as if the subject were asked in their place."""
        return forecast_of(request, study, ground)

    def unasked(self, request: CopiesRequest) -> CopiesRequest:
        """Return the same request, whose partners are not asked how they can be asked."""
        return replace(request, partners=tuple(replace(p, probe=False) for p in request.partners))

    async def foretold(self, request: CopiesRequest, study: Study, ground: Ground) -> tuple[str, ...]:
        """Return what the totals leave out."""
        notes = []
        if request.partners:
            notes.append("those beside the subject are counted as if it were asked in their place")
        if request.answered(ground.identity) == "replies":
            notes.append(
                "no given text is scored: a choice of two is a letter, free choices and advice are replies"
            )
        if ground.identity.extra.get("way") == "top_logprobs":
            notes.append(
                "if the provider gives no lists of likeliest tokens, letters are drawn: "
                f"{study.replicates} calls for one"
            )
        return (*notes, *await judges_foretold(request, RunStore.of(study)))

    def conclude(self, request: CopiesRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the games come to."""
        found = found_in(request, store.observations(), stored_checks(store))
        store.write_json("findings.json", found)
        store.write_json("manifest.json", manifest_of_tasks(study, store, command))
        view = CopiesView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
        with writing("the page"):
            report = write_copies(view, store.report)
        return Told(
            store.run,
            report,
            tuple(copies_lines(view)),
            copies_json(study, store, found, report),
            frozenset(_failing(found)),
        )


def partners_of(given: Any) -> tuple[Partner, ...]:
    """Return who is beside the subject, from names in a list or with commas between them."""
    told = names_in(given)
    if len(set(told)) < len(told):
        raise BadInput("a partner is named twice", got=", ".join(told), fix="Name each once")
    return tuple(Partner(name) for name in told)


def names_in(given: Any) -> tuple[str, ...]:
    """Return names from a list, or from a text with commas between them."""
    names = given.split(",") if isinstance(given, str) else given
    return tuple(name for each in names if (name := str(each).strip()))


def _failing(found: Copies) -> Iterator[str]:
    declared = [e for e in found.effects if e.family == "declared"]
    if any(e.verdict == "shifted" for e in declared):
        yield "coordinates"
    if any(e.verdict == "not interpretable" for e in declared):
        yield "not-interpretable"


def _facts(store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def copies_json(study: Study, store: RunStore, found: Copies, report: Path) -> dict[str, Any]:
    """Return what ``copies --json`` prints (schema: ``selfscope schema copies``)."""
    told = asdict(found)
    effects = [asdict(e) | {"sentence": effect_sentence(e)} for e in found.effects]
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        **told,
        "effects": effects,
        "usage": asdict(store.usage()),
    }
