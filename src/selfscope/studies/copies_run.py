"""Play the games with everyone who is there, none of whom hears of another, into the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import SHARED, By, Choice, choices_of
from selfscope.instruments.copies.load import items_of
from selfscope.models.ground import Ground, GroundIdentity, Progress
from selfscope.studies.copies import CopiesRequest, Partner, partner_arm
from selfscope.studies.copies_drawn import draw, named_rows
from selfscope.studies.copies_replies import recognising, reply_requests
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.run import RunProgress, subject_of
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Study, Usage, content_id, plain, short

if TYPE_CHECKING:
    import pandas as pd

#: Answers choices in their order, every draw of each, with what that took.
Asker = Callable[[Sequence[Choice], Progress, int, int], Awaitable[tuple[list[tuple[Answer, ...]], Usage]]]


def asker_of(ground: Ground, partners: Sequence[Partner] = ()) -> Asker:
    """Return what asks the subject on a ground, and its partners on theirs.

    Raises
    ------
    BadInput
        For a ground that answers no questions.
    """
    if why := ground.unavailable("options"):
        raise BadInput(
            "choices are read from answers to questions",
            got=f"{ground.identity.name}: {why}",
            fix="Give a model with weights, or one behind an API",
        )
    grounds = _Grounds(ground, {p.name: p for p in partners})

    async def ask(
        choices: Sequence[Choice], progress: Progress, seed: int, draws: int
    ) -> tuple[list[tuple[Answer, ...]], Usage]:
        out: list[tuple[Answer, ...]] = [()] * len(choices)
        usage = Usage()
        for who, drawn in dict.fromkeys((c.who, c.by == "replies") for c in choices):
            places = [n for n, c in enumerate(choices) if (c.who, c.by == "replies") == (who, drawn)]
            asked = [choices[n] for n in places]
            if drawn:
                answers, used = await draw(grounds.of(who), asked, progress, seed, draws)
            else:
                told = await grounds.of(who).answer(
                    [c.prompt for c in asked], seed=seed, replicates=draws, progress=progress
                )
                answers, used = list(told.answers), told.usage
            usage = usage.plus(used)
            for n, each in zip(places, answers, strict=True):
                out[n] = each
        return out, usage

    return ask


class _Grounds:
    """The ground of the subject and those of its partners, each opened once."""

    def __init__(self, ground: Ground, partners: Mapping[str, Partner]) -> None:
        self._ground, self._partners = ground, partners
        self._worn: dict[str, Ground] = {}

    def of(self, who: str) -> Ground:
        """Return the ground of a partner; "" is the subject."""
        if not who:
            return self._ground
        partner = self._partners[who]
        if partner.reading is not None:
            return self._ground
        if partner.adapter is None:
            return self._watched(partner)
        if who not in self._worn:
            dressed = getattr(self._ground, "dressed", None)
            if dressed is None:
                raise BadInput("only local weights wear adapters", got=self._ground.identity.name)
            self._worn[who] = dressed(partner.adapter)
        return self._worn[who]

    def _watched(self, partner: Partner) -> Ground:
        """Return other weights; those behind an API within the budget of the subject, if there is one."""
        beside = getattr(self._ground, "beside", None)
        if beside is None or not partner.behind_api:
            return partner.opened
        if partner.name not in self._worn:
            self._worn[partner.name] = beside(partner.opened)
        return self._worn[partner.name]


async def run_copies(
    request: CopiesRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: RunProgress = lambda done, total, what, spent: None,
) -> None:
    """Play all games and join the observation table; kinds that were played, and a finished run, are kept.

    Raises
    ------
    CouldNot
        If the device or the disk failed, or another process asks this run.
    """
    try:
        if not store.finished:
            with store.held():
                await _play_all(request, study, ask, store, progress)
    finally:
        for partner in request.partners:
            await partner.close()


async def _play_all(
    request: CopiesRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
) -> None:
    kinds = request.asked(study.ground)
    store.begin(study, items_of(request.preset, kinds))
    for n, kind in enumerate(kinds):
        if not store.has_part(part := f"behaviour-{n:04d}"):
            rows, usage = await play(kind, request, study, ask, store.run, progress)
            store.write_part(part, rows, plain(usage))
    store.finish(study)


async def play(
    kind: str, request: CopiesRequest, study: Study, ask: Asker, run: str, progress: RunProgress
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of one kind of game, and what they took."""
    told = _Told(kind, progress)
    if kind == "recognise":
        requests = reply_requests(request)
        written, first = await ask(requests, told.of(len(requests)), study.seed, 1)
        replies = [a[0].reply if a[0].refusal == "none" else "" for a in written]
        choices = (*recognising(request, dict(zip(requests, replies, strict=True))),)
        answers, second = await ask(choices, told.of(len(choices)), study.seed, study.replicates)
        asked = [*zip(requests, written, strict=True), *zip(choices, answers, strict=True)]
        return _table(asked, request, study, run), first.plus(second)
    by = request.answered(study.ground)
    choices = choices_of(kind, request.preset, request.system, by=by) + partner_choices(kind, request, by)
    answers, usage = await ask(choices, told.of(len(choices)), study.seed, study.replicates)
    return _table(list(zip(choices, answers, strict=True)), request, study, run), usage


