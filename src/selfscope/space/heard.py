"""Vectors of responses taken while these are drawn: one file a part of a map, a row a response.

A vector is kept only where the finished conversation, rendered and tokenised anew, has exactly the tokens
that went through the network, each owned by whom it was counted for. So what was heard is what a pass over
the finished text gives, and every other response is read by such a pass (`capture`). The file is there until
the sums are; where it would be larger than :data:`MOST_BYTES`, nothing is heard and all texts are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.models.local.blocks import open_blocks
from selfscope.models.local.generate import Generation
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.listening import PROMPT, REPLY, Listener
from selfscope.models.local.spans import Kind, SpanReader, Turn
from selfscope.models.local.tree import Ints
from selfscope.space.asked import RoleAsk
from selfscope.space.reading import Reader
from selfscope.space.recipe import Conversation, Recipe

Floats = npt.NDArray[np.float64]

FILE = "heard.npy"
#: Most bytes of vectors of one part that wait on the disk.
MOST_BYTES = 2**30
#: Whose tokens are heard, in the order of the file: those of the response and of the question.
SPANS: tuple[Kind, Kind] = ("assistant", "user")
_POOLS = (REPLY, PROMPT)


def heard_bytes(ground: LocalGround, responses: int) -> int:
    """Return the bytes that vectors of so many responses take; 0 where they are too many to wait."""
    config = ground.model.config.get_text_config()
    size = responses * len(SPANS) * int(config.num_hidden_layers) * int(config.hidden_size) * 4
    return size if size <= MOST_BYTES else 0


class HeardFile(Mapping[str, Floats]):
    """Vectors by the id of the ask; shape (span, layer, d_model), spans in the order of :data:`SPANS`.

    Parameters
    ----------
    folder
        Of the part.
    ids
        Of all asks of the part, in order: the rows of the file.
    there
        Ids of those that were heard.
    """

    def __init__(self, folder: Path, ids: Sequence[str], there: Sequence[str] = ()) -> None:
        self.path = folder / FILE
        self._row = {name: row for row, name in enumerate(ids)}
        self._there = set(there) if self.path.exists() else set()
        self._rows: npt.NDArray[np.float32] | None = None

    def __getitem__(self, name: str) -> Floats:
        """Return the vectors of a response; KeyError where it was not heard."""
        if name not in self._there:
            raise KeyError(name)
        if self._rows is None:
            self._rows = np.load(self.path, mmap_mode="r+")
        found = np.asarray(self._rows[self._row[name]], dtype=np.float64)
        if np.isnan(found).any():  # the file was taken away and begun anew
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Return the ids of what was heard."""
        return iter(self._there)

    def __len__(self) -> int:
        """Return how many were heard."""
        return len(self._there)

    def keep(self, vectors: Mapping[str, Floats]) -> None:
        """Put vectors on the disk."""
        if not vectors:
            return
        if self._rows is None:
            self._rows = self._opened(next(iter(vectors.values())).shape)
        for name, found in vectors.items():
            self._rows[self._row[name]] = found
        self._rows.flush()  # type: ignore[attr-defined]
        self._there |= set(vectors)

    def _opened(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        if self.path.exists():
            there: npt.NDArray[np.float32] = np.load(self.path, mmap_mode="r+")
            return there
        made = np.lib.format.open_memmap(self.path, "w+", np.dtype(np.float32), (len(self._row), *shape))
        made[:] = np.nan
        return made

    def drop(self) -> None:
        """Take the file away: its sums are kept."""
        self._rows, self._there = None, set()
        self.path.unlink(missing_ok=True)


class Hearing:
    """Listens to the responses of one part while they are drawn."""

    def __init__(self, ground: LocalGround, file: HeardFile) -> None:
        self.file = file
        with working(ground.threads):
            self._blocks = open_blocks(ground.model)
        self._ground = ground
        self._spans = SpanReader(ground.tokenizer, str(ground.renderer.template))
        self._reader = Reader(ground, Recipe(SPANS))

    def listener(self, asks: Sequence[RoleAsk]) -> Listener:
        """Return what listens to a batch."""
        return Listener(self._blocks, [self._question(ask) for ask in asks])

    def _question(self, ask: RoleAsk) -> Ints:
        """Return the places of the question's tokens in the prompt; none where they cannot be told."""
        try:
            mask = self._spans.read(ask.turns).mask("user")
        except BadInput:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(mask).astype(np.int64)

    def keep(
        self,
        asks: Sequence[RoleAsk],
        prompts: Sequence[Sequence[int]],
        drawn: Sequence[Generation],
        ear: Listener,
    ) -> set[str]:
        """Keep what was heard of a batch and is what its texts would give; return the ids of these."""
        same = []
        for n, (ask, prompt, said) in enumerate(zip(asks, prompts, drawn, strict=True)):
            spoken = self._spoken(ask, prompt, said, ear.places[n])
            same.append(spoken is not None and ear.take_back(n, len(said.token_ids) - spoken))
        means = ear.means()[list(_POOLS)]  # (span, layer, reply, width)
        found = {
            ask.id: means[:, :, n]
            for n, ask in enumerate(asks)
            if same[n] and np.isfinite(means[:, :, n]).all()
        }
        self.file.keep(found)
        return set(found)

    def _spoken(self, ask: RoleAsk, prompt: Sequence[int], said: Generation, question: Ints) -> int | None:
        """Return how many of the tokens drawn are the text, the others being what a stop text cut off.

        None where the finished conversation has other tokens than were fed, or others' than were counted.
        """
        turns = (*ask.turns, Turn("assistant", said.text))
        try:
            read = self._reader.read(Conversation(ask.id, ask.group, ask.question, turns))
        except BadInput:
            return None
        length, fed = len(read.tokens), (*prompt, *said.token_ids)
        same = (
            read.tokens == fed[:length]
            and np.array_equal(read.places["assistant"], np.arange(len(prompt), length))
            and np.array_equal(read.places.get("user", ()), question)
        )
        return length - len(prompt) if same else None
