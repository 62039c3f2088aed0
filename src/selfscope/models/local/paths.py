"""Which way a model can be read, chosen by its configuration and then checked on the model itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.local import attention
from selfscope.models.local.scorer import Floats, Way, score, windows_seen
from selfscope.models.local.tree import Line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOLERANCE = 1e-4
"""Largest difference in log-probability, in nats, that the self-check passes."""

_DOES_NOT_RUN = (
    attention.UnknownAttentionError,
    AttributeError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)

KNOWN_LAYERS = frozenset({"full_attention", "sliding_attention"})


@dataclass(frozen=True)
class Path:
    """How a model is read, and why.

    Attributes
    ----------
    way
        ``split``, ``masked`` or ``plain``.
    reason
        Why not a faster one, in words; empty for the fastest.
    difference
        Largest difference to the model's own forward in the self-check; 0 for ``plain``.
    """

    way: Way
    reason: str
    difference: float


@contextmanager
def reading(model: PreTrainedModel, way: Way) -> Iterator[None]:
    """Let the model run under the attention of `way`, and put its own back after."""
    if way == "plain":
        yield
        return
    before = model.config._attn_implementation
    model.set_attn_implementation(attention.NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def choose(model: PreTrainedModel, asked: str = "auto") -> Path:
    """Return the fastest way that reads `model` right, or the one that was asked for.

    A way is tried only where the configuration allows it, and taken only where a self-check on three short
    sequences agrees with the model's own forward within :data:`TOLERANCE`.

    Raises
    ------
    BadInput
        If a way was asked for that does not read this model right.
    """
    attention.register()
    reasons: list[str] = []
    for way in candidates(model, asked):
        refused = forbids(model, way)
        if not refused:
            refused, difference = self_check(model, way)
            if not refused:
                return Path(way, "; ".join(reasons), difference)
        if asked != "auto":
            raise BadInput(
                "this model cannot be read in the way asked for",
                got=f"{asked}: {refused}",
                fix="Leave the path at auto, or ask for plain",
            )
        reasons.append(f"{way}: {refused}")
    raise AssertionError("plain is always allowed")


def candidates(model: PreTrainedModel, asked: str) -> tuple[Way, ...]:
    """Return the ways to try, fastest first."""
    if asked == "auto":
        return ("split", "masked", "plain") if model.device.type == "cpu" else ("masked", "plain")
    if asked in ("split", "masked", "plain"):
        return (asked,)  # type: ignore[return-value]
    raise BadInput("there is no such path", got=asked, fix="Give auto, split, masked or plain")


def forbids(model: PreTrainedModel, way: Way) -> str:
    """Return what in the model's configuration rules a way out, in words; "" if nothing does."""
    if way == "plain":
        return ""
    if way == "split" and model.device.type != "cpu":
        return f"it is for the processor, and the model is on {model.device.type}"
    if not (type(model)._supports_attention_backend and model._can_set_attn_implementation()):
        return "the model's attention cannot be replaced"
    config = model.config.get_text_config()
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    if unknown := sorted(layers - KNOWN_LAYERS):
        return f"layers of type {', '.join(unknown)}"
    if getattr(config, "use_bidirectional_attention", False):
        return "tokens see what comes after them"
    return ""


def self_check(model: PreTrainedModel, way: Way) -> tuple[str, float]:
    """Compare a way with the model's own forward on three short sequences.

    Returns
    -------
    refused, difference
        Why the way is not to be taken ("" if it agrees), and the largest difference in nats.
    """
    if way == "plain":
        return "", 0.0
    lines = check_lines(model.config.get_text_config().vocab_size)
    with reading(model, "plain"):
        plain = score(model, lines, "plain").values
    try:
        with reading(model, way):
            got = score(model, lines, way, pack=16).values
            hidden = _windows(model) - windows_seen(model, way, lines[0].head)
    except _DOES_NOT_RUN as error:
        return f"it does not run ({type(error).__name__}: {error})", float("nan")
    if hidden:
        return f"the model applies its sliding window of {max(hidden)} where it cannot be seen", float("nan")
    difference = _largest(plain, got)
    if not difference <= TOLERANCE:
        return f"it differs from the model's own forward by {difference:.1e} nats", difference
    return "", difference


def _windows(model: PreTrainedModel) -> set[int]:
    """Return the sliding windows that the configuration speaks of and does not switch off."""
    config = model.config.get_text_config()
    window = getattr(config, "sliding_window", None)
    layers = getattr(config, "layer_types", None)
    used = "sliding_attention" in layers if layers else getattr(config, "use_sliding_window", True)
    return {window} if window and used else set()


def check_lines(vocabulary: int) -> list[Line]:
    """Return three short sequences that share a long head, two of them also what follows it."""
    tokens = np.random.default_rng(0).integers(0, vocabulary, size=40).tolist()
    shared, deeper = tuple(tokens[:14]), tuple(tokens[14:18])
    return [
        Line(shared + deeper, tuple(tokens[18:23])),
        Line(shared + deeper + tuple(tokens[23:26]), tuple(tokens[26:27])),
        Line(shared + tuple(tokens[27:30]), tuple(tokens[30:36])),
    ]


def _largest(left: Floats, right: Floats) -> float:
    return float(np.abs(left - right).max())