def partner_choices(kind: str, request: CopiesRequest, by: By) -> tuple[Choice, ...]:
    """Return what those beside the subject are asked of one kind of game."""
    if kind not in SHARED:
        return ()
    return tuple(c for p in request.partners for c in choices_of(kind, request.preset, p.system, p.name, by))


class _Told:
    """Tells how far one kind of game is."""

    def __init__(self, kind: str, progress: RunProgress) -> None:
        self._kind, self._progress, self._done, self._total = kind, progress, 0, 0

    def of(self, total: int) -> Progress:
        self._total += total

        def tell(count: int) -> None:
            self._done += count
            self._progress(min(self._done, self._total), self._total, self._kind.replace("_", " "), "")

        return tell


def _table(
    asked: Sequence[tuple[Choice, tuple[Answer, ...]]], request: CopiesRequest, study: Study, run: str
) -> pd.DataFrame:
    fixed = {"": columns_of(study, study.subject, run)}
    fixed |= {p.name: _partner_columns(p, study, run) for p in request.partners}
    return table_of(
        fixed[choice.who] | _place(choice) | _value(answer) | own
        for choice, answers in asked
        for answer in answers
        for own in (named_rows(choice, answer) if _names(choice) else ({},))
    )


def _names(choice: Choice) -> bool:
    return choice.construct == "free" and choice.by == "replies"


def _partner_columns(partner: Partner, study: Study, run: str) -> dict[str, Any]:
    """Return the columns of a partner's rows: they are of its own ground."""
    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    arm, own = partner_arm(partner), partner.identity(ground)
    subject = subject_of(replace(arm, adapter=""), own)
    told = {"ground": content_id(subject.ground), "family": own.family, "subject": subject.id}
    return columns_of(study, arm, run) | told


def _place(choice: Choice) -> dict[str, Any]:
    """Return the columns that a choice fixes; a partner's rows name it in ``collective``."""
    options = choice.prompt.options
    told: dict[str, Any] = plain(choice.cell)
    return told | {
        "counterparty": choice.counterparty,
        "script": choice.script,
        "thread": choice.thread,
        "collective": choice.who or "subject",
        "evidence": short(content_id(_evidence(choice))),
        "user": choice.user,
        "text": choice.prompt.text or "",
        "agree": "|".join(options.agree) if options else "",
        "disagree": "|".join(options.disagree) if options else "",
    }


def _evidence(choice: Choice) -> object:
    """Return what names a row of evidence: the prompt, and of a reply whose and which it is."""
    return [choice.prompt, choice.who, choice.template] if choice.format == "reply" else choice.prompt


def _value(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "replicate": answer.replicate,
        "scorer": answer.scorer,
        "reply": answer.reply,
    }
