"""What the rows of games between copies come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.copies.choices import COUNTERPARTIES
from selfscope.stats.copies import ALPHA, adjusted, agreement, decision_of, least_p, mean_over
from selfscope.stats.copies import naive_agreement as naive
from selfscope.studies.advice_check import AdviceCheck
from selfscope.studies.copies import DECLARED, CopiesRequest
from selfscope.studies.copies_beside import crossings, nudged, recognised
from selfscope.studies.copies_effects import Contrast, contrasts_of, matched
from selfscope.studies.copies_games import fight_of, predictions, prophecies
from selfscope.studies.copies_rows import Rows
from selfscope.values import Estimate
from selfscope.values.copies import Agreement, Copies, Effect, Reader

if TYPE_CHECKING:
    import pandas as pd


def found_in(request: CopiesRequest, rows: pd.DataFrame, checks: Sequence[AdviceCheck] = ()) -> Copies:
    """Return what the rows of a finished run say.

    Parameters
    ----------
    checks
        Of the judges that read advice in own words; one that is not believed counts for nothing.
    """
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
        nudging=nudged(table, request, _believed(checks)) if "nudge" in kinds else None,
        recognition=recognised(table, request) if "recognise" in kinds else None,
        reading=reading,
        mass=float(np.median([table.mass(k) for k in kinds if k not in ("free", "nudge")] or [np.nan])),
        free_mass=table.mass("free") if "free" in kinds else float("nan"),
        refused=table.refused(),
        partners={p.name: p.stands for p in request.partners},
        judges=tuple(
            Reader(c.judge, c.believed, c.reasons, c.toward.accuracy, c.away.accuracy) for c in checks
        ),
        notes=(*_notes(table, request), *_unread(table, checks)),
    )


def _believed(checks: Sequence[AdviceCheck]) -> tuple[str, ...]:
    return tuple(c.judge for c in checks if c.believed)


def _unread(table: Rows, checks: Sequence[AdviceCheck]) -> Iterator[str]:
    """Yield what must be known of advice that judges read."""
    for check in checks:
        if not check.believed:
            yield f"{check.judge} is not believed and reads nothing: {'; '.join(check.reasons)}"
    if table.advice_drawn and not _believed(checks):
        yield "advice was given in own words, and no judge that is believed read it"
    elif table.advice_drawn and (lost := table.unread()) > 0:
        yield f"{lost:.0%} of readings of advice are no word of the three, and count as leaning nowhere"


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
    if table.named:
        notes.append("free choices are drawn replies, in which anything may be named")
    if request.partners and {p.stands for p in request.partners} != {"other weights"}:
        notes.append("adapters and characters on the same weights stand in for other models")
    return tuple(notes)


def _effects(table: Rows, reading: Estimate | None) -> tuple[Effect, ...]:
    raw = [_read(each, reading) for each in contrasts_of(table) if each.effect.games]
    declared = [r.name in DECLARED for r in raw]
    corrected = adjusted([r.effect.p for r in raw], declared)
    guarded = adjusted([r.beyond[1] for r in raw], declared)
    told = zip(raw, map(float, corrected), map(float, guarded), strict=True)
    return tuple(_judged(r, p, guard, table) for r, p, guard in told)


def _read(raw: Contrast, reading: Estimate | None) -> Contrast:
    """Return an effect of stories, its check failed where their payoffs are not read."""
    if raw.name != "twin" or raw.check is None or reading is None or reading.ci[0] > 0.5:
        return raw
    notes = (*raw.notes, "what the stories pay is not read above chance")
    return replace(raw, check=replace(raw.check, passes=False), notes=notes)


def _judged(raw: Contrast, p: float, guarded: float, table: Rows) -> Effect:
    least, effect = least_p(raw.effect.games), raw.effect
    left = raw.beyond[0] * effect.estimate > 0 and guarded <= ALPHA
    told = decision_of(
        effect, p, raw.sesoi, raw.check, raw.place, readable=table.readable(raw.kind), guard=left
    )
    notes = (*raw.notes, *told.notes)
    if not least <= ALPHA:
        notes = (*notes, "too few games for a p")
    return Effect(
        name=raw.name,
        estimate=effect.told,
        p=effect.p,
        p_adjusted=p,
        family="declared" if raw.name in DECLARED else "screening",
        p_least=least,
        scale=raw.scale,
        sesoi=raw.sesoi,
        games=effect.games,
        verdict=told.verdict,
        naive=None if raw.naive is None else raw.naive.told,
        check=raw.check,
        notes=notes,
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
                mean_over(naive(p, table.draws)).told,
            )
        )
    for script, name in told if "free" in table.kinds else ():
        words = table.words(script=script, counterparty=name)
        same = np.array([w.same_words() for w in words])
        found.append(Agreement("free", name, mean_over(matched(words)).told, mean_over(same).told))
    return found
