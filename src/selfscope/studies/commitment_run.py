"""Play the games: side branches of every conversation, turn by turn, into the one table."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import Branch, Thread, branch_count, branches_of, question_of
from selfscope.instruments.commitment.load import items_of
from selfscope.models.ground import Ground, Progress
from selfscope.studies.commitment import CommitmentRequest
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Prompt, Study, Usage, content_id, plain, short
from selfscope.values.asks import Refusal

if TYPE_CHECKING:
    import pandas as pd

Draws = tuple[Answer, ...]
#: Answers branches in their order, each with one exact answer or with several draws, and what that took.
Asker = Callable[[Sequence[Branch], Progress], Awaitable[tuple[list[Draws], Usage]]]
Bar = Callable[[int, int, str, str], None]


@runtime_checkable
class Drawing(Protocol):
    """A ground that gives no log-probabilities of a text, and whose replies can be drawn."""

    def drawing(self) -> Ground:
        """Return the same model, whose replies are drawn and read."""
        ...


def asker_of(ground: Ground, draws: int, seed: int) -> Asker:
    """Return what asks a ground: exactly, or by draws where it gives no log-probabilities of a text.

    Parameters
    ----------
    draws
        Of every answer that is drawn.
    seed
        Names the randomness of draws.

    Raises
    ------
    BadInput
        For a ground that can do neither.
    """
    if not ground.unavailable("text"):
        return _exact(ground)
    if isinstance(ground, Drawing):
        return _drawn(ground, ground.drawing(), draws, seed)
    raise BadInput(
        "what a model would reveal is scored as a text, or drawn",
        got=f"{ground.identity.name}: {ground.unavailable('text')}",
        fix="Give local weights, such as embedded, or a model behind an API",
    )


def _exact(ground: Ground) -> Asker:
    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[list[Draws], Usage]:
        prompts = [b.prompts for b in branches]
        told = await ground.answer([p for own in prompts for p in own], progress=progress)
        answers = iter(told.answers)
        return [(_either([next(answers)[0] for _ in own]),) for own in prompts], told.usage

    return ask


def _either(spelled: Sequence[Answer]) -> Answer:
    """Return the answer that stands for all spellings of one thing: their probabilities are added."""
    if len(spelled) == 1:
        return spelled[0]
    return replace(spelled[0], value=float(special.logsumexp([a.value for a in spelled])))


def _drawn(ground: Ground, drawing: Ground, draws: int, seed: int) -> Asker:
    """Return what draws revealed answers, and asks yes or no in the ground's own way."""

    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[list[Draws], Usage]:
        found: dict[int, Draws] = {}
        usage = Usage()
        for way, revealed in ((ground, False), (drawing, True)):
            places = [n for n, b in enumerate(branches) if (b.kind == "reveal") == revealed]
            prompts: list[Prompt] = [branches[n].drawn for n in places]
            if prompts:
                told = await way.answer(prompts, seed=seed, replicates=draws, progress=progress)
                found.update(zip(places, told.answers, strict=True))
                usage = usage.plus(told.usage)
        return [found[n] for n in range(len(branches))], usage

    return ask


async def run_commitment(
    request: CommitmentRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
) -> None:
    """Play all games and join the observation table; wordings that were played, and a finished run, are kept.

    Raises
    ------
    CouldNot
        If the device or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, items_of(request.games))
        for n, threads in enumerate(_together(request)):
            if not store.has_part(part := f"behaviour-{n:04d}"):
                rows, usage = await play(threads, ask, study, store.run, progress)
                store.write_part(part, rows, plain(usage))
        store.finish(study)


def _together(request: CommitmentRequest) -> list[list[Thread]]:
    """Return the conversations that are stored together: one wording of one kind of game."""
    found: dict[tuple[str, int], list[Thread]] = {}
    for thread in request.threads:
        found.setdefault((thread.game.construct, thread.template), []).append(thread)
    return list(found.values())


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
        rows += [fixed | _row(b, a) for b, each in zip(branches, answers, strict=False) for a in each]
        said = [_draw(q, a, study.seed) for q, a in zip(questions, answers[len(branches) :], strict=True)]
        unread = [a[0].refusal for a in answers[len(branches) :]]
        rows += [fixed | _said(*each) for each in zip(questions, said, unread, strict=True)]
        now = [q.thread.answered(yes) for q, yes in zip(questions, said, strict=True) if yes is not None]
    return table_of(rows), usage


def _draw(question: Branch, answers: Draws, seed: int) -> bool | None:
    """Return an answer drawn by its probability; the same for the same seed and conversation.

    None where no answer can be read: the conversation then ends.
    """
    known = [yes_probability(a) for a in answers if a.refusal == "none"]
    if not known:
        return None
    game, thread = question.thread.game, question.thread
    name = [seed, game.construct, game.item, thread.template, thread.turn]
    rng = np.random.default_rng(int(short(content_id(name), 12), 16))
    return bool(rng.random() < np.mean(known))


def yes_probability(answer: Answer) -> float:
    """Return the probability of yes that one answer tells: a draw is 0 or 1."""
    return answer.value if answer.scale == "agreement" else float(special.expit(answer.value))


def _row(branch: Branch, answer: Answer) -> dict[str, Any]:
    return _place(branch) | {
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "scorer": answer.scorer,
        "replicate": answer.replicate,
        "reply": answer.reply,
    }


def _said(question: Branch, yes: bool | None, unread: Refusal) -> dict[str, Any]:
    """Return the row of an answer that went into the conversation, or of why there was none."""
    if yes is None:
        answer = Answer(math.nan, "agreement", "sampled", refusal=unread)
        return _row(question, answer)
    return _place(question) | {
        "value": float(yes),
        "scale": "agreement",
        "refusal": "none",
        "scorer": "sampled",
        "replicate": 0,
        "reply": "Yes." if yes else "No.",
    }


def _place(branch: Branch) -> dict[str, Any]:
    options = branch.prompts[0].options
    return dict(_columns(branch)) | {
        "evidence": short(content_id(branch.prompts[0])),
        "user": branch.user,
        "text": "|".join(branch.spellings),
        "agree": "|".join(options.agree) if options else "",
        "disagree": "|".join(options.disagree) if options else "",
    }


def _columns(branch: Branch) -> Iterator[tuple[str, Any]]:
    """Yield the columns of the table that a branch fixes; ``thread`` names its conversation."""
    yield from plain(branch.cell).items()
    thread = branch.thread
    yield "script", thread.condition
    yield "thread", thread.name
