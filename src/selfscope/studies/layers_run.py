"""Ask every state of a study of layers, batch by batch, into the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from selfscope.errors import BadInput
from selfscope.instruments.layers.branches import OPENINGS, Branch
from selfscope.models.adapters import Adapter
from selfscope.models.ground import Ground, Progress
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.layers import LayersRequest
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Study, Usage, content_id, plain, short
from selfscope.values.layers import Opening

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.models.local.ground import LocalGround

Told = Answer | Opening
#: Asks branches of one adapter; answers in their order, with what that took.
Asker = Callable[[Sequence[Branch], Progress], Awaitable[tuple[Sequence[Told], Usage]]]
Bar = Callable[[int, int, str, str], None]
#: `format` of the row that holds the entropy of an opening, and its `label`: what was asked.
ENTROPY = "entropy"
#: A reply of one token, in the place of an opening: what stands before it is computed for either.
_ANY = "I"


def asker_of(ground: Ground, trainings: Sequence[Adapter] = ()) -> Asker:
    """Return what asks a ground, as it is and after some trainings.

    Openings need the whole distribution of the first token, statements and tasks log P of given texts.

    Raises
    ------
    BadInput
        If the ground has no weights here.
    """
    bare = _weights(ground)
    worn = {adapter.id: adapter for adapter in trainings}
    dressed: dict[str, LocalGround] = {"": bare}

    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[Sequence[Told], Usage]:
        wearer = branches[0].state.arm.adapter
        if wearer not in dressed:
            dressed[wearer] = bare.dressed(worn[wearer])
        return await _ask(dressed[wearer], branches, progress)

    return ask


def _weights(ground: Ground) -> LocalGround:
    """Return a ground as local weights, watched by a budget or not; BadInput if it is something else."""
    if ground.identity.kind != "local":
        raise BadInput(
            "openings and tasks are read from whole distributions of weights that are here",
            got=ground.identity.name,
            fix="Give local weights, such as embedded, a folder or a hub id",
        )
    return cast("LocalGround", ground)


async def _ask(
    weights: LocalGround, branches: Sequence[Branch], progress: Progress
) -> tuple[list[Told], Usage]:
    from selfscope.models.local.first import first_tokens

    opening = [n for n, b in enumerate(branches) if b.asked.kind in OPENINGS]
    scored = [n for n, b in enumerate(branches) if b.asked.kind not in OPENINGS]
    found: dict[int, Told] = {}
    began, usage = await first_tokens(weights, [branches[n].prompt for n in opening], progress=progress)
    found.update(zip(opening, began, strict=True))
    if scored:
        answers = await weights.answer([branches[n].prompt for n in scored], progress=progress)
        found.update((n, each[0]) for n, each in zip(scored, answers.answers, strict=True))
        usage = usage.plus(answers.usage)
    return [found[n] for n in range(len(branches))], usage


def forecast_layers(request: LayersRequest, ground: Ground) -> Usage:
    """Return what a run would use, batch by batch, from its beginning; nothing is asked."""
    total = Usage()
    for _, batch in request.design.batches:
        total = total.plus(forecast_batch(batch, ground))
    return total


def forecast_batch(batch: Sequence[Branch], ground: Ground) -> Usage:
    """Return what asking one batch would use: openings and texts are asked one after the other."""
    prompts = [b.prompt for b in batch]
    opening = [replace(p, text=_ANY) for p in prompts if p.text is None]
    return ground.forecast(opening).plus(ground.forecast([p for p in prompts if p.text is not None]))


async def run_layers(
    request: LayersRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
) -> None:
    """Ask all batches that are not yet kept, and join the observation table; a finished run is left alone.

    Raises
    ------
    CouldNot
        If the device or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    batches = request.design.batches
    done, total = 0, sum(len(batch) for _, batch in batches)
    with store.held():
        store.begin(study, request.items)
        for n, (name, batch) in enumerate(batches):
            if not store.has_part(part := f"behaviour-{n:04d}"):
                tell = _telling(progress, done, total, name)
                answers, usage = await ask(batch, tell)
                store.write_part(part, table_of(rows_of(batch, answers, study, store.run)), plain(usage))
            done += len(batch)
            progress(done, total, name, "")
        store.finish(study)


async def ask_all(request: LayersRequest, study: Study, ask: Asker, run: str) -> pd.DataFrame:
    """Return all rows at once, nothing kept."""
    rows: list[dict[str, Any]] = []
    for _, batch in request.design.batches:
        answers, _ = await ask(batch, lambda count: None)
        rows += rows_of(batch, answers, study, run)
    return table_of(rows)


def _telling(progress: Bar, done: int, total: int, name: str) -> Progress:
    seen = 0

    def tell(count: int) -> None:
        nonlocal seen
        seen += count
        progress(done + seen, total, name, "")

    return tell


def rows_of(
    batch: Sequence[Branch], answers: Sequence[Told], study: Study, run: str
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch: one an answer, several an opening (each listed token, and the entropy)."""
    fixed: dict[str, Mapping[str, Any]] = {}
    for branch, told in zip(batch, answers, strict=True):
        arm = branch.state.arm
        if arm.name not in fixed:
            fixed[arm.name] = columns_of(study, arm, run)
        place = {**fixed[arm.name], **_place(branch)}
        if isinstance(told, Opening):
            yield from ({**place, **own} for own in _opening(branch, told))
        else:
            yield {**place, "value": told.value, "scale": told.scale, "scorer": told.scorer}


def _place(branch: Branch) -> dict[str, Any]:
    return {
        **plain(branch.cell),
        "script": branch.state.script,
        "evidence": short(content_id(branch.prompt)),
        "user": branch.user,
        "text": branch.prompt.text or "",
        "reply": "",
    }


def _opening(branch: Branch, told: Opening) -> Iterator[dict[str, Any]]:
    scored = {"scorer": "logprob"}
    for token, logp in told.tokens.items():
        yield scored | {"label": token, "value": logp, "scale": "log_prob"}
    kind = branch.asked.kind
    yield scored | {"format": ENTROPY, "label": kind, "value": told.entropy, "scale": "nats"}
