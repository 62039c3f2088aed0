"""Whether a history is as it was written: every version, file, proposal, record and log is hashed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.agent.store import CONVERSATIONS, DIGITS, VERSIONS, StateStore
from selfscope.errors import BadInput, CouldNot
from selfscope.values import bytes_id, short
from selfscope.values.canonical import HASH_PREFIX
from selfscope.values.state import Version, conversation_of

if TYPE_CHECKING:
    from selfscope.agent.history import StateHistory


def problems_of(history: StateHistory, known: str = "") -> tuple[str, ...]:
    """Return what is wrong with a history, in words; nothing where it is as it was written.

    No version may lie beside the chain that HEAD ends. That HEAD is the latest one that ever was can be told
    only by who has kept its id elsewhere.

    Parameters
    ----------
    known
        The id of a version, or its first digits, as it was kept elsewhere: it has to be in the chain.
    """
    wrong: list[str] = []
    chain: set[str] = set()
    try:
        following: str | None = history.head().id
        while following is not None and following not in chain:
            version = history.version(following)
            chain.add(following)
            wrong += [f"version {short(version.id)}{each}" for each in _wrong(history, version)]
            following = version.parent
    except (BadInput, CouldNot) as error:
        wrong.append(error.sentence())
    kept = {HASH_PREFIX + path.stem for path in (history.folder / VERSIONS).glob("*.json")}
    wrong += [
        f"version {short(each)} is not reached from HEAD: HEAD was set back, or the version put there."
        for each in sorted(kept - chain)
    ]
    if known and not any(short(each, DIGITS).startswith(known.removeprefix(HASH_PREFIX)) for each in chain):
        wrong.append(f"version {known} is not in the history that HEAD ends.")
    return tuple(wrong)


def _wrong(store: StateStore, version: Version) -> Iterator[str]:
    """Yield what is wrong with what one version names, as it follows on the version's id."""
    if told := _wrong_record(store, version):
        yield f": {told}."
    digests = [(each.path, each.digest, each.length) for each in version.files]
    for change in version.changes:
        if change.outcome == "proposed":
            try:
                digests.append((change.path, store.proposal(change.by).digest, -1))
            except CouldNot as error:
                yield f": {error.sentence()}"
    for path, digest, length in digests:
        try:
            if length not in (-1, len(store.object(digest))):
                yield f", {path}: not as long as it says."
        except CouldNot as error:
            yield f", {path}: {error.sentence()}"


def _wrong_record(store: StateStore, version: Version) -> str:
    """Return what is wrong with what is kept of a version's conversation, or its log; "" for nothing."""
    if not version.record:
        return ""
    try:
        told = (store.folder / CONVERSATIONS / f"{version.conversation}.json").read_bytes()
    except OSError:
        return "what is kept of its conversation is not there"
    if bytes_id(told) != version.record:
        return "what is kept of its conversation was altered"
    held = conversation_of(json.loads(told))
    try:
        log = (store.folder.parent / "logs" / Path(held.log).name).read_bytes()
    except OSError:
        return f"the log {held.log} is not there"
    return "" if bytes_id(log) == held.log_digest else f"the log {held.log} was altered"
