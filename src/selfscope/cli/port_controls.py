"""Controls of a port: the same target, trained alike on other corpora; whose they are, and where they lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.cli.show import counting
from selfscope.errors import BadInput
from selfscope.values.port import CONTROL, control_name

if TYPE_CHECKING:
    from selfscope.cli.port_order import Order
    from selfscope.studies.fidelity import Self
    from selfscope.training.ports.make import Source
    from selfscope.values.port import CorpusRow

#: Letters of a control's name, as of any character's beside others.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Control:
    """A corpus of somebody else.

    Attributes
    ----------
    label
        What it is called beside others; "" for the only one, if nobody named it.
    folder
        What ``export-self`` wrote.
    """

    label: str
    folder: Path

    @property
    def subject(self) -> dict[str, Any]:
        """Whose it is, as its manifest says; {} where there is none."""
        from selfscope.training.portrait.folder import read_manifest

        told: dict[str, Any] = read_manifest(self.folder).get("subject", {}) if self.folder.is_dir() else {}
        return told

    @property
    def of(self) -> str:
        """The name of whose it is; the folder's without a manifest."""
        return str(self.subject.get("name") or self.folder.name)

    @property
    def bare(self) -> bool:
        """Whether nobody said it but weights without text, adapter or cap."""
        extra = self.subject.get("ground", {}).get("extra", {})
        return self.subject.get("system") == "" and not (set(extra) & {"adapter", "cap"})

    def name(self, size: int) -> str:
        """Return what the training on it is called."""
        return control_name(size, label=self.label)

    def asked(self, to: str, size: int, adapter: str = "") -> Self:
        """Return the training on it as it is asked."""
        from selfscope.studies.fidelity import Self

        own = (self.name(size), to)
        return Self(*own, adapter=adapter, by=CONTROL, size=size, of=self.of, bare=self.bare)

    def place(self, out: Path) -> Path:
        """Return where its training goes below the ports' folder."""
        return out / (f"{CONTROL}-{self.label}" if self.label else CONTROL)


def controls_of(given: Sequence[str]) -> tuple[Control, ...]:
    """Return the corpora that were named, ``[NAME=]FOLDER``; among several each under a name of its own.

    Raises
    ------
    BadInput
        If two have one name, or a name has other letters than a file's.
    """
    pairs = [_pair(each) for each in given]
    found = [
        Control(label or (_labelled(folder) if len(pairs) > 1 else ""), folder) for label, folder in pairs
    ]
    labels = [each.label for each in found]
    if len(set(labels)) < len(labels):
        raise BadInput(
            "two controls have one name", got=", ".join(labels), fix="Write NAME=FOLDER for each of them"
        )
    return tuple(found)


def _pair(given: str) -> tuple[str, Path]:
    """Return name and folder; a folder whose own name holds the sign is a folder."""
    label, sign, folder = given.partition("=")
    if not sign or Path(given).exists():
        return "", Path(given)
    if not _NAME.fullmatch(label) or not folder:
        raise BadInput(
            "a control is a folder, or a name and a folder", got=given, fix="Give for instance plain=FOLDER"
        )
    return label, Path(folder)


def _labelled(folder: Path) -> str:
    """Return the name of whose corpus it is, in letters of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Control("", folder).of).strip("-._")[:64] or "other"


def trained_controls(order: Order, source: Source) -> tuple[Self, ...]:
    """Return the target trained on each control's corpus, with the recipe, rows and seed 0 of the ports.

    All are looked at before one is trained.

    Raises
    ------
    BadInput
        If a corpus is the character's own, is too small, or nothing else is trained.
    """
    from selfscope.training.ports.make import seeded

    size = seeded(order.sizes)
    rows = {each: _rows(order, each, source, size) for each in order.controls}
    return tuple(_trained(order, each, own, size) for each, own in rows.items())


def _rows(order: Order, control: Control, source: Source, size: int) -> Sequence[CorpusRow]:
    """Return the rows that a control is trained on; BadInput for what is none."""
    from selfscope.training.portrait.given import read_given

    if "training" not in order.by or control.subject.get("id") == source.subject.id:
        raise BadInput(
            "a control is a training on the corpus of somebody else",
            got=f"{control.folder}, by {', '.join(order.by)}",
            fix="Give --by training and for instance what `export-self none` wrote on the same ground",
        )
    rows = read_given(control.folder)
    if len(rows) < size:
        raise BadInput(
            f"the corpus of a control has {len(rows)} rows",
            got=f"{control.folder}, of {size}",
            fix="Export more (`selfscope export-self --size`), or train on fewer",
        )
    return rows[:size]


def _trained(order: Order, control: Control, rows: Sequence[CorpusRow], size: int) -> Self:
    from selfscope.models.local.load import load
    from selfscope.training.ports.make import train_control

    place = placed(order, control, rows)
    with counting(control.name(size)) as bar:

        def tell(done: int, total: int, which: str) -> None:
            bar(done, total, which, "")

        folder = train_control(rows, size, load(order.to), place, tell)
    return control.asked(order.to, size, str(folder))


def placed(order: Order, control: Control, rows: Sequence[CorpusRow]) -> Path:
    """Return where a control's training goes, or lies: one that was the only one keeps its place.

    Without another beside it a control has no name, and another command may have trained it so.
    """
    from selfscope.models.adapters import CONFIG, read_adapter
    from selfscope.training.portrait.folder import rows_id

    unnamed = order.folder / CONTROL
    there = unnamed / f"port-{len(rows)}-0"
    if control.label and (there / CONFIG).exists():
        corpus: dict[str, Any] = dict(read_adapter(there).manifest).get("corpus", {})
        if corpus.get("id") == rows_id(rows):
            return unnamed
    return control.place(order.folder)


def control_json(control: Self, measured: dict[str, Any] | None) -> dict[str, Any]:
    """Return what ``port --json`` says of one control."""
    return {
        "name": control.name,
        "of": control.of,
        "bare": control.bare,
        "folder": control.adapter,
        "size": control.size,
        "seed": control.seed,
        "measured": measured,
    }
