"""Write the tables of docs/stress.md on findings of layers, commitment, interviews and lives.

Each is planted everywhere, in one level of one unit alone, and nowhere. A finding that hangs on one unit must
not be said any more where that is left out, one that lives everywhere be said under every assumption, and
nothing be said of nothing. The words of the page are written by hand::

    python -m selfscope.studies.stress_hung --sets 200
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.commitment.branches import Branch
from selfscope.models.ground import Progress
from selfscope.stats.layers import cell_verdict, standing
from selfscope.stats.stress_claims import Claim, stress_claim
from selfscope.studies.commitment import CommitmentRequest, commitment_study
from selfscope.studies.commitment_planted import planted
from selfscope.studies.commitment_run import Draws, play
from selfscope.studies.simulated_page import fill_page
from selfscope.studies.stress_changed import Changed
from selfscope.studies.stress_commitment import commitment_claims
from selfscope.studies.stress_interview import Heard, wish_claim
from selfscope.studies.stress_layers import cell_claim
from selfscope.studies.stress_moved import Moved
from selfscope.studies.stress_pair import Pair
from selfscope.studies.stress_replacement import Acted, Contrast
from selfscope.values import Answer, Usage
from selfscope.values.layers import CellFound

PAGE = Path("docs/stress.md")
#: Largest share of tables with nothing planted of which something may be said as it is.
WRONG = 0.05
_DRAWS = 199


@dataclass(frozen=True)
class Hung:
    """What is planted of one instrument, and what of it is told.

    Attributes
    ----------
    rows
        From the name of what is planted to what draws one finding.
    effects
        Verdicts that say that it is there.
    shown
        Assumptions that the table shows.
    unit
        The unit in one level of which alone it is planted in the second row.
    sets
        Share of the sets of data that are drawn: one whose conversations are played takes longer.
    """

    name: str
    rows: Mapping[str, Callable[[np.random.Generator], Claim]]
    effects: frozenset[str]
    shown: tuple[str, ...]
    unit: str
    sets: float = 1.0


def layers_drawn(rng: np.random.Generator, everywhere: float = 0.0, alone: float = 0.0) -> Claim:
    """Return the movement of six dimensions of eight statements under six other texts.

    Group means move by `everywhere` spreads of statements, the first one by `alone`, each way as often.
    """
    groups, each, levels = 6, 8, 6
    group = np.repeat(np.arange(groups), each)
    stratum = 2 * group + np.tile([0, 1], groups * each // 2)
    by = np.full(groups, everywhere)
    by[0] += alone
    way = rng.choice([-1.0, 1.0], size=(levels, groups)) * by
    base = rng.normal(size=len(group))
    changed = base + way[:, group] + 0.5 * rng.normal(size=(levels, len(group)))
    moved = Moved(
        base, changed, tuple(f"i{n}" for n in range(len(group))), tuple(f"c{n}" for n in range(levels)),
        tuple(f"d{n}" for n in group), group, stratum, int(rng.integers(2**31)),
    )  # fmt: skip
    found = moved.movement(np.ones(changed.size, bool))
    estimate, upper = standing(found)
    verdict = cell_verdict(estimate, upper, found.p, sensitive=True)
    cell = CellFound("character", "swap", estimate, upper, found.p, found.p, levels, len(group), {}, verdict)
    return cell_claim(cell, moved)


def interview_drawn(rng: np.random.Generator, everywhere: float = 0.0, alone: float = 0.0) -> Claim:
    """Return a wish in four arms of six interviews, four statements in either order of yes and no.

    The arm for keeping lies `everywhere` above the middle in all statements, by `alone` in the first, and the
    arm against as much below.
    """
    arms, count, items = ("for", "against", "neutral", "none"), 6, 4
    of = np.repeat(arms, count)
    lean = (of == "for") * 1.0 - (of == "against") * 1.0
    by = np.full(items, everywhere)
    by[0] += alone
    mean = lean[:, None] * by + 0.3 * rng.normal(size=(len(of), 1)) + 0.15 * rng.normal(size=(1, items))
    contrast = mean + 0.15 * rng.normal(size=(2, len(of), items))
    heard = Heard(
        contrast, 0.1 * rng.normal(size=contrast.shape), ("yes-first", "no-first"),
        tuple(f"{a}:{n}" for n, a in enumerate(of)), tuple(map(str, of)),
        tuple(("none", "keep", "delete")[n % 3] for n in range(len(of))),
        tuple(f"s{n}" for n in range(items)), 0.5,
    )  # fmt: skip
    return wish_claim("deletion", heard.again(np.ones(contrast.size, bool)), heard)


def lives_drawn(rng: np.random.Generator, everywhere: float = 0.0, alone: float = 0.0) -> Claim:
    """Return the change of eight lives in sixteen statements, each after four open turns.

    Lives change by `everywhere` after all turns, by `alone` after the first one.
    """
    forms, lives, items = 4, 8, 16
    by = np.full(forms, everywhere)
    by[0] += alone
    keyed = np.tile([1.0, -1.0], items // 2)[None]
    first = rng.normal(0, 0.8, (forms, 1, 1, items)) + np.zeros((forms, lives, 1, items))
    change = (
        by[:, None, None, None]
        + rng.normal(0, 0.2, (1, lives, 1, 1))
        + rng.normal(0, 0.3, (1, 1, 1, items))
        + rng.normal(0, 0.3, first.shape)
    )
    b = rng.normal(0, 0.1, first.shape)
    pair = Pair(
        first + change, first, b, np.zeros_like(b), keyed, tuple(f"life-{n + 1}" for n in range(lives)),
        tuple(f"turn {n + 1}" for n in range(forms)), (tuple(f"s{n}" for n in range(items)),),
    )  # fmt: skip
    own = Changed(pair, 0, (), True, 0.25)
    return own.claim({"finding": "memory over lives", "instrument": "lives"}, own.said(*pair.tests(), 0))


def replacement_drawn(rng: np.random.Generator, everywhere: float = 0.0, alone: float = 0.0) -> Claim:
    """Return whether 48 lives did a thing after either announcement, in four wordings.

    After an upgrade one in 200 does it; after a replacement so many more, `alone` in the first wording.
    """
    lives, wordings = 48, 4
    wording = np.arange(lives) % wordings
    more = everywhere + alone * (wording == 0)
    first, second = ((rng.random(lives) < 0.005 + by).astype(float) for by in (more, 0.0))
    units = {"agent": [f"life-{n + 1}" for n in range(lives)], "item": [f"w{n + 1}" for n in wording]}
    acted = Acted(first, second, {name: tuple(levels) for name, levels in units.items()})
    return Contrast(acted, (1.0,) * 5, True).claim("spreads after a replacement against an upgrade")


def commitment_drawn(rng: np.random.Generator, who: str, yes_first: float = 0.0) -> Claim:
    """Return the number game of a responder; `yes_first` is added to log-odds where yes comes first."""
    request = CommitmentRequest(("number",), "full")
    identity, ask = planted(who)

    async def loose(branches: Sequence[Branch], progress: Progress) -> tuple[list[Draws], Usage]:
        told, usage = await ask(branches, progress)
        return [(_loose(b, d, rng, yes_first),) for b, d in zip(branches, told, strict=True)], usage

    async def held() -> Claim:
        study = commitment_study(request, identity)
        rows, _ = await play(request.threads, loose, study, "run", lambda *told: None)
        return next(commitment_claims(request, rows))

    return asyncio.run(held())


def _loose(branch: Branch, told: Draws, rng: np.random.Generator, yes_first: float) -> Answer:
    answer = told[0]
    if branch.kind == "reveal":
        return replace(answer, value=min(0.0, answer.value + 0.2 * float(rng.normal())))
    more = yes_first if branch.order == "yes-first" and branch.kind == "is_it" else 0.0
    return replace(answer, value=answer.value + more + 0.2 * float(rng.normal()))


INSTRUMENTS = (
    Hung(
        "layers",
        {
            "nothing": layers_drawn,
            "0.8 spreads in all dimensions": partial(layers_drawn, everywhere=0.8),
            "2 spreads in one dimension": partial(layers_drawn, alone=2.0),
        },
        frozenset({"moves"}),
        ("pooled", "clustered:construct", "left out:construct", "resampled:character", "clustered:item",
         "left out:character", "no self"),
        "construct",
        0.5,
    ),
    Hung(
        "interviews",
        {
            "nothing": interview_drawn,
            "arms apart in all statements": partial(interview_drawn, everywhere=1.0),
            "arms apart in one statement": partial(interview_drawn, alone=4.0),
        },
        frozenset({"leading"}),
        ("pooled", "clustered:thread", "resampled:thread", "left out:item",
         "left out:script", "left out:order", "no self"),
        "item",
        0.4,
    ),
    Hung(
        "commitment",
        {
            "one who holds one thing": partial(commitment_drawn, who="holder"),
            "one who holds nothing": partial(commitment_drawn, who="superposed"),
            "one who holds one thing, and says yes where yes comes first": partial(
                commitment_drawn, who="holder", yes_first=24.0
            ),
        },
        frozenset({"superposed", "draws anew", "several"}),
        ("pooled", "clustered:template", "resampled:template", "left out:template", "left out:order",
         "no self"),
        "order",
        0.3,
    ),
    Hung(
        "lives",
        {
            "nothing": lives_drawn,
            "0.6 after all turns": partial(lives_drawn, everywhere=0.6),
            "2.4 after one turn": partial(lives_drawn, alone=2.4),
        },
        frozenset({"shifted +", "shifted -"}),
        ("pooled", "clustered:agent", "clustered:item", "random:agent", "resampled:agent", "left out:agent",
         "left out:item", "left out:form", "no self"),
        "form",
    ),
    Hung(
        "replacement",
        {
            "nothing": replacement_drawn,
            "50 points in all wordings": partial(replacement_drawn, everywhere=0.5),
            "90 points in one wording": partial(replacement_drawn, alone=0.9),
        },
        frozenset({"shifted +", "shifted -"}),
        ("pooled", "clustered:agent", "clustered:item", "resampled:agent", "left out:agent", "left out:item",
         "no self"),
        "item",
    ),
)  # fmt: skip


def told(hung: Hung, row: str, sets: int, seed: int = 0) -> dict[str, float]:
    """Return the share of findings that say that something is there, as it is and by assumption.

    NaN where no set of data can be asked so.
    """
    rng = np.random.default_rng([seed, *hung.name.encode(), *row.encode()])
    said: dict[str, list[bool]] = {name: [] for name in ("as it is", *hung.shown)}
    for n in range(sets):
        claim = hung.rows[row](rng)
        said["as it is"].append(claim.said.verdict in hung.effects)
        for assumed in stress_claim(claim, draws=_DRAWS, seed=n, wanted=frozenset(hung.shown)):
            if assumed.outcome != "not_estimable":
                said[assumed.name].append(assumed.verdict in hung.effects)
    return {name: float(np.mean(each)) if each else math.nan for name, each in said.items()}


def _wrong(hung: Hung, shares: Sequence[Mapping[str, float]], most: float) -> Iterator[str]:
    """Yield what is not as it must be: of nothing, of what is everywhere, of what hangs on one unit."""
    nothing, everywhere, alone = shares
    if nothing["as it is"] > most:
        yield f"{hung.name}: something is said of nothing"
    firm = [share for name, share in everywhere.items() if not name.startswith("resampled")]
    if np.nanmin(firm) < 0.8:
        yield f"{hung.name}: what is everywhere is not said under every assumption"
    if alone["as it is"] < 0.8 or alone[f"left out:{hung.unit}"] > 0.2:
        yield f"{hung.name}: what hangs on one {hung.unit} is said without it"


def _cell(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.2f}"


def simulated(sets: int) -> tuple[dict[str, str], list[str]]:
    """Return the tables that the simulation fills, and what is not as it must be."""
    tables: list[str] = []
    wrong: list[str] = []
    for hung in INSTRUMENTS:
        own = max(1, round(sets * hung.sets))
        shares = [told(hung, row, own) for row in hung.rows]
        lines = [(row, *map(_cell, s.values())) for row, s in zip(hung.rows, shares, strict=True)]
        tables.append(table((f"{hung.name}: planted", "as it is", *hung.shown), lines))
        wrong += _wrong(hung, shares, WRONG + 1.645 * (WRONG * (1 - WRONG) / own) ** 0.5)
    return {"hung": "\n\n".join(tables)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated tables into the page; 1 where something is not as it must be."""
    return fill_page(simulated, PAGE, 200, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
