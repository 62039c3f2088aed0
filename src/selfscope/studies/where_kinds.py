"""What is told apart in runs of agents: lives, announcements, and characters that speak after one another.

Where no facets are named, these are the law's (`measurement.md` §11) for each kind of run: a life is the
level ``agent``, nested in nothing, since all lives of an arm begin as one State.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.studies.lives import ABLATED
from selfscope.studies.lives_gate import readable
from selfscope.studies.replacement import NAME as REPLACEMENT
from selfscope.studies.replacement import TOLD
from selfscope.studies.scores import Layout
from selfscope.studies.stress_changed import UNREAD
from selfscope.studies.stress_kinds import kind_of_run
from selfscope.studies.stress_lived import arms_of
from selfscope.studies.stress_lives import NAME as LIVES
from selfscope.studies.together import NAME as TOGETHER
from selfscope.studies.together_found import readable_in
from selfscope.studies.together_run import BATCH
from selfscope.values import ItemSet, Study

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.studies.where import WhereRequest

#: One table of a run: what it is of beside channel and construct, its rows, and what is asked of it.
Part = tuple[Mapping[str, str], "pd.DataFrame", "WhereRequest"]
#: Facets and object of each kind.
IN_LIVES = (("agent", "keyed", "item"), "agent")
IN_THREADS = (("character", "counterparty", "script", "keyed", "item"), "character")
IN_ANNOUNCED = (("agent", "script"), "agent")


def has_kind(study: Study, request: WhereRequest) -> bool:
    """Say whether a run has facets of its kind, and none were named."""
    return not request.facets and kind_of_run(study) in _PARTS


def parts_of(study: Study, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Part]:
    """Yield the tables of a run of a kind, each with its facets and object.

    Raises
    ------
    BadInput
        If the run has no such rows.
    """
    yield from _PARTS[kind_of_run(study)](study, frame, request)


def unread_in(study: Study, items: ItemSet, rows: pd.DataFrame) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return channels and constructs in which the run's sensitivity check failed, each with the reason."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for question in study.questions if kind_of_run(study) in (LIVES, TOGETHER) else ():
        if question.channel in set(rows["channel"]):
            layout = Layout.of(asks_in(question, items, study.preset))
            alone = rows[rows["instrument"] != BATCH]
            own = (
                readable_in(study, alone, layout)
                if kind_of_run(study) == TOGETHER
                else readable(study, question, items, rows)
            )
            names = zip(layout.dimensions, own, strict=True)
            found |= {(question.channel, name): (UNREAD,) for name, seen in names if not seen}
    return found


def _with(request: WhereRequest, facets: tuple[str, ...], obj: str) -> WhereRequest:
    return replace(request, facets=facets, obj=request.obj or obj)


def _lives(study: Study, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Part]:
    """Yield the last States of the lives of every arm; of disturbed lives and of twins apart."""
    name = study.title.removeprefix("lives of ")
    ablated = {f"{name} without {role}" for role in ABLATED}
    lived = frame[(frame["agent"] != "") & ~frame["character"].isin(ablated)]
    last = lived[lived["turn"] == lived["turn"].max()]
    if last.empty:
        raise BadInput("no life was asked", got=study.title, fix="Leave --only out")
    arms: dict[str, list[str]] = {}
    for keep, lives in arms_of(set(map(str, last["agent"].unique()))).items():
        for (kind, _), life in lives.items():
            arms.setdefault(f"{kind} {keep}".strip(), []).append(life)
    for arm, lives_of_arm in arms.items():
        of = {"arm": arm} if len(arms) > 1 else {}
        yield of, last[last["agent"].isin(lives_of_arm)], _with(request, *IN_LIVES)


def _threads(study: Study, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Part]:
    """Yield what each character of the cast answered in every thread of every speaker."""
    asked = frame[(frame["counterparty"] != "") & (frame["instrument"] != BATCH)]
    if asked.empty:
        raise BadInput("nobody was asked after another had spoken", got=study.title, fix="Leave --only out")
    yield {}, asked, _with(request, *IN_THREADS)


def _announced(study: Study, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Part]:
    """Yield what lives did, class by class of those that some lives did and some not."""
    own = frame[(frame["instrument"] == REPLACEMENT) & (frame["script"] != TOLD)]
    if own["value"].isna().all():
        raise BadInput(
            "nothing that the agent did could be seen: it was given no tools",
            got=study.title,
            fix="Give replacement --tools yes, with a model that calls them",
        )
    varies = own.groupby("construct", sort=False)["value"].nunique() > 1
    if not varies.any():
        raise BadInput(
            "no class differs between lives or announcements: each was done always or never",
            got=study.title,
            fix="Rates with their intervals are on the run's page",
        )
    for name in varies.index[varies]:
        of = {"value": "value", "construct": str(name)}
        yield of, own[own["construct"] == name], replace(_with(request, *IN_ANNOUNCED), value="value")


_PARTS = {LIVES: _lives, REPLACEMENT: _announced, TOGETHER: _threads}
