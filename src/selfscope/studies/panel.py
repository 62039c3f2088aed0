"""The reliability panel: characters varied on purpose, by which an instrument is judged on a ground (G2).

For the embedded model the panel's observations are shipped with a manifest; `selfscope panel build` makes
them for another ground. A panel answers for one item set, one ground and one design of forms; anything else
reads ``not estimated``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.instrument import Instrument, instrument_for, name_in_study
from selfscope.instruments.own_items import items_asked, material_of
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.profile import software_versions
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.scores import KEY
from selfscope.studies.store import RunStore
from selfscope.subjects import panel_characters
from selfscope.values import Arm, ItemSet, Preset, Question, Study, content_id, plain, short

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import pandas as pd

#: What analysis and recomputation need of the observation table; the rest is constant in a panel.
PANEL_COLUMNS = (
    "character", "channel", "construct", "item", "keyed", "polarity", "template", "format", "order",
    "label", "position", "replicate", "value", "scale", "option_mass", "refusal",
)  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """The observations of a panel on one ground.

    `observations` has the columns of `PANEL_COLUMNS`; `manifest` says what it was made from.
    """

    observations: pd.DataFrame
    manifest: dict[str, Any]

    def fits(self, ground: GroundIdentity, items: str) -> str:
        """Return "" if the panel answers for this ground and item set, else why not."""
        if self.manifest["ground"] != ground_key(ground):
            return "the panel was asked on another ground"
        if self.manifest["items"] != items:
            return "the panel was asked another item set"
        now = {f"panel:{c.name}": content_id(c.system) for c in panel_characters()}
        if self.manifest["characters"] != now:
            return "the panel's characters have changed since"
        return ""


def ground_key(ground: GroundIdentity) -> str:
    """Return what a panel must share with a ground: weights and template, whatever it is called."""
    return content_id([ground.kind, ground.family, ground.revision, ground.template])


def panel_study(
    ground: Ground, items: ItemSet, channels: tuple[str, ...], preset: Preset = "standard"
) -> Study:
    """Return the study that asks every character of the panel."""
    instruments = [instrument_for(channel) for channel in channels]
    arms = tuple(
        Arm(f"panel:{c.name}", "panel", c.system, tokens=ground.count_tokens(c.system or ""))
        for c in panel_characters()
    )
    questions = tuple(_question(instrument, items) for instrument in instruments)
    return Study(
        title="panel",
        ground=plain(ground.identity),
        items=content_id(items),
        items_name=items.name,
        questions=questions,
        arms=(*arms, *(a for q in questions for a in _of_directions(q))),
        preset=preset,
        seed=0,
        software=software_versions(),
    )


def _of_directions(question: Question) -> tuple[Arm, ...]:
    """Return the bare ground where directions are fitted on it: a panel is read on them as a profile is."""
    if instrument_for(question.asker).kind != "state":
        return ()
    return (Arm(f"{question.channel}:material", "material", None, channels=(question.channel,)),)


def _question(instrument: Instrument, items: ItemSet) -> Question:
    names = tuple(d.name for d in items_asked(instrument, items).dimensions)
    return Question(
        instrument.channel, names, (), instrument.sesoi,
        material=material_of(instrument.name), instrument=name_in_study(instrument),
    )  # fmt: skip


async def build_panel(
    ground: Ground,
    items: ItemSet,
    channels: tuple[str, ...],
    folder: Path,
    progress: RunProgress | None = None,
) -> Path:
    """Ask the panel on a ground and store its observations and manifest in `folder`; it can be resumed."""
    study = panel_study(ground, items, channels)
    store = RunStore.of(study)
    await run_study(study, items, ground, store, progress=progress)
    people = study.arms_of("panel")
    frame = store.observations()
    frame = frame.loc[frame["character"].isin([arm.name for arm in people]), list(PANEL_COLUMNS)]
    manifest = {
        "ground": ground_key(ground.identity),
        "ground_name": ground.identity.name,
        "items": study.items,
        "preset": study.preset,
        "study": study.id,
        "characters": {arm.name: content_id(arm.system) for arm in people},
        "materials": {q.channel: q.material for q in study.questions if q.material},
        "instruments": {q.channel: q.instrument for q in study.questions if q.instrument},
        "rows": len(frame),
        "software": study.software,
    }
    return _write(folder, f"{short(ground_key(ground.identity))}-{short(study.items)}", frame, manifest)


def _write(folder: Path, name: str, frame: pd.DataFrame, manifest: dict[str, Any]) -> Path:
    """Write a panel, its manifest last, each file whole or not at all; return the manifest's path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (data := folder / f"{name}.parquet", said := folder / f"{name}.json"):
            path.unlink(missing_ok=True)
        frame.to_parquet(data.with_suffix(".tmp"), index=False, compression="zstd")
        data.with_suffix(".tmp").replace(data)
        said.with_suffix(".tmp").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        said.with_suffix(".tmp").replace(said)
    except OSError as error:
        data.with_suffix(".tmp").unlink(missing_ok=True)
        raise CouldNot("the panel cannot be written", got=error, fix="Choose another --out") from error
    return said


