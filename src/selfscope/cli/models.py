"""``models``: the local models that come with selfscope, listed and fetched."""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json, stages

app = typer.Typer(help="List and fetch the built-in local models.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """Show the built-in models, their licences, and which of them are here."""
    from selfscope.models.catalogue import BUILT_IN
    from selfscope.models.fetch import is_cached

    rows = [
        {"name": m.name, "model": m.title, "licence": m.licence, "cached": is_cached(m.name)}
        for m in BUILT_IN.values()
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
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the model's terms without being asked.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a built-in model, check it, convert it once; it works offline ever after."""
    from selfscope.models.catalogue import built_in
    from selfscope.models.fetch import fetch_model, is_cached, terms_to_accept

    model, terms = built_in(name), terms_to_accept(name)
    if terms and not is_cached(name) and not accept_terms:
        console(True).print(terms, markup=False, soft_wrap=True)
        typer.confirm(f"Accept the licence of {model.title}?", abort=True, err=True)
    with stages(name) as progress:
        path = fetch_model(name, progress, accept_terms=True)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        console().print(f"{model.title} is here.", markup=False)
