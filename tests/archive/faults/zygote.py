"""A small warm process without threads, from which processes are forked that are then really killed.

To begin a process with everything imported takes half a second, to fork one a millisecond. What is forked
must have no threads, and the hashes start some; so the one that forks never hashes. Questions and answers are
lines of JSON: ``{"call": "module.function", "args": {…}, "after": seconds, "patience": seconds}``.
"""

import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
PROJECT = HERE.parents[3]
PACKAGE = "tests.archive.faults"
PATIENCE = 120.0
WARM = ("scenes", "judge", "kills", "power", "damage", "failures", "crowd", "erasure", "machine")
#: What the archive loads only when it needs it: half of a short life would go there.
LATER = ("care", "journal", "lineage", "policy", "store")
SEALS = ("ciphers.aead", "keywrap", "serialization")
PACKAGES = ("numpy", "zstandard", *(f"cryptography.hazmat.primitives.{name}" for name in SEALS))


@dataclass
class Ended:
    """How a forked process ended: the signal that killed it or 0, what it returned, what it raised."""

    signal: int
    result: Any
    error: str
    seconds: float

    def value(self) -> Any:
        """Return what it returned, or fail with what it raised."""
        if self.signal or self.error:
            raise AssertionError(f"ended by signal {self.signal}: {self.error}")
        return self.result


class Zygote:
    """The caller's side."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{PACKAGE}.zygote"],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # numpy starts threads of its own otherwise
        )  # fmt: skip

    def call(
        self, function: str, after: float | None = None, patience: float = PATIENCE, **args: Any
    ) -> Ended:
        """Call a function of this package in a forked process, to be killed after so many seconds or not."""
        question = {"call": function, "args": args, "after": after, "patience": patience}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return Ended(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.close()


def fork(function: str, args: dict[str, Any], after: float | None, patience: float = PATIENCE) -> Ended:
    """Run a function in a forked process and wait for it, or kill it on time."""
    reading, writing = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(function, args, writing)
    os.close(writing)
    answer, end = b"", began + (patience if after is None else after)
    killed = False
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            killed = after is None or killed
            os.kill(pid, signal.SIGKILL)
            break
        part = os.read(reading, 1 << 16)
        if not part:
            break
        answer += part
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    said = json.loads(answer) if answer.endswith(b"}") else {"result": None, "error": ""}
    if killed:
        said["error"] = f"it did not end within {patience} s"
    return Ended(ended, said["result"], said["error"], time.monotonic() - began)


def _child(function: str, args: dict[str, Any], writing: int) -> None:
    said = {"result": None, "error": ""}
    try:
        module, _, name = function.partition(".")
        said["result"] = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)(**args)
    except BaseException:
        said["error"] = traceback.format_exc()
    rest = json.dumps(said).encode()
    with suppress(BrokenPipeError):
        while rest:
            rest = rest[os.write(writing, rest) :]
    os._exit(0)


def _warm() -> None:
    """Load everything, and make sure that no thread was begun by it."""
    for name in PACKAGES:
        importlib.import_module(name)
    for name in LATER:
        part = importlib.import_module(f"selfscope.archive.{name}")
        for found in pkgutil.walk_packages(part.__path__, f"{part.__name__}."):
            importlib.import_module(found.name)
    for name in WARM:
        importlib.import_module(f"{PACKAGE}.{name}")
    tasks = Path("/proc/self/task")
    assert not tasks.is_dir() or len(list(tasks.iterdir())) == 1, "a process with threads cannot be forked"


def main() -> None:
    """Answer until there are no more questions."""
    _warm()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        ended = fork(question["call"], question["args"], question["after"], question["patience"])
        answers.write(json.dumps(vars(ended)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
