"""How wide the intervals of a study will be, before anything is asked.

The study is simulated at its own size: scores of statements and texts are drawn with the spread that is
known or assumed of this ground, and the interval is computed by the very contrast that judges the run
(:func:`selfscope.stats.classes.class_contrast`, measurement.md §5). Where the spread comes from, best first:

``an earlier run``
    Of the same ground, items and channel, finished and in the runs folder.
``the panel``
    The ground's reliability panel gives the spread over statements, dimension by dimension; that over control
    texts is taken as the usual share of it, for the panel's characters were made to differ, and those of the
    identity and of the bare ground as multiples (`SUBJECT`, `BARE`).
``assumed``
    What the law's generator plants (measurement.md §15).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selfscope.instruments.instrument import asks_in, instrument_for
from selfscope.models.ground import GroundIdentity
from selfscope.models.phantoms import Baseline, Truth
from selfscope.stats.classes import class_contrast
from selfscope.studies.panel import find_panel
from selfscope.studies.phantoms import TEXT_SD
from selfscope.studies.scores import Floats, Layout, arm_scores
from selfscope.studies.store import RunStore, runs_folder
from selfscope.studies.trainings import control_trainings
from selfscope.values import EVERYTHING, ItemSet, Study, plain
from selfscope.values.finding import NO_TRAINING
from selfscope.values.study import ArmRole, Question

#: Studies that are simulated, and the seed that names them.
STUDIES, SEED = 200, 0
#: Spread over statements of one character's scores about what all share: the generator's shift of the trait
#: and its taste for negation, which both stand in D.
ITEM_SD = float(np.hypot(Truth().item_sd, Baseline().nu_item_sd))
#: Binomial variance of a log-odds from one draw, at a share of one half to three quarters.
DRAW_VARIANCE = 4.5
#: On the embedded model, the spread of the bare ground over that of one text: 2.9 in its own words and 4.9
#: when asked, in one demo run. A panel holds no bare ground.
BARE = 3.0
#: There, the spread of an identity over that of a panel's character: 1.6 and 1.7 in its own words, 1.4 and
#: 1.7 when asked, in two demo runs of one identity of 260 tokens.
SUBJECT = 1.7
#: Texts that a class of an earlier run needs to tell of a spread.
LEAST_TEXTS = 3
#: Controls that have a row of their own on a page, in its order.
ROWS: tuple[ArmRole, ...] = ("none", "generic", "persona", "checklist", "shuffled")


@dataclass(frozen=True)
class Spread:
    """How far the scores of characters spread, by dimension, and how that is known.

    Attributes
    ----------
    subject, items, bare
        Standard deviation over statements of D about what all characters share: of an identity, of one
        control text, and of the bare ground; ``(dimension,)``.
    texts
        That of one text's mean about its class, statements apart, ``(dimension,)``.
    source
        Where it comes from, in words.
    """

    subject: Floats
    items: Floats
    bare: Floats
    texts: Floats
    source: str


@dataclass(frozen=True)
class Width:
    """The expected width of one 95 % interval, natural log-odds."""

    channel: str
    control: str
    dimension: str
    width: float
    statements: int
    texts: int
    source: str


def expected_widths(
    study: Study, items: ItemSet, ground: GroundIdentity, draws: int = 1
) -> tuple[Width, ...]:
    """Return the expected width of every interval that a study will show, channel by channel.

    Parameters
    ----------
    draws
        Draws a prompt where answers are drawn; 1 where they are exact.
    """
    return tuple(
        width for question in study.questions for width in _of_channel(study, items, ground, question, draws)
    )


def _of_channel(
    study: Study, items: ItemSet, ground: GroundIdentity, question: Question, draws: int
) -> Iterable[Width]:
    asks = asks_in(question, items, study.preset)
    layout = Layout.of(asks)
    spread = spread_of(study, items, ground, question, layout)
    noise = _drawn(layout, len(asks), draws)
    for control, texts, bare in _controls(study):
        found = simulate(layout.keyed, spread, texts, noise, bare=bare)
        for d, name in enumerate(layout.dimensions):
            count = len(layout.items[d])
            yield Width(question.channel, control, name, float(found[d]), count, texts, spread.source)


def _controls(study: Study) -> Iterable[tuple[str, int, bool]]:
    """Yield every control row: its name, its number of texts, and whether it is the bare ground."""
    for role in ROWS:
        count = len(study.arms_of(role))
        if count:
            yield role, count, role == "none"
    for arm in study.arms_of("control"):
        yield arm.name, 1, False
    for name, trained in control_trainings(study).items():
        yield name, len(trained), name == NO_TRAINING


def _drawn(layout: Layout, asks: int, draws: int) -> float:
    """Return the variance that drawing adds to one statement's D; 0 where answers are exact."""
    if draws <= 1:
        return 0.0
    forms = asks / sum(2 * len(own) for own in layout.items)
    return DRAW_VARIANCE / draws / (2 * max(forms, 1.0))


def simulate(keyed: Floats, spread: Spread, texts: int, noise: float = 0.0, *, bare: bool = False) -> Floats:
    """Return the mean width of the 95 % interval over simulated studies, ``(dimension,)``.

    Parameters
    ----------
    keyed
        ``(dimension, m)``; 0 for padding.
    texts
        Control texts of the class.
    noise
        Binomial variance of one statement's D.
    bare
        Whether the control is the bare ground.
    """
    rng = np.random.default_rng(SEED)
    shape = (STUDIES, texts + 1, *keyed.shape)
    own = np.stack([spread.subject, *[spread.bare if bare else spread.items] * texts])
    d = np.sqrt(own**2 + noise)[..., None] * rng.standard_normal(shape)
    d += (spread.texts * rng.standard_normal(shape[:-1]))[..., None]
    d = np.where(keyed == 0, np.nan, d)
    found = class_contrast(d[:, 0], d[:, 1:], keyed, flip=False)
    return np.asarray(np.diff(found.ci95)[..., 0].mean(axis=0), dtype=np.float64)