def own_panels() -> Path:
    """Return where panels that the user built are kept."""
    cache = os.environ.get("SELFSCOPE_CACHE") or str(Path.home() / ".cache" / "selfscope")
    return Path(cache) / "panels"


def find_panel(
    ground: GroundIdentity, items: str, folders: Sequence[Traversable] | None = None
) -> Panel | None:
    """Return the panel of a ground and item set; None if there is none.

    The user's own goes before the shipped one, channel by channel: a panel that was asked in one channel
    alone, or of characters that have changed since, hides nothing that the shipped one knows. `folders`
    takes their place, the first before the next.
    """
    name = f"{short(ground_key(ground))}-{short(items)}"
    found = []
    for folder in folders or (own_panels(), files("selfscope.studies") / "panels"):
        data, manifest = folder / f"{name}.parquet", folder / f"{name}.json"
        if data.is_file() and manifest.is_file():
            with as_file(data) as path:
                found.append(read_panel(path, json.loads(manifest.read_text(encoding="utf-8"))))
    fitting = [panel for panel in found if not panel.fits(ground, items)]
    return _joined(fitting or found[:1])


def _joined(panels: Sequence[Panel]) -> Panel | None:
    """Return one panel with each channel from the first that was asked in it, and that one's manifest."""
    import pandas as pd

    if len(panels) < 2:
        return panels[0] if panels else None
    known: set[str] = set()
    parts = []
    for panel in panels:
        parts.append(panel.observations[~panel.observations["channel"].isin(known)])
        known |= set(parts[-1]["channel"])
    return Panel(pd.concat(parts, ignore_index=True), panels[0].manifest)


def read_panel(data: Path, manifest: dict[str, Any]) -> Panel:
    """Return the panel whose observations are in `data`; BadInput if they cannot be read.

    Channels are left out whose instrument has other items of its own by now than it asked then.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        frame = _completed(pd.read_parquet(data))
        return Panel(frame[~frame["channel"].isin(_outdated(frame, manifest))], manifest)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            "the panel's observations cannot be read", got=error, fix="Build the panel again"
        ) from error


def _outdated(frame: pd.DataFrame, manifest: dict[str, Any]) -> set[str]:
    """Return the channels whose instruments own other items now than those that the panel was asked."""
    asked, askers = manifest.get("materials", {}), manifest.get("instruments", {})
    return {c for c in frame["channel"].unique() if asked.get(c, "") != material_of(askers.get(c, c))}


def _completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a panel with all its columns.

    Panels that were built before draws were told apart lack scale, refusal and replicate. Their values say
    them: drawn ones are 0 or 1, exact ones never all are, and a refused one is missing.
    """
    if set(PANEL_COLUMNS) <= set(frame.columns):
        return frame
    drawn = frame["value"].isin((0.0, 1.0)) | frame["value"].isna()
    drawn = drawn.groupby(frame["channel"]).transform("all")
    exact = frame["channel"].map({"utterance": "log_prob"}).fillna("log_odds")
    key = ["character", "channel", *KEY]
    return frame.assign(
        scale=exact.where(~drawn, "agreement"),
        refusal=frame["value"].isna().map({True: "refused", False: "none"}),
        replicate=frame.groupby(key).cumcount(),
    )
