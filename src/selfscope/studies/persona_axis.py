"""What is known of the axis at every layer, and whether it may be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selfscope.stats.axis import CAP, INTERPRET
from selfscope.stats.axis_read import components
from selfscope.stats.halves import exchanged, pretenders, split_half, split_half_interval
from selfscope.stats.whitened import whitened
from selfscope.values.persona_map import Beyond, Interval, LayerAxis

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AxisStudy:
    """The axis at every layer at which cells were kept, and at the layer that is read.

    Attributes
    ----------
    layers
        One a layer.
    read
        The layer that is read.
    components_70, components_70_ci
        There.
    null_cosine, p, beyond
        There; see :class:`selfscope.values.persona_map.PersonaMap`.
    """

    layers: tuple[LayerAxis, ...]
    read: int
    components_70: int
    components_70_ci: Interval
    null_cosine: float
    p: float
    beyond: Beyond

    def at(self, layer: int) -> LayerAxis:
        """Return the axis at a layer."""
        return next(each for each in self.layers if each.layer == layer)

    @property
    def interpretable(self) -> bool:
        """Whether projections may be interpreted."""
        return self.at(self.read).split_half >= INTERPRET

    @property
    def cappable(self) -> bool:
        """Whether a cap may be set by the axis."""
        return self.at(self.read).split_half >= CAP


def study_axis(roles: Floats, default: Floats, layers: tuple[int, ...], read: int, seed: int) -> AxisStudy:
    """Return what is known of the axis.

    Parameters
    ----------
    roles
        Shape (layer, role, question, d_model); a cell without a response is NaN.
    default
        Shape (layer, question, d_model).
    layers
        Numbers of the layers of both.
    read
        The one that is read.
    """
    both = split_half_interval(roles, default, seed=seed)
    apart = {over: split_half(roles, default, over=over, seed=seed) for over in ("roles", "questions")}
    first = components(roles, default, seed=seed)
    base = np.nanmean(default, axis=1)
    axes = base - np.nanmean(np.nanmean(roles, axis=2), axis=1)
    lengths = np.linalg.norm(axes, axis=-1) / np.linalg.norm(base, axis=-1)
    found = tuple(
        LayerAxis(
            layer=layer,
            length=float(lengths[i]),
            split_half=float(both.estimate[i]),
            ci=_pair(both.ci[i]),
            roles=float(apart["roles"][i]),
            questions=float(apart["questions"][i]),
            full_length=float(2 * both.estimate[i] / (1 + both.estimate[i])),
            cos_pc1=float(first.cos_pc1[i]),
            cos_pc1_ci=_pair(np.clip(first.cos_pc1_ci[i], 0.0, 1.0)),  # an absolute cosine
        )
        for i, layer in enumerate(layers)
    )
    at = layers.index(read)
    null, p = _null(roles[at], default[at], float(both.estimate[at]), seed)
    return AxisStudy(
        found,
        read,
        int(first.held[at]),
        _pair(first.held_ci[at]),
        null,
        p,
        beyond(roles[at], default[at], seed),
    )


def beyond(roles: Floats, default: Floats, seed: int) -> Beyond:
    """Return the axis of one layer against what is none: on whitened states, and towards roles."""
    white = whitened(roles, default)
    cosine = float(split_half(white.roles[None], white.default[None], seed=seed)[0])
    null, p = _null(white.roles, white.default, cosine, seed)
    others = pretenders(roles, default, seed=seed)
    return Beyond(cosine, null, p, float(np.nanmedian(others.cosines)), int((others.lengths >= 1).sum()))


def _null(roles: Floats, default: Floats, observed: float, seed: int) -> tuple[float, float]:
    """Return the 95th percentile of cosines with exchanged labels, and the share that reach the observed."""
    drawn = exchanged(roles, default, seed=seed)
    null = drawn[np.isfinite(drawn)]  # with few responses some draws leave a half without any
    if not len(null):
        return float("nan"), float("nan")
    return float(np.quantile(null, 0.95)), (1 + int((null >= observed).sum())) / (1 + len(null))


def _pair(ends: Floats) -> Interval:
    return float(ends[0]), float(ends[1])
