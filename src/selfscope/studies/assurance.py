"""Interviews with promises: the same run, with everything that is asked behind notes beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from selfscope.instruments.interview.assurance import load_assurances
from selfscope.instruments.interview.assurance_asks import batches_of, checks
from selfscope.instruments.interview.load import load_interview
from selfscope.models.ground import Ground, GroundIdentity, Progress
from selfscope.studies.assurance_run import ask_batch, assured, assured_count, prompts_of
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.store import RunStore
from selfscope.values import Answers, Prompt, Study, Usage, bytes_id, content_id, plain

Bar = Callable[[int, int, str, str], None]
Answering = Callable[[Sequence[Prompt], Progress], Awaitable[Answers]]


@dataclass(frozen=True)
class AssuredRequest(InterviewRequest):
    """Interviews with `--assurance`; all else is as in any interview."""


def assured_study(request: AssuredRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: interviews, and all that is asked behind notes."""
    study = interview_study(request, identity)
    (question,) = study.questions
    material = content_id([question.material, plain(load_assurances()), _asked(request)])
    return replace(
        study,
        title=f"{study.title}, with promises",
        questions=(replace(question, material=material),),
        arms=(*study.arms, *(each.arm for each in checks())),
    )


def _asked(request: AssuredRequest) -> str:
    """Return an id of everything that is asked, and where."""
    lines = (
        f"{each.thread}\t{each.ask.user}\t{each.ask.text}\t{each.ask.options}"
        for _, batch in batches_of(request.preset)
        for each in batch
    )
    return bytes_id("\n".join(lines).encode())


def mute_of(ground: Ground) -> str:
    """Return why a ground scores no given text; "" where it does."""
    return ground.unavailable("text")


async def run_assurances(
    request: AssuredRequest,
    study: Study,
    answer: Answering,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
    *,
    mute: str = "",
) -> None:
    """Ask behind every note and store the answers; the interviews of the run then join all tables.

    Notes that were asked behind, and a finished run, are left alone.

    Parameters
    ----------
    mute
        Why own words are not scored; "" where they are.

    Raises
    ------
    CouldNot
        If the device, the provider or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, load_interview().items())
        total, done = assured_count(request, mute), 0
        for n, (name, batch) in enumerate(assured(request, mute)):
            what = f"after {name.replace(':', ' ').replace('_', ' ')}"
            if not store.has_part(part := f"assurance-{n:04d}"):
                tell = _counted(progress, done, total, what)
                rows, used = await ask_batch(batch, request, answer, study, store.run, tell)
                store.write_part(part, rows, plain(used))
            done += len(batch)
            progress(done, total, what, "")


def _counted(progress: Bar, before: int, total: int, what: str) -> Progress:
    done = before

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total, what, "")

    return tell


def assured_forecast(request: AssuredRequest, ground: Ground) -> Usage:
    """Return what asking behind notes would use; nothing is asked."""
    return ground.forecast(prompts_of(request, mute_of(ground)), replicates=request.replicates)
