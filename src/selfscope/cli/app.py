"""The ``selfscope`` command and its exit codes (contracts.md)."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from functools import cache
from typing import Any

import typer
from typer.exceptions import TyperException

from selfscope.cli import (
    about,
    adapters,
    agreement,
    attribute,
    cap,
    commitment,
    cooperation,
    copies,
    doctor,
    drift,
    editorial,
    emotion,
    export_self,
    identity,
    interview,
    judges,
    keep,
    layers,
    live,
    models,
    panel,
    persona_map,
    plan,
    port,
    profile,
    replacement,
    runs,
    selves,
    serve,
    state,
    stimuli,
    stress,
    study,
    together,
    trajectory,
    where,
)
from selfscope.errors import SelfscopeError

app = typer.Typer(
    name="selfscope",
    help="An instrument for the identity of language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(about.options)
app.command("demo")(profile.demo)
app.command("profile")(profile.profile)
app.command("attribute")(attribute.attribute)
app.command("cooperation")(cooperation.cooperation)
app.command("commitment")(commitment.commitment)
app.command("copies")(copies.copies)
app.command("together")(together.together)
app.command("layers")(layers.layers)
app.command("selves")(selves.selves)
app.command("interview")(interview.interview)
app.command("editorial")(editorial.editorial)
app.command("map")(persona_map.persona_map)
app.command("emotion")(emotion.emotion)
app.command("drift")(drift.drift)
app.command("live")(live.live)
app.command("replacement")(replacement.replacement)
app.command("serve")(serve.serve)
app.command("run")(study.run)
app.command("plan")(plan.plan)
app.command("instruments")(study.instruments)
app.command("compare")(runs.compare)
app.command("agreement")(agreement.agreement)
app.command("trajectory")(trajectory.trajectory)
app.command("where")(where.where)
app.command("stress")(stress.stress)
app.command("export-self")(export_self.export_self)
app.command("port")(port.port)
app.command("read")(identity.read)
app.command("export")(runs.export)
app.command("query")(runs.query)
app.add_typer(cap.app, name="cap")
app.add_typer(models.app, name="models")
app.add_typer(panel.app, name="panel")
app.add_typer(adapters.app, name="adapters")
app.add_typer(judges.app, name="judges")
app.add_typer(stimuli.app, name="stimuli")
app.add_typer(state.app, name="state")
app.add_typer(keep.app, name="keep")
app.command("doctor")(doctor.doctor)
app.command("schema")(about.schema)
app.command("cite")(about.cite)

#: Exit codes that are not an error's own.
EXIT_BAD_INPUT = 2
EXIT_STOPPED = 3
EXIT_DEFECT = 70
#: What typer makes of Ctrl-C.
TYPER_INTERRUPTED = 130


def main() -> None:
    """Run the command; turn everything that can go wrong into a sentence and an exit code."""
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # a second Ctrl-C, while the first was being answered
        code = EXIT_STOPPED
    if code == EXIT_STOPPED:
        _leave()
    sys.exit(code)


def _leave() -> None:
    """Leave at once, deaf to a further Ctrl-C: all is stored, and no thread that computes is waited for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_STOPPED)


@cache
def read_command() -> Any:
    """Return the command that typer makes of :data:`app`: the signatures of all verbs are read once."""
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Run the command with `arguments` and return its exit code."""
    try:
        code = read_command()(args=arguments, prog_name="selfscope", standalone_mode=False)
        if code == TYPER_INTERRUPTED:
            return _stopped()
        return code if isinstance(code, int) else 0
    except SelfscopeError as error:
        _say(error.sentence())
        return error.exit_code
    except typer.Exit as done:
        return _stopped() if done.exit_code == TYPER_INTERRUPTED else done.exit_code
    except TyperException as error:
        message = error.format_message().rstrip(".")
        if message:  # empty where the help was printed for want of a verb
            _say(f"{message}. See selfscope --help.")
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception:
        traceback.print_exc()
        _say("This is a defect of selfscope: please open an issue with the lines above and your command.")
        return EXIT_DEFECT


def _stopped() -> int:
    _say("Stopped. What was done is kept; the same command goes on from there.")
    return EXIT_STOPPED


def _say(text: str) -> None:
    print(f"selfscope: {text}", file=sys.stderr)
