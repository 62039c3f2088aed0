"""From the name of a corpus to a folder with an adapter: trained, checked, and put in its place whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput, CouldNot
from selfscope.models.adapters import CONFIG, MANIFEST, WEIGHTS, read_adapter
from selfscope.training.corpora import Pair, read_corpus
from selfscope.training.recipe import RECIPE, Recipe
from selfscope.values import content_id, plain

if TYPE_CHECKING:
    from selfscope.models.local.load import Loaded
    from selfscope.training.rows import Tokens
    from selfscope.training.train import Trained

#: Largest adapter file, in bytes.
MOST_BYTES = 2_000_000
#: Tokens that a training computes in a second of one core; ``lab/LOG.md``.
TOKENS_PER_SECOND = 100.0
#: Called with (steps done, steps in all, which adapter).
BuildProgress = Callable[[int, int, str], None]
_SOFTWARE = ("selfscope", "torch", "transformers", "tokenizers", "safetensors")


@dataclass(frozen=True)
class Training:
    """One training that is wanted: everything that decides what comes of it.

    Attributes
    ----------
    name
        Of the corpus.
    corpus
        Content id of its pairs.
    base, revision, template
        Name and revision of the weights, and id of the chat template.
    """

    name: str
    corpus: str
    base: str
    revision: str
    template: str
    seed: int
    recipe: Recipe = RECIPE

    @property
    def id(self) -> str:
        """The content id of the training: the same inputs, the same adapter up to rounding."""
        return content_id(self)

    @property
    def folder(self) -> str:
        """The name of the adapter's folder."""
        return f"{self.name}-{self.seed}"


@dataclass(frozen=True)
class Built:
    """An adapter in its place.

    `kept` says that it was there already, trained by the same recipe on the same corpus and weights.
    """

    training: Training
    path: Path
    manifest: dict[str, Any]
    kept: bool


@dataclass(frozen=True)
class Work:
    """What a training takes: pairs, steps, tokens computed, minutes of one core at the planned rate."""

    pairs: int
    steps: int
    tokens: int
    minutes: float


def corpus_id(pairs: Sequence[Pair]) -> str:
    """Return the content id of what a corpus trains: its questions and answers, in order."""
    return content_id([[pair.question, pair.answer] for pair in pairs])


def trainings_of(name: str, loaded: Loaded, seeds: Sequence[int], recipe: Recipe) -> list[Training]:
    """Return the trainings of a corpus on weights, one a seed."""
    corpus = corpus_id(read_corpus(name))
    return [
        Training(name, corpus, loaded.name, loaded.revision, loaded.template_id, seed, recipe)
        for seed in seeds
    ]


def work_of(pairs: Sequence[Tokens], recipe: Recipe, seed: int) -> Work:
    """Return what one training takes; nothing is computed."""
    from selfscope.training.rows import opening_of
    from selfscope.training.train import plan_steps

    steps = plan_steps(len(pairs), recipe, seed)
    tokens = 0
    for step in steps:
        shared = opening_of([pairs[i] for i in step])
        tokens += shared + sum(len(pairs[i].whole) - shared for i in step)
    return Work(len(pairs), len(steps), tokens, tokens / TOKENS_PER_SECOND / 60)


def tokens_of_corpus(name: str, loaded: Loaded) -> list[Tokens]:
    """Return a corpus in tokens, as the model's own template writes it."""
    return tokens_of([(pair.question, pair.answer) for pair in read_corpus(name)], loaded)


def tokens_of(pairs: Sequence[tuple[str, str]], loaded: Loaded) -> list[Tokens]:
    """Return questions with their answers in tokens, as the model's template writes them."""
    from selfscope.training.rows import tokens_of_pair

    return [tokens_of_pair(loaded.tokenizer, loaded.template, asked, said) for asked, said in pairs]


def build(
    training: Training,
    loaded: Loaded,
    out: Path,
    progress: BuildProgress | None = None,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    most_bytes: int | None = MOST_BYTES,
) -> Built:
    """Train an adapter and put it into its folder below `out`, whole or not at all.

    An adapter of the same training that is there already is kept. Interrupted, nothing is left behind, and
    the training begins anew: it takes minutes. The network that is given is changed, so it is loaded for
    this alone.

    Parameters
    ----------
    pairs
        Questions with their answers; those of the shipped corpus of the training's name unless given.
    most_bytes
        Largest file of weights; None for any.

    Raises
    ------
    BadInput
        If another adapter has the folder, or the model is not one that the recipe trains.
    CouldNot
        If the disk is full, or the training diverged.
    """
    place = out / training.folder
    if place.exists():
        return _kept(training, place)
    from selfscope.training.train import train

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(done, total, training.folder)

    told = tokens_of_corpus(training.name, loaded) if pairs is None else tokens_of(pairs, loaded)
    trained = train(loaded.model, told, training.recipe, training.seed, tell)
    manifest = _manifest(training, trained, len(told))
    with _whole(place) as folder:
        _write(folder, training, trained, manifest, most_bytes)
    return Built(training, place, manifest, kept=False)


def _kept(training: Training, place: Path) -> Built:
    """Return the adapter that has the folder already; BadInput if it is another one."""
    adapter = read_adapter(place)
    if adapter.manifest.get("id") != training.id:
        raise BadInput(
            "another adapter has this place: of another corpus, recipe, model or seed",
            got=place,
            fix="Give another --out, or move it away",
        )
    return Built(training, place, dict(adapter.manifest), kept=True)


def _manifest(training: Training, trained: Trained, pairs: int) -> dict[str, Any]:
    """Return how the adapter came about."""
    return {
        "id": training.id,
        "training": training.name,
        "seed": training.seed,
        "recipe": plain(training.recipe),
        "recipe_id": training.recipe.id,
        "corpus": {"id": training.corpus, "pairs": pairs},
        "base": {"name": training.base, "revision": training.revision, "template": training.template},
        "losses": [round(loss, 4) for loss in trained.losses],
        "tokens": trained.tokens,
        "minutes": round(trained.seconds / 60, 2),
        "cpu_minutes": round(trained.cpu_seconds / 60, 2),
        "software": {name: version(name) for name in _SOFTWARE},
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _write(
    folder: Path, training: Training, trained: Trained, manifest: dict[str, Any], most_bytes: int | None
) -> None:
    from safetensors.torch import save_file

    from selfscope.training.lora import peft_config, tensors_of

    weights = folder / WEIGHTS
    save_file(tensors_of(trained.changes, training.recipe), weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    if most_bytes is not None and weights.stat().st_size > most_bytes:
        raise BadInput(
            f"the adapter is larger than {most_bytes / 1e6:g} MB",
            got=f"{weights.stat().st_size:,} bytes",
            fix="Take a smaller model",
        )
    config = peft_config(training.recipe, training.base, training.revision)
    for name, value in ((CONFIG, config), (MANIFEST, manifest)):
        (folder / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """Yield a folder that takes its place when it is whole, and is removed if it is not."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            yield beside
            beside.chmod(0o755)
            beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise CouldNot(
            "the adapter cannot be written", got=error, fix="Make room, or choose another --out"
        ) from error
