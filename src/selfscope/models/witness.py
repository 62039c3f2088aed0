"""Witnesses of a model's being well: the logits that its files compute, to be kept and to be repeated.

An archive keeps :func:`reference_of` a model beside it and hands :func:`logits_of` to a deep verification.
"""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from selfscope.archive.store.reference import Reference
from selfscope.errors import BadInput

TOKENS = 24
"""Tokens of a reference: the first and last rows of the embedding are among those that are read."""

ROWS = 4
"""Places whose logits are kept: the last ones, in which all others had a part."""

TOLERANCE = 1e-3
"""Largest difference of a logit on another machine or release; on one machine it is some 1e-5 in float32."""


def logits_of(path: Path, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logits after the last ROWS of `tokens`, float32 on CPU, shape (row, vocabulary).

    Raises
    ------
    BadInput
        If the directory holds no model that transformers reads without running code of its own.
    """
    from transformers import AutoModelForCausalLM

    try:
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput("this model cannot be loaded", got=error, fix="Leave out --reference") from error
    model.train(False)
    with torch.inference_mode():
        logits = model(input_ids=torch.from_numpy(tokens)[None], use_cache=False).logits
    found: NDArray[np.float32] = logits[0, -ROWS:].float().numpy()
    return found


def reference_of(path: Path) -> Reference:
    """Return what the model in a directory computes on tokens spread evenly over its vocabulary."""
    import json

    import transformers

    vocabulary = int(_text_config(json.loads((path / "config.json").read_text()))["vocab_size"])
    tokens = np.linspace(0, vocabulary - 1, TOKENS).astype(np.int64)
    recipe = {"device": "cpu", "dtype": "float32", "machine": platform.machine(), "rows": f"the last {ROWS}",
              "torch": torch.__version__, "transformers": transformers.__version__}  # fmt: skip
    return Reference(tokens, logits_of(path, tokens), TOLERANCE, recipe)


def _text_config(config: dict[str, object]) -> dict[str, int]:
    inner = config.get("text_config", config)
    if not isinstance(inner, dict) or "vocab_size" not in inner:
        raise BadInput("the model's config names no vocabulary", got=sorted(config)[:5])
    return inner