def spread_of(
    study: Study, items: ItemSet, ground: GroundIdentity, question: Question, layout: Layout
) -> Spread:
    """Return what is known of the spread on a ground, best source first."""
    if ground.kind != "phantom":
        known = (_from_run(study, question, layout), _from_panel(study, items, ground, question, layout))
        for found in known:
            if found is not None:
                return found
    nothing = np.ones(len(layout.dimensions))
    words = "what is planted" if ground.kind == "phantom" else "assumed"
    own = ITEM_SD * nothing
    return Spread(own, own, 0 * own, TEXT_SD * nothing, f"{words}: {ITEM_SD:.2f} between statements")


def _from_run(study: Study, question: Question, layout: Layout) -> Spread | None:
    """Return the spread in the newest finished run of the same ground, items and channel."""
    for store in _finished():
        told = store.read_json("study.json")
        alike = told["ground"] == plain(study.ground) and told["items"] == study.items
        if not alike or told["preset"] != study.preset or not _covers(told["questions"], question, layout):
            continue
        frame = store.observations()
        frame = frame[frame["channel"] == question.channel]
        scores = {
            role: np.stack([arm_scores(frame[frame["character"] == n], layout).d for n in names])
            for role, names in _by_role(told["arms"]).items()
        }
        spread = _spread(scores, f"an earlier run, {store.run}")
        if spread is not None:
            return spread
    return None


def _covers(asked: Iterable[Mapping[str, Any]], question: Question, layout: Layout) -> bool:
    """Whether a run asked all dimensions of a layout, in the same channel and within the same facets."""
    own = next((q for q in asked if q["channel"] == question.channel), None)
    if own is None or own.get("facets", plain(EVERYTHING)) != plain(question.facets):
        return False
    return set(layout.dimensions) <= set(own["constructs"])


def _by_role(arms: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the names of the arms that tell of a spread, by role."""
    found: dict[str, list[str]] = {}
    for arm in arms:
        if arm["role"] in ("subject", "none", "generic", "persona"):
            found.setdefault(arm["role"], []).append(arm["name"])
    return found


def _finished() -> Sequence[RunStore]:
    """Return the finished runs, the newest first."""
    tables = sorted(runs_folder().glob("*/observations.parquet"), key=lambda p: -p.stat().st_mtime)
    return [RunStore(path.parent) for path in tables]


def _spread(scores: Mapping[str, Floats], source: str) -> Spread | None:
    """Return the spread in scores ``(text, dimension, m)`` by role; None without a class of three texts."""
    classes = [d for role, d in scores.items() if role in ("generic", "persona") and len(d) >= LEAST_TEXTS]
    if not classes or "none" not in scores:
        return None
    found = [_variances(d) for d in classes]
    items, texts = (np.mean(part, axis=0) for part in zip(*found, strict=True))
    subject, bare = scores["subject"][0], scores["none"][0]
    beyond = [_square(subject - d.mean(axis=0)) - items / len(d) for d in classes]
    own = np.fmax(np.mean(beyond, axis=0), 0.0)
    still = np.fmax(_square(subject - bare) - own, 0.0)
    if not np.isfinite([items, texts, own, still]).all():
        return None
    return Spread(np.sqrt(own), np.sqrt(items), np.sqrt(still), np.sqrt(texts), source)


def _square(delta: Floats) -> Floats:
    """Return the variance over statements of a difference ``(dimension, m)``."""
    return np.asarray(np.nanvar(delta, axis=-1, ddof=1), dtype=np.float64)


def _variances(d: Floats) -> tuple[Floats, Floats]:
    """Return the variance over statements and that over texts of scores ``(text, dimension, m)``.

    With x the scores less each statement's mean over texts: over statements the mean square about each
    text's own mean; over texts what the spread of means holds beyond it. Each statement's mean takes one
    text's worth out, and each text's mean one statement's.
    """
    k, m = d.shape[0], np.isfinite(d[0]).sum(axis=-1)
    x = d - d.mean(axis=0)
    means = np.nanmean(x, axis=-1)
    inside = np.nansum((x - means[..., None]) ** 2, axis=(0, -1)) / ((k - 1) * (m - 1))
    return inside, np.fmax(means.var(axis=0, ddof=1) - inside / m, 0.0)


def _from_panel(
    study: Study, items: ItemSet, ground: GroundIdentity, question: Question, layout: Layout
) -> Spread | None:
    """Return the spread over statements on the ground's panel, in the forms that it was asked."""
    panel = find_panel(ground, study.items)
    if panel is None or panel.fits(ground, study.items):
        return None
    rows = panel.observations[panel.observations["channel"] == question.channel]
    if rows.empty:
        return None
    asks = instrument_for(question.asker).asks(items, panel.manifest["preset"], question.constructs)
    own = Layout.of(asks)
    d = np.stack([arm_scores(group, own).d for _, group in rows.groupby("character")])
    sd = np.sqrt(_variances(d)[0])
    if not np.isfinite(sd).all() or own.dimensions != layout.dimensions:
        return None
    texts = sd * (TEXT_SD / ITEM_SD)
    return Spread(SUBJECT * sd, sd, BARE * sd, texts, "the panel's spread between statements")
