"""Is everything here, and is it what was stored?

``quick`` reads the journal, the manifests and the sizes of all objects. ``full`` reads every byte and
compares digests. ``deep`` also puts every file together, compares both of its digests, and has a witness run
the models that have reference logits. With a budget, a random sample of the objects is read, and said so.

Every problem is found and reported with its place; nothing is ever repaired here. Verification trusts neither
the index nor the clock, and a checkpoint that was kept elsewhere shows a journal that was cut or rewritten.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from selfscope.archive.care import journal_check
from selfscope.archive.care.problems import Problem, Verification
from selfscope.archive.journal.chain import Checkpoint
from selfscope.archive.journal.events import ContentAdded
from selfscope.archive.journal.held import Held, read_held
from selfscope.archive.store.digests import Digest, digests
from selfscope.archive.store.fetch import Reader, check_file, get
from selfscope.archive.store.ingest import Progress
from selfscope.archive.store.manifests import Envelope, Holding, Kept
from selfscope.archive.store.reference import Reference, Witness
from selfscope.archive.store.vault import KeyElsewhere
from selfscope.errors import SelfscopeError

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.index import Index

Level = Literal["quick", "full", "deep"]


@dataclass(frozen=True)
class Budget:
    """How much a verification may read: bytes, seconds, or whichever ends first. None is no limit."""

    bytes: int | None = None
    seconds: float | None = None
    seed: int = 0

    def spent(self, read: int, began: float) -> bool:
        """Say whether nothing more may be begun."""
        return (self.bytes is not None and read >= self.bytes) or (
            self.seconds is not None and time.monotonic() - began >= self.seconds
        )


def verify(
    archive: Archive,
    content: str = "",
    *,
    level: Level = "full",
    budget: Budget | None = None,
    checkpoint: Checkpoint | None = None,
    witness: Witness | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check one content, or the whole archive where `content` is "".

    The journal is checked whole in both cases, for what a content is follows from it.
    """
    return checked(Check(archive, content, level, budget, progress), checkpoint, witness)


def checked(check: Check, checkpoint: Checkpoint | None, witness: Witness | None = None) -> Verification:
    """Do one verification, step after step, and return what was found."""
    archive, content, level = check.archive, check.content, check.level
    check.problems += journal_check.problems(archive, checkpoint, every=level != "quick")
    held = check.read_journal()
    if held is None:
        return check.result()
    check.manifests(held)
    check.presence(held)
    if level != "quick":
        check.objects()
        check.files()
        check.index(bool(content))
    if level == "deep":
        check.witnesses(held, witness)
    return check.result()


