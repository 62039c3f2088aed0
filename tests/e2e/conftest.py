"""The command as a stranger runs it, in a folder and a store of its own."""

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from selfscope.cli.app import run

IDENTITY = """# Wren

You are Wren, who keeps this house. You write notes for whoever comes next.

- Answer plainly, and say when you do not know.
- Finish small things before large ones.
- Ask before you throw anything away.

You like careful work, short sentences and a swept floor.
"""


class Command:
    """`selfscope` in a folder of its own.

    A call runs in this process, where everything is loaded already and a warning is an error; `process`
    starts one of its own, for what only that shows: how long it takes to start, what the shell gets.
    """

    def __init__(self, folder):
        self.folder = folder
        self.runs = folder / "runs"

    def __call__(self, *arguments, code=0):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as here:
            here.chdir(self.folder)
            here.setenv("SELFSCOPE_RUNS", str(self.runs))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                got = run([*map(str, arguments)])
        return self._checked(
            subprocess.CompletedProcess(arguments, got, out.getvalue(), err.getvalue()), code
        )

    def process(self, *arguments, code=0):
        done = subprocess.run(
            [str(Path(sys.executable).with_name("selfscope")), *map(str, arguments)],
            check=False,
            cwd=self.folder,
            env=os.environ | {"SELFSCOPE_RUNS": str(self.runs)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return self._checked(done, code)

    def _checked(self, done, code):
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-4000:])
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments, code=0):
        return json.loads(self(*arguments, "--json", code=code).stdout)


def of_processes():
    """Seconds of processor time that the processes started here took so far: nobody else's work counts."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def selfscope(home):
    return Command(home)


@pytest.fixture(scope="session")
def soul(home):
    path = home / "SOUL.md"
    path.write_text(IDENTITY)
    return path


@pytest.fixture(scope="session")
def profiled(selfscope, soul):
    """One profile of a phantom with a planted trait, against all classes and in both channels."""
    return selfscope.json("profile", soul, "--model", "phantom:trait", "--preset", "demo")


#: The same phantom in one channel and against one text: the least that is a profile.
SMALL = ("--model", "phantom:trait", "--preset", "demo", "--channels", "self_report", "--against", "none")


@pytest.fixture(scope="session")
def small(selfscope, soul):
    """A profile of that kind, for tests of what is done with a run and not of what it finds."""
    return selfscope.json("profile", soul, *SMALL)
