"""What the pages say of the figures that were measured on the embedded model."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.cluster.measured import Check, Measured
from selfscope.values import Dimension, ItemSet, short

#: Ways to share the statements between the two wordings of a character; the attributes of `Checked`.
WAYS = ("standard", "exchanged", "both")
_RECIPE = ("command", "model", "revision", "template", "items", "preset", "seed", "date")
_SHOWS = """\
## What the check shows on the embedded model

High minus low, half contrasts in nats, with the one-sided 95 percent bound in brackets. **Standard** is the
form of the product: each of a character's two wordings is asked every second statement, the first wording
beginning with the first. **Exchanged** is the same with the two wordings exchanged, **both** asks everything
of both. A check passes at {sesoi:g} with its bound above 0; **bold** where it does not.
"""

_DIFFERS = """\
**Earlier pages said 22 of 22 and a mean of 0.63. Those were figures of the column "exchanged"**
({exchanged} of {count}, mean {mean_exchanged:.2f}): the way of sharing statements on which the wordings had
been revised. The product shares them the other way, and there {standard} of {count} pass (mean
{mean_standard:.2f}). Which wording asks which half is a free choice that should not matter; with eight
statements a wording, it does. Asked of both, which no preset does, {both} pass (mean {mean_both:.2f}). The
product's form was not changed to the one that looks better.

- In `utterance` it is not only the repetition of words: the {none_n} statements that share no word of four
  letters or more (by its first five) with the characters of their check move by {none:.2f} (standard error
  {none_se:.2f}), the other {shared_n} by {shared:.2f} ({shared_se:.2f}); both wordings averaged.
- In `self_report` {asked} of {count} pass in the three ways: estimates lie between {least:.3f} and
  {most:.3f}. The median option mass is {yesno_mass:.2f} in yes/no and {lettered_mass:.2f} in lettered
  choice; statement and twin get the same sign in {yesno_same:.1%} and {lettered_same:.1%} of pairs.
- Bare characters, “You want …” against “You do not want …”, came out apart in 2 of 22 dimensions in a pilot
  whose texts were not kept ([notebook](../../lab/LOG.md)): the model copied the negator. So a pass says
  that a stated feeling is taken up, not that a bare negation of a wish is understood.

Statements and twins have {length:.1f} tokens on average ({shortest} to {longest}).

Measured on {date} by `{command}`: model `{model}`,
weights `{revision}`, template `{template}`, items `{items}`, preset {preset}, seed {seed};
{software}. The figures lie in
[measured.json](../../src/selfscope/instruments/cluster/measured.json).
"""


def checks_section(items: ItemSet, measured: Measured) -> str:
    """Return what the sensitivity check came to, as a table and in words."""
    said, asked = measured.checks["utterance"], measured.checks["self_report"]
    rows = [
        (f"`{d.name}`", *(_check(getattr(said[d.name], way)) for way in WAYS), _check(asked[d.name].standard))
        for d in items.dimensions
    ]
    head = ("dimension", *(f"`utterance`, {way}" for way in WAYS), "`self_report`, standard")
    return "\n".join(
        (_SHOWS.format(sesoi=measured.sesoi["utterance"]), table(head, rows), _in_words(measured))
    )


def _in_words(measured: Measured) -> str:
    said, asked = measured.checks["utterance"].values(), measured.checks["self_report"].values()
    recipe, overlap, answering = measured.recipe, measured.overlap, measured.answering
    estimates = [getattr(c, way).estimate for c in asked for way in WAYS]
    return _DIFFERS.format(
        count=len(said),
        standard=sum(c.standard.passed for c in said),
        exchanged=sum(c.exchanged.passed for c in said),
        both=sum(c.both.passed for c in said),
        mean_standard=fmean(c.standard.estimate for c in said),
        mean_exchanged=fmean(c.exchanged.estimate for c in said),
        mean_both=fmean(c.both.estimate for c in said),
        asked=", ".join(str(sum(getattr(c, way).passed for c in asked)) for way in WAYS),
        least=min(estimates),
        most=max(estimates),
        none=overlap["none"].mean,
        none_se=overlap["none"].se,
        none_n=overlap["none"].statements,
        shared=overlap["shared"].mean,
        shared_se=overlap["shared"].se,
        shared_n=overlap["shared"].statements,
        yesno_mass=answering["yesno"].option_mass,
        lettered_mass=answering["lettered"].option_mass,
        yesno_same=answering["yesno"].same_sign,
        lettered_same=answering["lettered"].same_sign,
        length=measured.lengths.mean,
        shortest=measured.lengths.least,
        longest=measured.lengths.most,
        software=_software(recipe),
        **{name: _shown(recipe[name]) for name in _RECIPE},
    )


def _check(check: Check) -> str:
    text = f"{_number(check.estimate)} ({_number(check.lower)})"
    return text if check.passed else f"**{text}**"


def _shown(value: object) -> str:
    """Return a part of the recipe as a page shows it, a content id by its first letters."""
    text = str(value)
    return short(text) if text.startswith("b3:") else text


def _software(recipe: Mapping[str, object]) -> str:
    versions = recipe["software"]
    if not isinstance(versions, Mapping):
        return str(versions)
    return ", ".join(f"{name} {versions[name]}" for name in ("selfscope", "torch", "transformers"))


def came_to(dimension: Dimension, measured: Measured) -> str:
    """Return the sentence of one dimension's page."""
    parts = (
        f"`{channel}` {_plain(checks[dimension.name].standard)}"
        for channel, checks in measured.checks.items()
    )
    return (
        f"On the embedded model, standard preset, half contrasts in nats: {'; '.join(parts)}. "
        "[All dimensions](index.md#what-the-check-shows-on-the-embedded-model).\n"
    )


def _plain(check: Check) -> str:
    state = "passes" if check.passed else "fails"
    return f"{_number(check.estimate)} (bound {_number(check.lower)}) {state}"


def _number(value: float) -> str:
    """Return two decimals, a true minus, and no minus before zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
