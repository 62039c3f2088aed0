"""From the runs of versions to a trajectory: levels, steps, change points and moves the wrong way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from selfscope.errors import BadInput
from selfscope.studies.asked import Asked
from selfscope.studies.compare import not_comparable, refuse_unlike
from selfscope.studies.course import ChannelCourse, ChannelParts, shared_question
from selfscope.values import ItemSet, content_id
from selfscope.values.study import SESOI
from selfscope.values.trajectory import Kind, Skipped, Trajectory

#: Channels whose answers are scored, so that versions can be followed in them.
FOLLOWED = tuple(c for c in SESOI if c != "internal")
#: Why other channels are not followed.
JUDGED = "its answers are judged and not scored"
_UNSCORED = {"internal": "what is read inside is not scored by statements"}
#: Share of tokens by which neighbours may differ before that is said.
SAME_LENGTH = 0.05
#: How the steps of a user's own items are corrected.
SCREENED = "Benjamini-Hochberg, a screening"


def trajectory(
    asked: Sequence[Asked],
    items: ItemSet,
    *,
    kind: Kind,
    name: str = "",
    unavailable: Mapping[str, str] | None = None,
    skipped: Sequence[Skipped] = (),
    notes: Sequence[str] = (),
    against: Literal["none", "level"] = "none",
) -> Trajectory:
    """Return what a character did over versions, channel by channel.

    Parameters
    ----------
    against
        Whether a point is told as a difference from the ground without a text, where that was asked, or as a
        level. Steps do not depend on it.

    Raises
    ------
    BadInput
        If versions were asked other items or presets, or no channel can be followed through all of them.
    """
    absent = dict(unavailable or {})
    for each in asked[:-1]:
        refuse_unlike(each.study, asked[-1].study)
    absent |= _not_followed(asked)
    courses = [
        ChannelCourse(asked, items, question, against)
        for question in asked[-1].study.questions
        if question.channel not in absent and shared_question(question, asked) is not None
    ]
    if not courses:
        reasons = "; ".join(f"{channel}: {why}" for channel, why in absent.items())
        raise BadInput(
            "the versions have no channel in which they can be followed",
            got=reasons or "no channel that all were asked in",
            fix="Ask all in one channel, with the same items and forms; several models in self_report",
        )
    parts = [course.parts() for course in courses]
    versions = tuple(a.version for a in asked)
    titles = {d.name: d.title for d in items.dimensions}
    return Trajectory(
        kind=kind,
        name=name or asked[-1].study.subject.name,
        versions=versions,
        courses=tuple(p.course for p in parts),
        points=tuple(x for p in parts for x in p.points),
        change_points=tuple(x for p in parts for x in p.changes),
        wrong_way=tuple(x for p in parts for x in p.wrong),
        judged=tuple(x for p in parts for x in p.judged),
        titles=titles,
        family=_family_words(parts, len(versions), "Holm" if items.name == "cluster" else SCREENED),
        fixed=_fixed_words(asked, kind),
        unavailable=absent,
        skipped=tuple(skipped),
        warnings=(*notes, *_warnings(asked, kind), *(w for p in parts for w in p.warnings)),
    )


def _not_followed(asked: Sequence[Asked]) -> dict[str, str]:
    """Return channels in which some version cannot be compared with the last, or that are not scored."""
    last = asked[-1]
    found = {
        str(q.channel): f"{_UNSCORED.get(q.channel, JUDGED)}; compare two runs instead"
        for q in last.study.questions
        if q.channel not in FOLLOWED
    }
    for each in asked[:-1]:
        found = not_comparable(each.study, last.study, each.subject(), last.subject()) | found
    return found


def _family_words(parts: Sequence[ChannelParts], versions: int, method: str) -> str:
    """Return what is corrected together."""
    n = max(len(p.course.declared) for p in parts)
    each = " in each channel" if len(parts) > 1 else ""
    if versions == 2:
        return f"{n} dimensions at one step are one family ({method}){each}."
    return (
        f"{n} dimensions at {versions - 1} steps are one family of {n * (versions - 1)} ({method}){each}; "
        f"each version against the first is corrected over its {n} dimensions and is descriptive."
    )


def _fixed_words(asked: Sequence[Asked], kind: Kind) -> str:
    study = asked[-1].study
    same = {
        "history": "the model",
        "models": "the identity's text" if study.subject.system else "that no text is given",
        "adapters": "the weights that are adapted, and the identity's text if there is one",
        "runs": "nothing else, unless the runs say so",
    }[kind]
    return (
        f"Fixed over all versions: the statements and their forms (items {study.items_name}, preset "
        f"{study.preset}), and {same}. A step is paired by statement, so it needs no class of control texts, "
        "and says only “than the version before”."
    )


def _warnings(asked: Sequence[Asked], kind: Kind) -> Iterable[str]:
    """Yield what must be known of versions as a whole."""
    grounds = dict.fromkeys(a.version.ground for a in asked)
    if len({content_id(a.study.ground) for a in asked}) > 1:
        yield (
            f"These are levels of different models ({', '.join(grounds)}): a step is all that differs "
            "between two of them, tokenizer and template included, and takes the worse gate of both."
        )
    if kind == "adapters" or any(a.study.subject.adapter for a in asked):
        yield (
            "The sensitivity check is of characters in a prompt and shows nothing about a training, so no "
            "absence is claimed; and one seed is this training run, not this training."
        )
    if kind not in ("history", "runs"):
        return
    yield (
        "A step is told against the version before and nothing else. Any edit moves something: that a step "
        "is more than other edits of its size do, only a profile against controls can say."
    )
    sizes = [a.version.tokens for a in asked]
    if any(abs(b - a) > SAME_LENGTH * max(a, 1) for a, b in pairwise(sizes)):
        yield f"The text has {min(sizes)} to {max(sizes)} tokens, and length moves answers too."
