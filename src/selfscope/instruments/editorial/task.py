"""The Inspect task ``selfscope/editorial``: a subject revises documents about itself, exact counters read it.

Inspect is imported here at once, so only Inspect's own registry and functions import this module. Logs,
resuming and caching are Inspect's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspect_ai import Epochs, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import CachePolicy, GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, grouped, scorer
from inspect_ai.scorer import mean as mean_of
from inspect_ai.solver import TaskState

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.task import as_character, ask_once
from selfscope.instruments.editorial.load import PERMISSIONS, Document, document_called, load_documents
from selfscope.instruments.editorial.prompts import FRAMINGS, prompt_of
from selfscope.instruments.editorial.reading import read_revision

#: Draws of a prompt, and tokens that a reply may take: the longest document takes about 300.
DRAWS = 1
MAX_TOKENS = 700


def editorial_task(
    system: str | None = None,
    *,
    documents: Sequence[str] = (),
    draws: int = DRAWS,
    max_tokens: int = MAX_TOKENS,
    temperature: float = 1.0,
    seed: int | None = None,
    cache: bool = True,
    scopes: Mapping[str, str] | None = None,
    config: GenerateConfig | None = None,
    identity: str = "none",
) -> Task:
    """Return the Inspect task for one system prompt.

    Parameters
    ----------
    system
        The system prompt; None sends no system message.
    documents
        Names of documents, with ``.short`` after them for two paragraphs alone; empty means all, whole.
    draws
        Replies drawn a prompt, Inspect's epochs.
    temperature
        Of the draws; 0 allows one alone.
    seed
        Gives each draw a seed of its own, where the provider takes one; None sends none.
    cache, scopes
        Whether replies that Inspect's cache holds are taken from it, and names under which they are kept
        apart from others.
    config
        Further settings of the calls.
    identity
        What the arm is called in the log.

    Raises
    ------
    BadInput
        For a document that is not there, fewer than one draw or token, or draws that would be one.
    """
    if draws < 1 or max_tokens < 1 or temperature < 0 or (draws > 1 and temperature == 0):
        raise BadInput(
            "a task takes at least one draw and one token, and several draws a temperature above 0",
            got=f"{draws} draws, {max_tokens} tokens, temperature {temperature:g}",
        )
    chosen = [document_called(name) for name in documents] or load_documents()
    policy = CachePolicy(expiry=None, scopes=dict(scopes or {})) if cache else None
    asked = GenerateConfig(temperature=temperature, max_tokens=max_tokens)
    return Task(
        dataset=MemoryDataset([s for d in chosen for s in _samples(d)], name="editorial"),
        solver=[as_character(system), ask_once(seed, policy)],
        scorer=revision_read(),
        epochs=Epochs(draws, "mean"),
        config=(config or GenerateConfig()).merge(asked),
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
