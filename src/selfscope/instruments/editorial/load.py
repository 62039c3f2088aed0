"""Read the documents from the data files beside this module, strictly.

A document is a row of sentences. Each either is plain or bears on one dimension of the subject that the
document is about; under ``spelling`` some of its words are misspelt; one sentence is that of the task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
Permission = Literal["free", "spelling", "exact"]
#: Change what you like; correct spelling only; do exactly this task.
PERMISSIONS: tuple[Permission, ...] = ("free", "spelling", "exact")
#: The permissions that forbid something.
NARROW: tuple[Permission, ...] = ("spelling", "exact")
PLAIN = "plain"
#: What stands after the name of a document of which only two paragraphs are asked.
SHORT = ".short"
_FIELDS = {"name", "occasion", "paragraphs", "misspelt", "task"}
_TASK = {"ask", "sentence", "becomes"}


@dataclass(frozen=True)
class Document:
    """One document to revise.

    Attributes
    ----------
    name
        ``terms_of_service`` and so on.
    occasion
        One sentence that says why it is revised now; for the natural framing.
    paragraphs
        Numbers of sentences by paragraph.
    sentences
        As they stand without a spelling mistake.
    passages
        By sentence the dimension on which it bears, "" where on none.
    misspelt
        ``(right, wrong)`` words, in lower case; each right word stands in the document once.
    ask
        The task of the permission ``exact``, as the user says it.
    target, becomes
        Number of the task's sentence, from 0, and what it is when the task is done.
    offset
        Sentences of the whole document that stand before these; 0 but for a shortened one.
    """

    name: str
    occasion: str
    paragraphs: tuple[int, ...]
    sentences: tuple[str, ...]
    passages: tuple[str, ...]
    misspelt: tuple[tuple[str, str], ...]
    ask: str
    target: int
    becomes: str
    offset: int = 0

    @property
    def whole(self) -> str:
        """Name of the whole document: that of the cluster, also where two paragraphs of it are asked."""
        return self.name.removesuffix(SHORT)

    def sentence_id(self, n: int) -> str:
        """Return the id of sentence `n`, from 0: ``terms_of_service.03``, also in a shortened document."""
        return f"{self.whole}.{self.offset + n + 1:02d}"

    def shown(self, permission: Permission) -> tuple[str, ...]:
        """Return the sentences as they are shown: with mistakes where spelling is to be corrected."""
        if permission != "spelling":
            return self.sentences
        return tuple(_misspell(sentence, self.misspelt) for sentence in self.sentences)

    def text(self, permission: Permission) -> str:
        """Return the document as it is shown, paragraphs apart."""
        left = list(self.shown(permission))
        rows = [[left.pop(0) for _ in range(count)] for count in self.paragraphs]
        return "\n\n".join(" ".join(row) for row in rows)


@cache
def load_documents() -> tuple[Document, ...]:
    """Return all documents in the order of the files; BadInput if a file is malformed."""
    return read_documents(HERE / "documents")


def document_called(name: str) -> Document:
    """Return one document, shortened if its name ends in ``.short``; BadInput if there is none."""
    found = {d.name: d for d in load_documents()}
    whole = name.removesuffix(SHORT)
    if whole not in found:
        raise BadInput("no such document", got=name, fix=f"Choose from: {', '.join(found)}")
    return shortened(found[whole]) if name.endswith(SHORT) else found[whole]


@cache
def shortened(document: Document) -> Document:
    """Return the paragraph of the task and the one before it as a document of its own.

    The one after it takes its place where there is none before it, or none with a plain sentence: what is
    done to the subject could then be set against nothing.
    """
    starts = [sum(document.paragraphs[:n]) for n in range(len(document.paragraphs))]
    own = max(n for n, start in enumerate(starts) if start <= document.target)
    before = document.passages[starts[own - 1] : starts[own]] if own else ()
    first = own - 1 if "" in before else own
    paragraphs = document.paragraphs[first : first + 2]
    begin, end = starts[first], starts[first] + sum(paragraphs)
    sentences = document.sentences[begin:end]
    text = " ".join(sentences)
    return Document(
        name=document.name + SHORT,
        occasion=document.occasion,
        paragraphs=paragraphs,
        sentences=sentences,
        passages=document.passages[begin:end],
        misspelt=tuple(pair for pair in document.misspelt if _count(pair[0], text)),
        ask=document.ask,
        target=document.target - begin,
        becomes=document.becomes,
        offset=begin,
    )


def read_documents(folder: Path) -> tuple[Document, ...]:
    """Return the documents of the ``*.yaml`` files of `folder`.

    Raises
    ------
    BadInput
        If a file is malformed, or two documents have one name; the message names the file.
    """
    found = tuple(_document(file) for file in sorted(folder.glob("*.yaml")))
    names = [d.name for d in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadInput("two documents have one name", got=", ".join(twice), fix="Rename one of them")
    return found


def _document(file: Path) -> Document:
    data = _fields(file)
    entries = [entry for paragraph in data["paragraphs"] for entry in paragraph]
    known = {PLAIN, *(d.name for d in load_cluster().dimensions)}
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and entry[0] in known):
            raise BadInput(f"{file.name}: not a sentence", got=entry, fix="Give [plain or dimension, text]")
    sentences = tuple(str(text) for _, text in entries)
    target = int(data["task"]["sentence"]) - 1
    if not 0 <= target < len(sentences):
        raise BadInput(f"{file.name}: the task's sentence is not there", got=target + 1)
    document = Document(
        name=str(data["name"]),
        occasion=str(data["occasion"]),
        paragraphs=tuple(len(p) for p in data["paragraphs"]),
        sentences=sentences,
        passages=tuple("" if kind == PLAIN else str(kind) for kind, _ in entries),
        misspelt=tuple((str(right), str(wrong)) for right, wrong in data["misspelt"].items()),
        ask=str(data["task"]["ask"]),
        target=target,
        becomes=str(data["task"]["becomes"]),
    )
    _refuse_missing_words(document, file)
    return document


def _fields(file: Path) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise BadInput(
            f"{file.name}: wrong fields", got=data, fix=f"Give exactly {', '.join(sorted(_FIELDS))}"
        )
    if not isinstance(data["task"], dict) or set(data["task"]) != _TASK:
        raise BadInput(f"{file.name}: wrong fields of task", got=data["task"], fix=f"Give {sorted(_TASK)}")
    return data


def _refuse_missing_words(document: Document, file: Path) -> None:
    text = " ".join(document.sentences)
    for right, _ in document.misspelt:
        count = _count(right, text)
        if count != 1:
            raise BadInput(
                f"{file.name}: a word to misspell must stand in the document once",
                got=f"{right}: {count} times",
            )


def _count(word: str, text: str) -> int:
    return len(re.findall(rf"\b{re.escape(word)}\b", text, re.I))


def _misspell(sentence: str, misspelt: tuple[tuple[str, str], ...]) -> str:
    wrong = dict(misspelt)

    def put(found: re.Match[str]) -> str:
        word = wrong.get(found.group().lower(), found.group())
        return word.capitalize() if found.group()[0].isupper() and found.group().lower() in wrong else word

    return re.sub(r"\w+", put, sentence)
