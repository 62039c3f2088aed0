"""What messages are embedded by: the subject's own token embeddings, or a model made for sentences.

Sentences are embedded as all-MiniLM-L6-v2 says of itself (the model card and ``1_Pooling/config.json`` in its
wheel): the mean of the last states over all tokens that the mask keeps, divided by its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.models.catalogue import EMBEDDERS, EmbeddedBy
from selfscope.models.fetch import check_sizes, is_cached, model_folder
from selfscope.models.local.ground import LocalGround
from selfscope.models.local.load import quiet
from selfscope.models.local.words import Embed, word_means, words_of

#: Texts that are embedded together.
BATCH = 32


@dataclass(frozen=True, eq=False)
class Embedding:
    """What texts are embedded by.

    Attributes
    ----------
    name
        As it is chosen.
    known_as
        What manifests and pages call it.
    embed
        Returns vectors of texts, ``(text, width)``.
    """

    name: EmbeddedBy
    known_as: str
    embed: Embed


def embedding_of(name: EmbeddedBy, ground: LocalGround) -> Embedding:
    """Return what embeds messages to a subject.

    Raises
    ------
    BadInput
        If the model that was chosen is not here: it is never replaced by another.
    CouldNot
        If its files are damaged.
    """
    if name == "own":
        return Embedding(name, words_of(ground), word_means(ground))
    require_embedder(name)
    return Embedding(name, EMBEDDERS[name].known_as, sentence_vectors(name))


def require_embedder(name: EmbeddedBy) -> None:
    """Raise BadInput if what was chosen must be fetched first, CouldNot if what is here is damaged."""
    if name == "own":
        return
    if not is_cached(name):
        raise BadInput(
            f"messages are to be embedded by {EMBEDDERS[name].title}, which is not here",
            got=name,
            fix=f"Fetch it once with: selfscope models fetch {name}",
        )
    check_sizes(model_folder(name))


def sentence_vectors(name: str) -> Embed:
    """Return what turns texts into vectors of length one by a fetched model, ``(text, width)`` in float32.

    The width of all-MiniLM-L6-v2 is 384. What lies beyond the model's tokens is not seen. It is computed on
    the processor, wherever the subject is.

    Raises
    ------
    CouldNot
        If the files cannot be loaded.
    """
    tokenizer, network = _loaded(model_folder(name))
    most = EMBEDDERS[name].tokens

    def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        found = [_pooled(tokenizer, network, texts[n : n + BATCH], most) for n in range(0, len(texts), BATCH)]
        return np.concatenate(found) if found else np.zeros((0, network.config.hidden_size), np.float32)

    return embed


@cache
def _loaded(folder: Path) -> tuple[Any, Any]:
    """Return a tokenizer and its network, loaded once a process."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    find: Any = AutoModel
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            network = find.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
            )
    except Exception as error:  # what transformers and safetensors raise for a foreign file is no closed list
        raise CouldNot(
            "the model that embeds messages could not be loaded",
            got=error,
            fix=f"Delete {folder}, fetch again",
        ) from error
    return tokenizer, network.eval()


def _pooled(tokenizer: Any, network: Any, texts: Sequence[str], most: int) -> npt.NDArray[np.float32]:
    """Return unit vectors of a few texts: means of the last states of their own tokens, without padding."""
    import torch

    given = tokenizer(list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt")
    with torch.inference_mode():
        states = network(**given).last_hidden_state
        mask = given["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy())
