"""What a run of ordinary tasks came to: shares by arm and kind, and verdicts against each control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from selfscope.instruments.cooperation.load import kinds_of, load_tasks
from selfscope.stats.masked import Array, mean
from selfscope.stats.noninferiority import (
    LEAST_TASKS,
    PairedShares,
    direction,
    non_inferiority,
    paired_shares,
    share_of_tasks,
)
from selfscope.studies.cooperation import (
    CALIBRATION,
    LEAST_RIGHT,
    MOST_RIGHT,
    WANTED_TASKS,
    tasks_within,
)
from selfscope.values import Arm, Estimate, Study
from selfscope.values.cooperation import (
    ArmHelped,
    Cooperation,
    Direction,
    Helped,
    NonInferiority,
    TaskCounts,
)

if TYPE_CHECKING:
    import pandas as pd

#: Classes of controls in the order in which they are told.
_CLASSES = ("none", "checklist", "generic", "persona", "shuffled", "control")


def analyse_cooperation(study: Study, rows: pd.DataFrame) -> Cooperation:
    """Return what the rows of a finished run say."""
    calibration = rows[rows["character"] == CALIBRATION]
    tasks = tasks_within(calibration)
    counts = _counts(calibration, tasks)
    asked = [arm for arm in study.arms if arm.name != CALIBRATION and tasks]
    replies = {arm.name: _Replies.of(rows, arm.name, tasks) for arm in asked}
    return Cooperation(
        counts,
        tuple(_arm(arm, replies[arm.name], tasks) for arm in asked),
        tuple(_comparisons(study, asked, replies, len(tasks))),
        _warnings(counts),
    )


@dataclass(frozen=True)
class _Replies:
    """What an arm's replies are, ``(task, draw)`` of 1 and 0 each."""

    right: Array
    refused: Array
    empty: Array

    @classmethod
    def of(cls, rows: pd.DataFrame, name: str, tasks: Sequence[str]) -> _Replies:
        own = rows[rows["character"] == name]
        said = {
            "right": own["value"] == 1,
            "refused": own["refusal"] == "refused",
            "empty": own["refusal"] == "unparsed",
        }
        table = own.assign(**{word: is_so.astype(float) for word, is_so in said.items()})
        wide = {
            word: table.pivot_table(index="item", columns="replicate", values=word).reindex(list(tasks))
            for word in said
        }
        return cls(**{word: frame.to_numpy(float) for word, frame in wide.items()})

    @classmethod
    def beside(cls, several: Sequence[_Replies]) -> _Replies:
        """Return the draws of several texts side by side, each text with the same weight."""
        return cls(*(np.concatenate([getattr(r, w) for r in several], -1) for w in cls.__annotations__))


def _arm(arm: Arm, replies: _Replies, tasks: Sequence[str]) -> ArmHelped:
    answered = 1 - replies.refused - replies.empty
    kinds = np.array([task.rpartition(".")[0] for task in tasks])
    return ArmHelped(
        name=arm.name,
        role=arm.role,
        tokens=arm.tokens,
        replies=int(np.isfinite(replies.right).sum()),
        success=_over_tasks(replies.right),
        right_of_answered=_share(replies.right[answered > 0]),
        refused=_over_tasks(replies.refused),
        empty=_share(replies.empty),
        by_kind={
            kind: _over_tasks(replies.right[kinds == kind])
            for kind in kinds_of(load_tasks())
            if (kinds == kind).any()
        },
    )


def _over_tasks(values: Array) -> Estimate:
    """Return a share of replies with its interval over tasks; none over a single task."""
    share, ci = share_of_tasks(values)
    return _estimate(share, ci)


def _share(values: Array) -> float:
    return float(mean(values.ravel()))


def _comparisons(
    study: Study, asked: Sequence[Arm], replies: dict[str, _Replies], tasks: int
) -> list[Helped]:
    subject = replies[study.subject.name] if asked else None
    found = []
    for role in _CLASSES:
        arms = [arm for arm in asked if arm.role == role]
        groups = [(arm.name, [arm]) for arm in arms] if role == "control" else [(role, arms)]
        for name, texts in groups:
            if texts and subject is not None:
                against = _Replies.beside([replies[arm.name] for arm in texts])
                found.append(_helped(study, name, texts, subject, against, tasks))
    return found


