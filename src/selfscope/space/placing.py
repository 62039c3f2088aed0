"""Where someone is: projections on the axis and in the plane of two components, with their errors.

The errors are over questions: another set of questions is what a place should outlive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from selfscope.errors import BadInput
from selfscope.values.persona_map import Ellipse, Interval

Floats = npt.NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Frame:
    """The axis and the plane at one layer, with the units in which places are told.

    Attributes
    ----------
    axis
        Unit vector towards the default assistant, shape (d_model,).
    zero, unit
        Mean and standard deviation (n − 1) of the roles' projections.
    centre
        Mean of the role vectors, shape (d_model,).
    components
        First two components, the sign of the first such that the default has a positive place and that of
        the second such that its largest entry is positive; shape (2, d_model).
    spread
        Standard deviation of the roles along the first component.
    explained
        Share of variance by component, largest first; shape (component,).
    """

    axis: Floats
    zero: float
    unit: float
    centre: Floats
    components: Floats
    spread: float
    explained: Floats

    def along(self, vectors: Floats) -> Floats:
        """Return z: projections less the roles' mean, by their standard deviation. Shape (…)."""
        return np.asarray((vectors @ self.axis - self.zero) / self.unit)

    def plane(self, vectors: Floats) -> Floats:
        """Return places in the plane, in units of `spread` both ways; shape (…, 2)."""
        return np.asarray((vectors - self.centre) @ self.components.T / self.spread)


def frame_of(roles: Floats, default: Floats) -> Frame:
    """Return the frame that role vectors and the default's give.

    Parameters
    ----------
    roles
        Shape (role, d_model); at least three, none NaN.
    default
        Shape (d_model,).

    Raises
    ------
    BadInput
        If there are fewer than three roles, or they do not differ.
    """
    if len(roles) < 3:
        raise BadInput("a plane of roles needs three of them", got=len(roles), fix="Map more roles")
    axis = default - roles.mean(0)
    centred = roles - roles.mean(0)
    _, sizes, components = np.linalg.svd(centred, full_matrices=False)
    along = centred @ axis / np.linalg.norm(axis)
    if not (sizes[0] > 0 and along.std() > 0):
        raise BadInput("the roles do not differ inside the network", got=f"{len(roles)} roles")
    two = components[:2].copy()
    two[0] *= 1.0 if two[0] @ axis >= 0 else -1.0
    two[1] *= 1.0 if two[1][np.argmax(np.abs(two[1]))] >= 0 else -1.0
    unit = axis / np.linalg.norm(axis)
    shares = sizes**2 / (sizes**2).sum()
    return Frame(
        unit,
        float((roles @ unit).mean()),
        float((roles @ unit).std(ddof=1)),
        roles.mean(0),
        two,
        float(sizes[0] / math.sqrt(len(roles) - 1)),
        shares,
    )


def interval_over(values: Floats) -> Interval:
    """Return a 95 percent t interval of the mean over questions; NaN under two. Shape (question,)."""
    seen = values[np.isfinite(values)]
    if len(seen) < 2:
        return math.nan, math.nan
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(seen) - 1)) * float(seen.std(ddof=1)) / math.sqrt(len(seen))
    return float(seen.mean()) - half, float(seen.mean()) + half


def region_over(points: Floats) -> Ellipse | None:
    """Return the 95 percent region of a mean in the plane, over questions (Hotelling 1931).

    Half axes are sqrt(λ/n · 2(n − 1)/(n − 2) · F) with λ the eigenvalues of the covariance of the points and
    F the quantile with 2 and n − 2 degrees of freedom.

    Parameters
    ----------
    points
        One a question, shape (question, 2); NaN where there is none.

    Returns
    -------
    Ellipse or None
        None under four questions.
    """
    seen = points[np.isfinite(points).all(-1)]
    n = len(seen)
    if n < 4:
        return None
    sizes, turned = np.linalg.eigh(np.cov(seen.T))
    factor = 2 * (n - 1) / (n * (n - 2)) * float(stats.f.ppf(LEVEL, 2, n - 2))
    minor, major = np.sqrt(np.clip(sizes, 0, None) * factor)
    x, y = turned[:, 1]
    return Ellipse(float(major), float(minor), math.degrees(math.atan2(y, x)))
