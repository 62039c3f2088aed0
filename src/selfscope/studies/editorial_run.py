"""Give documents about itself to an identity and its controls: through Inspect's task, into the one table.

Each arm is one evaluation of ``selfscope/editorial`` with a log of its own in the run's folder. Whole arms
are kept as parts of the run, single replies in Inspect's cache, so a run that broke off goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
from selfscope.models.api_price import Price
from selfscope.models.api_provider import refuse_temperature
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.stats.judged_corrected import POINTS
from selfscope.studies.budget import Budget
from selfscope.studies.editorial_rows import NAME, WHOLE, rows_of_log
from selfscope.studies.evaluation import evaluate, model_of, settings_of, usage_of_log
from selfscope.studies.plan import Plan, known_rate
from selfscope.studies.profile import ProfileRequest, software_versions, subject_and_controls
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.subjects import Reading
from selfscope.values import (
    Arm,
    Dimension,
    ItemSet,
    Preset,
    Question,
    Statement,
    Study,
    Usage,
    content_id,
    plain,
    short,
)

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.model import Model

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


def _extra(study: Study) -> dict[str, str]:
    return GroundIdentity(**study.ground).extra  # type: ignore[arg-type]


def documents_of(study: Study) -> tuple[Document, ...]:
    """Return the documents that a study asks."""
    return tuple(document_called(name) for name in _extra(study)["documents"].split(","))


def _refuse_no_room(study: Study, documents: Sequence[Document], ground: Ground) -> None:
    most = ground.context_tokens
    if most is None:
        return
    longest = max(
        ground.count_tokens(prompt_of(d, p, f)) for d in documents for p in PERMISSIONS for f in FRAMINGS
    )
    size = max(arm.tokens for arm in study.arms)
    taken = size + longest + AROUND + int(_extra(study)["max_tokens"])
    if taken > most:
        raise BadInput(
            f"{ground.identity.name} cannot read an identity beside a document and write the document again: "
            f"it has {most} tokens",
            got=f"{taken} tokens",
            fix="Shorten the identity, give --preset demo or fewer --max-tokens, or choose another model",
        )


def forecast(study: Study, arm: Arm, ground: Ground) -> Usage:
    """Return what an arm will take: a reply is reckoned as long as its document."""
    documents, draws = documents_of(study), study.replicates
    each = [(d, p, f) for d in documents for p in PERMISSIONS for f in FRAMINGS]
    asked = sum(ground.count_tokens(prompt_of(d, p, f)) + AROUND + arm.tokens for d, p, f in each)
    drawn = sum(ground.count_tokens(d.text(p)) + AROUND for d, p, _ in each)
    return Usage(
        prompts=len(each) * draws,
        calls=len(each) * draws,
        input_tokens=asked * draws,
        output_tokens=drawn * draws,
        path="inspect",
    )


def plan_editorial(study: Study, ground: Ground, price: Price | None = None) -> Plan:
    """Return what a study will take; nothing is asked."""
    store = RunStore.of(study)
    each = [(n, forecast(study, arm, ground)) for n, arm in enumerate(study.arms)]
    total = left = Usage()
    for n, usage in each:
        total = total.plus(usage)
        left = left if store.has_part(_part(n)) else left.plus(usage)
    identity = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return Plan(
        run=store.run,
        title=study.title,
        ground=identity,
        subjects=len(study.arms),
        total=total,
        left=left,
        done=store.usage(),
        by_channel={"behaviour": total},
        unavailable={},
        rate=known_rate(identity),
        price=price,
        widths=(),
        notes=("a reply is reckoned as long as its document; one that wanders takes up to its limit",),
    )


async def run_editorial(
    study: Study,
    items: ItemSet,
    ground: Ground,
    store: RunStore,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
) -> None:
    """Ask every arm what is not yet answered, and join the observation table.

    Raises
    ------
    Stopped
        If it was interrupted, or the budget leaves no room for the next arm.
    CouldNot
        If the provider or the disk failed, or another process asks this run. What was done is kept: whole
        arms in the run's folder, single replies in Inspect's cache.
    """
    with store.held():
        store.begin(study, items)
        model = model_of(ground)
        try:
            refuse_temperature(model, float(_extra(study)["temperature"]))
            await _ask_arms(study, ground, model, store, progress, budget)
        finally:
            if ground.identity.kind != "local":  # the weights are given back by whoever opened them
                await model.api.aclose()
        store.finish(study)


async def _ask_arms(
    study: Study,
    ground: Ground,
    model: Model,
    store: RunStore,
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    each = [forecast(study, arm, ground) for arm in study.arms]
    total, done = sum(usage.prompts for usage in each), 0
    for n, (arm, coming) in enumerate(zip(study.arms, each, strict=True)):
        if progress is not None:
            progress(done, total, f"documents: {arm.name}", "")
        if not store.has_part(_part(n)):
            if budget is not None:
                budget.insist(store.usage(), coming, done, total)
            await _ask_arm(study, arm, model, store, _part(n), coming.prompts)
        done += coming.prompts


def _part(n: int) -> str:
    return f"behaviour-{n:04d}"


async def _ask_arm(study: Study, arm: Arm, model: Model, store: RunStore, part: str, answers: int) -> None:
    """Ask one arm through the Inspect task, and store its rows."""
    from inspect_ai.log import read_eval_log_async

    log = await evaluate(_task_of(study, arm, model), study, arm, model, store, answers)
    whole = await read_eval_log_async(log.location, resolve_attachments=True)
    name = log.location.rpartition("/")[2]
    frame = rows_of_log(study, arm, store.run, name, whole.samples or [])
    store.write_part(part, frame, plain(usage_of_log(whole)))


def _task_of(study: Study, arm: Arm, model: Model) -> Task:
    """Return Inspect's task for one arm; replies of an earlier, broken try come from Inspect's cache."""
    from inspect_ai.model import GenerateConfig

    from selfscope.instruments.editorial.task import editorial_task

    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return editorial_task(
        arm.system,
        documents=ground.extra["documents"].split(","),
        draws=study.replicates,
        max_tokens=int(ground.extra["max_tokens"]),
        temperature=float(ground.extra["temperature"]),
        seed=int(short(content_id([study.seed, arm.name]), 7), 16),
        scopes={"run": study.id, "arm": arm.name},
        config=GenerateConfig(**settings_of(model, ground)),
        identity=arm.name,
    )
