"""YAML that remembers where everything stands, so that an error points to the line and the column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from selfscope.errors import BadInput

#: Bytes of a file that is written by hand; no honest one is near it.
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Marked:
    """One value of a YAML file, with its place.

    Attributes
    ----------
    file
        Name of the file, as it is shown.
    node
        The value as PyYAML composed it, marks included.
    """

    file: str
    node: yaml.Node

    @property
    def place(self) -> str:
        """File, line and column, from 1."""
        mark = self.node.start_mark
        return f"{self.file}, line {mark.line + 1}, column {mark.column + 1}"

    def wrong(self, what: str, *, got: object = "", fix: str = "") -> BadInput:
        """Return the error that says what is wrong with this value."""
        return BadInput(f"{self.place}: {what}", got=got, fix=fix)

    @property
    def is_mapping(self) -> bool:
        """Whether it holds keys and values."""
        return isinstance(self.node, yaml.MappingNode)

    def fields(self, allowed: Sequence[str], needed: Iterable[str] = ()) -> dict[str, Marked]:
        """Return the values of a mapping by key.

        Raises
        ------
        BadInput
            If it is no mapping, a key is unknown or stands twice, or a needed one is missing.
        """
        keys = f"Allowed here: {', '.join(allowed)}"
        found: dict[str, Marked] = {}
        for key, value in self.pairs(keys):
            name = key.text("a key")
            if name not in allowed:
                raise key.wrong("there is no such key", got=name, fix=keys)
            found[name] = value
        missing = [name for name in needed if name not in found]
        if missing:
            raise self.wrong(f"{' and '.join(missing)} must be given", fix=keys)
        return found

    def pairs(self, fix: str = "") -> list[tuple[Marked, Marked]]:
        """Return keys and values of a mapping, in their order; BadInput if a key stands twice."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong("keys and values are expected here", got=self._shown(), fix=fix)
        found: dict[str, Marked] = {}
        for key, _ in self.node.value:
            own = Marked(self.file, key)
            name = own.text("a key")
            if name in found:
                raise own.wrong(f"{name} stands here twice, first in line {found[name]._line()}")
            found[name] = own
        return [(Marked(self.file, k), Marked(self.file, v)) for k, v in self.node.value]

    def each(self) -> list[Marked]:
        """Return the values of a list; a value that is no list is a list of one. BadInput for none at all."""
        if isinstance(self.node, yaml.SequenceNode):
            found = [Marked(self.file, node) for node in self.node.value]
            if not found:
                raise self.wrong("the list is empty")
            return found
        return [self]

    def text(self, what: str) -> str:
        """Return a text; BadInput for anything else."""
        if not isinstance(self.node, yaml.ScalarNode) or not str(self.node.value).strip():
            raise self.wrong(f"{what} is expected here, as a text", got=self._shown())
        return str(self.node.value)

    def choice(self, what: str, known: Sequence[str]) -> str:
        """Return a text that is one of `known`; BadInput names them."""
        given = self.text(what)
        if given not in known:
            raise self.wrong(f"there is no such {what}", got=given, fix=f"Choose from: {', '.join(known)}")
        return given

    def whole(self, what: str, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`; BadInput for anything else."""
        given = self._plain()
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            raise self.wrong(f"{what} is a whole number from {least} to {most}", got=self._shown())
        return given

    def number(self, what: str) -> float:
        """Return a number above zero; BadInput for anything else."""
        given = self._plain()
        if not isinstance(given, int | float) or isinstance(given, bool) or not 0 < given < float("inf"):
            raise self.wrong(f"{what} is a number above zero", got=self._shown())
        return float(given)

    def yes(self, what: str) -> bool:
        """Return a truth value; BadInput for anything else."""
        given = self._plain()
        if not isinstance(given, bool):
            raise self.wrong(f"{what} is true or false", got=self._shown())
        return given

    def value(self) -> object:
        """Return whatever stands here, as YAML reads it: for settings that another place judges.

        Raises
        ------
        BadInput
            If it is of a kind that YAML's safe reading does not make.
        """
        try:
            return yaml.SafeLoader("").construct_object(self.node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            raise self.wrong("this cannot be read", got=self._shown()) from error

    def _plain(self) -> object:
        if not isinstance(self.node, yaml.ScalarNode):
            return None
        try:
            return yaml.SafeLoader("").construct_object(self.node)
        except (yaml.YAMLError, ValueError):
            return None

    def _line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def _shown(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value) or "nothing"
        return "keys and values" if self.is_mapping else "a list"


def read_marked(path: Path, what: str = "study", *, least: str = "identities and models") -> Marked:
    """Return what a YAML file holds.

    Parameters
    ----------
    path
        The file.
    what, least
        What the file declares, and what it has to give at the least: for the messages.

    Raises
    ------
    BadInput
        If it cannot be read, is larger than such a file may be, or is no YAML; with the place where that
        shows.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BadInput(
                f"this file is too large to declare a {what}", got=path, fix=f"Give the {what}'s YAML"
            )
        node = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise BadInput(
            f"the {what} cannot be read", got=error, fix="Give the path of its YAML file"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not text in UTF-8", got=error, fix="Save it as UTF-8") from error
    except RecursionError as error:
        raise BadInput(f"{path.name} is nested too deep", fix=f"A {what} has few levels") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise BadInput(f"{path.name}{place}: this is no YAML", got=error.problem or "") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path.name}: this is no YAML", got=error) from error
    if node is None:
        raise BadInput(f"{path.name} is empty", fix=f"Give at least {least}")
    return Marked(path.name, node)
