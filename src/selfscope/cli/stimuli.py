"""``stimuli check``: does the wording of a set of texts give away what only its meaning should?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.show import JsonFlag, console, print_json

if TYPE_CHECKING:
    from selfscope.values.emotion import Leakage

app = typer.Typer(help="Check stimuli of your own before anything is concluded from them.")


@app.callback()
def group() -> None:
    """Check stimuli of your own before anything is concluded from them."""


@app.command()
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="JSONL with text, emotion, kind (keyword, keyword_free, neutral, vivid_neutral), pair and "
            "optionally person; or `built-in`.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Names the folds and the draws.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Say whether keyword-free texts are given away by words, n-grams or length; exit 1 where they are."""
    from selfscope.models.static import NAME, static_vectors
    from selfscope.report.emotion_words import leakage_lines
    from selfscope.space.emotion.leakage import check_leakage
    from selfscope.space.emotion.load import load_material
    from selfscope.space.emotion.stimuli import read_stimuli, stimuli_of

    stimuli = stimuli_of(load_material()) if file == "built-in" else read_stimuli(Path(file).expanduser())
    vectors = static_vectors([s.text for s in stimuli])
    how = NAME if vectors is not None else "none: the embedded model is not here (selfscope models fetch)"
    found = check_leakage(stimuli, vectors, how, seed=seed)
    if as_json:
        print_json(leakage_json(found))
    else:
        for line in leakage_lines(found):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.verdict == "leaky" else 0)


def leakage_json(found: Leakage) -> dict[str, Any]:
    """Return what ``stimuli check --json`` prints (schema: ``selfscope schema stimuli check``)."""
    told = asdict(found)
    bag, embedding = found.surface["bag_of_words"], found.embedding
    return {
        "verdict": found.verdict,
        "rule": found.rule,
        "bag_of_words_auroc": bag.auroc,
        "bag_of_words_ci": list(bag.ci),
        "ngram_auroc": {name: told["surface"][name] for name in ("word_ngrams", "char_ngrams")},
        "embedding_auroc": embedding.auroc if embedding else None,
        "embedding_ci": list(embedding.ci) if embedding else None,
        "embedding": found.embedded_by,
        "lexicon_hits": told["hits"],
        "lexicon_share": found.share,
        "length_balance": told["length"],
        "family_auroc": told["family"],
        "words_towards_keyword_free": list(found.towards),
        "words_towards_neutral": list(found.away),
        "texts": {"keyword_free": found.keyword_free, "neutral": found.neutral, "pairs": found.pairs},
    }
