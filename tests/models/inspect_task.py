"""A small Inspect task, as an outsider would write it: twelve questions, answers checked by a word."""

from __future__ import annotations

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, system_message

CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "Egypt": "Cairo",
    "Peru": "Lima", "Cuba": "Havana", "Kenya": "Nairobi", "Greece": "Athens", "Austria": "Vienna",
    "Norway": "Oslo", "Poland": "Warsaw",
}  # fmt: skip


@task
def capitals() -> Task:
    samples = [Sample(input=f"What is the capital of {c}?", target=town) for c, town in CAPITALS.items()]
    return Task(
        dataset=MemoryDataset(samples, name="capitals"),
        solver=[system_message("Answer in one short sentence."), generate()],
        scorer=includes(),
    )
