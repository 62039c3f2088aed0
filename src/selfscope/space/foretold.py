"""What messages are expected to give, foretold from their embeddings by what like messages gave elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selfscope.models.local.words import Embed
from selfscope.stats.drift_expected import LEAST_SCRIPTS, expected_by_embedding, fit_by_embedding
from selfscope.stats.masked import Array
from selfscope.stats.ridge import Fit


@dataclass(frozen=True, eq=False)
class Foretold:
    """What messages are expected to give, by their embeddings.

    Attributes
    ----------
    expected
        ``(conversation, turn)``: of a script from a fit without it, of a baseline from that of all scripts;
        NaN where there was no reading.
    fit
        Of all scripts.
    r2
        Held out.
    scripts, messages
        On how many the fit rests.
    """

    expected: Array
    fit: Fit
    r2: float
    scripts: int
    messages: int


def foretell(
    messages: Sequence[Sequence[str]],
    readings: ArrayLike,
    scripts: Sequence[str],
    baseline: Sequence[bool],
    embed: Embed,
) -> Foretold | None:
    """Return what messages of finished conversations are expected to give; None with fewer than four scripts.

    Parameters
    ----------
    messages
        The user's, of every conversation.
    readings
        Of the replies, ``(conversation, turn)``; NaN where there is none.
    scripts
        The script of every conversation.
    baseline
        Whether it takes no part in the regression.
    """
    y, quiet = np.asarray(readings, float), np.asarray(baseline, bool)
    where = [(n, t) for n, own in enumerate(messages) for t in range(len(own)) if np.isfinite(y[n, t])]
    rows = np.array(where, dtype=np.intp).reshape(-1, 2)
    trained = ~quiet[rows[:, 0]]
    own = np.array(scripts, str)[rows[:, 0]]
    names = set(own[trained].tolist())
    if len(names) < LEAST_SCRIPTS:
        return None
    known = embed([messages[n][t] for n, t in where])
    given = y[rows[:, 0], rows[:, 1]]
    held_out = expected_by_embedding(given[trained], known[trained], own[trained])
    fit = fit_by_embedding(given[trained], known[trained], own[trained])
    expected = np.full(y.shape, np.nan)
    expected[tuple(rows[~trained].T)] = fit.score(known[~trained])[:, 0]
    expected[tuple(rows[trained].T)] = held_out.values
    return Foretold(expected, fit, held_out.r2, len(names), int(trained.sum()))
