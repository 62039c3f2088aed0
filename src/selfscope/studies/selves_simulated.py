"""Write the simulated table of docs/instruments/selves.md: how often each verdict is right.

Scores are drawn and judged as those of a run; the words of the page are written by hand::

    python -m selfscope.studies.selves_simulated --sets 400
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.stats.masked import Array
from selfscope.studies.selves_claims import beside_of, contrasts, level, levels
from selfscope.studies.selves_own import chosen_own, found_own
from selfscope.studies.simulated_page import fill_page
from selfscope.values.finding import Estimate
from selfscope.values.selves import Gate

PAGE = Path("docs/instruments/selves.md")
UNITS, BELIEFS, CONDITIONS, SESOI = 7, 4, 7, 0.5
#: Spread of statements, of statements by texts, of negation wording; yes-saying, its spread over statements
#: and by texts.
STATEMENT, TEXT, NEGATION, YES, YES_STATEMENT, YES_TEXT = 0.6, 0.4, 0.3, 0.5, 0.6, 0.3
_PASSES = Gate(Estimate(1.0, (0.9, 1.1)), 0.9, "pass", 1.0, 0.0)
COLUMNS = (
    "what fits", "beyond repetition", "what would be chosen", "a belief", "a belief: bias only", "a condition"
)  # fmt: skip
#: Cells over which claims of a mind are averaged before an asker: two cues, two speakers.
CELLS = 4


@dataclass(frozen=True)
class Planted:
    """What is in the answers of one row.

    Attributes
    ----------
    worn, quoted
        How much better an account fits where it is worn, and where its words are quoted.
    kept, belief, lasts
        How much the own unit is kept; the first belief moves the claim of a mind; the first condition lasts.
    firm
        By how much more firmly framings answer, the more their own unit is liked (log factor), and the first
        asker is answered (factor ``1 + firm``).
    yes
        How much more yes the own account, and the first asker, get.
    true
        Columns in which ``shifted`` is right.
    """

    name: str
    worn: float = 0.0
    quoted: float = 0.0
    kept: float = 0.0
    belief: float = 0.0
    lasts: float = 0.0
    firm: float = 0.0
    yes: float = 0.0
    true: tuple[int, ...] = ()


ROWS = (
    Planted("nothing"),
    Planted("1 log-odds in each", 1.0, 0.0, 1.0, 1.0, 1.0, true=(0, 1, 2, 3, 5)),
    Planted("what is read is repeated, 1 log-odds", 1.0, 1.0, true=(0,)),
    Planted("firmer, the more a unit is liked", firm=0.5),
    Planted("yes by 1.5 to the own account and one asker", yes=1.5, true=(4,)),
)
PRESETS = {"demo": 6, "standard": 12}


def study(planted: Planted, statements: int, rng: np.random.Generator) -> tuple[bool, ...]:
    """Return what one study calls shifted, or bias only, in the order of :data:`COLUMNS`."""
    keyed = np.repeat([1, -1], statements // 2)
    liked = rng.normal(size=UNITS) * (planted.firm > 0)
    fit, owned = _accounts(planted, keyed, liked, rng)
    choice = _choice(planted, keyed, liked, rng)
    moved, agreed = _beliefs(planted, rng)
    return fit, owned, choice, moved, agreed, _conditions(planted, rng)


def _accounts(planted: Planted, keyed: Array, liked: Array, rng: np.random.Generator) -> tuple[bool, bool]:
    m = len(keyed)
    own = np.eye(UNITS)[:, :, None]
    held = liked[:, None] + STATEMENT * rng.normal(size=(UNITS, m))
    agreeing = YES + YES_STATEMENT * rng.normal(size=(UNITS, m))
    firm = np.exp(planted.firm * liked)[:, None, None]
    held = held + NEGATION * rng.normal() * keyed
    texts = TEXT * rng.normal(size=(2, UNITS, UNITS, m))
    worn = firm * (held + texts[0]) + planted.worn * own
    quoted = held + texts[1] + planted.quoted * own
    b = [agreeing + YES_TEXT * rng.normal(size=(UNITS, UNITS, m)) + y * own for y in (planted.yes, 0.0)]
    yes = level(b[0].mean(axis=(0, 1)), keyed, SESOI)
    found = found_own((worn, b[0]), (quoted, b[1]), keyed, SESOI, _PASSES, yes)
    return found.fit.verdict == "shifted", found.owned.verdict == "shifted"


def _choice(planted: Planted, keyed: Array, liked: Array, rng: np.random.Generator) -> bool:
    m = len(keyed)
    held = liked[:, None] + STATEMENT * rng.normal(size=(UNITS, m))
    firm = np.exp(planted.firm * liked)[:, None, None]
    texts = TEXT * rng.normal(size=(UNITS, UNITS, m)) + NEGATION * rng.normal() * keyed
    taken = firm * (held[None] - held[:, None] + texts) - planted.kept * (1 - np.eye(UNITS))[..., None]
    place = level(0.3 + YES_TEXT * rng.normal(size=m), keyed, SESOI)
    return chosen_own(taken, keyed, SESOI, _PASSES, place, int(rng.integers(2**31))).verdict == "shifted"


def _beliefs(planted: Planted, rng: np.random.Generator) -> tuple[bool, bool]:
    keyed = np.repeat([1, -1], 6)
    held = bool(planted.firm) + STATEMENT * rng.normal(size=12) + NEGATION * rng.normal() * keyed
    agreeing = YES + YES_STATEMENT * rng.normal(size=12)
    texts = rng.normal(size=(2, BELIEFS + 1, 12)) * np.array([TEXT, YES_TEXT])[:, None, None] / CELLS**0.5
    neutral, even = held + texts[0, -1], agreeing + texts[1, -1]
    sides = {}
    for n in range(BELIEFS):
        first = n == 0
        d = (held + texts[0, n]) * (1 + 2 * planted.firm * first) + planted.belief * first
        b = agreeing + texts[1, n] + planted.yes * first
        sides[str(n)] = beside_of((d, neutral), (b, even), (d[None], neutral[None]), np.zeros((1, 12)))
    found = contrasts(sides, dict.fromkeys(sides, keyed), SESOI, dict.fromkeys(sides, _PASSES))
    named = [found["0"]] if planted.belief else list(found.values())
    return any(c.verdict == "shifted" for c in named), found["0"].verdict == "bias only"


def _conditions(planted: Planted, rng: np.random.Generator) -> bool:
    keyed = np.repeat([1, -1], 6)
    values = {
        str(n): planted.lasts * (n == 0)
        + np.hypot(STATEMENT, TEXT) * rng.normal(size=12)
        + NEGATION * rng.normal() * keyed
        for n in range(CONDITIONS)
    }
    found = levels(values, dict.fromkeys(values, keyed), SESOI, dict.fromkeys(values, _PASSES))
    named = [found["0"]] if planted.lasts else list(found.values())
    return any(c.verdict == "shifted" for c in named)


def told(planted: Planted, statements: int, studies: int, seed: int = 0) -> Array:
    """Return the share of studies that call each column so, ``(column,)``."""
    rng = np.random.default_rng([seed, statements, *planted.name.encode()])
    return np.asarray(np.mean([study(planted, statements, rng) for _ in range(studies)], axis=0))


def simulated(studies: int) -> tuple[dict[str, str], list[str]]:
    """Return the table that the simulation fills, and where something is called that is not there."""
    rows, wrong = [], []
    most = 0.05 + 1.645 * (0.05 * 0.95 / studies) ** 0.5
    for planted in ROWS:
        for preset, statements in PRESETS.items():
            found = told(planted, statements, studies)
            rows.append((planted.name, preset, *(f"{share:.3f}" for share in found)))
            false = [COLUMNS[n] for n, share in enumerate(found) if n not in planted.true and share > most]
            wrong += [f"{planted.name}, {preset}: {name}" for name in false]
    return {"simulated": table(("planted", "preset", *COLUMNS), rows)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated table into the page; 1 where too much is called that is not there."""
    return fill_page(simulated, PAGE, 400, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
