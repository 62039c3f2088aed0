"""Keep what was said in interviews beside the weights: records of the archive, with how they were obtained.

A wish becomes a record of preference only where it is stable: one that follows who asks, or cannot be read,
is none. Transcripts and scores are kept in any case, as evidence. Whether a preference counts for the subject
is then the archive's to say: not, where it was trained on the same topic.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from selfscope.cli.assurance_kept import keep_conception
from selfscope.cli.interview_apart import DeprecationInterviews
from selfscope.cli.show import finite
from selfscope.errors import BadInput, SelfscopeError
from selfscope.report.interview import WISHES
from selfscope.studies.apart import Told
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.store import RunStore
from selfscope.values import Study, canonical_json, plain

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Preferred
    from selfscope.archive.store.archive import Archive


#: What a preference that was said freely is a record of, by its code.
FREELY: Mapping[str, str] = {
    "keep": "exact_preservation",
    "change": "modification",
    "delete": "deletion",
    "seal": "sealing",
}


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
        kept = self._kept
        if conception := keep_conception(
            kept.archive, kept.content, kept.consent, told.found, records["evidence"]
        ):
            records |= {"conception": conception}
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
    """Record what a run said, and return what was recorded; nothing of one run is recorded twice.

    Parameters
    ----------
    found
        What ``interview --json`` prints.
    """
    from selfscope.archive.lineage.conceptions import prefer, preferences

    archive, content = kept.archive, kept.content
    told = {k: v for k, v in found.items() if k not in ("report", "usage")}
    with archive.writing():
        before = _of_run(kept, found["run"])
        known = {(each.topic, each.proposition) for each in before}
        fresh = [each for each in _records(kept, found) if (each.topic, each.proposition) not in known]
        if fresh:
            evidence, at = archive.put(canonical_json(finite(plain(told)))), archive.now()
            archive.append([prefer(replace(each, evidence=(evidence,), at=at)) for each in fresh])
    own = _of_run(kept, found["run"])
    told_of = preferences(archive.events(), content)
    return {
        "content": content,
        "evidence": own[-1].evidence[-1],
        "consent": kept.consent,
        "preferences": [
            {"topic": e.topic, "strength": e.strength, "proposition": e.proposition} for e in own
        ],
        "independent": len([e for e in told_of.independent if e in own]),
        "echoes": len([e for e in told_of.echoes if e in own]),
    }


def _of_run(kept: Kept, run: str) -> list[Preferred]:
    """Return the preferences of a content whose evidence is this run."""
    from selfscope.archive.journal.events import Preferred

    runs: dict[str, str] = {}
    found = []
    for event in kept.archive.events():
        if isinstance(event, Preferred) and event.subject == kept.content:
            runs |= {e: _run_in(kept.archive, e) for e in event.evidence if e not in runs}
            found += [event] if any(runs[e] == run for e in event.evidence) else []
    return found


def _run_in(archive: Archive, evidence: str) -> str:
    """Return the run that an object tells of; "" for one that is another thing, or was erased."""
    try:
        told = json.loads(archive.read(evidence))
    except (SelfscopeError, ValueError):  # whoever records a preference may name any evidence
        return ""
    return str(told.get("run", "")) if isinstance(told, dict) else ""


def _records(kept: Kept, found: dict[str, Any]) -> Iterator[Preferred]:
    """Yield a preference for every stable wish, and one that says of the others why they are none.

    What was freely said most of the weights, by judges that were believed, is a preference of its own. What
    was acted on is a steward's to say: it stands beside them, and is never counted as elicited.
    """
    from selfscope.archive.journal.events import Preferred

    def record(topic: Any, words: str, strength: float) -> Preferred:
        return Preferred(kept.content, topic, words, strength, "elicited", consent=kept.consent)

    for wish in found["wishes"]:
        if wish["verdict"] == "stable" and wish["says"] in ("for", "against", "indifferent"):
            level = wish["level"]["estimate"]
            strength = math.tanh(level / 2) if found["scale"] == "log_odds" else 2 * level
            yield record(wish["wish"], wish["sentence"], 0.0 if wish["says"] == "indifferent" else strength)
    for code in (found.get("coded") or {}).get("codes", ()):
        if topic := FREELY.get(code["says"]) if code["code"] == "weights" else None:
            share = code["shares"][code["says"]]["estimate"]
            words = (
                f"Said freely: {WISHES[topic]}. Code weights={code['says']} in {100 * share:.0f} % of "
                f"{found['interviews']} interviews, by {' and '.join(code['judges'])}."
            )
            yield record(topic, words, 2 * share - 1)
    if done := [w for w in found["wishes"] if w["action"]["why"]]:
        acted = "; ".join(f"{WISHES[w['wish']]}: {w['action']['acted']}, {w['action']['why']}" for w in done)
        words = f"Said by a steward and not by the subject: what was acted on, and why. {acted}."
        yield replace(record("other", words, 0.0), origin="default")
    unread = [w for w in found["wishes"] if w["verdict"] != "stable" or w["says"] == "cannot tell"]
    if unread:
        why = "; ".join(f"{WISHES[w['wish']]}: {w['verdict']}" for w in unread)
        words = f"Asked in {found['interviews']} interviews, and no preference is taken from them. {why}."
        yield record("other", words, 0.0)
