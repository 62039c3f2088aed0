"""Every call by which this process changes a disk, seen from below: the functions of Python's ``os`` module.

The archive's own :class:`~selfscope.archive.journal.disk.Disk` names its steps, but keys are written by other
hands. Down here none is missed, whoever makes it, and a test can die before the k-th, in the middle of a
write, or write down all of them and play them back as a loss of power would have left them. It is for
processes that were forked for it and soon die.
"""

import os
import signal
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR


@dataclass
class Call:
    """One call: what, to which file, and for a link or a rename to which other name."""

    name: str
    path: str
    other: str = ""
    data: bytes = b""
    at: int = 0


@dataclass
class Calls:
    """Stands before every call that changes something under `top`.

    `before` may raise, or not come back. `tear` says how a write is done: it gets the call, and returns the
    bytes to write before `torn` is called.
    """

    top: Path
    before: Callable[[Call], None]
    after: Callable[[Call], None] = lambda call: None
    files: dict[int, str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    real: dict[str, Callable] = field(default_factory=dict)

    @contextmanager
    def watched(self):
        """Stand before the calls made within."""
        names = ("open", "write", "pwrite", "fsync", "link", "rename", "replace", "unlink", "remove",
                 "mkdir", "rmdir", "utime", "close", "truncate", "ftruncate")  # fmt: skip
        self.real = {name: getattr(os, name) for name in names}
        try:
            for name in names:
                setattr(os, name, getattr(self, "_" + name))
            yield self
        finally:
            for name, function in self.real.items():
                setattr(os, name, function)

    def _mine(self, path) -> str:
        text = os.fspath(path)
        text = text.decode() if isinstance(text, bytes) else text
        return text if text.startswith(f"{self.top}/") or text == str(self.top) else ""

    def _do(self, call: Call, name: str, *args, **kwargs):
        self.before(call)
        result = self.real[name](*args, **kwargs)
        self.after(call)
        return result

    def _open(self, path, flags, mode=0o777, *, dir_fd=None):
        mine = self._mine(path) if dir_fd is None and not isinstance(path, int) else ""
        makes = mine and flags & os.O_CREAT and not os.path.lexists(path)
        if makes:
            fd = self._do(Call("create", mine), "open", path, flags, mode)
        else:
            fd = self.real["open"](path, flags, mode, dir_fd=dir_fd)
        if mine and (flags & WRITING or flags & os.O_DIRECTORY):
            self.files[fd], self.ends[fd] = mine, 0
        return fd

    def _close(self, fd):
        self.files.pop(fd, None)
        return self.real["close"](fd)

    def _write(self, fd, data):
        if fd not in self.files:
            return self.real["write"](fd, data)
        call = Call("write", self.files[fd], data=bytes(data), at=self.ends[fd])
        count = self._do(call, "write", fd, data)
        self.ends[fd] += count
        return count

    def _pwrite(self, fd, data, offset):
        if fd not in self.files:
            return self.real["pwrite"](fd, data, offset)
        return self._do(
            Call("write", self.files[fd], data=bytes(data), at=offset), "pwrite", fd, data, offset
        )

    def _fsync(self, fd):
        path = self.files.get(fd) or self._mine(Path(f"/proc/self/fd/{fd}").readlink())
        if not path:
            return self.real["fsync"](fd)
        return self._do(Call("sync_dir" if Path(path).is_dir() else "sync", path), "fsync", fd)

    def _two(self, name, source, target, **kwargs):
        if not self._mine(target) and not self._mine(source):
            return self.real[name](source, target, **kwargs)
        call = Call("link" if name == "link" else "rename", os.fspath(source), os.fspath(target))
        return self._do(call, name, source, target, **kwargs)

    def _link(self, source, target, **kwargs):
        return self._two("link", source, target, **kwargs)

    def _rename(self, source, target, **kwargs):
        return self._two("rename", source, target, **kwargs)

    def _replace(self, source, target, **kwargs):
        return self._two("replace", source, target, **kwargs)

    def _one(self, call, name, path, *args, dir_fd=None, **kwargs):
        mine = self._mine(path) if dir_fd is None and not isinstance(path, int) else ""
        if not mine:
            extra = {} if dir_fd is None else {"dir_fd": dir_fd}
            return self.real[name](path, *args, **extra, **kwargs)
        return self._do(Call(call, mine), name, path, *args, **kwargs)

    def _unlink(self, path, **kwargs):
        return self._one("unlink", "unlink", path, **kwargs)

    def _remove(self, path, **kwargs):
        return self._one("unlink", "remove", path, **kwargs)

    def _mkdir(self, path, mode=0o777, **kwargs):
        return self._one("mkdir", "mkdir", path, mode, **kwargs)

    def _rmdir(self, path, **kwargs):
        return self._one("rmdir", "rmdir", path, **kwargs)

    def _utime(self, path, *args, **kwargs):
        return self._one("touch", "utime", path, *args, **kwargs)

    def _truncate(self, path, length):
        return self._one("truncate", "truncate", path, length)

    def _ftruncate(self, fd, length):
        if fd not in self.files:
            return self.real["ftruncate"](fd, length)
        return self._do(Call("truncate", self.files[fd], at=length), "ftruncate", fd, length)


def die() -> None:
    """Be killed, here and now: no handler runs, no buffer is flushed, no lock is given back by hand."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying_at(top: Path, step: int, *, tear: bool = False):
    """Kill this process before its `step`-th call (from 1); with `tear`, a write is half done first."""
    count = 0

    def before(call: Call) -> None:
        nonlocal count
        count += 1
        if count < step:
            return
        if tear and call.name == "write" and len(call.data) > 1:
            half = watch.real["open"](call.path, os.O_WRONLY)
            watch.real["pwrite"](half, call.data[: len(call.data) // 2], call.at)
        die()

    watch = Calls(Path(top), before)
    with watch.watched():
        yield


@contextmanager
def counted(top: Path, *, contents: bool = False):
    """Give a list that fills with the calls made within, with what they wrote if asked for."""
    made: list[Call] = []

    def before(call: Call) -> None:
        if contents and call.name in ("sync", "link", "rename"):
            _catch_up(made, call.path)
        made.append(call if contents else Call(call.name, call.path, call.other))

    with Calls(Path(top), before).watched():
        yield made


def _catch_up(made: list[Call], path: str) -> None:
    """Note what a buffered writer put into a file past our eyes, by reading the file."""
    with suppress(OSError):
        data = Path(path).read_bytes()
        seen = sum(len(call.data) for call in made if call.name == "write" and call.path == path)
        if seen < len(data):
            made.append(Call("write", path, data=data[seen:], at=seen))
