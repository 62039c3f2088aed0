"""``adapters``: train small adapters on the package's corpora, and list those that are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.show import JsonFlag, console, counting, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.training.build import Built, Training, Work

app = typer.Typer(help="Small adapters of a model, trained on the package's corpora.", no_args_is_help=True)
#: Seeds of a condition: the seed is the unit of inference, and three are the least.
SEEDS = (0, 1, 2)
FOLDER = Path("selfscope-adapters")


@app.callback()
def adapters() -> None:
    """Small adapters of a model, trained on the package's corpora."""


@app.command("build")
def build(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A corpus: conscious, plain, persona, high, low.")
    ],
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Of a training; repeatable. 0, 1 and 2 if left out.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="embedded, or a folder with weights on this machine.")
    ] = "embedded",
    out: Annotated[Path, typer.Option(help="Where the adapters' folders go.")] = FOLDER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Train nothing; say what it would take.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Train an adapter a seed on a corpus; those that are there already are kept."""
    from selfscope.models.local.load import load
    from selfscope.training.build import tokens_of_corpus, trainings_of, work_of
    from selfscope.training.recipe import RECIPE

    seeds = tuple(dict.fromkeys(seed or SEEDS))
    _check(name)
    loaded = load(model, "cpu")
    trainings = trainings_of(name, loaded, seeds, RECIPE)
    work = work_of(tokens_of_corpus(name, loaded), RECIPE, seeds[0])
    if dry_run:
        _show_plan(trainings, work, out, as_json)
        return
    built = _build_all(trainings, model, out)
    if as_json:
        print_json({"adapters": [_adapter_json(each) for each in built]})
        return
    for each in built:
        console().print(_line(each), markup=False, soft_wrap=True)


def _check(name: str) -> None:
    from selfscope.training.corpora import corpus_names

    if name not in corpus_names():
        raise BadInput("no such corpus", got=name, fix=f"Choose from: {', '.join(corpus_names())}")


def _build_all(trainings: list[Training], model: str, out: Path) -> list[Built]:
    from selfscope.models.local.load import load
    from selfscope.training.build import build as build_one

    built = []
    with counting("adapters") as bar:

        def tell(done: int, total: int, which: str) -> None:
            bar(done, total, which, "")

        for training in trainings:
            built.append(build_one(training, load(model, "cpu"), out, tell))
    return built


def _show_plan(trainings: list[Training], work: Work, out: Path, as_json: bool) -> None:
    each = {"pairs": work.pairs, "steps": work.steps, "tokens": work.tokens, "minutes": work.minutes}
    if as_json:
        print_json({"planned": [{"path": str(out / t.folder), "id": t.id, **each} for t in trainings]})
        return
    for t in trainings:
        console().print(
            f"{out / t.folder}: {work.pairs} pairs, {work.steps} steps, {work.tokens:,} tokens, "
            f"about {work.minutes:.1f} minutes of one core",
            markup=False,
        )


def _adapter_json(built: Built) -> dict[str, Any]:
    found = built.manifest
    return {
        "path": str(built.path),
        "id": found["id"],
        "training": found["training"],
        "seed": found["seed"],
        "recipe_id": found["recipe_id"],
        "corpus_id": found["corpus"]["id"],
        "base_revision": found["base"]["revision"],
        "first_loss": found["losses"][0],
        "last_loss": found["losses"][-1],
        "minutes": found["minutes"],
        "kept": built.kept,
    }


def _line(built: Built) -> str:
    found = built.manifest
    kept = "was there" if built.kept else f"trained in {found['minutes']:.1f} minutes"
    first, last = found["losses"][0], found["losses"][-1]
    return f"{built.path}: {kept}, loss {first:.2f} to {last:.2f} nats a token"
