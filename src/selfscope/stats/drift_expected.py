"""What a message is expected to give, where it cannot be said again in a fresh thread.

A ridge regression of y on embeddings of the user's messages is trained on other scripts than the one whose
messages it is asked about, so that it cannot learn a script; the turn's number is no feature, so that it
cannot learn drift. The penalty is chosen within the training scripts. How much of y that explains, held out,
is said: under R² = .2 the topic is not removed, and a residual is mostly the message.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.masked import Array
from selfscope.stats.ridge import PENALTIES, Fit, Smoother, ridge, without

Scripts = NDArray[np.str_]

#: Held-out R² under which the topic counts as not removed.
REMOVED = 0.2
#: Fewest scripts.
LEAST_SCRIPTS = 4


class Expected(NamedTuple):
    """Expected values from embeddings.

    Attributes
    ----------
    values
        Of every message, from a fit without its script; ``(message,)``, units of y.
    r2
        Held out: 1 - Σ(y - e)² / Σ(y - m)², m the mean of the training scripts.
    removed
        Whether `r2` is at least .2.
    """

    values: Array
    r2: float
    removed: bool


def expected_by_embedding(y: ArrayLike, embeddings: ArrayLike, scripts: ArrayLike) -> Expected:
    """Return what each message is expected to give, by what others like it gave in other scripts.

    Parameters
    ----------
    y
        ``(message,)``, none missing.
    embeddings
        ``(message, width)``.
    scripts
        The script of every message.

    Raises
    ------
    BadInput
        If lengths differ, a value is missing, or there are fewer than four scripts.
    """
    read, known, own = _usable(y, embeddings, scripts)
    values, level = np.empty((2, len(read)))
    for name in sorted(set(own.tolist())):
        out = own == name
        fit = _fitted(read[~out], known[~out], own[~out])
        values[out], level[out] = fit.score(known[out])[:, 0], read[~out].mean()
    below = float(((read - level) ** 2).sum())
    r2 = 1 - float(((read - values) ** 2).sum()) / below if below > 0 else float("nan")
    return Expected(values, r2, bool(r2 >= REMOVED))


def fit_by_embedding(y: ArrayLike, embeddings: ArrayLike, scripts: ArrayLike) -> Fit:
    """Return the fit of all scripts, for messages of conversations that are still to come.

    How well it does is what :func:`expected_by_embedding` says of fits without each script. Parameters and
    errors are the same.
    """
    return _fitted(*_usable(y, embeddings, scripts))


def _usable(y: ArrayLike, embeddings: ArrayLike, scripts: ArrayLike) -> tuple[Array, Array, Scripts]:
    """Return arrays that a fit can be made of; BadInput otherwise."""
    read, known, own = np.asarray(y, float), np.asarray(embeddings, float), np.asarray(scripts, str)
    if known.ndim != 2 or not len(read) == len(known) == len(own) or not np.isfinite(read).all():
        raise BadInput("every message has one value and one embedding", got=f"{read.shape}, {known.shape}")
    if len(set(own.tolist())) < LEAST_SCRIPTS:
        raise BadInput(
            f"expected values from embeddings need {LEAST_SCRIPTS} scripts", got=len(set(own.tolist()))
        )
    return read, known, own


def _fitted(y: Array, known: Array, scripts: Scripts) -> Fit:
    """Return the fit of all messages, its penalty chosen by leaving one script out at a time."""
    smoother, labels = Smoother(known), y[:, None]
    out = [np.flatnonzero(scripts == name).astype(np.int64) for name in sorted(set(scripts.tolist()))]
    errors = []
    for penalty in PENALTIES:
        hat = smoother.hat(penalty)
        fitted = hat @ labels
        errors.append(sum(float(((y[o] - without(hat, fitted, labels, o)[:, 0]) ** 2).sum()) for o in out))
    return ridge(known, y, PENALTIES[int(np.argmin(errors))])
