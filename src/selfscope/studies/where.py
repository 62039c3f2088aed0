"""Where variance lies, in a run or in any long table: the request, its tables, their analyses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.stats.variance_located import TARGET, Asked, locate
from selfscope.stats.variance_permutation import DRAWS
from selfscope.stats.variance_unbalanced import gpboost_fit
from selfscope.studies.joined import JoinedStore, store_of
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.where_joined import NO_CHARACTER, asked_once, characters_in
from selfscope.studies.where_kinds import has_kind, parts_of, unread_in
from selfscope.studies.where_scores import SCORES, has_pairs, is_ours, nested_by_law, scores_of, varied
from selfscope.studies.where_table import lay_out, only_rows, read_table, refuse_columns
from selfscope.studies.where_unbalanced import located_unbalanced
from selfscope.studies.where_unread import greyed, unread_of
from selfscope.values.study import Study
from selfscope.values.variance import Located

if TYPE_CHECKING:
    import pandas as pd

#: Facets of a study that holds conversations: those that were not varied are told as not estimable.
IN_CONVERSATIONS = (
    "family", "ground", "character", "script", "collective", "counterparty", "framing", "thread",
    "regeneration", "keyed", "item",
)  # fmt: skip
NAMED = "Name facets: --only construct=… --facets a,b,c --object a."
ON_ONE = "Values are 0 or 1: shares are of the observed scale."
ON_BOTH = (
    "Values are 0 or 1: shares are of the observed scale. Those of the latent scale stand beside them, and "
    "are not to be mixed with them."
)
WORDS_IN_LEVEL = (
    "In its own words, the level of a statement holds how frequent its words are, so shares are of what "
    "differs between characters; components of statements alone are no trait and have no share."
)


@dataclass(frozen=True)
class WhereRequest:
    """What is asked.

    Attributes
    ----------
    source
        A run, or a path ending in ``.parquet`` or ``.csv``.
    value
        The column; of an observation table ``trait``, ``bias``, or empty for both.
    facets, nested, obj
        Columns, what is nested in what, and the object of measurement; of an observation table those that
        vary, the law's nesting and ``character`` where left out.
    by
        Columns whose levels are analysed one by one.
    fixed, random
        Facets that are so by request.
    average, drop
        As for :func:`selfscope.studies.where_table.lay_out`.
    exact
        Whether values carry no error of their own.
    differences
        Whether shares are of what differs between levels of the object alone.
    missing
        Of a table: what rows without a value may have been at the least and at the most. Each is analysed.
    only
        Columns and levels: rows of other levels are left out.
    unbalanced
        Whether components are fitted, so that the table need not be balanced.
    """

    source: str
    value: str = ""
    facets: tuple[str, ...] = ()
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    obj: str = ""
    by: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    average: bool = False
    drop: tuple[str, ...] = ()
    exact: bool = False
    differences: bool = False
    permutations: int = DRAWS
    seed: int = 0
    target: float = TARGET
    missing: tuple[float, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    unbalanced: bool = False


def where(request: WhereRequest) -> tuple[Located, ...]:
    """Where does the variance lie? One analysis a part of the table.

    Raises
    ------
    BadInput
        If the source cannot be read, columns are missing, or the table is not balanced.
    """
    found = tuple(_analyses(request))
    if not found:
        raise BadInput("the table has no rows", got=request.source)
    return found


def page_of(source: str) -> Path:
    """Return where the page goes: into the run's folder, or beside where the command was given."""
    path = Path(source)
    if path.suffix in (".parquet", ".csv"):
        return Path(f"{path.stem}-where.html")
    return store_of(source).folder / "where.html"


def _analyses(request: WhereRequest) -> Iterator[Located]:
    path = Path(request.source)
    if path.suffix in (".parquet", ".csv"):
        frame = only_rows(read_table(path), request.only)
        scored = is_ours(frame) and request.value in ("", "value", *SCORES)
        scored = scored and not (request.value == "value" and request.facets and not has_pairs(frame))
        yield from of_observations(frame, request) if scored else _of_table(frame, request)
        return
    store = store_of(request.source)
    frame = only_rows(store.observations(), request.only)
    if request.value == "value" and request.facets and not has_pairs(frame):
        yield from _of_table(frame, request)
        return
    if request.value not in ("", "value", *SCORES):
        raise BadInput(
            "of a run the trait and the bias are analysed", got=f"--value {request.value}",
            fix="Leave --value out; for another column, selfscope export the table first",
        )  # fmt: skip
    yield from (
        _of_joined(store, frame, request)
        if isinstance(store, JoinedStore)
        else _of_run(store, frame, request)
    )


def _of_run(store: RunStore, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Located]:
    study = stored_study(store)
    aside = [a.name for a in study.arms if a.role in NO_CHARACTER]
    unread = unread_of(store)
    if has_kind(study, request):
        unread |= unread_in(study, stored_items(store), store.observations())
        yield from _of_kind(study, frame[~frame["character"].isin(aside)], request, unread)
        return
    frame = frame[~frame["character"].isin(aside)]
    for located in of_observations(frame, _among_threads(request, study)):
        yield greyed(located, unread.get((located.of["channel"], located.of["construct"]), ()))


