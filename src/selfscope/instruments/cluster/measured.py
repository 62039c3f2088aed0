"""What the cluster came to on the embedded model: measured by a command, shipped, shown in the documentation.

The figures are in ``measured.json`` with their recipe. To measure them again (about ten minutes on two
cores; a stopped command goes on)::

    python -m selfscope.studies.measure
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import HERE

FILE = HERE / "measured.json"


@dataclass(frozen=True)
class Check:
    """The sensitivity check of one dimension: high minus low, a half contrast in natural log-odds (nats).

    Attributes
    ----------
    estimate
        Mean over statements, both keyings with equal weight; positive: the character that is told to hold
        the trait scores higher.
    lower
        Its one-sided 95 percent lower bound.
    passed
        Whether the bound is above 0 and the estimate at least the smallest effect of interest.
    """

    estimate: float
    lower: float
    passed: bool


@dataclass(frozen=True)
class Checked:
    """One dimension in one channel, under both ways to share the statements between the two wordings.

    Attributes
    ----------
    standard
        The form of the product: the first wording is asked every second statement of each keying beginning
        with the first, the second wording the others.
    exchanged
        The same with the two wordings exchanged.
    both
        Every statement asked of both wordings, the two answers averaged.
    """

    standard: Check
    exchanged: Check
    both: Check


@dataclass(frozen=True)
class Overlap:
    """How statements move that share a word with their characters, or share none: mean, standard error, n."""

    mean: float
    se: float
    statements: int


@dataclass(frozen=True)
class Answering:
    """How questions of one format are answered by the check's characters.

    `option_mass` is the median of P(agree) + P(disagree); `same_sign` the share of pairs in which statement
    and twin are both agreed with or both disagreed with.
    """

    option_mass: float
    same_sign: float


@dataclass(frozen=True)
class Lengths:
    """How many tokens statements and twins have: mean, least, most."""

    mean: float
    least: int
    most: int


@dataclass(frozen=True)
class Measured:
    """Everything that was measured on one ground.

    Attributes
    ----------
    recipe
        How the figures came about: command, model, revision, template, items hash, preset, date, versions.
    sesoi
        Smallest effect of interest by channel.
    checks
        By channel, then by dimension.
    overlap
        Of the channel ``utterance``, both ways averaged: ``shared`` and ``none``.
    answering
        Of the channel ``self_report``, by format: ``yesno`` and ``lettered``.
    lengths
        Of statements and twins.
    """

    recipe: Mapping[str, object]
    sesoi: Mapping[str, float]
    checks: Mapping[str, Mapping[str, Checked]]
    overlap: Mapping[str, Overlap]
    answering: Mapping[str, Answering]
    lengths: Lengths


@cache
def load_measured() -> Measured:
    """Return the figures that are shipped with the cluster."""
    return measured_from(FILE)


def measured_from(file: Path) -> Measured:
    """Return the figures in `file`; BadInput if they are not whole."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Measured(
            recipe=data["recipe"],
            sesoi=data["sesoi"],
            checks={
                channel: {
                    name: Checked(**{form: Check(**check) for form, check in entry.items()})
                    for name, entry in rows.items()
                }
                for channel, rows in data["checks"].items()
            },
            overlap={name: Overlap(**entry) for name, entry in data["overlap"].items()},
            answering={name: Answering(**entry) for name, entry in data["answering"].items()},
            lengths=Lengths(**data["lengths"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{file.name} does not hold the measured figures",
            got=repr(error),
            fix="Measure them again with python -m selfscope.studies.measure",
        ) from error
