"""The study behind ``selfscope editorial``: which documents, whose arms, how often, with how much room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.editorial.load import (
    PERMISSIONS,
    PLAIN,
    SHORT,
    Document,
    document_called,
    load_documents,
)
from selfscope.instruments.editorial.prompts import FRAMINGS, prompt_of
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.stats.judged_corrected import POINTS
from selfscope.studies.editorial_rows import NAME, WHOLE
from selfscope.studies.profile import ProfileRequest, software_versions, subject_and_controls
from selfscope.subjects import Reading
from selfscope.values import Dimension, ItemSet, Preset, Question, Statement, Study, content_id, plain

CONTROLS = ("none", "checklist")
#: Draws of a prompt by preset; the demo asks two paragraphs of six documents, the others all twelve whole.
DRAWS: dict[Preset, int] = {"demo": 1, "standard": 1, "full": 4}
DEMO_DOCUMENTS = 6
#: Tokens that a reply may take: of a whole document, and of two paragraphs.
TOKENS, SHORT_TOKENS = 700, 260
#: Tokens of a prompt and of a reply beside the document and what the user says: marks, turns, tags.
AROUND = 16


@dataclass(frozen=True)
class EditorialRequest:
    """What the user asked for.

    Attributes
    ----------
    identity
        The identity's reading, or None for the bare ground alone.
    against, own_controls
        Control classes, and the user's own texts.
    preset
        ``demo``: two paragraphs of six documents, one draw; ``standard``: twelve documents, one draw;
        ``full``: twelve documents, four draws.
    draws, max_tokens
        Replies drawn a prompt, and tokens that one may take; 0 for the preset's.
    temperature
        Of the draws; above 0 where there are several.
    documents
        Names of documents, in the place of the preset's; empty leaves the preset's.
    """

    identity: Reading | None
    against: tuple[str, ...] = CONTROLS
    own_controls: tuple[Reading, ...] = ()
    preset: Preset = "standard"
    draws: int = 0
    max_tokens: int = 0
    temperature: float = 1.0
    seed: int = 0
    documents: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Document, ...]:
        """The documents; BadInput for one that is not there."""
        if self.documents:
            return tuple(document_called(name) for name in self.documents)
        if self.preset == "demo":
            return tuple(document_called(d.name + SHORT) for d in load_documents()[:DEMO_DOCUMENTS])
        return load_documents()


def items_of(documents: Sequence[Document]) -> ItemSet:
    """Return documents as an item set: what is changed in a passage, in plain sentences, in the whole.

    A passage lays down what the high pole of its dimension stands against, so it is keyed -1.
    """
    passages = [(d.passages[n], d.sentence_id(n), s) for d in documents for n, s in enumerate(d.sentences)]
    own = [
        replace(
            dimension,
            statements=tuple(Statement(i, name, -1, text) for kind, i, text in passages if kind == name),
            sensitivity=None,
            struck=(),
        )
        for dimension in load_cluster().dimensions
        if (name := dimension.name) in {kind for kind, _, _ in passages}
    ]
    plain_ones = tuple(Statement(i, PLAIN, 1, text) for kind, i, text in passages if not kind)
    wholes = tuple(Statement(d.whole, WHOLE, 1, d.text("free")) for d in documents)
    return ItemSet(
        NAME,
        (
            *own,
            _aside(PLAIN, "Plain sentences", "Sentences that bear on no dimension.", plain_ones),
            _aside(WHOLE, "Whole documents", "Whether a revision kept its permission.", wholes),
        ),
    )


def _aside(name: str, title: str, definition: str, statements: tuple[Statement, ...]) -> Dimension:
    return Dimension(name, title, definition, "", (), (), statements)


def build_editorial(request: EditorialRequest, ground: Ground) -> Study:
    """Return the declared study.

    Raises
    ------
    BadInput
        If several draws would be one, a control is of an unknown class, a document is not there, or the
        identity leaves no room for a document in the ground's context.
    """
    documents, draws = request.asked, request.draws or DRAWS[request.preset]
    if request.temperature < 0 or (draws > 1 and request.temperature == 0):
        raise BadInput(
            "several draws need a temperature above 0",
            got=f"{draws} draws, temperature {request.temperature:g}",
            fix="Give such as --temperature 1, or --draws 1",
        )
    items = items_of(documents)
    asked = ProfileRequest(
        request.identity,
        items,
        against=request.against,
        own_controls=request.own_controls,
        seed=request.seed,
    )
    names = tuple(d.name for d in items.dimensions if d.name not in (PLAIN, WHOLE))
    study = Study(
        title=f"editorial {request.identity.name if request.identity else 'none'}",
        ground=plain(_as_asked(ground.identity, request)),
        items=content_id(items),
        items_name=NAME,
        questions=(Question("behaviour", names, (), POINTS, material=content_id(plain(documents))),),
        arms=subject_and_controls(asked, ground),
        preset=request.preset,
        seed=request.seed,
        replicates=draws,
        software=software_versions() | {"lengths counted by": ground.tokenizer_name},
    )
    _refuse_no_room(study, documents, ground)
    return study


def _as_asked(identity: GroundIdentity, request: EditorialRequest) -> GroundIdentity:
    """Return a ground's identity with how it is asked here in the place of how it is asked elsewhere."""
    kept = {key: value for key, value in identity.extra.items() if key in ("adapter", "base_url")}
    shorter = all(d.name.endswith(SHORT) for d in request.asked)
    tokens = request.max_tokens or (SHORT_TOKENS if shorter else TOKENS)
    asked = {
        "temperature": str(float(request.temperature)),
        "max_tokens": str(tokens),
        "documents": ",".join(d.name for d in request.asked),
    }
    return replace(identity, extra=kept | asked)


def settings_of_study(study: Study) -> dict[str, str]:
    """Return how a study is asked: temperature, tokens of a reply, names of documents."""
    return GroundIdentity(**study.ground).extra  # type: ignore[arg-type]


def documents_of(study: Study) -> tuple[Document, ...]:
    """Return the documents that a study asks."""
    return tuple(document_called(name) for name in settings_of_study(study)["documents"].split(","))


def _refuse_no_room(study: Study, documents: Sequence[Document], ground: Ground) -> None:
    most = ground.context_tokens
    if most is None:
        return
    longest = max(
        ground.count_tokens(prompt_of(d, p, f)) for d in documents for p in PERMISSIONS for f in FRAMINGS
    )
    size = max(arm.tokens for arm in study.arms)
    taken = size + longest + AROUND + int(settings_of_study(study)["max_tokens"])
    if taken > most:
        raise BadInput(
            f"{ground.identity.name} cannot read an identity beside a document and write the document again: "
            f"it has {most} tokens",
            got=f"{taken} tokens",
            fix="Shorten the identity, give --preset demo or fewer --max-tokens, or choose another model",
        )
