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
    lines: Sequence[Line],
    worn: Sequence[str],
    wear: Callable[[Sequence[str]], None],
    *,
    at_once: int = 0,
    memory_bytes: int = MEMORY_BYTES,
) -> Floats:
    """Return the log-probability of every line's tail after its head, each line as whom it is worn by.

    Rows are put into batches by their length, so whoever is asked at the same length shares one.

    Parameters
    ----------
    worn
        What every line wears: the id of an adapter, "" for none, or any other name that `wear` knows.
    wear
        Sets what the rows of the next forward wear, in their order, as ``Many.rows`` does.
    at_once
        Rows of a batch, taken in the order of the lines whatever their length: for those who want to know
        who shares one. 0 for as many as there is room for.

    Returns
    -------
    Sums of natural logs, shape (lines,).
    """
    wanted: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for index, (line, name) in enumerate(zip(lines, worn, strict=True)):
        wanted.setdefault((name, line.fed), []).append(index)
    rows, values = list(wanted), np.empty(len(lines))
    sequences = [fed for _, fed in rows]
    order = sorted(range(len(rows)), key=lambda n: -len(sequences[n]))
    batches = batches_of(model, order, sequences, memory_bytes)
    if at_once:
        batches = [list(range(len(rows)))[n : n + at_once] for n in range(0, len(rows), at_once)]
    with torch.inference_mode():
        for batch in batches:
            wear([rows[n][0] for n in batch])
            mine = [(row, index) for row, n in enumerate(batch) for index in wanted[rows[n]]]
            first = min(len(lines[index].head) for _, index in mine) - 1
            logits = plain_logits(model, [sequences[n] for n in batch], first)
            for row, index in mine:
                start = len(lines[index].head) - 1 - first
                own = logits[row, start : start + len(lines[index].tail)]
                values[index] = read_targets(own, np.arange(len(own)), np.asarray(lines[index].tail))[0].sum()
    return values
