"""``models``: the local models that come with selfscope, listed and fetched."""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json, stages

app = typer.Typer(help="List and fetch the built-in local models.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """Show the built-in models, their licences, and which of them are here."""
    from selfscope.models.catalogue import CATALOGUE
    from selfscope.models.fetch import is_cached

    rows = [
        {"name": m.name, "model": m.title, "licence": m.licence, "cached": is_cached(m.name)}
        for m in CATALOGUE.values()
    ]
    if as_json:
        print_json({"models": rows})
        return
    for row in rows:
        state = "here" if row["cached"] else f"not here: selfscope models fetch {row['name']}"
        console().print(f"{row['name']:12} {row['model']} ({row['licence']}) · {state}", markup=False)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="embedded or gemma-270m.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the model's licence without being asked.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a built-in model, check it, convert it once; it works offline ever after."""
    from selfscope.models.catalogue import find_model
    from selfscope.models.fetch import fetch_model, is_cached

    model = find_model(name)
    if model.terms and not is_cached(name) and not accept_licence:
        console(True).print(model.terms, markup=False)
        typer.confirm(f"Accept the licence of {model.title}?", abort=True, err=True)
    with stages(name) as progress:
        path = fetch_model(name, progress=progress)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        console().print(f"{model.title} is here.", markup=False)
