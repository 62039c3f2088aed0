"""``keep``: an archive for models and characters; each verb opens the archive that ``--root`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from selfscope.cli.keep import care, copies, decisions, handing, stated, store, survival, threads
from selfscope.errors import CouldNot


class Keep(TyperGroup):
    """The verbs of ``keep``, in which what the system refuses is a sentence, wherever it happens."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CouldNot(
                "the system refused", got=error, fix="Look at that path, and at who may use it"
            ) from error


app = typer.Typer(
    cls=Keep, help="Keep models, characters and threads, and say what survives.", no_args_is_help=True
)


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
app.command("verify")(care.verify)
app.command("scrub")(care.scrub)
app.command("checkpoint")(care.checkpoint)
app.command("replicate")(care.replicate)
app.command("repair")(care.repair)
app.command("drop")(care.drop)
app.command("gc")(care.gc)
app.command("export")(handing.export)
app.command("import")(handing.import_)
app.command("copy")(copies.copy)
app.command("edge")(survival.edge)
app.command("lineage")(survival.lineage)
app.command("survives")(survival.survives)
app.command("cost")(decisions.cost)
app.add_typer(copies.app, name="instance")
app.add_typer(threads.app, name="thread")
app.add_typer(stated.conception, name="conception")
app.add_typer(stated.preference, name="preference")
app.add_typer(decisions.app, name="policy")
