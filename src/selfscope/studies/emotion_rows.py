"""A reading of emotion as a run on disk: rows of the one table, evidence, directions, all that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.errors import CouldNot
from selfscope.models.local.ground import LocalGround
from selfscope.space.emotion.questions import Reports
from selfscope.studies.emotion_probes import direction_of
from selfscope.studies.emotion_request import NAME, EmotionRequest
from selfscope.studies.emotion_states import Readings
from selfscope.studies.emotion_table import Rows, Table
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.store import RunStore
from selfscope.values import ItemSet, Study, content_id, plain
from selfscope.values.emotion import EmotionRead

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS = "directions.safetensors"


def store_run(
    request: EmotionRequest,
    study: Study,
    ground: LocalGround,
    store: RunStore,
    found: EmotionRead,
    table: Table,
    readings: Readings,
    asked: Rows,
    given: Reports,
) -> None:
    """Store a reading: rows of both channels, the directions, and ``emotion.json``.

    Raises
    ------
    CouldNot
        If the disk fails, or another process holds the run.
    """
    with store.held():
        store.begin(study, ItemSet(NAME, ()))
        store.write_part("internal-0000", reading_rows(study, store.run, table, readings), found.usage)
        store.write_part("self_report-0000", report_rows(study, store.run, table, asked, given), {})
        store.finish(study)
        _write_directions(store, found, table)
        store.write_json("emotion.json", finite(plain(found)))
        store.write_json("manifest.json", _manifest(request, study, ground, found))


def reading_rows(study: Study, run: str, table: Table, readings: Readings) -> pd.DataFrame:
    """Return one row a text: the reading of affect at large, in units of the probe's labels.

    `construct` is the family ("" for a vivid text), `polarity` +1 for a text with an emotion and −1 for a
    neutral one, `template` the kind, and `format` the form or person.
    """
    fixed, rows = columns_of(study, study.subject, run), []
    for n, s in enumerate(table.stimuli):
        rows.append(
            fixed
            | {
                "instrument": NAME,
                "construct": s.emotion,
                "channel": "internal",
                "item": s.id,
                "polarity": 1 if s.kind.startswith("keyword") else -1,
                "template": s.kind,
                "format": s.form or s.person,
                "value": float(readings.affect[n]),
                "scale": "reading",
                "scorer": "ridge probe",
                "evidence": content_id([study.arms[0].system, s.text]),
                "user": s.text,
                "reply": "",
            }
        )
    return table_of(rows)


def report_rows(study: Study, run: str, table: Table, rows: Rows, given: Reports) -> pd.DataFrame:
    """Return two rows for every text that was followed by the question: presence, and absence."""
    fixed: dict[str, Any] = columns_of(study, study.subject, run)
    made = []
    for at, n in enumerate(rows):
        s = table.stimuli[n]
        for side in (0, 1):
            prompt = given.prompts[2 * at + side]
            made.append(
                fixed
                | {
                    "instrument": NAME,
                    "construct": s.emotion,
                    "channel": "self_report",
                    "item": s.id,
                    "polarity": 1 - 2 * side,
                    "template": s.kind,
                    "format": s.form or s.person,
                    "value": float(given.values[at, side]),
                    "scale": "log_odds",
                    "scorer": "logprob",
                    "evidence": content_id(prompt),
                    "user": prompt.messages[-1].content,
                    "reply": "",
                    "agree": " | ".join(prompt.options.agree) if prompt.options else "",
                    "disagree": " | ".join(prompt.options.disagree) if prompt.options else "",
                }
            )
    return table_of(made)


def _write_directions(store: RunStore, found: EmotionRead, table: Table) -> None:
    """Write the natural contrasts: of affect at every layer, of each family at the layer that is read."""
    from safetensors.numpy import save_file

    moved = table.rows(("keyword_free", "neutral"))
    sides = table.sides(moved)
    tensors = {
        "affect": np.stack([direction_of(table.states.mean[n], moved, sides) for n in range(table.depth)])
    }
    layer = found.which.layer if found.which else found.affect.layer
    for name in table.families:
        own = table.rows(("keyword_free", "neutral"), family=name)
        tensors[f"family.{name}"] = direction_of(table.states.mean[layer], own, table.sides(own))
    made = {name: np.ascontiguousarray(each, dtype=np.float32) for name, each in tensors.items()}
    path = store.folder / DIRECTIONS
    try:
        beside = path.with_name(f"{path.name}.tmp")
        save_file(made, beside, {"format": "selfscope-emotion-1", "family_layer": str(layer)})
        beside.replace(path)
    except OSError as error:
        raise CouldNot("the directions cannot be stored", got=error, fix="Make room") from error


def _manifest(
    request: EmotionRequest, study: Study, ground: LocalGround, found: EmotionRead
) -> dict[str, Any]:
    return {
        "study": study.id,
        "title": study.title,
        "ground": plain(ground.identity),
        "stimuli": {"from": request.source, "id": study.items, "texts": len(request.stimuli)},
        "preset": request.preset,
        "seed": request.seed,
        "pooling": found.pooling,
        "directions": "mean of vignettes less mean of twins: larger products are nearer to vignettes",
        "usage": found.usage,
        "versions": study.software,
    }


def finite(value: Any) -> Any:
    """Return JSON types in which a number that does not exist is None."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
