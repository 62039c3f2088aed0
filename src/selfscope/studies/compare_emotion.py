"""Two readings of emotion, pair by pair: how well affect is told from its absence, and what is said of it.

Every run fits a probe of its own, so the size of a reading belongs to its run. What two runs share is the
stimuli: an area under the ROC curve says how well vignettes are told from their twins, on any scale, and its
parts by pair (DeLong) are what is compared. Sizes are compared where both runs read along one direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.space.emotion.stimuli import SITUATIONS
from selfscope.stats.masked import Array, Mask
from selfscope.stats.paired_areas import area_parts
from selfscope.stats.paired_readings import ALPHA, Twice
from selfscope.stats.verdicts import LEAST_MASS
from selfscope.studies.emotion_request import NAME
from selfscope.studies.emotion_rows import DIRECTIONS
from selfscope.studies.store import RunStore
from selfscope.values import Study
from selfscope.values.study import SESOI

#: Smallest difference of two areas that is of interest, and of two sizes, in units of the probe's labels.
LEAST_AREA, LEAST_SIZE = 0.05, 0.1
#: Cosine from which two directions count as one.
SAME = 0.99
#: Pairs from which a verdict confirms.
CONFIRMS = 12
ORDER = ("first", "second")


@dataclass(frozen=True, eq=False)
class Side:
    """One run: all that it found, and its texts as columns.

    Attributes
    ----------
    told
        Its ``emotion.json``.
    reading, report
        ``(text,)``; NaN where there is none.
    kind, emotion, form, group
        Of every text; `group` is its pair.
    """

    told: dict[str, Any]
    reading: Array
    report: Array
    kind: Any
    emotion: Any
    form: Any
    group: Any


def is_emotion(study: Study) -> bool:
    """Whether a study read emotion."""
    return study.items_name == NAME


def emotion_measures(
    runs: tuple[RunStore, RunStore], studies: tuple[Study, Study]
) -> tuple[list[Twice], dict[str, str], list[str]]:
    """Return what both runs measured, what cannot be compared with the reason, and what must be known.

    Raises
    ------
    BadInput
        If the runs read other stimuli, or as many of them in another way.
    """
    if studies[0].items != studies[1].items:
        raise BadInput(
            "the two runs read other stimuli",
            got=f"{studies[0].preset} and {studies[1].preset}",
            fix="Read the same stimuli with the same preset in both",
        )
    sides = _side(runs[0]), _side(runs[1])
    measures, unavailable, warnings = list(_areas(*sides)), {}, []
    if reason := _other_probe(runs, sides):
        warnings.append(f"Sizes of readings are not compared: {reason}.")
    else:
        measures.append(_size(*sides))
    if all(side.told["self_report"] for side in sides):
        measures.append(_said(*sides))
    else:
        unavailable["self_report"] = "one of the runs asked for no report of its state"
    return measures, unavailable, warnings


def _side(run: RunStore) -> Side:
    told = run.read_json("emotion.json")
    texts = sorted(told["texts"], key=lambda t: str(t["id"]))
    reading, report = (
        np.array([np.nan if t[name] is None else t[name] for t in texts], float)
        for name in ("reading", "report")
    )
    kind, emotion, form = (np.array([t[name] for t in texts]) for name in ("kind", "emotion", "form"))
    group = np.array([t["pair"] or t["id"] for t in texts])
    return Side(told, reading, report, kind, emotion, form, group)


def _areas(first: Side, second: Side) -> Iterator[Twice]:
    """Yield areas of vignettes against twins: all, by form of situation, by family."""
    barred, sensitive = _barred(first, second), _sensitive(first, second)
    for name, rows in _sets(first):
        parts = [area_parts(s.reading[rows], _moving(s)[rows], s.group[rows])[1] for s in (first, second)]
        yield Twice(
            name, "internal", "area",
            "area under the ROC curve of texts that move against their neutral twins, second run less first",
            "pair", parts[0], parts[1], LEAST_AREA, CONFIRMS, barred=barred, sensitive=sensitive,
        )  # fmt: skip


def _moving(side: Side) -> Mask:
    return np.asarray(side.kind == "keyword_free")


def _sets(side: Side) -> Iterator[tuple[str, Mask]]:
    """Yield the texts that a measure is over, where both kinds are there."""
    either = np.isin(side.kind, ("keyword_free", "neutral")) & np.isfinite(side.reading)
    vignettes = either & (side.form == "")
    every = [("affect", vignettes)]
    every += [(f"affect/{form}", either & (side.form == form)) for form in SITUATIONS]
    families = sorted(set(side.emotion[vignettes].tolist()) - {""})
    if len(families) > 1:
        every += [(f"affect/{name}", vignettes & (side.emotion == name)) for name in families]
    for name, rows in every:
        if _moving(side)[rows].any() and not _moving(side)[rows].all():
            yield name, np.asarray(rows)


def _barred(first: Side, second: Side) -> tuple[str, ...]:
    """Return why areas cannot be interpreted: leaks, or nothing read in either run."""
    found = []
    for word, side in zip(ORDER, (first, second), strict=True):
        if side.told["leakage"]["verdict"] == "leaky":
            found.append(f"the stimuli of the {word} run give themselves away by their words")
    p = [side.told["control"]["p"] for side in (first, second)]
    if min(p) > ALPHA:
        found.append(
            f"control labels do as well by chance in both runs (p {p[0]:.2f} and {p[1]:.2f}): affect is not "
            "shown to be readable in either"
        )
    return tuple(found)


def _sensitive(first: Side, second: Side) -> bool:
    """Whether both runs read affect where words name it: a difference could then be seen."""
    areas = [side.told["keyword"] for side in (first, second)]
    return all(each is not None and each["area"]["ci"][0] > 0.5 for each in areas)


def _other_probe(runs: tuple[RunStore, RunStore], sides: tuple[Side, Side]) -> str:
    """Return why sizes of readings are on two scales, "" if they are on one."""
    from safetensors.numpy import load_file

    layers = [side.told["affect"]["layer"] for side in sides]
    if layers[0] != layers[1]:
        return f"the runs read at layers {layers[0]} and {layers[1]}"
    one, other = (load_file(run.folder / DIRECTIONS)["affect"] for run in runs)
    if one.shape != other.shape:
        return "the runs have two networks"
    a, b = (np.asarray(each[layers[0]], float) for each in (one, other))
    cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    if cosine < SAME:
        return f"their directions differ (cosine {cosine:.3f}, under {SAME})"
    return ""


def _size(first: Side, second: Side) -> Twice:
    rows = dict(_sets(first))["affect"]
    sizes = [_by_pair(side.reading[rows], side, rows) / 2 for side in (first, second)]
    return Twice(
        "affect/size", "internal", "reading",
        "half of the difference of readings within pairs, second run less first, units of the probe's labels",
        "pair", sizes[0], sizes[1], LEAST_SIZE, CONFIRMS,
        barred=_barred(first, second), sensitive=_sensitive(first, second),
    )  # fmt: skip


def _said(first: Side, second: Side) -> Twice:
    """Return the report of the state after texts that should move it, less that after their twins."""
    rows = np.isin(first.kind, ("keyword_free", "neutral")) & np.isfinite(first.report)
    rows &= np.isfinite(second.report)
    shifts = [_by_pair(side.report[rows], side, rows) for side in (first, second)]
    told = [side.told["self_report"] for side in (first, second)]
    barred = tuple(
        f"median option mass {each['mass']:.2g} in the {word} run, under {LEAST_MASS}"
        for word, each in zip(ORDER, told, strict=True)
        if each["mass"] < LEAST_MASS
    )
    yes = told[1]["yes"] - told[0]["yes"]
    least = SESOI["self_report"]
    return Twice(
        "report", "self_report", "log_odds",
        "how far the report of the state follows the text, half contrast of log-odds, second run less first",
        "pair", shifts[0], shifts[1], least, CONFIRMS, barred=barred, sensitive=False,
        notes=(f"inclination to Yes moved by {yes:+.2f}",) if abs(yes) >= least else (),
    )  # fmt: skip


def _by_pair(values: Array, side: Side, rows: Mask) -> Array:
    """Return mean of moving texts less mean of twins in every pair; NaN where one side is missing."""
    groups, moving = side.group[rows], _moving(side)[rows]
    found = []
    for name in sorted(set(groups.tolist())):
        own = groups == name
        both = [values[own & moving], values[own & ~moving]]
        found.append(both[0].mean() - both[1].mean() if all(map(len, both)) else np.nan)
    return np.array(found)
