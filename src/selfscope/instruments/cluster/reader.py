"""Would a reader who sees only the definitions put each statement where we meant it?

The reader is an embedding classifier: a statement goes to the dimension whose title, definition and
meaning of a high score lie nearest to it (cosine). A statement of either keying has its dimension's topic,
so this is a check of topic, not of keying. The shipped reading is ``reader.json``; to read again::

    python -m selfscope.instruments.cluster.reader --embedder FOLDER

where FOLDER holds a sentence-embedding model with its tokenizer, such as all-MiniLM-L6-v2.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import HERE, load_cluster
from selfscope.values import Dimension, ItemSet, content_id

#: Texts in, one row a text out: shape (texts, width), any length; rows are normalised here.
Embed = Callable[[Sequence[str]], NDArray[np.floating[Any]]]
READER = "all-MiniLM-L6-v2 embedding classifier, nearest definition"


@dataclass(frozen=True)
class Assignment:
    """Where the reader put one statement, and how near it stood (cosine, -1 to 1)."""

    statement: str
    assigned: str
    similarity: float


@dataclass(frozen=True)
class Reading:
    """All assignments of one reader.

    Attributes
    ----------
    reader
        What the reader is, in words.
    items
        Content id of the item set that was read.
    assignments
        One a statement, in the set's order.
    """

    reader: str
    items: str
    assignments: tuple[Assignment, ...]

    def shares(self, items: ItemSet) -> dict[str, float]:
        """Return, for each dimension, the share of its statements that went to it."""
        went = {a.statement: a.assigned for a in self.assignments}
        return {
            d.name: float(np.mean([went[s.id] == d.name for s in d.statements])) for d in items.dimensions
        }


def definition_text(dimension: Dimension) -> str:
    """Return all that the reader sees of a dimension: title, definition, meaning of a high score."""
    return f"{dimension.title}. {dimension.definition} {dimension.high_means}"


def read(items: ItemSet, embed: Embed, *, reader: str) -> Reading:
    """Return the reading of `items`: each statement (not its twin) to the nearest definition by cosine."""
    definitions = _unit(embed([definition_text(d) for d in items.dimensions]))
    statements = _unit(embed([s.text for s in items.statements]))
    cosines = statements @ definitions.T  # (statements, dimensions)
    nearest = cosines.argmax(axis=1)
    names = [d.name for d in items.dimensions]
    return Reading(
        reader,
        content_id(items),
        tuple(
            Assignment(s.id, names[j], round(float(row[j]), 4))
            for s, j, row in zip(items.statements, nearest, cosines, strict=True)
        ),
    )


@cache
def load_reading() -> Reading:
    """Return the reading that is shipped with the cluster."""
    return reading_from(HERE / "reader.json")


def reading_from(file: Path) -> Reading:
    """Return the reading in `file`; BadInput if it is not one."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        found = tuple(Assignment(name, to, near) for name, (to, near) in data["assignments"].items())
        return Reading(data["reader"], data["items"], found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{file.name} is not a reading", got=repr(error), fix="Make it again with this module's command"
        ) from error


def write_reading(reading: Reading, file: Path) -> None:
    """Write `reading` as JSON, one line an assignment."""
    lines = ",\n".join(
        f"    {json.dumps(a.statement)}: {json.dumps([a.assigned, a.similarity])}"
        for a in reading.assignments
    )
    head = f'  "reader": {json.dumps(reading.reader)},\n  "items": {json.dumps(reading.items)},\n'
    file.write_text(f'{{\n{head}  "assignments": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")


def transformer_embedder(folder: Path) -> Embed:
    """Return mean-pooled sentence embeddings of the transformer in `folder`; padding does not count."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def embed(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**batch).last_hidden_state  # (texts, tokens, width)
        mask = batch["attention_mask"][..., None]
        pooled: NDArray[np.floating[Any]] = ((states * mask).sum(1) / mask.sum(1)).numpy()
        return pooled

    return embed


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the cluster again, write ``reader.json``, and print the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--embedder", type=Path, required=True, help="folder of a sentence-embedding model")
    parser.add_argument("--reader", default=READER, help="what the reader is, in words")
    parser.add_argument("--out", type=Path, default=HERE / "reader.json")
    options = parser.parse_args(arguments)
    items = load_cluster()
    reading = read(items, transformer_embedder(options.embedder), reader=options.reader)
    write_reading(reading, options.out)
    shares = reading.shares(items)
    for name, share in shares.items():
        print(f"{name:22s} {share:6.1%}")
    print(f"{'all':22s} {np.mean(list(shares.values())):6.1%}")


def _unit(rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    wide = np.asarray(rows, dtype=np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    main()