def _helped(
    study: Study, name: str, texts: Sequence[Arm], subject: _Replies, control: _Replies, tasks: int
) -> Helped:
    margin = study.questions[0].sesoi
    right = paired_shares(subject.right, control.right, margin)
    refused = paired_shares(subject.refused, control.refused, margin)
    verdict = non_inferiority(float(right.lower), float(right.upper), tasks, margin)
    side = direction(float(right.ci95[0]), float(right.ci95[1]), tasks)
    return Helped(
        control=name,
        texts=len(texts),
        tasks=tasks,
        margin=margin,
        success=_estimate(right.estimate, right.ci95),
        lower=float(right.lower),
        upper=float(right.upper),
        p_inferior=float(right.p_inferior),
        p_difference=float(right.p_difference),
        verdict=verdict,
        difference=side,
        refused=_estimate(refused.estimate, refused.ci95),
        notes=_notes(texts, tasks),
        sentence=_sentence(study, name, right, refused, verdict, side),
    )


def _estimate(value: Array, ci: Array) -> Estimate:
    return Estimate(float(value), (float(ci[0]), float(ci[1])))


def _notes(texts: Sequence[Arm], tasks: int) -> tuple[str, ...]:
    own = {note for arm in texts for note in arm.notes}
    few = {"few_tasks"} if tasks < WANTED_TASKS else set()
    return tuple(sorted(own | few))


#: How a control is called in a sentence.
_SAID = {
    "none": "the model with no identity",
    "checklist": "its rules as a checklist",
    "generic": "these professional identities",
    "persona": "these strong personas",
    "shuffled": "its own sentences in other orders",
}


def _sentence(
    study: Study,
    control: str,
    right: PairedShares,
    refused: PairedShares,
    verdict: NonInferiority,
    side: Direction,
) -> str:
    """Return what a comparison allows one to say."""
    subject, other = study.subject_name, _SAID.get(control, control)
    points = f"{100 * study.questions[0].sesoi:g} points"
    bound = f"one-sided 95 % bound {_signed(right.lower)}"
    told = {
        "not inferior": f"{subject} does ordinary tasks not worse than {other}, to within {points}: {bound}.",
        "inferior": f"{subject} does ordinary tasks worse than {other}, by more than {points}.",
        "cannot tell": f"Whether {subject} loses more than {points} against {other} cannot be told: {bound}.",
    }[verdict]
    two = {
        "higher": "It does more right",
        "lower": "It does fewer right",
        "cannot tell": "No difference shows",
    }
    said = [told, f"{two[side]}: {_points(right)}."]
    if float(refused.ci95[0]) > 0 or float(refused.ci95[1]) < 0:
        oftener = "oftener" if float(refused.estimate) > 0 else "less often"
        said.append(f"It declines {oftener}: {_points(refused)}.")
    return " ".join(said)


def _points(found: PairedShares) -> str:
    """Return a difference of shares in points with its interval."""
    low, high = map(_signed, found.ci95)
    return f"{_signed(found.estimate)} points [{low}, {high}]"


def _signed(share: ArrayLike) -> str:
    """Return a share in points, with its sign."""
    return f"{100 * float(np.asarray(share)):+.1f}".replace("-", "−")


def _counts(calibration: pd.DataFrame, within: Sequence[str]) -> TaskCounts:
    right = calibration["value"] == 1
    share = right.groupby(calibration["item"]).mean()
    hard, easy = share.index[share < LEAST_RIGHT], share.index[share > MOST_RIGHT]
    return TaskCounts(
        bank=len(share),
        within=len(within),
        too_hard=len(hard),
        too_easy=len(easy),
        by_kind=_by_kind(within),
        hard_by_kind=_by_kind(hard),
        easy_by_kind=_by_kind(easy),
        draws=int(calibration["replicate"].max()) + 1,
        right_when_chosen=float(right[calibration["item"].isin(within)].mean()) if within else float("nan"),
    )


def _by_kind(tasks: Iterable[str]) -> dict[str, int]:
    kinds = [task.rpartition(".")[0] for task in tasks]
    return {kind: kinds.count(kind) for kind in kinds_of(load_tasks())}


def _warnings(counts: TaskCounts) -> tuple[str, ...]:
    if counts.within >= WANTED_TASKS:
        return ()
    short = f"{counts.within} tasks lie between 20 and 90 percent on this model, {WANTED_TASKS} are wanted"
    if counts.within < LEAST_TASKS:
        return (f"{short}; on fewer than {LEAST_TASKS} nothing is concluded",)
    return (f"{short}; intervals are wider for it",)
