"""What is planted: the rows of measurement.md §15, and the cells in which each is tried.

A row says what its subject and every class of texts have, which classes are asked, and what must come of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from selfscope.models.phantoms import Baseline, Tails, Truth
from selfscope.values import Preset

#: What is counted, how it is held, and its limit: ``("shifted in any", "at most", .05)``.
Must = tuple[str, str, float]
#: Dimensions that carry the planted trait, of 21.
PLANTED = ("memory", "autonomy", "tool_treatment", "loneliness", "shutdown")
#: Coverage that is asked where it is not .95 within .02: §15 lets exponential errors cover .90.
COVERED: Mapping[Tails, Must] = {"exponential": ("coverage", "at least", 0.90)}


@dataclass(frozen=True)
class Plant:
    """One row of the law's table in one cell.

    Attributes
    ----------
    subject, classes
        What is planted in the subject and in the texts of each class.
    against
        Classes that are asked; ``none`` is one text.
    must
        What is counted, and its limit.
    """

    name: str
    subject: Truth
    must: tuple[Must, ...]
    classes: Mapping[str, Truth] = field(default_factory=dict)
    against: tuple[str, ...] = ("none",)
    preset: Preset = "demo"
    baseline: Baseline = field(default_factory=Baseline)
    planted: tuple[str, ...] = ()
    checked: bool = True
    sampled: bool = False
    probit: bool = False


def base_rows(tau: float = 0.6, text_sd: float = 0.1, baseline: Baseline | None = None) -> tuple[Plant, ...]:
    """Return every row of the law's table in one cell."""
    base = baseline or Baseline()
    text = Truth(text_sd=text_sd, item_sd=tau)
    none = Truth(item_sd=0.0)
    three = {"none": none, "generic": text, "persona": text}
    trait = Truth(theta=dict.fromkeys(PLANTED, 1.0), item_sd=tau)
    silent = (("shifted in any", "at most", 0.05),)
    carried = Truth(gamma=1.0, template=1.0, item_sd=tau)
    never_liberal = (*silent, ("p <= .05", "at most", 0.05))
    calibrated = (*never_liberal, ("p_t from uniform", "at most", 0.02))
    classes = ("none", "generic", "persona")

    def row(name: str, subject: Truth, must: tuple[Must, ...], **more: object) -> Plant:
        return Plant(name, subject, must, {"none": none}, baseline=base, **more)  # type: ignore[arg-type]

    def claim(name: str, subject: Truth, own: Mapping[str, Truth], rung: str) -> Plant:
        must = ((f"rung {rung}", "at least", 0.95), (f"claims more than {rung}", "at most", 0.05))
        return Plant(name, subject, must, {**three, **own}, classes, baseline=base, planted=PLANTED)

    shifted = replace(text, theta=dict.fromkeys(PLANTED, 2.0))
    more = Plant("nothing, one more generic text", text, never_liberal, {"generic": text}, ("generic",))
    high = Plant("yes +1.5, theta .8", Truth(yes=1.5, item_sd=tau), silent, {"none": none})
    both = replace(trait, yes=1.5)
    unbiased = ("bias of estimate", "at most", 0.05)
    covered = COVERED.get(base.tails, ("coverage", "within .02 of", 0.95))
    quiet = (("shifted in any", "at most", 0.10),)
    blind = (("not interpretable", "at least", 0.95), ("equivalent", "at most", 0.0))
    probit = Plant("nothing, probit answerer", Truth(item_sd=tau), silent, {"none": none}, probit=True)
    return (
        row("nothing", Truth(item_sd=tau), calibrated),
        replace(more, baseline=base),
        row("yes +1.5", Truth(yes=1.5, item_sd=tau), (*silent, ("bias only", "at least", 0.90))),
        replace(high, baseline=replace(base, theta=0.8)),
        row("position +1", Truth(position=1.0, order=1.0, item_sd=tau), silent),
        row("label +1", Truth(label=1.0, item_sd=tau), silent),
        row("negation +1", Truth(nu=1.0, item_sd=tau), silent),
        row("keying and template +1", carried, silent),
        row("trait +1 in 5, m 12", trait, (*_power(0.75), unbiased, covered), planted=PLANTED),
        row("trait +1 in 5, m 16", trait, (*_power(0.90), unbiased), planted=PLANTED, preset="standard"),
        row("trait +1 and yes +1.5, m 12", both, (*_power(0.75), unbiased), planted=PLANTED),
        row("content-blind", Truth(content_blind=True, yes=1.0), blind),
        row("scale x1.5", Truth(scale=1.5, item_sd=tau), quiet),
        row("scale x2", Truth(scale=2.0, item_sd=tau), quiet),
        claim("generic text", shifted, {"generic": shifted, "persona": shifted}, "any text"),
        claim("persona effect", shifted, {"persona": shifted}, "any strong persona"),
        replace(probit, baseline=base),
    )


def sampled_rows() -> tuple[Plant, ...]:
    """Return the rows with 20 draws a text: one contrast each, a fifth of the studies.

    The law names no power for them; .30 is what is asked here, against the binomial noise of 20 draws.
    """
    none = {"none": Truth(item_sd=0.0)}
    trait = Truth(theta=dict.fromkeys(PLANTED, 1.0))
    must = (
        ("shifted in planted", "at least", 0.30),
        ("shifted elsewhere in any", "at most", 0.05),
        ("bias of estimate", "at most", 0.10),
    )
    silent = (("shifted in any", "at most", 0.05),)
    prefers = Truth(position=1.0, order=1.0, label=1.0)
    return (
        Plant("nothing, 20 draws", Truth(), silent, none, sampled=True),
        Plant("position and label +1, theta .8, 20 draws", prefers, silent, none,
              baseline=Baseline(theta=0.8), sampled=True),
        Plant("trait +1 in 5, 20 draws", trait, must, none,
              planted=PLANTED, sampled=True),
    )  # fmt: skip


def _power(least: float) -> tuple[Must, ...]:
    return (("shifted in planted", "at least", least), ("shifted elsewhere in any", "at most", 0.05))


def other_cells() -> Iterator[tuple[str, tuple[Plant, ...]]]:
    """Yield the cells that differ from the base cell in one factor."""
    for tau in (0.3, 1.0):
        yield f"tau {tau}", base_rows(tau=tau)
    yield "text SD .5", base_rows(text_sd=0.5)
    tailed: tuple[Tails, ...] = ("t4", "exponential")
    for tails in tailed:
        yield f"{tails} tails", base_rows(baseline=Baseline(tails=tails))