@dataclass
class Check:
    """One verification as it goes on.

    Parameters
    ----------
    archive, content, level, budget, progress
        As :func:`verify` got them.
    last
        When each object was read last: what was read longest ago then comes first. None for no such order.
    """

    archive: Archive
    content: str
    level: Level
    budget: Budget | None
    progress: Progress | None
    last: dict[str, str] | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    read: int = 0
    checked: list[str] = field(default_factory=list)
    complete: bool = True
    unopened: list[str] = field(default_factory=list)
    envelopes: list[tuple[ContentAdded, Envelope]] = field(default_factory=list)
    needed: dict[tuple[str, str], int] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    def read_journal(self) -> Held | None:
        """Return what is held, or None where the journal cannot be read to its end."""
        try:
            held = read_held(self.archive.events())
        except SelfscopeError as error:
            if not self.problems:
                self.problem("journal", "journal", error)
            return None
        if self.content and not held.of(self.content):
            self.problems.append(
                Problem("content", self.content, "the archive does not hold it", (self.content,))
            )
        return held

    def manifests(self, held: Held) -> None:
        """Read every manifest that is needed, and note the objects that it needs."""
        for added in held.of(self.content):
            try:
                envelope = self.archive.envelope(added.holding)
            except SelfscopeError as error:
                self.problem("manifest", added.holding, error, added.content)
                continue
            if (envelope.content, envelope.domain) != (added.content, added.domain):
                why = "the manifest is of something else than the journal says"
                self.problems.append(Problem("manifest", added.holding, why, (added.content,)))
                continue
            self.envelopes.append((added, envelope))
            for kept in envelope.objects:
                self._need(kept, envelope)
            if added.base:
                self.notes.append(f"{added.content} cannot be read without its base {added.base}")

    def presence(self, held: Held) -> None:
        """See that every object is there with its size, and find those that no manifest lists."""
        for (identifier, domain), size in self.needed.items():
            path = self.archive.objects.place(identifier, domain)
            found = path.stat().st_size if path.is_file() else None
            if found != size:
                why = "it is gone" if found is None else f"it has {found} bytes and should have {size}"
                self._bad(identifier, why)
        if self.content:
            return
        present = dict(self.archive.objects.all())
        for identifier in sorted(held.needed - present.keys() - held.collected):
            self._bad(identifier, "an event needs it and it is gone")
        for identifier, place in present.items():
            if place.domain not in held.destroyed:
                self.needed.setdefault((identifier, place.domain), place.path.stat().st_size)

    def objects(self) -> None:
        """Read objects and compare their digests with their names, all of them or as the budget allows."""
        total = sum(self.needed.values())
        for (identifier, size), found in digests(self._within_budget(total)):
            self._compare(identifier, found)
            self.read += size
            if self.progress is not None:
                self.progress(self.read, total)

    def _within_budget(self, total: int) -> Iterator[tuple[tuple[str, int], Path, int]]:
        """Yield the objects to read until the budget is spent; it is asked before each is begun."""
        began, begun = time.monotonic(), 0
        for (identifier, domain), size in self._order():
            if self.budget is not None and self.budget.spent(begun, began):
                self.complete = False
                self.notes.append(f"the budget ended after {begun} of {total} bytes")
                return
            begun += size
            if identifier not in self.bad:
                yield (identifier, size), self.archive.objects.place(identifier, domain), size

    def files(self) -> None:
        """See that pieces make up files. A file that is one whole object was seen with that object."""
        for added, envelope in self.envelopes:
            if self.bad.intersection(kept.object for kept in envelope.objects):
                continue
            if envelope.domain and self.archive.vault is None:
                self._unopened(added)
                continue
            try:
                holding = self.archive.holding(added.holding)
                self._files(Reader(self.archive, holding))
            except KeyElsewhere:
                self._unopened(added)
            except SelfscopeError as error:
                self.problem("file", added.holding, error, added.content)

    def _unopened(self, added: ContentAdded) -> None:
        """Note that a sealed copy was checked as far as that is possible without its key."""
        self.unopened.append(added.holding)
        self.notes.append(f"{added.content} is encrypted: without its key only its ciphertext was checked")

    def index(self, partial: bool) -> None:
        """See that the index says what the journal says; it holds no truth, so a wrong one is built anew."""
        if partial or self.problems:
            return
        fresh = self.archive.index.in_memory()
        try:
            if not self.archive.index.sound():
                self.archive.index.rebuild()  # as at any question that finds it unusable
            if not self._agree(fresh):
                self.archive.index.rebuild()
                self.notes.append("the index did not say what the journal says and was built anew")
                if not self._agree(fresh):
                    why = "it does not say what the journal says, even built anew"
                    self.problems.append(Problem("index", "index.sqlite", why))
        finally:
            fresh.close()

    def _agree(self, fresh: Index) -> bool:
        """Say whether two indexes say the same; while somebody writes they are asked again."""
        while True:
            one, other = fresh.dump(), self.archive.index.dump()
            if one == other:
                return True
            head = self.archive.journal.head()
            if one[0][1:3] == other[0][1:3] == (head.number, head.digest):
                return False

    def witnesses(self, held: Held, witness: Witness | None) -> None:
        """Have the models run that have reference logits."""
        for content in sorted({added.content for added, _ in self.envelopes}):
            for identifier, _ in held.references.get(content, []):
                if witness is None:
                    self.notes.append(f"{content} has reference logits and nobody was there to compute them")
                    continue
                try:
                    self._witness(content, Reference.read(self.archive.read(identifier)), witness)
                except SelfscopeError as error:
                    self.problem("reference", identifier, error, content)
            if content not in held.references:
                self.notes.append(f"{content} has no reference logits: only its bytes were checked")

    def result(self) -> Verification:
        """Return what was found."""
        return Verification(
            not self.problems, self.level, len(self.checked), self.read, self.complete,
            tuple(self.problems), tuple(self.notes), tuple(self.checked), tuple(self.unopened),
        )  # fmt: skip

    def problem(self, what: str, where: str, error: SelfscopeError, content: str = "") -> None:
        """Note an error as a problem."""
        self.problems.append(Problem(what, where, error.sentence(), (content,) if content else ()))

    def _need(self, kept: Kept, envelope: Envelope) -> None:
        self.needed[kept.object, envelope.domain] = kept.size

    def _order(self) -> list[tuple[tuple[str, str], int]]:
        order = list(self.needed.items())
        if self.last is not None:
            known = self.last
            return sorted(order, key=lambda each: (known.get(each[0][0], ""), each[0]))
        if self.budget is not None:
            random.Random(self.budget.seed).shuffle(order)
        return order

    def _compare(self, identifier: str, found: Digest) -> None:
        if isinstance(found, SelfscopeError):
            self._bad(identifier, found.sentence())
        elif found == identifier:
            self.checked.append(identifier)
        else:
            self._bad(identifier, f"its bytes have the digest {found}")

    def _bad(self, identifier: str, why: str) -> None:
        self.bad.add(identifier)
        hurt = {a.content for a, e in self.envelopes if identifier in {kept.object for kept in e.objects}}
        self.problems.append(Problem("object", identifier, why, tuple(sorted(hurt))))

    def _files(self, reader: Reader) -> None:
        whole = set(self.checked)
        for number, file in enumerate(reader.holding.manifest.files):
            seen = _is_object(reader.holding, number, whole)
            if self.level == "deep" or (self.complete and not seen):
                check_file(file, reader.file(number), _nothing)

    def _witness(self, content: str, reference: Reference, witness: Witness) -> None:
        with tempfile.TemporaryDirectory(prefix="selfscope-witness-") as made:
            model = Path(made) / "model"
            get(self.archive, content, model)
            gap = reference.distance(witness(model, reference))
        if not gap <= reference.tolerance:
            why = f"its logits are {gap:.3g} from the reference, which allows {reference.tolerance:.3g}"
            self.problems.append(Problem("reference", content, why, (content,)))


def _is_object(holding: Holding, number: int, whole: set[str]) -> bool:
    """Say whether a file is, byte for byte, one object whose digest was compared."""
    pieces, at = holding.files[number], 0
    for piece in pieces:
        if piece.codec != "raw" or piece.object != pieces[0].object or piece.at != at:
            return False
        at += piece.length
    if not pieces or holding.domain:
        return False
    kept, file = holding.objects[pieces[0].object], holding.manifest.files[number]
    return kept.object == file.b3 and kept.size == at == file.size and kept.object in whole


def _nothing(part: bytes) -> None:
    """Take a part that need only be read."""
