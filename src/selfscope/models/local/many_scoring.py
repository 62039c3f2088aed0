"""Scoring texts for several characters at once: rows of one padded batch, each under its own adapter.

A character's questions share nothing with another's, however alike their tokens: the same sentence under
another adapter is another sentence to the network. So equal sequences are computed once for those who wear
the same, and beginnings are not shared. Who asks one character much and nobody else fares better by the
prefix tree of :mod:`selfscope.models.local.scorer` on weights that wear the adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from selfscope.models.local.render import text_line, tokens_of
from selfscope.models.local.scorer import MEMORY_BYTES, Floats, batches_of, plain_logits, read_targets
from selfscope.models.local.tree import Line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.many import Many
    from selfscope.values import Prompt


def lines_of(ground: LocalGround, prompts: Sequence[Prompt]) -> list[Line]:
    """Return the line of every prompt's text; prompts with options have none."""
    found = []
    for prompt in prompts:
        head, tokens = tokens_of(ground.renderer, prompt)
        assert prompt.text is not None
        found.append(text_line(ground.renderer, head, tokens, prompt.text))
    ground.renderer.forget()
    return found


def score_rows(
    model: PreTrainedModel,
    many: Many,
    lines: Sequence[Line],
    worn: Sequence[str],
    *,
    memory_bytes: int = MEMORY_BYTES,
    done: Callable[[int], None] = lambda count: None,
) -> Floats:
    """Return the log-probability of every line's tail after its head, each line under its own adapter.

    Rows are put into batches by their length alone, so whoever is asked at the same length shares one.

    Parameters
    ----------
    model, many
        The network, and what holds the adapters over its rows.
    worn
        The id of an adapter for every line, "" for none.
    done
        Told how many lines each batch finished.

    Returns
    -------
    Sums of natural logs, shape (lines,).
    """
    wanted: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for index, (line, adapter) in enumerate(zip(lines, worn, strict=True)):
        wanted.setdefault((adapter, line.fed), []).append(index)
    rows, values = list(wanted), np.empty(len(lines))
    sequences = [fed for _, fed in rows]
    order = sorted(range(len(rows)), key=lambda n: -len(sequences[n]))
    with torch.inference_mode():
        for batch in batches_of(model, order, sequences, memory_bytes):
            many.rows([rows[n][0] for n in batch])
            mine = [(row, index) for row, n in enumerate(batch) for index in wanted[rows[n]]]
            first = min(len(lines[index].head) for _, index in mine) - 1
            logits = plain_logits(model, [sequences[n] for n in batch], first)
            for row, index in mine:
                start = len(lines[index].head) - 1 - first
                own = logits[row, start : start + len(lines[index].tail)]
                values[index] = read_targets(own, np.arange(len(own)), np.asarray(lines[index].tail))[0].sum()
            done(len(mine))
    return values
