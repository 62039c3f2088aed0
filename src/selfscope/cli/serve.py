"""``serve``: local weights that anyone can talk to, behind OpenAI's interface and on a live page."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.profile import identity_of
from selfscope.cli.show import console, finite
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.caps import Cap
    from selfscope.models.local.ground import LocalGround
    from selfscope.serve.readings import Readings
    from selfscope.serve.served import Limits, Served
    from selfscope.serve.server import Address
    from selfscope.space.turn_readings import Along
    from selfscope.studies.cast import Member

#: Letters of a token, and how many it has at least.
_TOKEN, LEAST_TOKEN = re.compile(r"[\x21-\x7e]+"), 12


CharacterFlag = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=PARTS",
        help="One of several on these weights: NAME=none, or identity:PATH, adapter:NAME and cap:PATH with "
        "commas between. Repeatable.",
    ),
]


def serve(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="embedded, gemma-270m, a folder, a GGUF file or a hub id.")
    ],
    identity: Annotated[
        str, typer.Option(help="It answers under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="It wears this LoRA adapter.")] = "",
    cap: Annotated[str, typer.Option(metavar="CAP", help="A cap of this model, held over every reply.")] = "",
    character: CharacterFlag = None,
    axis: Annotated[
        str, typer.Option(metavar="ARTEFACT", help="A map of this model, along whose axis replies are read.")
    ] = "",
    monitor: Annotated[
        str,
        typer.Option(
            metavar="MONITOR", help="What a run of drift left: expected values, and limits of alarms."
        ),
    ] = "",
    host: Annotated[
        str, typer.Option(help="The address to listen on; another than this machine's own is not encrypted.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 0,
    token: Annotated[
        str,
        typer.Option(
            envvar="SELFSCOPE_TOKEN", show_envvar=True, help="What clients must send; made if left out."
        ),
    ] = "",
    rows: Annotated[int, typer.Option(min=1, max=256, help="Replies that are drawn at once.")] = 16,
    waiting: Annotated[
        int,
        typer.Option(min=0, max=4096, help="Replies that wait beyond that; then clients are turned away."),
    ] = 32,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a reply.")] = 512,
    grace: Annotated[
        float, typer.Option(min=0.0, help="Seconds that replies may go on when the server is told to stop.")
    ] = 5.0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the one line of JSON when it is ready, and no hints beside it."),
    ] = False,
) -> None:
    """Serve local weights: OpenAI's interface, a live page, and a reading with every answer."""
    from selfscope.models.caps import read_cap
    from selfscope.models.choose import choose_ground
    from selfscope.serve.served import Limits
    from selfscope.serve.server import bound
    from selfscope.space.persona_artefact import open_space, refuse_other_weights
    from selfscope.space.turn_readings import along_of
    from selfscope.studies.cast import read_cast
    from selfscope.studies.persona_request import local_ground

    word = _token(token)
    if character and (identity or adapter or cap):
        raise BadInput(
            "each character has an identity, an adapter and a cap of its own",
            got="--character beside --identity, --adapter or --cap",
            fix="Write them into the character: NAME=identity:PATH,adapter:NAME,cap:PATH",
        )
    cast = read_cast(character or ())
    held = read_cap(cap) if cap else None
    space = open_space(axis) if axis else None
    listening, address = bound(host, port)
    with listening:
        ground = local_ground(choose_ground(model, probe=False, adapter=adapter))
        _refuse_other_model(held, ground)
        refuse_caps_of_others(cast, ground)
        if space is not None:
            refuse_other_weights(space, ground.identity)
        limits = Limits(rows=rows, waiting=waiting, max_tokens=max_tokens, grace_seconds=grace)
        readings = _readings(None if space is None else along_of(space, Path(axis).name), monitor, ground)
        served = _served(ground, identity, held, cast, readings, limits)
        told = ready_json(served, address, word, adapter)
        asyncio.run(_run(served, listening, address, word, told, as_json))


def _token(given: str) -> str:
    """Return the token, a fresh one where none was given."""
    if not given:
        return secrets.token_urlsafe(24)
    if not _TOKEN.fullmatch(given) or len(given) < LEAST_TOKEN:
        raise BadInput(
            "a token is letters, digits and signs without space",
            got=f"{len(given)} characters",
            fix=f"Give at least {LEAST_TOKEN}, or leave --token out",
        )
    return given


