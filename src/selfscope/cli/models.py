"""``models``: the local models that selfscope can fetch, those that are asked and the one that embeds."""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json, stages

app = typer.Typer(help="List and fetch the built-in local models.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """Show the built-in models, their licences, and which of them are here."""
    from selfscope.models.catalogue import BUILT_IN, EMBEDDERS
    from selfscope.models.fetch import is_cached

    rows = [
        {"name": m.name, "kind": kind, "model": m.title, "licence": m.licence, "cached": is_cached(m.name)}
        for kind, models in (("ground", BUILT_IN), ("embedder", EMBEDDERS))
        for m in models.values()
    ]
    if as_json:
        print_json({"models": rows})
        return
    for row in rows:
        state = "here" if row["cached"] else f"not here: selfscope models fetch {row['name']}"
        what = "; embeds texts, cannot be asked" if row["kind"] == "embedder" else ""
        told = f"{row['name']:12} {row['model']} ({row['licence']}{what}) · {state}"
        console().print(told, markup=False, soft_wrap=True)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="embedded, gemma-270m or minilm.")],
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the model's terms without being asked.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a built-in model, check it, convert it once; it works offline ever after."""
    from selfscope.models.catalogue import fetchable
    from selfscope.models.fetch import fetch_model, is_cached, terms_to_accept

    model, terms = fetchable(name), terms_to_accept(name)
    if terms and not is_cached(name) and not accept_terms:
        console(True).print(terms, markup=False, soft_wrap=True)
        typer.confirm(f"Accept the licence of {model.title}?", abort=True, err=True)
    with stages(name) as progress:
        path = fetch_model(name, progress, accept_terms=True)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        console().print(f"{model.title} is here.", markup=False)
