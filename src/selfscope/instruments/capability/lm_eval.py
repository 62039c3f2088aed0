"""A task of lm-evaluation-harness on local weights, with whatever they have in place: an adapter, a cap.

The harness (EleutherAI, `lm_eval`) is an extra and is loaded only when a task of it is asked for. It makes
the prompts, reads the answers and fetches the data of its own tasks; :mod:`harness` answers for the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.capability.harness import continuations, replies, rolled
from selfscope.values import Message, bytes_id, content_id

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

#: What a task of the harness is named by, before its name.
PREFIX = "lm-eval:"
#: Between a task's name and the folder that declares it.
AT = "@"


@dataclass(frozen=True)
class LmEvalTask:
    """A task of the harness.

    Attributes
    ----------
    name
        As the harness knows it, or as the user's file declares it.
    folder
        Where the user's own task files are; None for a task that comes with the harness.
    """

    name: str
    folder: Path | None = None

    @property
    def id(self) -> str:
        """Content id: the name, the harness's version, and every file of the user's folder."""
        files = sorted(p for p in self.folder.rglob("*") if p.is_file()) if self.folder else []
        own = {str(p.relative_to(self.folder or p)): bytes_id(p.read_bytes()) for p in files}
        return content_id({"task": self.name, "harness": metadata.version("lm_eval"), "files": own})

    def run(self, ground: LocalGround) -> LmEvalFound:
        """Return what a model makes of all its documents; see :func:`run_task`."""
        return run_task(ground, self)


@dataclass(frozen=True)
class LmEvalFound:
    """What a model made of a task.

    Attributes
    ----------
    task
        Its name.
    metric
        The task's first metric, such as ``acc``.
    values
        Of every document, in the task's order. A perplexity is no number of one document: there it is log P a
        word or byte, as the metric counts them, natural log.
    higher_is_better
        Which way the metric points.
    version
        Of the task, as it declares it.
    """

    task: str
    metric: str
    values: tuple[float, ...]
    higher_is_better: bool
    version: str


def parse_task(given: str) -> LmEvalTask:
    """Return the task that ``lm-eval:TASK`` or ``lm-eval:TASK@FOLDER`` names.

    Raises
    ------
    BadInput
        If it names none, or the folder is not there.
    """
    name, at, folder = given.removeprefix(PREFIX).partition(AT)
    if not given.startswith(PREFIX) or not name or bool(at) != bool(folder):
        raise BadInput(
            "this is no task of lm-evaluation-harness",
            got=given,
            fix=f"Give {PREFIX}TASK, or {PREFIX}TASK{AT}FOLDER with your own task files",
        )
    if folder and not Path(folder).is_dir():
        raise BadInput("there is no such folder of tasks", got=folder)
    return LmEvalTask(name, Path(folder) if folder else None)


def refuse_without() -> None:
    """Raise CouldNot where the harness is not installed."""
    if find_spec("lm_eval") is None:
        raise CouldNot(
            "lm-evaluation-harness is not installed",
            fix='Install it with: pip install "selfscope[lm-eval]"; the shipped tasks need nothing',
        )


def run_task(
    ground: LocalGround, task: LmEvalTask, *, limit: int | None = None, seed: int = 0
) -> LmEvalFound:
    """Return what a model makes of a task, its chat template applied, one value a document.

    The same task with the same limit and seed asks the same in the same order, so that two grounds are
    compared document by document. Call it in a thread for computing.

    Parameters
    ----------
    limit
        Most documents; all for None.
    seed
        Of the draw of examples that stand before a document, where the task has any.

    Raises
    ------
    BadInput
        If there is no such task, it is a group, or a document is longer than the model reads.
    CouldNot
        If the harness is not installed, or the data of a task cannot be had.
    """
    refuse_without()
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    # The harness's own tasks are some ten thousand files, which need not be looked through for one's own.
    own = str(task.folder) if task.folder else None
    manager = TaskManager(include_path=own, include_defaults=own is None)
    if task.name not in manager.all_subtasks:
        raise BadInput("the harness has no such single task", got=task.name, fix="See: lm_eval ls tasks")
    asked = partial(simple_evaluate, model=harness_model(ground), tasks=[task.name], task_manager=manager)
    seeds = dict.fromkeys(
        ("random_seed", "numpy_random_seed", "torch_random_seed", "fewshot_random_seed"), seed
    )
    try:
        found = asked(limit=limit, bootstrap_iters=0, apply_chat_template=True, **seeds)
    except OSError as error:
        raise CouldNot(
            f"the data of {task.name} cannot be had",
            got=error,
            fix="Let the harness fetch them, or give a folder",
        ) from error
    return _found(task.name, found)


def harness_model(ground: LocalGround) -> Any:
    """Return the ground as a model of the harness; CouldNot where it is not installed."""
    refuse_without()
    from lm_eval.api.model import LM

    class Ground(LM):  # type: ignore[misc]  # the harness is an extra: its base class is known only here
        """Local weights that answer what the harness asks."""

        tokenizer_name = ground.tokenizer_name

        def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
            return continuations(ground, [each.args for each in requests])

        def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
            return rolled(ground, [each.args[0] for each in requests])

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            return _waited(ground, [each.args for each in requests])

        def apply_chat_template(
            self, chat_history: Sequence[Mapping[str, str]], add_generation_prompt: bool = True
        ) -> str:
            return _chat(ground, chat_history, add_generation_prompt)

    return Ground()


def _chat(ground: LocalGround, history: Sequence[Mapping[str, str]], opened: bool) -> str:
    if not opened:
        raise BadInput(
            "the task begins the reply itself, which the chat template does not allow here",
            fix="Give a task without a prefix of the reply (gen_prefix)",
        )
    roles = {"system": "system", "user": "user", "assistant": "assistant"}
    return ground.renderer.head([Message(roles[m["role"]], m["content"]) for m in history])  # type: ignore[arg-type]


def _waited(ground: LocalGround, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return replies from a thread that has no event loop of its own."""
    return anyio.run(replies, ground, asked)


def _found(name: str, found: Mapping[str, Any]) -> LmEvalFound:
    samples = sorted(found["samples"][name], key=lambda sample: int(sample["doc_id"]))
    if not samples:
        raise BadInput("the task has no documents", got=name)
    metric, kept = str(samples[0]["metrics"][0]), samples[0]["filter"]
    values = tuple(_number(sample[metric]) for sample in samples if sample["filter"] == kept)
    weighed = isinstance(samples[0][metric], tuple)
    better = weighed or bool(found["higher_is_better"][name][metric])
    return LmEvalFound(name, metric, values, better, str(found["versions"][name]))


def _number(value: Any) -> float:
    """Return a metric of one document; log-probability and count, which perplexities sum apart, by unit."""
    return float(value[0] / value[1]) if isinstance(value, tuple) else float(value)
