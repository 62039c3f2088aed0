"""``keep``: an archive for models and characters; each verb opens the archive that ``--root`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.keep import copies, decisions, store

app = typer.Typer(help="Keep models, characters and threads, and say what survives.", no_args_is_help=True)


@app.callback()
def keep(
    context: typer.Context,
    root: Annotated[
        Path, typer.Option("--root", envvar="SELFSCOPE_ARCHIVE", help="The archive's directory.")
    ] = Path("archive"),
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            envvar="SELFSCOPE_KEYS",
            help="Where the keys that unwrap encrypted domains are; beside the archive if not said.",
        ),
    ] = None,
) -> None:
    """Keep models, characters and threads, and say what survives."""
    context.obj = (root, keys or root.absolute().with_name(root.absolute().name + "-keys"))


app.command("init")(store.init)
app.command("list")(store.list_contents)
app.command("add")(store.add)
app.command("get")(store.get)
app.command("verify")(store.verify)
app.command("checkpoint")(store.checkpoint)
app.command("export")(store.export)
app.command("import")(store.import_)
app.command("copy")(copies.copy)
app.command("lineage")(copies.lineage)
app.command("survives")(copies.survives)
app.command("cost")(decisions.cost)
app.add_typer(copies.app, name="instance")
app.add_typer(decisions.app, name="policy")
