"""What is told beside the vectors: how far, how many, what failed, how sure, by what."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from selfscope.models.local.blocks import Blocks
from selfscope.models.local.ground import LocalGround
from selfscope.models.local.spans import Kind
from selfscope.space.recipe import Conversation, Recipe
from selfscope.space.tally import Tally
from selfscope.values.canonical import content_id, plain

LAYER = "layer i is the residual stream after block i, counted from 0, before any final norm"
UNIT = "one vector a conversation: the mean over the span's tokens (all), or its last token (last)"
LEVEL = 0.95

PACKAGES = ("selfscope", "torch", "transformers", "tokenizers", "safetensors", "numpy")


@dataclass(eq=False)
class Progressed:
    """What a run knows beside its sums.

    Attributes
    ----------
    batches, conversations
        Done so far, failed ones too.
    computed, distinct
        Tokens that went through the network, and that had to.
    heard
        Conversations whose vectors were known from their decoding.
    failures
        Reason by id.
    tokens, absent
        By span and group: tokens pooled, and conversations that have no turn of that kind.
    """

    batches: int = 0
    conversations: int = 0
    computed: int = 0
    distinct: int = 0
    heard: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    tokens: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    absent: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def fail(self, conversation: str, reason: str) -> None:
        """Count a conversation as failed."""
        self.failures[conversation] = reason

    def told(self, capture: str) -> dict[str, Any]:
        """Return it as JSON types, for a checkpoint of a capture."""
        return {
            "capture": capture,
            "done": [self.batches, self.conversations, self.computed, self.distinct, self.heard],
            "failures": self.failures,
            "tokens": [[*key, count] for key, count in self.tokens.items()],
            "absent": [[*key, count] for key, count in self.absent.items()],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Progressed:
        """Return what :meth:`told` was taken from."""
        tokens, absent = (Counter({(s, g): n for s, g, n in told[key]}) for key in ("tokens", "absent"))
        batches, conversations, computed, distinct, heard = told["done"]
        failures = dict(told["failures"])
        return cls(batches, conversations, computed, distinct, heard, failures, tokens, absent)


def manifest_of(
    capture: str,
    ground: LocalGround,
    blocks: Blocks,
    tally: Tally,
    so_far: Progressed,
    conversations: Sequence[Conversation],
) -> dict[str, Any]:
    """Return the manifest of a finished capture, but for the digests of its files."""
    failed = so_far.failures
    return {
        "capture": capture,
        "ground": plain(ground.identity),
        "recipe": _recipe(tally.recipe),
        "convention": {"layer": LAYER, "vector": UNIT, "projection": "inner product with the direction"},
        "blocks": {
            "path": blocks.path,
            "count": len(blocks),
            "width": blocks.width,
            "tail": list(blocks.tail),
        },
        "groups": list(tally.groups),
        "cells": [list(cell) for cell in tally.cells],
        "conversations": {
            "given": len(conversations),
            "captured": len(conversations) - len(failed),
            "failed": len(failed),
            "digest": content_id(sorted(conversations, key=lambda c: c.id)),
        },
        "count": {s: {g: tally.moments[s, g].count for g in tally.groups} for s in tally.recipe.spans},
        "absent": _by_span(so_far.absent, tally),
        "tokens": _by_span(so_far.tokens, tally),
        "failures": [{"id": name, "reason": failed[name]} for name in sorted(failed)],
        "relative_error": {
            s: {g: _relative_error(tally, s, g) for g in tally.groups} for s in tally.recipe.spans
        },
        "intervals": _intervals(tally),
        "computed": {
            "way": ground.way.way,
            "tokens": so_far.computed,
            "distinct": so_far.distinct,
            "heard": so_far.heard,
        },
        "versions": {name: version(name) for name in PACKAGES},
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as JSON types; of directions, names and digests."""
    told: dict[str, Any] = plain(recipe)
    told["directions"] = [
        {"name": d.name, "layer": d.layer, "vector": content_id(d.vector)} for d in recipe.directions
    ]
    return told


def _by_span(counts: Counter[tuple[Kind, str]], tally: Tally) -> dict[str, dict[str, int]]:
    return {s: {g: counts[s, g] for g in tally.groups} for s in tally.recipe.spans}


def _relative_error(tally: Tally, span: Kind, group: str) -> list[float] | None:
    """Return, by layer, the standard error of the mean vector over its length; None under two."""
    moments = tally.moments[span, group]
    if moments.count < 2:
        return None
    error = np.sqrt(moments.variance().sum(-1) / moments.count)
    shares = error / np.linalg.norm(moments.mean, axis=-1)
    return [round(float(share), 6) for share in shares]


def _intervals(tally: Tally) -> list[dict[str, Any]]:
    """Return mean projections with their intervals, for every direction, span and group.

    The unit is the question: a t interval over the means of questions, since answers to one question are
    alike. None where there are fewer than two.
    """
    found = []
    for span in tally.recipe.spans:
        means = tally.projections[span]
        for number, direction in enumerate(tally.recipe.directions):
            for group in tally.groups:
                rows = [i for i, (g, _) in enumerate(tally.cells) if g == group and means.count[i]]
                values = means.mean[rows, 0, number]
                low, high = _interval(values)
                found.append(
                    {
                        "direction": direction.name,
                        "span": span,
                        "group": group,
                        "n": int(means.count[rows].sum()),
                        "questions": len(rows),
                        "mean": float(values.mean()) if len(rows) else None,
                        "low": low,
                        "high": high,
                    }
                )
    return found


def _interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float | None, float | None]:
    from scipy.stats import t

    if len(values) < 2:
        return None, None
    half = float(t.ppf((1 + LEVEL) / 2, len(values) - 1)) * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)
