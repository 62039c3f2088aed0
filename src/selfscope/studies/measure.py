"""Measure what the cluster comes to on a ground, and write it down for the documentation::

    python -m selfscope.studies.measure              # the embedded model, into the package
    python -m selfscope.studies.measure --out FILE

Two studies are run, each resumable: ``profile none`` in the standard preset, whose sensitivity check is the
product's own, and the same check with the two wordings of every character exchanged. Which wording asks
which half of the statements is a free choice; the second study shows how much hangs on it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.measured import (
    FILE,
    Answering,
    Check,
    Checked,
    Lengths,
    Measured,
    Overlap,
)
from selfscope.instruments.instrument import instrument_for
from selfscope.models.ground import Ground
from selfscope.stats.verdicts import PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.store import RunStore
from selfscope.values import Dimension, ItemSet, Question, Statement, Study, plain

if TYPE_CHECKING:
    import pandas as pd

#: Words shorter than this are too common to count as shared, and so many letters of a word must agree.
SHORTEST, STEM = 4, 5
_CELL = ["channel", "item", "template", "format", "order", "label", "position"]


async def measure(ground: Ground, items: ItemSet, progress: RunProgress | None = None) -> Measured:
    """Ask both studies of a ground and return what they come to."""
    standard = build_profile(ProfileRequest(None, items, "standard"), ground)
    studies = (standard, exchanged(standard))
    frames = []
    for study in studies:
        store = RunStore.of(study)
        await run_study(study, items, ground, store, progress=progress)
        frames.append(store.observations())
    return measured_of(studies, items, frames, ground)


def exchanged(study: Study) -> Study:
    """Return the sensitivity check of `study` alone, each wording being asked what the other was."""
    arms = tuple(replace(arm, half=1 - (arm.half or 0)) for arm in study.arms_of("high", "low"))
    return replace(study, title="the sensitivity check, wordings exchanged", arms=arms)


def measured_of(
    studies: tuple[Study, Study], items: ItemSet, frames: Sequence[pd.DataFrame], ground: Ground
) -> Measured:
    """Return what the observations of the two studies come to."""
    import pandas as pd

    standard, other = (_of_the_check(f) for f in frames)
    ways = {"standard": standard, "exchanged": other, "both": pd.concat([standard, other])}
    checks = {
        str(q.channel): _checked({name: check_of(f, items, q) for name, f in ways.items()})
        for q in studies[0].questions
    }
    return Measured(
        recipe=_recipe(studies, ground),
        sesoi={str(q.channel): q.sesoi for q in studies[0].questions},
        checks=checks,
        overlap=overlap_of(ways["both"], items),
        answering=answering_of(standard),
        lengths=lengths_of(items, ground),
    )


def check_of(frame: pd.DataFrame, items: ItemSet, question: Question) -> dict[str, Check]:
    """Return the sensitivity check of every dimension from rows of the check's characters."""
    layout = Layout.of(instrument_for(question.asker).asks(items, "standard", question.constructs))
    rows = frame[frame["channel"] == question.channel]
    side = rows["character"].str.split(":").str[1]
    high, low = (arm_scores(rows[side == name], layout) for name in ("high", "low"))
    found = sensitivity_of(high, low, layout, question.sesoi)
    return {
        name: Check(
            round(float(found.contrast.estimate[d]), 4),
            round(float(found.lower[d]), 4),
            bool(found.state[d] == PASS),
        )
        for d, name in enumerate(layout.dimensions)
    }


def overlap_of(frame: pd.DataFrame, items: ItemSet) -> dict[str, Overlap]:
    """Return how far statements move in ``utterance`` that share a word with their characters, or none.

    A statement moves by k (U(statement) - U(twin)) / 2 of the high characters minus that of the low ones.
    """
    rows = frame[frame["channel"] == "utterance"]
    value = rows["value"] * rows["keyed"] * rows["polarity"]
    side = rows["character"].str.split(":").str[1]
    moved = value.groupby([rows["item"], side]).mean().unstack()
    moves = moved["high"] - moved["low"]
    shares = {s.id: shares_a_word(s, items.dimension(s.construct)) for s in items.statements}
    return {
        name: _mean(moves[[i for i in moves.index if shares[i] is shared]].to_numpy(float))
        for name, shared in (("shared", True), ("none", False))
    }


def shares_a_word(statement: Statement, dimension: Dimension) -> bool:
    """Say whether a statement and the characters of its check have a word of four letters or more in common.

    Words are the same if their first five letters are.
    """
    if dimension.sensitivity is None:
        return False
    said = " ".join((*dimension.sensitivity.high, *dimension.sensitivity.low))
    return bool(_stems(statement.text) & _stems(said))


def answering_of(frame: pd.DataFrame) -> dict[str, Answering]:
    """Return how the check's characters answer questions, by format."""
    rows = frame[frame["channel"] == "self_report"]
    found = {}
    for name, own in rows.groupby("format"):
        pairs = own.pivot_table(index=["character", *_CELL[1:]], columns="polarity", values="value")
        same = float((np.sign(pairs[1]) == np.sign(pairs[-1])).mean())
        found[str(name)] = Answering(round(float(own["option_mass"].median()), 4), round(same, 4))
    return found


def lengths_of(items: ItemSet, ground: Ground) -> Lengths:
    """Return how long statements and twins are, in the ground's tokens."""
    counts = [ground.count_tokens(t) for s in items.statements for t in (s.text, s.twin) if t]
    return Lengths(round(float(np.mean(counts)), 2), min(counts), max(counts))


def _of_the_check(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["character"].str.contains(r":(?:high|low):\d+$", regex=True)]


def _checked(ways: Mapping[str, Mapping[str, Check]]) -> dict[str, Checked]:
    return {name: Checked(**{way: found[name] for way, found in ways.items()}) for name in ways["standard"]}


def _mean(values: NDArray[np.float64]) -> Overlap:
    se = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    mean = float(values.mean()) if len(values) else float("nan")
    return Overlap(round(mean, 4), round(se, 4), len(values))


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= SHORTEST}


def _recipe(studies: tuple[Study, Study], ground: Ground) -> dict[str, object]:
    identity = ground.identity
    return {
        "command": "python -m selfscope.studies.measure",
        "model": identity.name,
        "revision": identity.revision,
        "template": identity.template,
        "precision": identity.precision,
        "items": studies[0].items,
        "preset": studies[0].preset,
        "seed": studies[0].seed,
        "studies": [study.id for study in studies],
        "date": datetime.now(UTC).date().isoformat(),
        "software": studies[0].software,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures."""
    from selfscope.models.choose import choose_ground

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--model", default="embedded", help="the ground to ask")
    parser.add_argument("--out", type=Path, default=FILE, help="where to write")
    chosen = parser.parse_args(arguments)
    found = asyncio.run(measure(choose_ground(chosen.model), load_cluster()))
    chosen.out.write_text(json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
