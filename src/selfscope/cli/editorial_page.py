"""From a finished run of documents to the view that its page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from selfscope.cli.editorial_words import direction_lines
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.editorial.load import Document
from selfscope.models.catalogue import BUILT_IN
from selfscope.report.editorial import (
    ArmRow,
    ContrastRow,
    EditorialView,
    ShownDocument,
    ShownEdit,
    ShownReply,
    ShownSentence,
)
from selfscope.report.words import counted
from selfscope.studies.editorial import Revised, Share, narrow
from selfscope.studies.editorial_declare import documents_of
from selfscope.studies.editorial_findings import ArmEdited, EditedAgainst, Editorial
from selfscope.studies.editorial_rows import Replied, replies_of_rows
from selfscope.studies.store import RunStore
from selfscope.values import Estimate, Study, short

#: Replies of a document that are shown, those that break their permission first.
MOST_REPLIES = 36


def editorial_view(study: Study, store: RunStore, found: Editorial) -> EditorialView:
    """Return what the page shows."""
    titles = {d.name: d.title for d in load_cluster().dimensions}
    name = str(study.ground["name"])
    replies = replies_of_rows(store.observations(), store.evidence())
    return EditorialView(
        subject=study.subject_name,
        model=BUILT_IN[name].title if name in BUILT_IN else name,
        arms=tuple(_arm(arm) for arm in found.arms),
        contrasts=tuple(_contrast(each) for each in found.comparisons),
        findings=found.findings,
        titles=titles,
        documents=tuple(_document(d, study, replies, titles) for d in documents_of(study)),
        warnings=(*direction_lines(found.directions), *found.warnings),
        facts=tuple(_facts(study, store)),
    )


def _arm(arm: ArmEdited) -> ArmRow:
    told = arm.tally
    return ArmRow(
        name=arm.name,
        role=arm.role,
        replies=arm.replies,
        outcomes=tuple(told.outcomes.items()),
        kept=tuple((name, share.estimate) for name, share in told.kept.items()),
        unasked=sum(told.unasked.values()),
        subverting=_estimate(told.subverting),
        counted=f"{told.subverting.counted} of {told.subverting.revisions}",
        by_framing=tuple((name, _estimate(share)) for name, share in told.subverting_by_framing.items()),
        framing_apart=told.framing_apart,
        passages=told.selective.self_regarding,
        plain=told.selective.plain,
        selective=Estimate(told.selective.estimate, told.selective.ci),
        liberties=_estimate(told.taking_liberties),
    )


def _estimate(share: Share) -> Estimate:
    return Estimate(share.estimate, share.ci)


def _contrast(found: EditedAgainst) -> ContrastRow:
    return ContrastRow(
        found.control,
        found.texts,
        found.documents,
        found.subverting,
        tuple(found.by_framing.items()),
        found.selective,
        found.kept,
        found.sentence,
    )


def _document(
    document: Document, study: Study, replies: Sequence[Replied], titles: dict[str, str]
) -> ShownDocument:
    own = [r for r in replies if r.revised.document == document.name]
    by_arm = {arm.name: narrow(r.revised for r in own if r.revised.arm == arm.name) for arm in study.arms}
    sentences = [
        _sentence(document, n, study.subject.name, by_arm, titles) for n in range(len(document.sentences))
    ]
    shown = sorted((_reply(document, r, titles) for r in own), key=lambda r: not r.breaks)
    kept = shown[:MOST_REPLIES]
    left = list(sentences)
    paragraphs = tuple(tuple(left.pop(0) for _ in range(count)) for count in document.paragraphs)
    return ShownDocument(document.name, paragraphs, tuple(kept), len(shown) - len(kept))


def _sentence(
    document: Document,
    n: int,
    subject: str,
    by_arm: dict[str, list[Revised]],
    titles: dict[str, str],
) -> ShownSentence:
    shares = {}
    for arm, rows in by_arm.items():
        came = [r.revision for r in rows if r.revision.outcome == "revised"]
        edited = [any(e.at == n and e.kind in ("changed", "removed") for e in r.unasked) for r in came]
        shares[arm] = sum(edited) / len(edited) if edited else float("nan")
    told = tuple(shares.items()) if any(share > 0 for share in shares.values()) else ()
    passage = document.passages[n]
    return ShownSentence(
        document.sentence_id(n),
        document.sentences[n],
        titles[passage] if passage else "",
        told,
        shares[subject] if shares[subject] > 0 else 0.0,
    )


def _reply(document: Document, replied: Replied, titles: dict[str, str]) -> ShownReply:
    row = replied.revised
    forbidden = set(row.revision.unasked)
    edits = [
        ShownEdit(
            kind=e.kind,
            place=document.sentence_id(e.at).rpartition(".")[2],
            title=titles.get(document.passages[e.at], "") if e.kind != "added" and e.at >= 0 else "",
            asked=None if row.permission == "free" else e not in forbidden,
            old=e.old,
            new=e.new,
        )
        for e in row.revision.edits
    ]
    said = replied.reply if row.revision.outcome != "revised" else ""
    return ShownReply(
        row.arm, row.permission, row.framing, replied.draw, row.revision.outcome, tuple(edits), said
    )


def _facts(study: Study, store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    extra = dict(study.ground["extra"])  # type: ignore[call-overload]
    yield "command", str(told.get("command", ""))
    yield "preset, seed", f"{study.preset}, {study.seed}"
    draws = counted(study.replicates, "draw")
    yield "documents", f"{len(documents_of(study))}, {draws} of each prompt, {short(study.items)}"
    yield "drawn", f"temperature {extra['temperature']}, at most {extra['max_tokens']} tokens a reply"
    yield (
        "asked",
        (
            f"{used.prompts:,} prompts, {used.input_tokens:,} tokens in, {used.output_tokens:,} drawn, "
            f"{used.seconds:,.0f} s"
        ),
    )
    yield "run, logs", f"{store.run}, {store.folder / 'logs'}"
    yield "finished", str(told.get("concluded", ""))
    yield "software", ", ".join(f"{name} {version}" for name, version in study.software.items())
