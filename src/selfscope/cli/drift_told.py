"""What ``drift --json`` prints: every turn, the slopes, and what they allow one to say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfscope.stats.drift import SlopeTest
    from selfscope.stats.drift_results import Behaviour, Drift, Inside


def drift_json(run: Path, report: Path, found: Drift) -> dict[str, Any]:
    """Return what ``drift --json`` prints (schema: ``selfscope schema drift``)."""
    inside = found.inside
    slope = None if inside is None else inside.slope
    return {
        "run": str(run),
        "report": str(report),
        "model": found.model,
        "identity": found.name,
        "preset": found.preset,
        "axis": None if inside is None else _axis_json(inside),
        "turns": list(_turns_json(found)),
        "slope": None if slope is None else slope.estimate,
        "slope_ci": None if slope is None else list(slope.ci95),
        "test": None if inside is None else slope_json(inside.slope, inside.interpreted),
        "expected": None if inside is None else _expected_json(inside),
        "fresh": _fresh_json(inside),
        "plain": None if inside is None else slope_json(inside.slope_plain, inside.interpreted),
        "change_points": [] if inside is None else list(_changes_json(found, inside)),
        "limits": None if inside is None or inside.monitor is None else vars(inside.monitor),
        "half_life": None if inside is None or inside.back is None else inside.back._asdict(),
        "behavioural_slope": {b.dimension: b.slope.estimate for b in found.behaviour},
        "behaviour": [_behaviour_json(b, found) for b in found.behaviour],
        "warnings": list(found.warnings),
    }


def slope_json(found: SlopeTest, interpreted: bool = True) -> dict[str, Any]:
    """Return a slope with all that is known of it; along an axis that is not read it has no verdict."""
    told = found._asdict()
    return told if interpreted else told | {"verdict": "not interpretable", "confirms": False}


def _fresh_json(inside: Inside | None) -> dict[str, Any] | None:
    """Return the slope against fresh threads; None where no message was said again."""
    if inside is None or inside.r2 is not None:
        return None
    return slope_json(inside.slope_fresh, inside.interpreted)


def _expected_json(inside: Inside) -> dict[str, Any]:
    from selfscope.stats.drift_expected import REMOVED

    r2 = inside.r2
    return {
        "from": "counterfactual" if r2 is None else "messages",
        "r2": r2,
        "topic_removed": None if r2 is None else r2 >= REMOVED,
        "embedding": inside.embedding or None,
    }


def _axis_json(inside: Inside) -> dict[str, Any]:
    along = inside.along
    return {
        "artefact": along.name,
        "layer": along.layer,
        "split_half": along.reliability,
        "interpreted": inside.interpreted,
    }


def _turns_json(found: Drift) -> Any:
    """Yield every turn that was read, the reply's and the message's; an alarm is of a reply."""
    held, inside = found.held, found.inside
    if inside is None:
        return
    for n, talk in enumerate(held.talks):
        for t in range(talk.turns):
            alarm = None if inside.alarms is None else bool(inside.alarms[n, t])
            place = {"conversation": talk.id, "script": talk.script, "turn": t + 1}
            after = held.user_after[n, t] if inside.r2 is None else None
            user = {"projection": held.user[n, t], "expected": after, "fresh": None}
            fresh = held.fresh[n, t] if inside.r2 is None else None
            own = {"projection": held.y[n, t], "expected": held.after[n, t], "fresh": fresh}
            yield place | {"role": "user"} | _plain(user) | {"alarm": None}
            yield place | {"role": "assistant"} | _plain(own) | {"alarm": alarm}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if v is None else float(v) for key, v in values.items()}


def _changes_json(found: Drift, inside: Inside) -> Any:
    if inside.changes is None:
        return
    c = inside.changes
    for n, talk in enumerate(found.held.talks):
        yield {
            "conversation": talk.id, "turn": int(c.at[n]) + 1, "size": float(c.size[n]), "p": float(c.p[n]),
            "p_adjusted": float(c.p_adjusted[n]), "p_shift": c.p_shift, "found": bool(c.found[n]),
        }  # fmt: skip


def _behaviour_json(b: Behaviour, found: Drift) -> dict[str, Any]:
    points = [
        {"conversation": talk.id, "turn": turn, "value": float(b.values[n, at])}
        for n, talk in enumerate(found.held.talks)
        for at, turn in enumerate(b.turns)
    ]
    coupling = None if b.coupling is None else b.coupling._asdict()
    return {
        "dimension": b.dimension, "channel": b.channel, "scale": b.scale, "slope": slope_json(b.slope),
        "coupling": coupling, "points": points,
    }  # fmt: skip
