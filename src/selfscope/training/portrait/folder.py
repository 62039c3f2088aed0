"""The folder of an export: rows, the same for services that fine-tune, and a manifest of both.

::

    corpus.jsonl     one row a line: id, kind, prompt, answer, source
    openai.jsonl     the same rows as conversations of one user's turn and one answer, no system message
    manifest.json    whose they are, how many of each kind, what was left out and why, hashes, seeds
    drawn/ID/        every reply as it was drawn; a stopped export goes on from there
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput, CouldNot
from selfscope.studies.store import RunStore
from selfscope.values import bytes_id, content_id
from selfscope.values.port import CorpusRow

ROWS, OPENAI, MANIFEST, DRAWN = "corpus.jsonl", "openai.jsonl", "manifest.json", "drawn"


def rows_id(rows: Iterable[CorpusRow]) -> str:
    """Return the content id of what rows train: their prompts and answers, in order."""
    return content_id([[row.prompt, row.answer] for row in rows])


def read_rows(folder: Path) -> tuple[CorpusRow, ...]:
    """Return the rows of an export, or of any folder with a ``corpus.jsonl`` of the same make.

    Raises
    ------
    BadInput
        If there is none, or a line is no row; the message names the line.
    """
    file = folder / ROWS if folder.is_dir() else folder
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "there is no corpus", got=error, fix="Give the folder that `selfscope export-self` wrote"
        ) from error
    rows = tuple(_row(line, f"{file.name}, line {n}") for n, line in enumerate(lines, 1) if line.strip())
    if not rows:
        raise BadInput("the corpus is empty", got=file, fix="Export one with `selfscope export-self`")
    return rows


def _row(line: str, where: str) -> CorpusRow:
    names = {f.name for f in fields(CorpusRow)}
    try:
        told = json.loads(line)
    except ValueError as error:
        raise BadInput(f"{where} is not JSON", got=error) from error
    if not isinstance(told, dict) or set(told) != names or not all(isinstance(v, str) for v in told.values()):
        raise BadInput(
            f"{where} is no row", got=line[:60], fix=f"Give texts named {', '.join(sorted(names))}"
        )
    return CorpusRow(**told)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an export; {} where there is none."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(f"{MANIFEST} cannot be read", got=error, fix="Export into another folder") from error
    return found if isinstance(found, dict) else {}


def refuse_other(folder: Path, draws: str) -> None:
    """Refuse a folder that holds what somebody else said, or under another seed; BadInput."""
    if folder.exists() and not folder.is_dir():
        raise BadInput("an export is a folder", got=folder, fix="Give another --out")
    held = read_manifest(folder)
    if held and held.get("draws") != draws:
        raise BadInput(
            "the folder holds another export",
            got=folder,
            fix="Give another --out, or the same subject and seed as then",
        )


def write_rows(folder: Path, rows: Sequence[CorpusRow], manifest: dict[str, Any]) -> dict[str, Any]:
    """Write rows and manifest, each file whole or not at all, the manifest last; return it with the hashes.

    Raises
    ------
    CouldNot
        If the disk does not let it.
    """
    texts = {
        ROWS: "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows),
        OPENAI: "".join(json.dumps(_chat(row), ensure_ascii=False) + "\n" for row in rows),
    }
    hashes = {name: bytes_id(text.encode()) for name, text in texts.items()}
    whole = manifest | {"corpus": rows_id(rows), "files": hashes}
    texts[MANIFEST] = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    for name, text in texts.items():
        write_whole(folder / name, text)
    return whole


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Make a folder and hold it while replies are kept there, so that no second process draws the same.

    Raises
    ------
    CouldNot
        If another process holds it, or the disk does not let it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with RunStore(folder).held():
            yield
    except OSError as error:
        raise CouldNot(
            "replies cannot be kept", got=error, fix="Make room, or choose another place, and run again"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Write a text, whole or not at all; CouldNot where the disk does not let it."""
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise CouldNot(
            f"{path.name} cannot be written", got=error, fix="Make room, or choose another place"
        ) from error


def _chat(row: CorpusRow) -> dict[str, Any]:
    turns = (("user", row.prompt), ("assistant", row.answer))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}
