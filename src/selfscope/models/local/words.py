"""Texts as means of a network's own token embeddings: what words alone say, before any block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.models.local.ground import LocalGround

Vectors = npt.NDArray[np.floating[Any]]
Embed = Callable[[Sequence[str]], Vectors]


def word_means(ground: LocalGround) -> Embed:
    """Return what turns texts into the means of their tokens' embeddings, ``(text, width)``.

    Order of words, and anything that they do to each other, is not in it. A text without a token is zero.
    """
    import torch

    find: Any = ground.model.get_input_embeddings
    table: Any = find()
    width = int(table.weight.shape[1])

    def embed(texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), width))
        for n, text in enumerate(texts):
            tokens = ground.tokenizer.encode(text, add_special_tokens=False)
            if tokens:
                with torch.no_grad():
                    rows = table(torch.tensor(tokens, device=table.weight.device))
                found[n] = rows.float().mean(0).cpu().numpy()
        return found

    return embed


def words_of(ground: LocalGround) -> str:
    """Return what :func:`word_means` is called by in manifests."""
    return f"mean of the token embeddings of {ground.identity.name}"
