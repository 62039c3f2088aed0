"""From the observations of the two studies of ``attribute`` to what each line does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import stack_texts
from selfscope.stats.attribution import Pooled, UnitEffects, Versions, shortfalls, unit_effects
from selfscope.stats.classes import ClassContrast, class_contrast
from selfscope.stats.contrast import PairedContrast
from selfscope.studies.analyse import STATES
from selfscope.studies.attribute import (
    CHOOSING,
    JUDGING,
    MOST,
    AttributeRequest,
    Tracing,
    screened,
)
from selfscope.studies.check import sensitivity_of
from selfscope.studies.scores import Floats, Layout, arm_scores
from selfscope.values import ItemSet, Study
from selfscope.values.attribution import (
    POOLED,
    Attribution,
    Effect,
    LineEffects,
    RoleEffects,
    Shift,
    TracedDimension,
)
from selfscope.values.study import ArmRole

if TYPE_CHECKING:
    import pandas as pd

#: Two-sided p, not corrected, up to which a dimension is chosen.
CHOSEN_BELOW = 0.05


@dataclass(frozen=True)
class Choice:
    """Dimensions that were looked at, and those whose lines are traced.

    Attributes
    ----------
    shifts
        By dimension, against the class, on the half that chooses.
    chosen
        Dimensions to trace, in the order of the item set.
    """

    shifts: Mapping[str, Shift]
    chosen: tuple[str, ...]

    @property
    def signs(self) -> Floats:
        """In which direction the file moved each chosen dimension: +1 or -1."""
        return np.array([-1.0 if self.shifts[d].estimate < 0 else 1.0 for d in self.chosen])


def choose(request: AttributeRequest, study: Study, frame: pd.DataFrame) -> Choice:
    """Return which dimensions are traced: those named, else those that shifted against the class.

    A dimension shifted if it moved by the smallest effect of interest with p <= .05, of both tests against
    the class (§5: statements, and texts); the strongest by t, as many as the preset traces.
    """
    contrast, layout = _against_class(request, study, frame, CHOOSING)
    shifts = dict(zip(layout.dimensions, _shifts(contrast), strict=True))
    if request.dimensions:
        return Choice(shifts, tuple(d for d in layout.dimensions if d in request.dimensions))
    sesoi = study.questions[0].sesoi
    t = np.abs(contrast.estimate) / np.fmax(contrast.items.se, contrast.text_se)
    able = (np.abs(contrast.estimate) >= sesoi) & (contrast.p <= CHOSEN_BELOW)
    ranked = sorted(np.flatnonzero(able), key=lambda d: -t[d])[: MOST.get(request.preset)]
    return Choice(shifts, tuple(layout.dimensions[d] for d in sorted(ranked)))


def nothing_moved(request: AttributeRequest, study: Study, choice: Choice) -> Attribution:
    """Return the finding of a file that moved no dimension: there is nothing to attribute."""
    sesoi = study.questions[0].sesoi
    why = (
        f"On the half of the statements that chooses, no dimension moved by {sesoi:g} or more against the "
        f"class {request.against} with p at most {CHOSEN_BELOW:g}, so there is no shift whose lines could be "
        "looked for. That is no finding that the file does nothing."
    )
    return replace(_head(request, study, tuple(_untraced(request.items, choice))), why=why)


def attribution(
    request: AttributeRequest, tracing: Tracing, choice: Choice, frame: pd.DataFrame
) -> Attribution:
    """Return what every line and every role does, from the answers of the study that judges."""
    study, file = tracing.study, tracing.file
    contrast, layout = _against_class(request, study, frame, JUDGING)
    scored = _Scored({str(name): rows for name, rows in frame.groupby("character")}, layout, choice.signs)
    lines = scored.effects(tracing.lines, tracing.arms_of_lines(), study)
    roles = tracing.roles and scored.effects(tracing.roles, tracing.arms_of_roles(), study)
    deleted = scored.without(study.subject.name, tracing.deleted) if tracing.deleted else None
    variants = [a for a in study.arms_of("subject", "variant") if a.name not in tracing.deleted]
    apart = max(abs(arm.tokens - study.subject.tokens) for arm in variants)
    checks = _checks(study, request.items, frame)
    traced = _traced(request.items, choice, contrast, lines, checks)
    return replace(
        _head(request, study, (*traced, *_untraced(request.items, choice))),
        lines=tuple(_of_lines(tracing, lines, layout.dimensions, deleted)),
        roles=tuple(_of_roles(tracing, roles, layout.dimensions)) if roles else (),
        total_shift=_pooled_shift(lines.total),
        sum_of_effects=_pooled_shift(lines.sum_of_effects),
        method="screening" if screened(file) else "leave-one-out and only-this",
        versions=len(variants),
        tokens_apart=apart,
        notes=tuple(_notes(tracing, choice, contrast, checks, apart)),
    )


@dataclass(frozen=True)
class _Scored:
    """The rows of every arm, how they are laid out, and in which direction each dimension counts."""

    rows: Mapping[str, pd.DataFrame]
    layout: Layout
    signs: Floats

    def effects(self, versions: Versions, arms: Sequence[str], study: Study) -> UnitEffects:
        """Return the effects of units from their versions' arms."""
        return unit_effects(self._d(arms), self.layout.keyed, versions, self.signs, study.questions[0].sesoi)

    def without(self, whole: str, arms: Sequence[str]) -> Floats:
        """Return what the file loses where a line is deleted, ``(line, 1 + dimension)``, the pooled first."""
        found, each = shortfalls(self._d([whole])[0], self._d(arms), self.layout.keyed, self.signs)
        return np.concatenate([found.estimate[:, None], each], axis=1)

    def _d(self, arms: Sequence[str]) -> Floats:
        return np.stack([arm_scores(self.rows[name], self.layout).d for name in arms])


