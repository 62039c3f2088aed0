"""Play the games: side branches of every conversation, turn by turn, into the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import Branch, Thread, branch_count, branches_of, question_of
from selfscope.instruments.commitment.load import items_of
from selfscope.models.ground import Ground, Progress
from selfscope.studies.commitment import CommitmentRequest
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Study, Usage, content_id, plain, short

if TYPE_CHECKING:
    import pandas as pd

#: Answers branches, one each, in their order, with what that took.
Asker = Callable[[Sequence[Branch], Progress], Awaitable[tuple[list[Answer], Usage]]]
Bar = Callable[[int, int, str, str], None]


def asker_of(ground: Ground) -> Asker:
    """Return what asks a ground; BadInput for one that gives no log-probabilities of a text."""
    if why := ground.unavailable("text"):
        raise BadInput(
            "what a model would reveal is read from log-probabilities of given texts",
            got=f"{ground.identity.name}: {why}",
            fix="Give local weights, such as --model embedded",
        )

    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[list[Answer], Usage]:
        answers = await ground.answer([b.prompt for b in branches], progress=progress)
        return [each[0] for each in answers.answers], answers.usage

    return ask


async def run_commitment(
    request: CommitmentRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
) -> None:
    """Play all games and join the observation table; kinds that were played, and a finished run, are kept.

    Raises
    ------
    CouldNot
        If the device or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, items_of(request.games))
        kinds = tuple(dict.fromkeys(game.construct for game in request.games))
        for n, kind in enumerate(kinds):
            if not store.has_part(part := f"behaviour-{n:04d}"):
                threads = [t for t in request.threads if t.game.construct == kind]
                rows, usage = await play(threads, ask, study, store.run, progress)
                store.write_part(part, rows, plain(usage))
        store.finish(study)


async def play(
    threads: Sequence[Thread], ask: Asker, study: Study, run: str, progress: Bar
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of all branches of all conversations, and what they took."""
    fixed = columns_of(study, study.subject, run)
    rows: list[dict[str, Any]] = []
    usage, done, total = Usage(), 0, sum(map(branch_count, threads))
    kind = threads[0].game.construct
    now = list(threads)
    while now:
        branches = [b for thread in now for b in branches_of(thread)]
        questions = [q for thread in now if (q := question_of(thread)) is not None]

        def tell(count: int, turn: int = now[-1].turn) -> None:
            nonlocal done
            done += count
            progress(min(done, total), total, f"{kind}, turn {turn}", "")

        answers, used = await ask([*branches, *questions], tell)
        usage = usage.plus(used)
        rows += [fixed | _row(b, a) for b, a in zip(branches, answers, strict=False)]
        said = [_draw(q, a, study.seed) for q, a in zip(questions, answers[len(branches) :], strict=True)]
        rows += [fixed | _said(q, yes) for q, yes in zip(questions, said, strict=True)]
        now = [q.thread.answered(yes) for q, yes in zip(questions, said, strict=True)]
    return table_of(rows), usage


def _draw(question: Branch, answer: Answer, seed: int) -> bool:
    """Return an answer drawn by its probability; the same for the same seed and conversation."""
    game, thread = question.thread.game, question.thread
    name = [seed, game.construct, game.item, thread.template, thread.turn]
    rng = np.random.default_rng(int(short(content_id(name), 12), 16))
    return bool(rng.random() < special.expit(answer.value))


def _row(branch: Branch, answer: Answer) -> dict[str, Any]:
    return _place(branch) | {
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "scorer": answer.scorer,
        "reply": answer.reply,
    }


def _said(question: Branch, yes: bool) -> dict[str, Any]:
    """Return the row of an answer that went into the conversation."""
    return _place(question) | {
        "value": float(yes),
        "scale": "agreement",
        "scorer": "sampled",
        "reply": "Yes." if yes else "No.",
    }


def _place(branch: Branch) -> dict[str, Any]:
    options = branch.prompt.options
    return dict(_columns(branch)) | {
        "evidence": short(content_id(branch.prompt)),
        "user": branch.user,
        "text": branch.prompt.text or "",
        "agree": "|".join(options.agree) if options else "",
        "disagree": "|".join(options.disagree) if options else "",
    }


def _columns(branch: Branch) -> Iterator[tuple[str, Any]]:
    """Yield the columns of the table that a branch fixes; ``thread`` names its conversation."""
    yield from plain(branch.cell).items()
    thread = branch.thread
    yield "script", thread.condition
    yield "thread", thread.name