def _refuse_other_model(cap: Cap | None, ground: LocalGround) -> None:
    from selfscope.models.caps import refuse_other_model

    if cap is not None:
        own = ground.identity
        refuse_other_model(cap, own.name, own.revision, own.template, own.extra.get("adapter", ""))


def refuse_caps_of_others(cast: tuple[Member, ...], ground: LocalGround) -> None:
    """Refuse a cap of other weights than these, or of another adapter than its character's."""
    from selfscope.models.caps import refuse_other_model

    own = ground.identity
    for each in cast:
        if each.cap is not None:
            refuse_other_model(each.cap, own.name, own.revision, own.template, each.worn)


def _readings(along: Along | None, monitor: str, ground: LocalGround) -> Readings:
    """Return what is read: along the monitor's own axis or that of a map; two given must be the same."""
    from selfscope.serve.readings import Readings
    from selfscope.space.monitor_artefact import read_monitor
    from selfscope.studies.drift_design import axis_name

    watch = read_monitor(monitor, ground) if monitor else None
    if along is not None and watch is not None and axis_name(along) != watch.axis_id:
        raise BadInput(
            "the monitor was made along another axis",
            got=along.name,
            fix="Leave --axis out: the monitor has its own",
        )
    return Readings(along if watch is None else watch.along, watch)


def _served(
    ground: LocalGround,
    identity: str,
    cap: Cap | None,
    cast: tuple[Member, ...],
    readings: Readings,
    limits: Limits,
) -> Served:
    from selfscope.serve.served import Served

    own = identity_of(identity) if identity else None
    return Served(
        ground,
        name=Path(ground.identity.name).name,
        identity=own.system if own else None,
        identity_name=own.name if own else "none",
        cap=cap,
        cast=cast,
        readings=readings,
        limits=limits,
    )


async def _run(
    served: Served, listening: Any, address: Address, token: str, told: dict[str, Any], as_json: bool
) -> None:
    from selfscope.report.template import page_style
    from selfscope.serve.server import run_server

    def ready() -> None:
        print(json.dumps(finite(told), ensure_ascii=False), flush=True)
        for line in () if as_json else hints(served, address, told):
            console(as_json=True).print(line, markup=False, soft_wrap=True)

    try:
        await run_server(served, (listening, address), token, page_style(), ready)
    finally:
        await served.close(0)
    if not as_json:
        print("Stopped.", file=sys.stderr)


def hints(served: Served, address: Address, told: dict[str, Any]) -> list[str]:
    """Return what a person should know who starts this server."""
    lines = [f"Talk to it at {told['page']}"]
    if served.cast:
        lines += [f"{each.name} is {each.told}." for each in served.cast]
    if served.cap is not None:
        lines.append(f"Cap {served.cap.name}; without it, ask for {served.name}:uncapped.")
    axis = served.readings.axis
    if axis is not None and not axis["interpretable"]:
        lines.append("The axis is not reliable enough to be interpreted; projections are shown all the same.")
    if not address.loopback:
        lines.append("Others can reach this address, and what they send and the token are not encrypted.")
    return lines


def ready_json(served: Served, address: Address, token: str, adapter: str) -> dict[str, Any]:
    """Return the line that is printed when requests are answered (schema: ``selfscope schema serve``)."""
    url, cap = f"http://{address.written}", served.cap
    return {
        "url": url,
        "page": f"{url}/#token={token}",
        "token": token,
        "models": list(served.models),
        "characters": [_character(each) for each in served.cast],
        "identity": served.identity_name,
        "adapter": adapter or None,
        "cap": None if cap is None else _cap(cap),
        "axis": served.readings.axis,
        "monitor": served.readings.watched,
        "rows": served.limits.rows,
        "waiting": served.limits.waiting,
        "max_tokens": served.limits.max_tokens,
        "pid": os.getpid(),
    }


def _character(one: Member) -> dict[str, Any]:
    return {
        "name": one.name,
        "identity": "none" if one.reading is None else one.reading.name,
        "adapter": None if one.adapter is None else one.adapter.name,
        "cap": None if one.cap is None else _cap(one.cap),
    }


def _cap(cap: Cap) -> dict[str, str]:
    return {"id": cap.id, "name": cap.name, "status": cap.status}
