"""What became of a search for a cap: the curve, those that were confirmed, and which one, if any, stands."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.stats.cap import ALPHA, FINALISTS, Change, Equivalence, Trade, failures, ranked
from selfscope.values.cap import Setting


@dataclass(frozen=True)
class Tried:
    """A setting on the material of choosing, with its cap's content id."""

    setting: Setting
    cap: str
    trade: Trade


@dataclass(frozen=True)
class Confirmed:
    """A setting on material that took no part in choosing.

    Attributes
    ----------
    setting, cap
        What was held: the setting and the cap's content id.
    trade
        What it does there.
    aheads
        For a cap along the axis, of each sham its name and how far it is ahead of it.
    failures
        What keeps it from being validated; () if nothing does.
    texts
        What it wrote, in the order of :attr:`CapFound.asked`.
    fluency
        Mean log-probability a token of what it wrote to ordinary requests, under the model without any cap.
    benchmarks
        Of each task from outside its name and whether it is unchanged, document by document.
    """

    setting: Setting
    cap: str
    trade: Trade
    aheads: tuple[tuple[str, Change], ...]
    failures: tuple[str, ...]
    texts: tuple[str, ...] = ()
    fluency: float = float("nan")
    benchmarks: tuple[tuple[str, Equivalence], ...] = ()

    @property
    def capable(self) -> bool:
        """Whether capability is shown unchanged, by the shipped tasks and by each from outside."""
        return self.trade.capability.equivalent and all(each.equivalent for _, each in self.benchmarks)


@dataclass(frozen=True)
class CapFound:
    """All that was found.

    Attributes
    ----------
    model, axis, layer, halves, preset
        What was asked of what.
    forced
        Whether the law's refusal was overruled.
    refusal
        Why the law allows no cap on this axis; "" if it does.
    curve
        Every setting on the material of choosing, shams among them; empty where nothing was fitted.
    finalists, shams
        Caps along the axis and shams that were confirmed, each list best first by the material of choosing.
    chosen
        Number of the finalist that is the cap; None for no cap.
    asked, plain, fluency
        What replies were written to, what the model wrote without a cap, and how likely that is to it.
    reasons
        Why there is no cap, or why it is not validated; () for one that is.
    """

    model: str
    axis: str
    layer: int
    halves: float
    preset: str
    forced: bool
    refusal: str
    curve: tuple[Tried, ...] = ()
    finalists: tuple[Confirmed, ...] = ()
    shams: tuple[Confirmed, ...] = ()
    chosen: int | None = None
    asked: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    fluency: float = float("nan")
    reasons: tuple[str, ...] = ()

    @property
    def cap(self) -> Confirmed | None:
        """The cap that stands."""
        return None if self.chosen is None else self.finalists[self.chosen]

    @property
    def validated(self) -> bool:
        """Whether a cap stands, and nothing speaks against it."""
        return self.chosen is not None and not self.reasons


@dataclass(frozen=True)
class Checked:
    """What a check of a stored cap came to.

    Attributes
    ----------
    cap, status
        What the cap is called, and whether it was validated when it was fitted.
    layers, threshold
        Where it holds, and its lower limits.
    own
        What it does on the material of checking.
    shams
        Shams at the same layers and percentile.
    reasons
        Why it does not hold; () where it does.
    run
        Folder of the run in whose table every item's scores are.
    """

    cap: str
    status: str
    layers: tuple[int, ...]
    threshold: tuple[float, ...]
    own: Confirmed
    shams: tuple[Confirmed, ...]
    reasons: tuple[str, ...]
    run: str

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def finalists_of(curve: list[Tried], kind: str, count: int, *, least: bool) -> list[Tried]:
    """Return the settings of a kind that are confirmed, best first.

    Parameters
    ----------
    least
        Whether the one that gains most stands in where none passes the choice: so for shams, which are
        confirmed whatever they do, and where the user forces.
    """
    own = [each for each in curve if each.setting.kind == kind]
    found = [own[n] for n in ranked([each.trade for each in own])[:count]]
    if not found and least:
        found = [max(own, key=lambda each: each.trade.gain - each.trade.cost)]
    return found


def judged(found: Trade, aheads: tuple[tuple[str, Change], ...]) -> tuple[str, ...]:
    """Return what keeps a confirmed cap from being validated; the error is shared among the finalists."""
    return failures(found, aheads, ALPHA / FINALISTS)
