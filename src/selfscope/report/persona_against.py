"""One persona space against another, in sentences and rows."""

from __future__ import annotations

import math

from selfscope.report.lineage import visible
from selfscope.report.words import counted, p_value
from selfscope.values.persona_against import Against, Agreed

#: What each measure is called, and what it says.
MEASURES = (
    ("geometry", "distances between roles", "Spearman correlation over pairs of roles; permuted by role"),
    ("alignment", "alignment of role vectors", "debiased CKA; nought by chance"),
    ("order", "order along the two axes", "Spearman correlation over roles"),
    ("carried", "the axis carried over", "correlation over roles that were left out of fitting it"),
)


def against_lines(found: Against) -> tuple[str, ...]:
    """Return the comparison in few words for a terminal."""
    lead = (
        f"Against {visible(found.model)} (layer {found.layer}), by {counted(found.roles, 'shared role')}: "
        f"distances between roles correlate by {_told(found.geometry)}{_ceiling(found)}; "
        f"debiased alignment {_told(found.alignment)}.{_noise(found)}"
    )
    axes = (
        f"Roles along the two axes are ordered alike by {_told(found.order)}; the axis carried over by its "
        f"roles orders roles it has not seen by {_told(found.carried)}, cosine with the other’s own "
        f"{_number(found.carried_cosine)}."
    )
    held = "" if found.interpretable else " At least one axis is not reliable: this is not interpreted."
    return lead, axes + held


def against_rows(found: Against) -> list[tuple[str, str, str, str, str, str]]:
    """Return a row for each measure: name, value, interval, null, p, and what it is."""
    rows = []
    for name, title, what in MEASURES:
        each: Agreed = getattr(found, name)
        rows.append((title, _number(each.value), _span(each), _number(each.null), p_value(each.p), what))
    return rows


def _told(each: Agreed) -> str:
    return f"{_number(each.value)} ({_span(each)}; {p_value(each.p)})"


def _ceiling(found: Against) -> str:
    if found.ceiling is None:
        return ""
    return f", where noise over questions would leave {_number(found.ceiling)} of one and the same space"


def _noise(found: Against) -> str:
    """Return that distances are not interpreted, where they do not come again in one of the spaces."""
    known = [each for each in found.comes_again if each is not None]
    if not known or min(known) > 0:
        return ""
    here, there = (_number(each) if each is not None else "not known" for each in found.comes_again)
    return (
        " Distances between roles do not come again from other questions (correlation of halves, stepped up: "
        f"{here} here, {there} there): their agreement is not interpreted."
    )


def _span(each: Agreed) -> str:
    if not all(map(math.isfinite, each.ci)):
        return "no interval"
    return f"{_number(each.ci[0])} to {_number(each.ci[1])}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "not estimated"