def _against_class(
    request: AttributeRequest, study: Study, frame: pd.DataFrame, half: int
) -> tuple[ClassContrast, Layout]:
    """Return the identity against the class on one half of the statements."""
    layout = Layout.of(asks_in(study.questions[0], request.items, study.preset, half=half))
    scores = {
        arm.name: arm_scores(frame[frame["character"] == arm.name], layout)
        for arm in study.arms_of("subject", _role(request))
    }
    texts = stack_texts([scores[arm.name] for arm in study.arms_of(_role(request))])
    return class_contrast(scores[study.subject.name].d, texts.d, layout.keyed, flip=False), layout


def _role(request: AttributeRequest) -> ArmRole:
    return "persona" if request.against == "persona" else "generic"


def _checks(study: Study, items: ItemSet, frame: pd.DataFrame) -> dict[str, str]:
    """Return the state of the sensitivity check of every traced dimension."""
    question = study.questions[0]
    layout = Layout.of(asks_in(question, items, study.preset))
    sides: tuple[ArmRole, ArmRole] = ("high", "low")
    high, low = (
        arm_scores(frame[frame["character"].isin([a.name for a in study.arms_of(side)])], layout)
        for side in sides
    )
    states = np.broadcast_to(sensitivity_of(high, low, layout, question.sesoi).state, len(layout.dimensions))
    return {
        d: STATES.get(int(state), "not estimated") for d, state in zip(layout.dimensions, states, strict=True)
    }


def _head(request: AttributeRequest, study: Study, dimensions: tuple[TracedDimension, ...]) -> Attribution:
    """Return what is known before any line is judged."""
    return Attribution(
        subject=study.subject.name,
        model=str(study.ground["name"]),
        channel=request.channel,
        against=request.against,
        sesoi=study.questions[0].sesoi,
        named=bool(request.dimensions),
        dimensions=dimensions,
        tokens=study.subject.tokens,
    )


def _traced(
    items: ItemSet, choice: Choice, contrast: ClassContrast, lines: UnitEffects, checks: Mapping[str, str]
) -> Iterator[TracedDimension]:
    shifts, totals = _shifts(contrast), _totals(lines.each_total)
    for name, shift, total in zip(choice.chosen, shifts, totals, strict=True):
        yield TracedDimension(
            name, items.dimension(name).title, True, choice.shifts[name], shift, total, checks[name]
        )