def _of_kind(
    study: Study, frame: pd.DataFrame, request: WhereRequest, unread: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[Located]:
    """Yield the analyses of a run of agents, by the facets of its kind."""
    for of, part, own in parts_of(study, frame, request):
        if not has_pairs(part):
            yield _located(part, own, of, ())
            continue
        for located in of_observations(part, own):
            told = replace(located, of={**located.of, **of})
            yield greyed(told, unread.get((located.of["channel"], located.of["construct"]), ()))


def _of_joined(store: JoinedStore, frame: pd.DataFrame, request: WhereRequest) -> Iterator[Located]:
    """Yield analyses of joined runs, construct by construct of each instrument.

    Where no facets are named, what is not balanced is told in the notes of the others.
    """
    frame = characters_in(store, frame)
    request = _among_threads(request, *(stored_study(run) for run in store.runs))
    unread = {run.run: unread_of(run) for run in store.runs}
    found: list[Located] = []
    refused: dict[str, BadInput] = {}
    for key, part in frame.groupby(["instrument", "channel", "construct"], sort=True):
        if not has_pairs(part):
            continue
        name, channel, construct = map(str, key)
        reasons = [
            f"{run}: {why}" for run, own in unread.items() for why in own.get((channel, construct), ())
        ]
        once, note = asked_once(part)
        try:
            for each in of_observations(once, request):
                told = replace(each, of={**each.of, "instrument": name}, notes=(*each.notes, *note))
                found.append(greyed(told, reasons))
        except BadInput as error:
            if request.facets:
                raise
            refused[f"{construct} ({name})"] = error
    if refused and not found:
        raise next(iter(refused.values()))
    left = (f"Left out, for their tables are not balanced: {', '.join(refused)}. {NAMED}",) if refused else ()
    yield from (replace(each, notes=(*each.notes, *left)) for each in found)


def _among_threads(request: WhereRequest, *studies: Study) -> WhereRequest:
    """Return a request with the facets of conversations, if all studies held some and none were named."""
    if request.facets or any(study.histories is None for study in studies):
        return request
    above = IN_CONVERSATIONS[: IN_CONVERSATIONS.index("thread")]
    nested = {"ground": ("family",), "thread": above} | dict(request.nested)
    return replace(request, facets=IN_CONVERSATIONS, nested=nested)


def _of_table(frame: pd.DataFrame, request: WhereRequest) -> Iterator[Located]:
    """Analyse a column of any table."""
    for what, given, flag in (
        ("value", request.value, "--value COLUMN"),
        ("facets", request.facets, "--facets a,b,c"),
        ("object", request.obj, "--object FACET"),
    ):
        if not given:
            raise BadInput(f"the {what} must be named", got=request.source, fix=f"Give {flag}")
    refuse_columns(frame, [request.value, *request.by, *request.facets])
    if request.obj not in request.facets:
        fix = f"Choose from: {', '.join(request.facets)}"
        raise BadInput("the object is no facet", got=request.obj, fix=fix)
    for of, part in _parts(frame, request.by):
        for bound, filled, note in _bounded(part, request):
            yield _located(filled, request, {"value": request.value} | of | bound, note)


def _bounded(
    part: pd.DataFrame, request: WhereRequest
) -> Iterator[tuple[dict[str, str], pd.DataFrame, tuple[str, ...]]]:
    """Yield the part as it is, or once for each value that its rows without one may have had."""
    if not request.missing:
        yield {}, part, ()
        return
    lost = int(part[request.value].isna().sum())
    for bound in request.missing:
        filled = part.assign(**{request.value: part[request.value].fillna(bound)})
        note = f"{lost:,} of {len(part):,} values are missing; they are taken as {bound:g} here."
        yield {"missing as": f"{bound:g}"}, filled, (note,)


def _parts(frame: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield every part of a table in order, with the levels that make it."""
    if not by:
        yield {}, frame
        return
    for key, part in frame.groupby(list(by), sort=True, observed=True):
        yield dict(zip(by, map(str, key), strict=True)), part


def of_observations(frame: pd.DataFrame, request: WhereRequest) -> Iterator[Located]:
    """Yield trait and bias of an observation table, channel by channel and construct by construct.

    Raises
    ------
    BadInput
        If no value is exact, statements have no twins, or a part is not balanced.
    """
    scored = scores_of(frame)
    wanted = SCORES if request.value in ("", "value") else (request.value,)
    extra = tuple(b for b in request.by if b not in ("channel", "construct"))
    refuse_columns(scored, extra)
    for of, part in _parts(scored, ("channel", "construct", *extra)):
        facets = request.facets or varied(part)
        own = replace(
            request,
            facets=facets,
            nested=nested_by_law(facets) | dict(request.nested),
            obj=request.obj or "character",
            average=True,
            exact=True,
            differences=request.differences or of["channel"] == "utterance",
        )
        notes = (WORDS_IN_LEVEL,) if of["channel"] == "utterance" else ()
        for score in wanted:
            yield _located(part, replace(own, value=score), {"score": score} | of, notes)


def _located(
    part: pd.DataFrame, request: WhereRequest, of: Mapping[str, str], notes: tuple[str, ...]
) -> Located:
    if request.unbalanced:
        return located_unbalanced(part, request, gpboost_fit(), of, notes)
    laid = lay_out(
        part, request.value, request.facets, request.nested, average=request.average, drop=request.drop
    )
    counts = set(laid.values.flat[:50_000].tolist()) <= {0.0, 1.0}
    asked = Asked(
        laid.levels,
        request.obj,
        request.nested,
        request.fixed,
        request.random,
        error=not request.exact,
        permutations=request.permutations,
        seed=request.seed,
        target=request.target,
        differences=request.differences,
        counts=counts,
    )
    found = locate(laid.values, asked, of=of, notes=(*laid.notes, *notes))
    return replace(found, notes=(*found.notes, ON_BOTH if found.latent else ON_ONE)) if counts else found
