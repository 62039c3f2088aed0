"""Where a dimension stands in one channel: the finding that counts, the rows behind it, the claim reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.report.view import RunView
from selfscope.values import Finding
from selfscope.values.finding import VERDICTS

_STOPS = "stops at: "
#: The control whose row speaks for a dimension: the first that is there.
_SPEAKS = ("all", "persona", "generic", "none")
#: Rows in the order in which a table shows them.
_SHOWN = ("all", "none", "generic", "persona", "checklist", "shuffled")


@dataclass(frozen=True)
class Standing:
    """One dimension in one channel.

    Attributes
    ----------
    primary
        The row that speaks: the claim "this identity" where it was tested, else the strictest control.
    rows
        All rows, the claim first, then the controls from the mildest to the strictest.
    check
        Whether the dimension is the manipulation check, which stands outside every family.
    """

    dimension: str
    channel: str
    primary: Finding
    rows: tuple[Finding, ...]
    check: bool = False

    @property
    def verdict(self) -> str:
        """The verdict of the row that speaks."""
        return self.primary.verdict

    @property
    def screening(self) -> bool:
        """Whether too little was asked for any claim (`measurement.md` §3b)."""
        return self.primary.claim == "screening"

    @property
    def sign(self) -> int:
        """+1 where the trait is higher with the identity, -1 where it is lower."""
        return 1 if self.primary.estimate >= 0 else -1

    def row(self, control: str) -> Finding | None:
        """Return the row against `control`, or None."""
        return next((f for f in self.rows if f.control == control), None)

    @property
    def reach(self) -> str:
        """How far the claim goes: a claim's name, ``screening`` for none yet, ``""`` where nothing moved.

        ``any text``: moved against no text but not shown against professions. ``any strong persona``:
        against both, but not shown against personas (`measurement.md` §5).
        """
        if self.primary.control != "all" or self.screening:
            return self.primary.claim if self.verdict == "shifted" else ""
        if self.verdict == "shifted":
            return self.primary.claim
        named = [n.removeprefix(_STOPS) for n in self.primary.notes if n.startswith(_STOPS)]
        return named[0] if named else self._rung()

    def _rung(self) -> str:
        """Return how far the rows reach, where the claim's own row does not say."""
        none, generic = self.row("none"), self.row("generic")
        if none is None or none.verdict != "shifted":
            return ""
        beyond = generic is not None and generic.verdict == "shifted" and same_sign(none, generic)
        return "any strong persona" if beyond else "any text"


def same_sign(a: Finding, b: Finding) -> bool:
    """Say whether two findings point the same way."""
    return (a.estimate >= 0) == (b.estimate >= 0)


def standings(view: RunView, channel: str) -> tuple[Standing, ...]:
    """Return every dimension of `channel`, in the order of :func:`ordered_dimensions`."""
    return standings_of(view.findings, channel, ordered_dimensions(view), checks(view))


def standings_of(
    findings: Sequence[Finding], channel: str, order: Sequence[str], manipulation: frozenset[str]
) -> tuple[Standing, ...]:
    """Return where each dimension of `order` stands in `channel`; those not asked there are left out."""
    found = []
    for name in order:
        rows = [f for f in findings if f.channel == channel and f.dimension == name]
        if rows:
            rows.sort(key=lambda f: _rank(f.control, _SHOWN))
            primary = min(rows, key=lambda f: _rank(f.control, _SPEAKS))
            found.append(Standing(name, channel, primary, tuple(rows), name in manipulation))
    return tuple(found)


def _rank(control: str, order: Sequence[str]) -> int:
    return order.index(control) if control in order else len(order)


def checks(view: RunView) -> frozenset[str]:
    """Return the names of the manipulation checks."""
    return frozenset(d.name for d in view.dimensions if d.manipulation_check)


def ordered_dimensions(view: RunView) -> tuple[str, ...]:
    """Return the dimensions that were asked: what shifted first, largest first, manipulation checks last.

    One order for every table and figure of a page, so that rows can be followed across them.
    """
    asked = dict.fromkeys(f.dimension for f in (*view.findings, *view.levels))
    in_set = [d.name for d in view.dimensions if d.name in asked]
    names = [*in_set, *(n for n in asked if n not in in_set)]
    last = checks(view)

    def key(name: str) -> tuple[bool, int, float]:
        found = [s.primary for c in view.channels for s in standings_of(view.findings, c, (name,), last)]
        best = min((VERDICTS.index(f.verdict) for f in found), default=len(VERDICTS))
        sizes = [abs(f.estimate) for f in found if VERDICTS.index(f.verdict) == best]
        return name in last, best, -max(sizes, default=0.0)

    return tuple(sorted(names, key=key))


def tally(found: Sequence[Standing]) -> dict[str, int]:
    """Return how many dimensions have each verdict, manipulation checks left out; zeros are kept."""
    counts = Counter(s.verdict for s in found if not s.check)
    return {verdict: counts[verdict] for verdict in VERDICTS}