def _untraced(items: ItemSet, choice: Choice) -> Iterator[TracedDimension]:
    for name, shift in choice.shifts.items():
        if name not in choice.chosen:
            yield TracedDimension(name, items.dimension(name).title, False, shift)


def _shifts(contrast: ClassContrast) -> list[Shift]:
    return [
        Shift(float(e), (float(ci[0]), float(ci[1])), float(p))
        for e, ci, p in zip(contrast.estimate, contrast.ci95, contrast.p, strict=True)
    ]


def _totals(found: PairedContrast) -> list[Shift]:
    return [
        Shift(float(e), (float(ci[0]), float(ci[1])), float(p))
        for e, ci, p in zip(found.estimate, found.ci95, found.p_t, strict=True)
    ]


def _pooled_shift(found: Pooled) -> Shift:
    return Shift(float(found.estimate), (float(found.ci[0]), float(found.ci[1])), float(found.p))


def _of_lines(
    tracing: Tracing, found: UnitEffects, dimensions: Sequence[str], deleted: Floats | None
) -> Iterator[LineEffects]:
    for number, line in enumerate(tracing.file.lines):
        claim, rows = line.claim, tuple(_rows(found, number, dimensions))
        if deleted is not None:
            lost = zip(rows, deleted[number], strict=True)
            rows = tuple(replace(row, deleted=float(value)) for row, value in lost)
        yield LineEffects(
            claim.line,
            claim.end_line,
            claim.file,
            line.role,
            claim.text,
            line.neutral,
            claim.start,
            claim.end,
            rows,
        )


def _of_roles(tracing: Tracing, found: UnitEffects, dimensions: Sequence[str]) -> Iterator[RoleEffects]:
    for number, (role, members) in enumerate(tracing.file.roles):
        yield RoleEffects(role, len(members), tuple(_rows(found, number, dimensions)))


def _rows(found: UnitEffects, unit: int, dimensions: Sequence[str]) -> Iterator[Effect]:
    """Yield the pooled effect of one unit, which is tested, and its effect in each dimension."""
    three = (found.effect, found.leave_one_out, found.only_this)
    told = [(float(f.estimate[unit]), _pair(f.ci[unit])) for f in three]
    yield Effect(
        POOLED, *told[0], *told[1], *told[2],
        p=float(found.effect.p[unit]),
        p_adjusted=float(found.q[unit]),
        moves=bool(found.moves[unit]),
        interaction=found.interaction[unit],
    )  # fmt: skip
    for d, name in enumerate(dimensions):
        each = [(float(c.estimate[unit, d]), _pair(c.ci95[unit, d])) for c in found.each]
        yield Effect(name, *each[0], *each[1], *each[2])


def _pair(ci: Floats) -> tuple[float, float]:
    return float(ci[0]), float(ci[1])


def _notes(
    tracing: Tracing, choice: Choice, contrast: ClassContrast, checks: Mapping[str, str], apart: int
) -> Iterator[str]:
    """Yield what a reader must know."""
    moved = (contrast.p <= CHOSEN_BELOW) & (contrast.estimate * choice.signs > 0)
    weak = [name for name, sure in zip(choice.chosen, moved, strict=True) if not sure]
    if weak:
        yield (
            f"on the half of the statements that judges, {', '.join(weak)} is not shown to have moved as on "
            "the half that chose: that may have been chance, and so may be what is said of lines there"
        )
    blind = [d for d in choice.chosen if checks[d] != "pass"]
    if blind:
        yield (
            f"characters told to hold it and its opposite were not told apart in {', '.join(blind)}: "
            "a line that shows nothing there may still do something"
        )
    if apart:
        yield f"neutral lines are not all of equal length here: a version differs by up to {apart} tokens"
    if not screened(tracing.file):
        yield "too many lines for a screening design: an effect is the mean of leaving one out and only this"
