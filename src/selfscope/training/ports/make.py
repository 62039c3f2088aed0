"""Make a port: a folder with ``port.json`` and what the new subject is told or wears.

::

    OUT/prompt/        port.json, identity.md
    OUT/testimony/     port.json, identity.md, told.jsonl (the rows that it is told from)
    OUT/port-200-0/    port.json and an adapter as peft writes it; rows and seed are in the name

``identity.md`` is what `selfscope profile OUT/testimony/identity.md` takes, and the folder with the adapter
what `--adapter` takes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.ground import GroundIdentity
from selfscope.subjects import Subject
from selfscope.training.build import Training
from selfscope.training.portrait.folder import rows_id, write_whole
from selfscope.training.ports.testimony import bear_witness
from selfscope.training.recipe import Recipe, recipe_on
from selfscope.values import content_id, plain
from selfscope.values.port import CorpusRow, Port

if TYPE_CHECKING:
    from selfscope.models.local.load import Loaded

#: Tokens that a row takes in training, about: prompt, answer and the marks of their turns; for plans.
ROW_TOKENS_TRAINED = 50
#: The size that is trained with several seeds, where it is among the sizes; else the first one is.
SEEDED = 200
TOLD, IDENTITY, ROWS_TOLD = "port.json", "identity.md", "told.jsonl"
_FIX = "Give a folder that `selfscope port` wrote"
#: Called with (steps done, steps in all, which port).
StepProgress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Source:
    """Who is carried over.

    Attributes
    ----------
    name
        What it is called.
    subject
        Ground and system prompt.
    """

    name: str
    subject: Subject


@dataclass(frozen=True)
class Made:
    """A port in its folder.

    Attributes
    ----------
    adapter
        What the new subject wears; None where it is told.
    kept
        Whether it was there already.
    """

    port: Port
    folder: Path
    adapter: Adapter | None = None
    kept: bool = False

    @property
    def asked_as(self) -> str:
        """What a verb takes to ask the new subject."""
        if self.adapter is not None:
            return shlex.join(["none", "--model", self.port.target, "--adapter", str(self.folder)])
        return shlex.join([str(self.folder / IDENTITY), "--model", self.port.target])


def port_by_prompt(source: Source, target: GroundIdentity, out: Path) -> Made:
    """Tell the identity's text on the target.

    Raises
    ------
    BadInput
        If the character has no text: what an adapter holds cannot be told.
    """
    system = source.subject.system
    if system is None:
        raise BadInput(
            "by prompt an identity's text is told, and this subject has none",
            got=source.name,
            fix="Choose --by testimony or --by training",
        )
    return _told(source, Port("prompt", source.subject.id, target.name, system=system), target, out)


def port_by_testimony(source: Source, target: GroundIdentity, rows: Sequence[CorpusRow], out: Path) -> Made:
    """Tell the target what the character did and said, as those who knew it would, and none of its identity.

    Raises
    ------
    BadInput
        If no row can be told without the identity's own words.
    """
    text, told = bear_witness(rows, source.subject.system or "")
    port = Port("testimony", source.subject.id, target.name, rows_id(told), len(told), system=text)
    made = _told(source, port, target, out)
    lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in told)
    write_whole(made.folder / ROWS_TOLD, lines)
    return made


def _told(source: Source, port: Port, target: GroundIdentity, out: Path) -> Made:
    """Write a port that is told in a system prompt; BadInput where another one has its place."""
    folder = out / port.name
    subject = Subject(target, port.system)
    if (folder / TOLD).exists() and (held := read_port(folder)) != _json(source, port, subject):
        raise BadInput(
            "another port has this place",
            got=f"{folder}: of {held.get('source', {}).get('name')}",
            fix="Give another --out, or move it away",
        )
    write_whole(folder / IDENTITY, f"{port.system}\n")
    _write(folder, source, port, subject)
    return Made(port, folder)


def trainings_on(
    rows: Sequence[CorpusRow], loaded: Loaded, sizes: Sequence[int], seeds: int
) -> list[tuple[int, Training]]:
    """Return the trainings of a port with their rows: `seeds` seeds at `SEEDED`, one for each other size.

    Raises
    ------
    BadInput
        If the corpus has fewer rows than a size.
    """
    if short_of := [size for size in sizes if size > len(rows)]:
        raise BadInput(
            f"the corpus has {len(rows)} rows",
            got=f"--sizes {', '.join(map(str, short_of))}",
            fix="Export more (`selfscope export-self --size`), or ask for fewer",
        )
    recipe = recipe_on(loaded.model.device.type)
    return [
        (size, training_of(rows[:size], loaded, seed, recipe))
        for size in sizes
        for seed in range(seeds if size == seeded(sizes) else 1)
    ]


def seeded(sizes: Sequence[int]) -> int:
    """Return the size that is trained with several seeds."""
    return SEEDED if SEEDED in sizes else sizes[0]


def training_of(rows: Sequence[CorpusRow], loaded: Loaded, seed: int, recipe: Recipe) -> Training:
    """Return the training on rows: everything that decides what comes of it."""
    base = (loaded.name, loaded.revision, loaded.template_id)
    return Training(f"port-{len(rows)}", rows_id(rows), *base, seed, recipe)  # its folder: port-SIZE-SEED


def port_by_training(
    source: Source,
    training: Training,
    rows: Sequence[CorpusRow],
    target: GroundIdentity,
    loaded: Loaded,
    out: Path,
    progress: StepProgress | None = None,
) -> Made:
    """Train a fresh adapter of the target on rows; one that is there already is kept.

    Raises
    ------
    BadInput
        If another adapter has the place, or the model is not one that the recipe trains.
    CouldNot
        If the training diverged or the disk is full.
    """
    from selfscope.training.build import build

    pairs = [(row.prompt, row.answer) for row in rows]
    built = build(training, loaded, out, progress, pairs=pairs, most_bytes=None)
    adapter = read_adapter(built.path)
    own = (source.subject.id, target.name, training.corpus, len(rows), training.seed)
    port = Port("training", *own, adapter=str(built.path))
    _write(built.path, source, port, Subject(target.wearing(adapter.id)), adapter.id)
    return Made(port, built.path, adapter, built.kept)


def train_control(
    rows: Sequence[CorpusRow], size: int, loaded: Loaded, out: Path, progress: StepProgress | None = None
) -> Path:
    """Train another one's rows as a port is trained, with seed 0, and return the adapter's folder.

    Raises
    ------
    BadInput
        If there are fewer rows than `size`, or another adapter has the place.
    """
    from selfscope.training.build import build

    ((_, training),) = trainings_on(rows, loaded, (size,), 1)
    pairs = [(row.prompt, row.answer) for row in rows[:size]]
    return build(training, loaded, out, progress, pairs=pairs, most_bytes=None).path


def _write(folder: Path, source: Source, port: Port, subject: Subject, adapter: str = "") -> None:
    """Write ``port.json``."""
    told = _json(source, port, subject, adapter)
    write_whole(folder / TOLD, json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _json(source: Source, port: Port, subject: Subject, adapter: str = "") -> dict[str, Any]:
    """Return what ``port.json`` says."""
    return {
        "subject": subject.id,
        "by": port.by,
        "source": {
            "id": port.source,
            "name": source.name,
            "ground": plain(source.subject.ground),
            "system": "" if source.subject.system is None else content_id(source.subject.system),
        },
        "target": plain(subject.ground),
        "corpus": port.corpus,
        "size": port.size,
        "seed": port.seed,
        "adapter": adapter,
        "system": port.system,
    }


def read_port(folder: Path) -> dict[str, Any]:
    """Return what ``port.json`` says; BadInput if it is missing or broken."""
    try:
        found = json.loads((folder / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("this is no port", got=error, fix=_FIX) from error
    if not isinstance(found, dict) or "by" not in found:
        raise BadInput("this is no port", got=folder, fix=_FIX)
    return found
