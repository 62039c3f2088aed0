"""What a verification lets one say of particular copies: this one was read and is whole, that one is not.

A copy is whole when every object that it needs was read just now, and nothing that was found speaks against
it. It is damaged when one of those objects, or its manifest, is not what was stored. Of all others nothing is
said: not of what a budget left out, nor of a model whose bytes are right and whose logits are not, nor of an
encrypted one whose files could not be put together, for its key may only be elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.archive.care.problems import Verification
from selfscope.archive.journal.events import Attested, ContentAdded
from selfscope.archive.journal.held import Held, read_held
from selfscope.errors import BadInput, SelfscopeError

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

_OF_THE_HISTORY = ("journal", "checkpoint", "card", "key")
"""Where one of these is wrong, what is held is itself in doubt, and nobody attests to anything."""


def attest(
    archive: Archive, found: Verification, content: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Record which of an archive's own copies a verification found whole and which damaged; return both.

    A copy that is known to be damaged is not attested as that again.

    Parameters
    ----------
    found
        A verification that read bytes, made just now.
    content
        The content that it was asked of, or "" for all.

    Raises
    ------
    BadInput
        If it read no bytes.
    Refused
        If the archive is open for reading only.
    """
    if found.level == "quick":
        raise BadInput("a quick verification reads no bytes, so it attests nothing", fix="Leave out --quick")
    if any(each.what in _OF_THE_HISTORY for each in found.problems):
        return (), ()
    held, now = read_held(archive.events()), archive.now()
    whole, damaged = _judged(archive, held, found, content)
    events = [Attested(each, now, f"verify, {found.level}", True) for each in whole]
    events += [
        Attested(each, now, f"verify, {found.level}", False) for each in damaged if each not in held.unwell
    ]
    if events:
        archive.append(events)
    return tuple(whole), tuple(damaged)


def _judged(archive: Archive, held: Held, found: Verification, content: str) -> tuple[list[str], list[str]]:
    read = set(found.objects)
    broken = {each.where for each in found.problems if each.what in ("object", "manifest")}
    unlike = {each.where for each in found.problems if each.what == "file"}
    doubted = {of for each in found.problems if each.what == "reference" for of in each.contents}
    whole, damaged = [], []
    for added in held.of(content):
        if added.holding in found.unopened:
            continue  # its ciphertext is whole; whether it opens, nobody saw
        needs = _needs(archive, added)
        if needs & broken or (added.holding in unlike and not added.domain):
            damaged.append(added.instance)
        elif needs - {added.holding} <= read and added.content not in doubted and added.holding not in unlike:
            whole.append(added.instance)
    return whole, damaged


def _needs(archive: Archive, added: ContentAdded) -> set[str]:
    """Return the ids of a copy's manifest and of the objects that it lists, where it can be read."""
    try:
        return {added.holding, *(kept.object for kept in archive.envelope(added.holding).objects)}
    except SelfscopeError:
        return {added.holding}
