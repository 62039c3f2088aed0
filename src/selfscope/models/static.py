"""Texts as means of a built-in model's token embeddings: what words alone say, without running a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from selfscope.errors import CouldNot
from selfscope.models.fetch import is_cached, model_folder

#: Whose embeddings, and what they are called under in its weights.
MODEL, TABLE = "embedded", "model.embed_tokens.weight"
NAME = f"mean of the static token embeddings of {MODEL}"


def static_vectors(texts: Sequence[str]) -> npt.NDArray[np.float32] | None:
    """Return the mean embedding of each text's tokens, shape (text, width); None where the model is not here.

    Order of words, and anything that they do to each other, is not in it.

    Raises
    ------
    CouldNot
        If the model's files are damaged.
    """
    if not is_cached(MODEL):
        return None
    from safetensors import SafetensorError, safe_open
    from tokenizers import Tokenizer

    folder = model_folder(MODEL)
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, framework="np") as weights:
                if TABLE in weights.keys():  # noqa: SIM118
                    table = weights.get_tensor(TABLE)
                    return np.stack([_mean(table, tokenizer.encode(t).ids) for t in texts])
    except (OSError, SafetensorError) as error:
        raise CouldNot("the embedded model cannot be read", got=error, fix="Fetch it again") from error
    raise CouldNot("the embedded model has no table of token embeddings", got=folder)


def _mean(table: npt.NDArray[np.float32], tokens: Sequence[int]) -> npt.NDArray[np.float32]:
    if not tokens:
        return np.zeros(table.shape[1], np.float32)
    return np.asarray(table[list(tokens)].mean(axis=0), np.float32)
