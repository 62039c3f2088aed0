"""``panel build``: the reliability panel for another ground."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.profile import channel_names
from selfscope.cli.show import JsonFlag, console, counting, print_json
from selfscope.errors import BadInput

app = typer.Typer(help="The reliability panel (G2) of a ground.", no_args_is_help=True)


@app.callback()
def panel() -> None:
    """The reliability panel (G2) of a ground."""


@app.command("build")
def build(
    model: Annotated[str, typer.Option("--model", "-m", help="The ground to ask.")],
    channels: Annotated[str, typer.Option(help="Comma-separated channels.")] = "self_report,utterance",
    adapter: Annotated[str, typer.Option(help="A LoRA adapter that the ground wears: its folder.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to; your panels' folder if left out.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask the panel's characters on a ground, so that reliability can be estimated there; can be resumed."""
    path = asyncio.run(_build(model, channel_names(channels), adapter, out))
    if as_json:
        print_json({"manifest": str(path)})
    else:
        console().print(f"The panel is in {path.parent}.", markup=False)


async def _build(model: str, channels: tuple[str, ...], adapter: str, out: Path | None) -> Path:
    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.models.choose import choose_ground
    from selfscope.studies.panel import build_panel, own_panels
    from selfscope.studies.store import runs_folder

    if model.startswith("phantom:"):
        raise BadInput(
            "a phantom has no panel: it knows no characters",
            got=model,
            fix="Give a model with weights or an API",
        )
    ground = choose_ground(model, log_folder=runs_folder() / "logs", adapter=adapter)
    try:
        with counting("panel") as progress:
            return await build_panel(ground, load_cluster(), channels, out or own_panels(), progress)
    finally:
        await ground.close()
