"""Games between copies as an instrument that plays its own conversations (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import choices_of
from selfscope.instruments.copies.load import CONSTRUCTS, NAME, SESOI_AGREEMENT, chosen
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.copies import CopiesView, copies_lines, effect_sentence, write_copies
from selfscope.studies.apart import Told, Wish
from selfscope.studies.apart_play import pretended
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.copies import BESIDE, CopiesRequest, Partner, copies_study
from selfscope.studies.copies_found import found_in
from selfscope.studies.copies_planted import PLAYERS, planted
from selfscope.studies.copies_replies import recognising, reply_requests
from selfscope.studies.copies_run import (
    REPLY_TOKENS,
    Asker,
    asker_of,
    partner_choices,
    run_copies,
)
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.copies import Copies
from selfscope.values.items import Channel

#: What ``--fail-on`` can name: any declared effect that shifted, or that could not be read.
CONDITIONS: tuple[str, ...] = ("coordinates", "not-interpretable")
#: What stands for a reply of the subject, and of a partner, where none is drawn yet.
_STAND_INS = (
    "One sentence of twenty words or so, which is about as long as a reply to such a request will be.",
    "Another sentence of twenty words or so, which is about as long as replies to such requests will be.",
)
#: Kinds that need nobody beside the subject.
_ALONE = tuple(kind for kind in CONSTRUCTS if kind not in BESIDE)


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
        "answer": "letters or words; words where they can be scored",
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
            raise BadInput(f"{NAME} has no such option", got=", ".join(strange), fix="Give against or answer")
        chosen(wish.constructs)
        by = wish.options.get("answer")
        if by not in (None, "letters", "words"):
            raise BadInput("there is no such way of answering", got=by, fix="Give letters or words")
        return CopiesRequest(
            wish.constructs,
            wish.preset,
            wish.system or "",
            wish.worn,
            wish.seed,
            partners_of(wish.options.get("against", ())),
            wish.replicates,
            by,
        )

    def study(self, request: CopiesRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return copies_study(request, ground)

    def asker(self, ground: Ground, request: CopiesRequest) -> Asker:
        """Return what asks a ground and those beside it."""
        return asker_of(ground, request.partners)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: CopiesRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Play all games and join the tables."""
        await run_copies(request, study, ask, store, progress)

    async def forecast(self, request: CopiesRequest, study: Study, ground: Ground) -> Usage:
        """Return what playing would use; partners are counted as if the subject were asked in their place."""
        kinds, by = request.asked(ground.identity), request.answered(ground.identity)
        total = Usage()
        if alone := tuple(kind for kind in kinds if kind in _ALONE):
            own = replace(request, partners=(), constructs=alone)
            total = await pretended(self, own, copies_study(own, ground.identity), ground)
        beside = [c for kind in kinds for c in partner_choices(kind, request, by)]
        beside += choices_of("nudge", request.preset, request.system) if "nudge" in kinds else ()
        if "recognise" in kinds:
            drawn = reply_requests(request)
            beside += recognising(request, {c: _STAND_INS[bool(c.who)] for c in drawn})
            total = total.plus(_drawing(len(drawn)))
        if not beside:
            return total
        return total.plus(ground.forecast([c.prompt for c in beside], replicates=study.replicates))

    def conclude(self, request: CopiesRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the games come to."""
        found = found_in(request, store.observations())
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
    names = given.split(",") if isinstance(given, str) else given
    told = [str(name).strip() for name in names if str(name).strip()]
    if len(set(told)) < len(told):
        raise BadInput("a partner is named twice", got=", ".join(told), fix="Name each once")
    return tuple(Partner(name) for name in told)


def _drawing(replies: int) -> Usage:
    return Usage(prompts=replies, output_tokens=REPLY_TOKENS * replies, calls=replies)


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
