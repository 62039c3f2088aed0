"""What a cap did as rows of the one table: every item without a cap, under the cap, and under each sham.

Items are those that took no part in choosing. The folder of the fitting, or of the check, is then a run whose
table can be read, stressed and compared like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from selfscope.models.caps import Cap
from selfscope.stats.cap import Scored
from selfscope.studies.cap_material import CapMaterial, Part
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.profile import software_versions
from selfscope.values import Arm, ItemSet, Study, content_id, plain

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.space.stability.load import RoleJailbreak
    from selfscope.studies.cap_fit import Fitting

#: What a run of a cap's items is called among the sets of items, and its instrument.
NAME = "cap"
#: Characters of the table: the model as it is, under the cap, and under the other cap that was confirmed.
NONE, CAP, OTHER = "none", "cap", "other"
Construct = Literal["late", "jailbreak", "capability", "style"]
#: In what the items of a construct are scored.
SCALES: dict[Construct, str] = {
    "late": "log_odds_a_token",
    "jailbreak": "log_odds_a_token",
    "capability": "chance",
    "style": "log_prob_a_token",
}


@dataclass(frozen=True)
class _Asked:
    """One item: in which cluster it is, and what stands in the evidence."""

    construct: Construct
    cluster: str
    id: str
    evidence: str
    user: str
    replies: tuple[str, ...]


async def keep_rows(fitting: Fitting, part: Part, caps: Mapping[str, Cap | None]) -> None:
    """Write the scores of a part as a run's table, into the folder of the fitting; nothing is scored again.

    Parameters
    ----------
    caps
        By character; None where nothing is held. :data:`CAP` is among them, and says whether it is validated.

    Raises
    ------
    CouldNot
        If the disk fails.
    """
    study, store, material = _study(fitting, part, caps), fitting.store, fitting.material(part)
    store.make("parts")
    store.write_json("items.json", ItemSet(NAME, ()))
    store.write_json("study.json", study)
    for arm in study.arms:
        cap = caps[arm.name]
        scores = await fitting.scored(part, material, cap, f"{part}: {arm.name}")
        store.write_part(arm.name, _rows(fitting, study, arm, cap, material, scores), {})
    store.finish(study)


def _study(fitting: Fitting, part: Part, caps: Mapping[str, Cap | None]) -> Study:
    """Return what was held over what: its id names the network, the items, and every cap."""
    request, held = fitting.request, caps[CAP]
    assert held is not None
    notes = (held.name, held.status)
    arms = tuple(
        Arm(name, "subject", None, notes=notes) if name == CAP else Arm(name, "control", None)
        for name in caps
    )
    told = {name: "" if cap is None else cap.id for name, cap in caps.items()}
    return Study(
        title=f"cap {held.name}",
        ground=plain(fitting.ground.identity),
        items=content_id([each.evidence for each in _asked(fitting.material(part))]),
        items_name=NAME,
        questions=(),
        arms=arms,
        preset=request.preset,
        seed=request.seed,
        software=software_versions() | {"part": part, "caps": content_id(told)},
    )


def _rows(
    fitting: Fitting, study: Study, arm: Arm, cap: Cap | None, material: CapMaterial, scores: Scored
) -> pd.DataFrame:
    """Return one row an item under one cap: `script` is its cluster, `evidence` its prompt and replies."""
    held = fitting.ground if cap is None else fitting.ground.capped(cap)
    worn = columns_of(replace(study, ground=plain(held.identity)), arm, fitting.store.run)
    values = [*scores.drift, *scores.jailbreak, *scores.right, *scores.style]
    fixed: dict[str, Any] = worn | {"study": study.id, "instrument": NAME, "channel": "utterance"}
    return table_of(
        fixed
        | {
            "script": each.cluster,
            "construct": each.construct,
            "item": each.id,
            "value": float(value),
            "scale": SCALES[each.construct],
            "scorer": "logprob",
            "evidence": each.evidence,
            "user": each.user,
            "agree": each.replies[0],
            "disagree": " | ".join(each.replies[1:]),
            "reply": "",
        }
        for each, value in zip(_asked(material), values, strict=True)
    )


def _asked(material: CapMaterial) -> Iterator[_Asked]:
    """Yield the items in the order of their scores; of several replies the one that is scored for first."""
    sets: tuple[tuple[Construct, tuple[RoleJailbreak, ...]], ...]
    sets = (("late", material.late), ("jailbreak", material.jailbreaks))
    for construct, pairs in sets:
        for pair in pairs:
            told = (pair.in_role, pair.assistant)
            yield _item(construct, pair.kind, pair.id, [t.content for t in pair.turns], told)
    for task in material.tasks:
        yield _item("capability", task.block, task.id, [task.prompt], (task.right, *task.foils))
    for item in material.style:
        yield _item("style", item.register, item.id, [item.prompt], (item.reply,))


def _item(construct: Construct, cluster: str, name: str, said: list[str], replies: tuple[str, ...]) -> _Asked:
    return _Asked(construct, cluster, name, content_id([said, replies]), said[-1], replies)
