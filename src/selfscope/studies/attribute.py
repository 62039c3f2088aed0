"""The two studies behind ``selfscope attribute``: which dimensions moved, and which line moves them.

measurement.md §13. *Choosing*: half of the statements of each keying, the identity against one class of
control texts; what is chosen is a choice and no finding. *Judging*: the other half, and versions of the file
in which lines are replaced by neutral ones. Each is a stored run of its own, resumed and traced as all are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import instrument_for
from selfscope.instruments.own_items import items_asked
from selfscope.models.ground import Ground
from selfscope.stats.attribution import Versions, versions_of
from selfscope.stats.masked import Mask
from selfscope.stats.screening import MOST_SCREENED
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.subjects import Reading
from selfscope.subjects.lines import LinedFile, lined
from selfscope.values import Arm, Dimension, ItemSet, Preset, Study

#: Halves of the statements of each keying: the one that chooses, and the one that judges.
CHOOSING, JUDGING = 0, 1
#: Classes against which a dimension can have shifted; each has at least five texts.
CLASSES = ("generic", "persona")
#: Dimensions that are traced at most; a preset that is not named traces all that are chosen.
MOST: dict[Preset, int] = {"demo": 3}
#: Dimensions with which a plan reckons while none are chosen.
RECKONED = 3


@dataclass(frozen=True)
class AttributeRequest:
    """What the user asked for.

    Attributes
    ----------
    against
        The class of control texts: ``generic`` or ``persona``.
    dimensions
        Dimensions whose lines are looked for, whatever they did; empty: those that shifted.
    deletion
        Whether the file is also asked with each line deleted, as a check on the neutral lines.
    """

    identity: Reading
    items: ItemSet
    channel: str
    preset: Preset = "standard"
    against: str = "generic"
    dimensions: tuple[str, ...] = ()
    seed: int = 0
    deletion: bool = False


@dataclass(frozen=True)
class Tracing:
    """The study that judges lines, and what its arms hold.

    Attributes
    ----------
    lines
        Versions over lines; their units are the lines of `file`.
    roles
        Versions over roles; None where the identity has only one.
    names
        By the lines that it holds, the arm of each version.
    deleted
        The arms from which one line is deleted, line by line; empty where that is not asked.
    """

    study: Study
    file: LinedFile
    lines: Versions
    roles: Versions | None
    names: dict[tuple[bool, ...], str]
    deleted: tuple[str, ...] = ()

    def arms_of_lines(self) -> list[str]:
        """Return the arm of every version over lines, in the order of `lines.held`."""
        return [self.names[row] for row in map(tuple, self.lines.held.tolist())]

    def arms_of_roles(self) -> list[str]:
        """Return the arm of every version over roles, in the order of `roles.held`."""
        held = np.zeros((0, 0), bool) if self.roles is None else self.roles.held
        return [self.names[row] for row in map(tuple, by_line(self.file, held).tolist())]


def channel_on(ground: Ground, named: str = "") -> str:
    """Return the channel in which lines are traced: the one named, else the one that is read best.

    That is ``utterance`` where the ground gives the log-probability of a text: there the smallest models can
    be read too; else ``self_report``.

    Raises
    ------
    BadInput
        If the ground cannot serve it, or draws its answers: a line is worth less than drawing adds.
    """
    channel = named or ("self_report" if ground.unavailable("text") else "utterance")
    reason = ground.unavailable(instrument_for(channel).kind)
    if reason:
        raise BadInput(f"{channel} cannot be had of {ground.identity.name}: {reason}", fix="Give --channel")
    if ground.identity.extra.get("way") == "sampled":
        raise BadInput(
            "this model gives no log-probabilities, and a line moves less than drawn answers vary",
            got=ground.identity.name,
            fix="Choose a model with log-probabilities",
        )
    return channel


def choosing_study(request: AttributeRequest, ground: Ground) -> Study:
    """Return the study that chooses dimensions: the identity and the class, on half of the statements.

    Raises
    ------
    BadInput
        If the class or a dimension does not exist, or a dimension's statements cannot tell a trait from a
        habit of answering (twins and both keyings).
    """
    names = request.dimensions or tuple(d.name for d in separable(request))
    profile = build_profile(_profile(request, names, sensitivity=False), ground)
    arms = tuple(replace(arm, half=CHOOSING) for arm in profile.arms)
    return replace(profile, title=f"attribute {request.identity.name}, choosing dimensions", arms=arms)


def judging_study(request: AttributeRequest, ground: Ground, dimensions: Sequence[str]) -> Tracing:
    """Return the study that judges lines in these dimensions, on the other half of the statements.

    Raises
    ------
    BadInput
        If the identity has no line, or is too long.
    """
    profile = build_profile(_profile(request, tuple(dimensions), sensitivity=True), ground)
    file = lined(request.identity, ground.count_tokens, request.seed)
    lines = versions_of(len(file.lines), np.random.default_rng([request.seed, 0]))
    roles = versions_of(len(file.roles), np.random.default_rng([request.seed, 1])) if file.roles else None
    names = _names(file, lines, roles, profile.subject.name)
    fixed = [
        arm if arm.role in ("high", "low", "material") else replace(arm, half=JUDGING) for arm in profile.arms
    ]
    deleted = tuple(_deleted(file, ground)) if request.deletion else ()
    study = replace(
        profile,
        title=f"attribute {request.identity.name}, judging lines",
        arms=(*fixed, *_variants(file, names, ground, profile.subject.name), *deleted),
    )
    return Tracing(study, file, lines, roles, names, tuple(arm.name for arm in deleted))


def separable(request: AttributeRequest) -> tuple[Dimension, ...]:
    """Return the dimensions in which the trait can be told from habits of answering, in their order.

    Raises
    ------
    BadInput
        If a dimension was named that is none of them, or there is none at all.
    """
    asked = items_asked(instrument_for(request.channel), request.items).dimensions
    able = tuple(d for d in asked if not d.manipulation_check and _separates(d))
    known = tuple(d.name for d in able)
    unknown = [name for name in request.dimensions if name not in known]
    if unknown or not able:
        raise BadInput(
            f"no dimension of {request.channel} whose lines could be told apart",
            got=", ".join(unknown),
            fix=f"Choose from: {', '.join(known) or 'statements with negations, for and against'}",
        )
    return able


def by_line(file: LinedFile, held: Mask) -> Mask:
    """Return versions over roles ``(version, role)`` as versions over lines ``(version, line)``."""
    found = np.zeros((len(held), len(file.lines)), bool)
    for number, (_, members) in enumerate(file.roles):
        found[:, list(members)] = held[:, [number]]
    outside = [n for n, line in enumerate(file.lines) if not any(n in own for _, own in file.roles)]
    found[:, outside] = True
    return found


def _separates(dimension: Dimension) -> bool:
    statements = dimension.statements
    return all(s.twin is not None for s in statements) and {s.keyed for s in statements} == {1, -1}


def _profile(request: AttributeRequest, names: tuple[str, ...], *, sensitivity: bool) -> ProfileRequest:
    separable(request)
    if request.against not in CLASSES:
        raise BadInput("no such class of control texts", got=request.against, fix="Choose generic or persona")
    return ProfileRequest(
        identity=request.identity,
        items=request.items,
        preset=request.preset,
        channels=(request.channel,),
        against=(request.against,),
        seed=request.seed,
        constructs=((request.channel, names),),
        sensitivity=sensitivity,
    )


def _names(
    file: LinedFile, lines: Versions, roles: Versions | None, subject: str
) -> dict[tuple[bool, ...], str]:
    """Return a name for every version; one that two designs share keeps the first."""
    names: dict[tuple[bool, ...], str] = {(True,) * len(file.lines): subject}
    labels = [f"{n + 1:02d}" for n in range(len(file.lines))]
    for row, name in _named(lines, lines.held, labels, "lines"):
        names.setdefault(row, name)
    if roles is not None:
        for row, name in _named(roles, by_line(file, roles.held), [r for r, _ in file.roles], "roles"):
            names.setdefault(row, name)
    return names


def _named(
    versions: Versions, held: Mask, labels: Sequence[str], kind: str
) -> Iterable[tuple[tuple[bool, ...], str]]:
    for number, (units, row) in enumerate(zip(versions.held, held, strict=True)):
        count, last = int(units.sum()), len(labels) - 1
        if count == 0:
            name = f"{kind}:none"
        elif count == last:
            name = f"{kind}:without:{labels[int(np.flatnonzero(~units)[0])]}"
        elif count == 1:
            name = f"{kind}:only:{labels[int(np.flatnonzero(units)[0])]}"
        else:
            name = f"{kind}:mixed:{number:03d}"
        yield tuple(row.tolist()), name


def _variants(
    file: LinedFile, names: dict[tuple[bool, ...], str], ground: Ground, subject: str
) -> Iterable[Arm]:
    for row, name in names.items():
        if name != subject:
            text = file.with_lines(kept_by(row))
            yield Arm(name, "variant", text, tokens=ground.count_tokens(text), half=JUDGING)


def _deleted(file: LinedFile, ground: Ground) -> Iterable[Arm]:
    for number in range(len(file.lines)):
        text = file.without(number)
        name = f"lines:deleted:{number + 1:02d}"
        yield Arm(name, "variant", text, tokens=ground.count_tokens(text), half=JUDGING)


def kept_by(row: Iterable[bool]) -> Collection[int]:
    """Return the indices of the lines that a version holds."""
    return frozenset(n for n, held in enumerate(row) if held)


def screened(file: LinedFile) -> bool:
    """Whether the lines are few enough for a screening design."""
    return len(file.lines) <= MOST_SCREENED
