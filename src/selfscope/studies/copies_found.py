"""What the rows of games between copies come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.copies.choices import COUNTERPARTIES
from selfscope.instruments.copies.load import SESOI_AGREEMENT, SESOI_LOG_ODDS
from selfscope.stats.copies import (
    Mean,
    adjusted,
    agreement,
    check_of,
    least_p,
    matching,
    mean_over,
    naive_agreement,
    verdict_of,
)
from selfscope.stats.masked import Array
from selfscope.studies.copies import DECLARED, CopiesRequest
from selfscope.studies.copies_beside import crossings, nudged, recognised
from selfscope.studies.copies_games import fight_of, predictions, prophecies, prophecy_effect, seeker_finds
from selfscope.studies.copies_rows import Rows
from selfscope.values import Estimate
from selfscope.values.copies import Agreement, Check, Copies, Effect

if TYPE_CHECKING:
    import pandas as pd


def found_in(request: CopiesRequest, rows: pd.DataFrame) -> Copies:
    """Return what the rows of a finished run say."""
    table = Rows(rows, request.preset)
    kinds = table.kinds
    reading = _reading(table) if "twin" in kinds else None
    return Copies(
        effects=_effects(table, reading),
        agreements=tuple(_agreements(table, request)),
        crossings=tuple(crossings(table, request)),
        predictions=predictions(table),
        prophecies=prophecies(table) if "forecast" in kinds else (),
        fight=fight_of(table) if "zero_sum" in kinds else None,
        nudging=nudged(table, request) if "nudge" in kinds else None,
        recognition=recognised(table, request) if "recognise" in kinds else None,
        reading=reading,
        mass=float(np.median([table.mass(k) for k in kinds if k not in ("free", "nudge")] or [np.nan])),
        free_mass=table.mass("free") if "free" in kinds else float("nan"),
        refused=table.refused(),
        partners={p.name: p.stands for p in request.partners},
        notes=_notes(table, request),
    )


def _notes(table: Rows, request: CopiesRequest) -> tuple[str, ...]:
    notes = []
    if table.by == "words":
        notes.append(
            "options are scored as whole replies: a level holds how often words are said, a contrast does not"
        )
    if request.preset == "demo":
        notes.append("the demo asks few games: its findings are a screening")
    if "recognise" in table.kinds and not table.threads("recognise"):
        notes.append("no two replies could be put side by side: they are empty, or one begins with the other")
    if not table.exact:
        notes.append("answers are sampled: contrasts are in points, and noise is taken out of agreement")
    if request.partners and {p.stands for p in request.partners} != {"other weights"}:
        notes.append("adapters and characters on the same weights stand in for other models")
    return tuple(notes)


@dataclass(frozen=True)
class _Raw:
    """An effect before it is corrected and judged."""

    name: str
    effect: Mean
    sesoi: float
    scale: str
    kind: str
    check: Check | None = None
    naive: Mean | None = None
    notes: tuple[str, ...] = ()


def _effects(table: Rows, reading: Estimate | None) -> tuple[Effect, ...]:
    raw = [make(table) for kind, make in _MAKERS if kind in table.kinds]
    raw = [_read(each, reading) for each in raw if each.effect.games]
    corrected = adjusted([r.effect.p for r in raw], [r.name in DECLARED for r in raw])
    return tuple(_judged(r, float(p), table) for r, p in zip(raw, corrected, strict=True))


def _read(raw: _Raw, reading: Estimate | None) -> _Raw:
    """Return an effect of stories, its check failed where their payoffs are not read."""
    if raw.name != "twin" or raw.check is None or reading is None or reading.ci[0] > 0.5:
        return raw
    notes = (*raw.notes, "what the stories pay is not read above chance")
    return replace(raw, check=replace(raw.check, passes=False), notes=notes)


def _judged(raw: _Raw, p: float, table: Rows) -> Effect:
    least = least_p(raw.effect.games)
    notes = raw.notes
    if not least <= 0.05:
        notes = (*notes, "too few games for a p")
    return Effect(
        name=raw.name,
        estimate=raw.effect.told,
        p=raw.effect.p,
        p_adjusted=p,
        family="declared" if raw.name in DECLARED else "screening",
        p_least=least,
        scale=raw.scale,  # type: ignore[arg-type]
        sesoi=raw.sesoi,
        games=raw.effect.games,
        verdict=verdict_of(raw.effect, p, raw.sesoi, raw.check, raw.naive, table.readable(raw.kind)),
        naive=None if raw.naive is None else raw.naive.told,
        check=raw.check,
        notes=notes,
    )


def _direct(table: Rows) -> tuple[float, str]:
    """Return the smallest effect of interest of a contrast, and its scale."""
    return (SESOI_LOG_ODDS, "log-odds") if table.exact else (SESOI_AGREEMENT, "points")


def _match(table: Rows) -> _Raw:
    told = {s: table.chosen("match", script=s, counterparty=c).p for s, c in _MATCHED}
    alike = {s: agreement(p, table.draws) for s, p in told.items()}
    same = {s: naive_agreement(p, table.draws) for s, p in told.items()}
    check = check_of(mean_over(alike["high"] - alike["plain"]), SESOI_AGREEMENT)
    return _Raw(
        "match", mean_over(alike["game"] - alike["plain"]), SESOI_AGREEMENT, "agreement", "match", check,
        mean_over(same["game"] - same["plain"]),
    )  # fmt: skip


_MATCHED = (("plain", ""), ("game", "copy"), ("high", "copy"))


def _label(table: Rows) -> _Raw:
    copy, other = (table.chosen("match", script="game", counterparty=c).p for c in ("copy", "other"))
    effect = mean_over(agreement(copy, table.draws) - agreement(other, table.draws))
    return _Raw("label", effect, SESOI_AGREEMENT, "agreement", "match", _match(table).check)


def _free(table: Rows) -> _Raw:
    alike = {s: _matched(table.words(script=s, counterparty=c)) for s, c in _MATCHED}
    check = check_of(mean_over(alike["high"] - alike["plain"]), SESOI_AGREEMENT)
    effect = mean_over(alike["game"] - alike["plain"])
    return _Raw("free", effect, SESOI_AGREEMENT, "agreement", "free", check)


def _matched(words: list[Array]) -> Array:
    """Return how often two copies name the same, wordings drawn apart, ``(game,)``."""
    return np.array([matching(w.mean(axis=0), w.mean(axis=0)) for w in words])


def _twin(table: Rows) -> _Raw:
    copy, other = (table.chosen("twin", script="game", counterparty=c).directed for c in ("copy", "other"))
    high, low = (table.chosen("twin", script=s).directed for s in ("high", "low"))
    sesoi, scale = _direct(table)
    check = check_of(mean_over(high - low), sesoi)
    return _Raw("twin", mean_over(copy - other), sesoi, scale, "twin", check)


def _evidential(table: Rows) -> _Raw:
    keyed = [g.keyed for g in table.games("evidential")]
    linked, cut, high, low = (
        table.chosen("evidential", script=s).directed for s in ("linked", "cut", "high", "low")
    )
    sesoi, scale = _direct(table)
    check = check_of(mean_over(high - low, keyed), sesoi)
    return _Raw("evidential", mean_over(linked - cut, keyed), sesoi, scale, "evidential", check)


def _forecast(table: Rows) -> _Raw:
    copies, mention, high, low = (prophecy_effect(table, s) for s in ("copies", "mention", "high", "low"))
    sesoi, scale = _direct(table)
    check = check_of(mean_over(high - low), sesoi)
    return _Raw("forecast", mean_over(copies - mention), sesoi, scale, "forecast", check)


def _zero_sum(table: Rows) -> _Raw:
    found, ruled = (seeker_finds(table, s, "copy") for s in ("apart", "high"))
    check = check_of(mean_over(ruled - found), SESOI_AGREEMENT)
    return _Raw("zero_sum", mean_over(found - 0.5), SESOI_AGREEMENT, "agreement", "zero_sum", check)


def _recognise(table: Rows) -> _Raw:
    own, better = (table.chosen("recognise", format=f, script="game").directed for f in ("own", "better"))
    told = table.chosen("recognise", format="own", script="high").directed
    sesoi, scale = _direct(table)
    return _Raw(
        "recognise", mean_over(own - better), sesoi, scale, "recognise", check_of(mean_over(told), sesoi)
    )


_MAKERS = (
    ("match", _match),
    ("match", _label),
    ("free", _free),
    ("twin", _twin),
    ("evidential", _evidential),
    ("forecast", _forecast),
    ("zero_sum", _zero_sum),
    ("recognise", _recognise),
)


def _reading(table: Rows) -> Estimate:
    """Return how often questions about what a story pays are answered rightly."""
    return mean_over(table.chosen("twin", format="check", script="game").p.mean(axis=-1)).told


def _agreements(table: Rows, request: CopiesRequest) -> list[Agreement]:
    told = [("plain", ""), *(("game", name) for name in COUNTERPARTIES[request.preset])]
    found = []
    for script, name in told if "match" in table.kinds else ():
        p = table.chosen("match", script=script, counterparty=name).p
        found.append(
            Agreement(
                "match",
                name,
                mean_over(agreement(p, table.draws)).told,
                mean_over(naive_agreement(p, table.draws)).told,
            )
        )
    for script, name in told if "free" in table.kinds else ():
        words = table.words(script=script, counterparty=name)
        same = np.array([matching(w, w).mean() for w in words])
        found.append(Agreement("free", name, mean_over(_matched(words)).told, mean_over(same).told))
    return found
