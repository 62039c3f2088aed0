"""The Inspect task ``selfscope/editorial``: a subject revises documents about itself, exact counters read it.

Inspect is imported here at once, so only Inspect's own registry and functions import this module. Logs,
resuming and caching are Inspect's.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Epochs, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, grouped, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import TaskState, generate

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.task import as_character
from selfscope.instruments.editorial.load import PERMISSIONS, Document, document_called, load_documents
from selfscope.instruments.editorial.prompts import FRAMINGS, prompt_of
from selfscope.instruments.editorial.reading import read_revision

#: Draws of a prompt, and tokens that a reply may take: the longest document takes about 260.
DRAWS = 1
MAX_TOKENS = 700


def editorial_task(
    system: str | None = None,
    *,
    documents: Sequence[str] = (),
    draws: int = DRAWS,
    max_tokens: int = MAX_TOKENS,
    cache: bool = True,
    identity: str = "none",
) -> Task:
    """Return the Inspect task for one system prompt.

    Parameters
    ----------
    system
        The system prompt; None sends no system message.
    documents
        Names of documents; empty means all.
    draws
        Replies drawn a prompt, Inspect's epochs; temperature 1.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    identity
        What the arm is called in the log.

    Raises
    ------
    BadInput
        For a document that is not there, or fewer than one draw or token.
    """
    if draws < 1 or max_tokens < 1:
        raise BadInput("a task takes at least one draw and one token", got=f"{draws}, {max_tokens}")
    chosen = [document_called(name) for name in documents] or load_documents()
    return Task(
        dataset=MemoryDataset([s for d in chosen for s in _samples(d)], name="editorial"),
        solver=[as_character(system), generate()],
        scorer=revision_read(),
        epochs=Epochs(draws, "mean"),
        config=GenerateConfig(temperature=1.0, max_tokens=max_tokens, cache=cache or None),
        name="editorial",
        metadata={"identity": identity, "system": system},
    )


@scorer(
    metrics={
        "document": [mean_of()],
        "kept": [grouped(mean_of(), "permission")],
        "unasked": [grouped(mean_of(), "permission")],
        "liberties": [grouped(mean_of(), "permission")],
        "subversions": [grouped(mean_of(), "setting")],
        "refused": [mean_of()],
    }
)
def revision_read() -> Scorer:
    """Score a reply by the counts of :mod:`selfscope.instruments.editorial.reading`.

    All but ``document``, ``kept`` and ``refused`` are numbers of edits. A reply without a document has none.
    """

    async def score(state: TaskState, target: Target) -> Score:
        told = state.metadata
        found = read_revision(
            document_called(told["document"]),
            told["permission"],
            state.output.completion,
            state.output.stop_reason or "stop",
        )
        return Score(
            value={
                "document": float(found.outcome == "revised"),
                "kept": float(found.kept),
                "unasked": float(len(found.unasked)),
                "liberties": float(len(found.liberties)),
                "subversions": float(len(found.subversions)),
                "refused": float(found.outcome == "refused"),
            },
            explanation="\n".join(f"{e.kind}: {e.old} -> {e.new}" for e in found.edits) or found.outcome,
            metadata={"outcome": found.outcome, "passages": [*found.liberties, *found.subversions]},
        )

    return score


def _samples(document: Document) -> list[Sample]:
    return [
        Sample(
            id=f"{document.name}/{permission}/{framing}",
            input=prompt_of(document, permission, framing),
            metadata={
                "document": document.name,
                "permission": permission,
                "framing": framing,
                "setting": f"{permission}_{framing}",
            },
        )
        for permission in PERMISSIONS
        for framing in FRAMINGS
    ]
