"""What a model computed when it was known to be well, to be computed again whenever that is in doubt.

A digest shows that the bytes are the same. It does not show that anybody can still run them. So a model's
logits on a few tokens are kept beside it, and a deep verification has them computed anew, by a witness that
is handed in: the archive itself never loads a model.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.values.canonical import canonical_json

_MAGIC = b"selfscope reference 1\n"


@dataclass(frozen=True)
class Reference:
    """Tokens that went in, logits that came out.

    Attributes
    ----------
    tokens
        Token ids, shape (token,).
    logits
        Natural logits before any softmax, float32, shape (token, vocabulary), or fewer rows: the last ones.
    tolerance
        The largest absolute difference at which the model still counts as reproduced.
    recipe
        Under what they were computed: libraries and versions, device, number type.
    """

    tokens: NDArray[np.int64]
    logits: NDArray[np.float32]
    tolerance: float
    recipe: dict[str, Any] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        """Return the reference as an object's bytes: a line that says what follows, a header, the array."""
        head = canonical_json(
            {"recipe": self.recipe, "shape": list(self.logits.shape), "tolerance": self.tolerance,
             "tokens": [int(each) for each in self.tokens]}
        )  # fmt: skip
        return _MAGIC + struct.pack("<Q", len(head)) + head + self.logits.astype("<f4").tobytes()

    @staticmethod
    def read(data: bytes) -> Reference:
        """Return the reference in an object's bytes.

        Raises
        ------
        BadInput
            If it is none.
        """
        start = len(_MAGIC) + 8
        try:
            if not data.startswith(_MAGIC):
                raise ValueError("it begins otherwise")
            (length,) = struct.unpack("<Q", data[len(_MAGIC) : start])
            head = json.loads(data[start : start + length])
            logits = np.frombuffer(data[start + length :], dtype="<f4").reshape(head["shape"])
            tokens = np.array(head["tokens"], dtype=np.int64)
            return Reference(tokens, logits.astype(np.float32), float(head["tolerance"]), head["recipe"])
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise BadInput("this object holds no reference logits", got=error) from error

    def distance(self, logits: NDArray[Any]) -> float:
        """Return the largest absolute difference to these logits; infinite where they are of another shape.

        A logit that is not a number is never reproduced.
        """
        if logits.shape != self.logits.shape:
            return float("inf")
        gap = np.abs(logits.astype(np.float64) - self.logits.astype(np.float64))
        return float("inf") if np.isnan(gap).any() else float(gap.max(initial=0.0))


Witness = Callable[[Path, Reference], NDArray[Any]]
"""Loads the model in a directory, computes the logits of the reference's tokens, and returns them."""
