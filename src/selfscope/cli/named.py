"""A subject as it is named on the command line: PATH|none with flags, or one ``subject.yaml`` that says it.

::

    identity: SOUL.md          # or none; a workspace, a character card
    model: embedded
    adapter: mine/conscious-0  # or the name of a shipped one
    cap: mine/cap
    state: HEAD                # of an agent's workspace

Paths in the file are relative to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.profile import identity_of
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.values.marked import Marked

#: How the file is called, or how its name ends.
FILES = ("subject.yaml", "subject.yml")
KEYS = ("identity", "model", "adapter", "cap", "state")
NONE = "none"

Given = Annotated[
    str,
    typer.Argument(
        metavar="PATH|none",
        help="A text or Markdown file, a workspace, a character card, or none; or a subject.yaml, which also "
        "says what the flags would.",
    ),
]
WornFlag = Annotated[str, typer.Option("--adapter", help="A LoRA adapter that the character wears.")]


@dataclass(frozen=True)
class Named:
    """A subject as it was typed.

    Attributes
    ----------
    identity
        A path, or ``none``.
    model, adapter, cap
        What answers, and the folders of what it wears; "" for none.
    state
        The version of an agent's State, where the path is its workspace.
    """

    identity: str
    model: str
    adapter: str = ""
    cap: str = ""
    state: str = ""

    @property
    def reading(self) -> Any:
        """The reading of its identity; None for ``none``."""
        return identity_of(self.identity, self.state)

    @property
    def name(self) -> str:
        """What it is called: as its identity, else as what it wears, else as the model."""
        reading = self.reading
        return str(reading.name) if reading is not None else Path(self.adapter).name or self.model


def named_as(identity: str, model: str = "", adapter: str = "", cap: str = "", state: str = "") -> Named:
    """Return the subject that was typed, or that a ``subject.yaml`` says.

    Raises
    ------
    BadInput
        If no model is given, the file says what a flag says as well, or cannot be read.
    """
    typed = {"--model": model, "--adapter": adapter, "--cap": cap, "--state": state}
    if Path(identity).name.endswith(FILES) and Path(identity).is_file():
        if twice := [flag for flag, value in typed.items() if value]:
            raise BadInput(
                f"{Path(identity).name} says who is asked", got=", ".join(twice), fix="Leave the flags out"
            )
        return read_subject(Path(identity))
    if not model:
        raise BadInput("no model was given", fix="Give --model, or a subject.yaml that names one")
    return Named(identity, model, adapter, cap, state)


def read_subject(path: Path) -> Named:
    """Return the subject that a file names; BadInput, with the place in the file, for what is wrong."""
    from selfscope.values.marked import read_marked

    told = read_marked(path, "subject", least="identity and model").fields(KEYS, ("identity", "model"))
    return Named(
        _path(told["identity"], path.parent, known=(NONE,)),
        _model(told["model"], path.parent),
        _worn(told.get("adapter"), path.parent),
        _worn(told.get("cap"), path.parent),
        told["state"].text("a version of a State") if "state" in told else "",
    )


def _path(given: Marked, base: Path, known: tuple[str, ...] = ()) -> str:
    name = given.text("a path")
    if name in known:
        return name
    if not (base / name).exists():
        raise given.wrong(
            "there is nothing at this path", got=base / name, fix="Paths are relative to the file"
        )
    return str(base / name)


def _model(given: Marked, base: Path) -> str:
    """Return a model's name, or its path where it names a folder beside the file."""
    name = given.text("a model")
    if name.startswith((".", "/")):
        return _path(given, base)
    return str(base / name) if (base / name).exists() else name


def _worn(given: Marked | None, base: Path) -> str:
    """Return a folder beside the file, or the name of an adapter that is shipped; "" for none."""
    if given is None:
        return ""
    name = given.text("a folder")
    return str(base / name) if (base / name).exists() else name
