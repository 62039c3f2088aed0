"""The states of many short texts: one forward each, two vectors a layer, in parts that a run goes on from.

A text stands as the user's turn, after the identity where there is one. Its vector at a layer is the mean
over its own tokens after the first few, which hold what every text begins with; beside it stands the vector
of its last token. What the template adds is left out of both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.blocks import Blocks, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.spans import SpanReader, Turn
from selfscope.models.local.tree import Ints
from selfscope.values import content_id, plain, short

Vectors = npt.NDArray[np.float32]
Part = dict[str, npt.NDArray[Any]]

#: Tokens at a text's beginning that its mean leaves out, where it has twice as many and more.
FEW = 3
#: Texts that are read, and stored, together.
BATCH = 96
POOLING = f"mean over the text's own tokens after the first {FEW}"


@dataclass(frozen=True, eq=False)
class States:
    """What was read.

    Attributes
    ----------
    mean, last
        The mean over a text's tokens, and its last token; shape (layer, text, width), float32. Layer i is the
        residual stream after block i.
    words
        The mean of the network's own token embeddings over the same tokens, before any block: what words
        alone say; shape (text, width).
    tokens
        Of each text, those of its own.
    computed
        Tokens that went through the network.
    """

    mean: Vectors
    last: Vectors
    words: Vectors
    tokens: Ints
    computed: int


def read_states(
    ground: LocalGround,
    texts: Sequence[str],
    folder: Path,
    *,
    system: str | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> States:
    """Return the states of texts; parts that lie in `folder` are not computed again.

    Parameters
    ----------
    folder
        Where parts are kept while the run lasts.
    system
        The identity that stands before every text; None puts none.
    progress
        Called with the number of texts done since the last call.

    Raises
    ------
    BadInput
        If a text holds a control token, is longer than the context, or the template cannot be read.
    CouldNot
        If the blocks cannot be verified, a state is not finite, or the disk fails.
    """
    if not texts:
        raise BadInput("there is no text to read", fix="Give at least one")
    with working(ground.threads):
        blocks = open_blocks(ground.model)
    reader = SpanReader(ground.tokenizer, str(ground.renderer.template))
    names = _names(ground, texts, system)
    shape = (2, len(blocks), len(texts), blocks.width)
    both, words = np.empty(shape, np.float32), np.empty((len(texts), blocks.width), np.float32)
    tokens, computed, left = np.empty(len(texts), np.int64), 0, set(range(len(texts)))

    def take(part: Part, rows: Sequence[int], of: Sequence[int]) -> None:
        both[:, :, rows], words[rows] = part["both"][:, :, of], part["words"][of]
        tokens[rows] = part["tokens"][of]
        left.difference_update(rows)

    for part, held in _kept(folder):
        known = [(row, held[names[row]]) for row in sorted(left) if names[row] in held]
        if known:
            take(part, *map(list, zip(*known, strict=True)))
            computed += int(part["computed"][0])
            progress(len(known))
    missing = sorted(left)
    for first in range(0, len(missing), BATCH):
        rows = missing[first : first + BATCH]
        part = _computed(ground, blocks, reader, [texts[row] for row in rows], system)
        _keep(folder, part, [names[row] for row in rows])
        take(part, rows, range(len(rows)))
        computed += int(part["computed"][0])
        progress(len(rows))
    return States(both[0], both[1], words, tokens, computed)


def _names(ground: LocalGround, texts: Sequence[str], system: str | None) -> list[str]:
    """Return what each text's states are kept under: all that can change them."""
    whose = content_id([plain(ground.identity), system, FEW])
    return [content_id([whose, text]) for text in texts]


def _kept(folder: Path) -> Iterator[tuple[Part, dict[str, int]]]:
    """Yield parts that are there, with the row of each name."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="np") as file:
                part = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                names = json.loads(file.metadata()["names"])
        except (OSError, SafetensorError) as error:
            raise CouldNot("a part of the states cannot be read", got=error, fix=f"Remove {path}") from error
        yield part, {name: row for row, name in enumerate(names)}


def _keep(folder: Path, part: Part, names: Sequence[str]) -> None:
    """Put a part in its place whole."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    path = folder / f"{short(content_id(list(names)))}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        whole = {key: np.ascontiguousarray(value) for key, value in part.items()}
        save_file(whole, beside, {"names": json.dumps(list(names))})
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise CouldNot("a part of the states cannot be kept", got=error, fix="Make room") from error


def _computed(
    ground: LocalGround, blocks: Blocks, reader: SpanReader, texts: Sequence[str], system: str | None
) -> Part:
    read = [_tokens(ground, reader, text, system) for text in texts]
    inner = [own[FEW:] if len(own) >= 2 * FEW else own for _, own in read]
    pools = [Pool(n, places) for n, places in enumerate(inner)]
    pools += [Pool(n, own[-1:]) for n, (_, own) in enumerate(read)]
    with working(ground.threads), reading(ground.model, ground.way.way):
        pooled = pool(ground.model, blocks, [tokens for tokens, _ in read], pools, ground.way.way)
        if not np.isfinite(pooled.means).all():
            raise CouldNot("states of a text are not finite", got=ground.identity.precision)
        embedding: Any = ground.model.get_input_embeddings
        table = embedding()
        device = ground.model.device
        words = [
            table(torch.tensor(np.asarray(tokens)[places], device=device)).mean(0)
            for (tokens, _), places in zip(read, inner, strict=True)
        ]
    both = pooled.means.astype(np.float32).reshape(len(blocks), 2, len(texts), blocks.width)
    return {
        "both": np.moveaxis(both, 1, 0),
        "words": torch.stack(words).float().cpu().numpy(),
        "tokens": np.asarray([len(own) for _, own in read], np.int64),
        "computed": np.asarray([pooled.computed], np.int64),
    }


def _tokens(
    ground: LocalGround, reader: SpanReader, text: str, system: str | None
) -> tuple[tuple[int, ...], Ints]:
    """Return the tokens up to the text's last, and which of them are its own."""
    turns = [*([Turn("system", system)] if system else []), Turn("user", text)]
    for turn in turns:
        ground.renderer.refuse_control(turn.content)
    spanned = reader.read(turns)
    own = np.flatnonzero(spanned.mask("user")).astype(np.int64)
    if not len(own):
        raise BadInput("a text has no token of its own", got=text[:80])
    length, most = int(own[-1]) + 1, ground.context_tokens
    if most is not None and length > most:
        raise BadInput("a text is longer than the context", got=f"{length} of {most} tokens")
    return tuple(spanned.tokens[:length].tolist()), own
