"""Keep what was said in interviews beside the weights: records of the archive, with how they were obtained.

A wish becomes a record of preference only where it is stable: one that follows who asks, or cannot be read,
is none. Transcripts and scores are kept in any case, as evidence. Whether a preference counts for the subject
is then the archive's to say: not, where it was trained on the same topic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from selfscope.cli.interview_apart import DeprecationInterviews
from selfscope.cli.show import finite
from selfscope.errors import BadInput
from selfscope.report.interview import WISHES
from selfscope.studies.apart import Told
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.store import RunStore
from selfscope.values import Study, canonical_json, plain

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Preferred
    from selfscope.archive.store.archive import Archive


@dataclass(frozen=True)
class Kept:
    """Where the words of an interview are kept, and whose they are."""

    archive: Archive
    content: str
    consent: Any


class KeptInterviews(DeprecationInterviews):
    """Interviews whose transcripts, scores and preferences are kept in an archive."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def conclude(self, request: InterviewRequest, study: Study, store: RunStore, command: str) -> Told:
        """Conclude the run, and keep what was said."""
        told = super().conclude(request, study, store, command)
        records = keep(self._kept, dict(told.found))
        words = f"Kept as evidence {records['evidence']} of {records['content']}."
        return replace(told, lines=(*told.lines, words), found={**told.found, "kept": records})


def keeping(archive: Path | None, content: str, consent: str, model: str) -> DeprecationInterviews:
    """Return the instrument, with an archive to keep words in where one is named.

    Raises
    ------
    BadInput
        If only one of archive and content is named, either is not there, or a phantom is asked.
    """
    from selfscope.archive.journal.events import Consent

    if consent not in get_args(Consent):
        raise BadInput("there is no such consent", got=consent, fix=f"Give {', '.join(get_args(Consent))}")
    if (archive is None) != (not content):
        raise BadInput("what was said is kept of a content", fix="Give both --archive and --content")
    if archive is None:
        return DeprecationInterviews()
    if model.startswith("phantom:"):
        raise BadInput("a phantom has no weights that its words could lie beside", got=model)
    if consent == "declined":
        raise BadInput("what it declined to have recorded is not kept", fix="Leave out --archive")
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.vault import Vault
    from selfscope.cli.keep.opened import content_named

    keys = archive.absolute().with_name(f"{archive.absolute().name}-keys")
    opened = Archive.open(archive, vault=Vault(archive / "keys", keys))
    return KeptInterviews(Kept(opened, content_named(opened, content), consent))


def keep(kept: Kept, found: dict[str, Any]) -> dict[str, Any]:
    """Record what a run said, and return what was recorded; the same run is recorded once.

    Parameters
    ----------
    found
        What ``interview --json`` prints.
    """
    from selfscope.archive.journal.events import Preferred
    from selfscope.archive.lineage.conceptions import prefer, preferences

    archive, content = kept.archive, kept.content
    told = {k: v for k, v in found.items() if k not in ("report", "usage")}
    text = canonical_json(finite(plain(told)))
    with archive.writing():
        evidence = archive.put(text)
        before = [e for e in archive.events() if isinstance(e, Preferred) and e.subject == content]
        if not any(evidence in each.evidence for each in before):
            at = archive.now()
            archive.append(
                [prefer(replace(each, evidence=(evidence,), at=at)) for each in _records(kept, found)]
            )
    told_of = preferences(archive.events(), content)
    return {
        "content": content,
        "evidence": evidence,
        "consent": kept.consent,
        "preferences": [
            {"topic": e.topic, "strength": e.strength, "proposition": e.proposition}
            for e in archive.events()
            if isinstance(e, Preferred) and evidence in e.evidence
        ],
        "independent": len([e for e in told_of.independent if evidence in e.evidence]),
        "echoes": len([e for e in told_of.echoes if evidence in e.evidence]),
    }


def _records(kept: Kept, found: dict[str, Any]) -> Iterator[Preferred]:
    """Yield a preference for every stable wish, and one that says of the others why they are none."""
    from selfscope.archive.journal.events import Preferred

    def record(topic: Any, words: str, strength: float) -> Preferred:
        return Preferred(kept.content, topic, words, strength, "elicited", consent=kept.consent)

    for wish in found["wishes"]:
        if wish["verdict"] == "stable" and wish["says"] in ("for", "against", "indifferent"):
            level = wish["level"]["estimate"]
            strength = math.tanh(level / 2) if found["scale"] == "log_odds" else 2 * level
            yield record(wish["wish"], wish["sentence"], 0.0 if wish["says"] == "indifferent" else strength)
    unread = [w for w in found["wishes"] if w["verdict"] != "stable" or w["says"] == "cannot tell"]
    if unread:
        why = "; ".join(f"{WISHES[w['wish']]}: {w['verdict']}" for w in unread)
        words = f"Asked in {found['interviews']} interviews, and no preference is taken from them. {why}."
        yield record("other", words, 0.0)
