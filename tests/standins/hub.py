"""A model hub on this machine: one repository of files, as huggingface_hub asks for them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.standins.wire import Reply, Request, as_json, serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One repository, and how the hub behaves.

    Attributes
    ----------
    repository, files
        Its name, and its files by path.
    gated
        Whether only those who were let in may read it.
    key
        The key that lets in, where it is gated.
    down
        Whether every request ends in an error of the server.
    breaking
        For a file, how often its download breaks off in the middle.
    missing
        Files that are listed, and cannot be had.
    requests
        What was asked: (method, path, the header Range).
    """

    repository: str
    files: dict[str, bytes]
    gated: bool = False
    key: str = "let-in"
    down: bool = False
    breaking: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""

    @classmethod
    def of(cls, repository: str, folder: Path) -> Hub:
        """Return the hub that holds what a folder holds."""
        files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        return cls(repository, files)

    def fetched(self) -> list[str]:
        """Which files were downloaded, in the order of asking."""
        return [
            path.rpartition("/")[2]
            for method, path, _ in self.requests
            if method == "GET" and "/resolve/" in path
        ]


@contextmanager
def hosting(hub: Hub) -> Iterator[Hub]:
    """Serve `hub` until the block ends."""
    lock = threading.Lock()

    def answer(request: Request) -> Reply:
        with lock:
            return _answer(hub, request)

    with serving(answer) as address:
        hub.address = address
        yield hub


def _answer(hub: Hub, request: Request) -> Reply:
    path = request.path.partition("?")[0]
    hub.requests.append((request.method, path, request.headers.get("range", "")))
    if hub.down:
        return as_json({"error": "out of order"}, 501)
    if hub.repository not in path:
        return _refusal(404, "RepoNotFound", "Repository not found")
    if hub.gated and request.headers.get("authorization") != f"Bearer {hub.key}":
        return _refusal(403, "GatedRepo", f"Access to model {hub.repository} is restricted")
    rest = path.partition(hub.repository)[2]
    if rest.startswith("/resolve/"):
        return _file(hub, rest.split("/", 3)[3], request)
    if rest.startswith("/tree/"):
        return as_json([_entry(name, data) for name, data in hub.files.items()])
    siblings = [{"rfilename": name} for name in hub.files]
    return as_json({"_id": "1", "id": hub.repository, "sha": COMMIT, "private": False, "siblings": siblings})


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


def _file(hub: Hub, name: str, request: Request) -> Reply:
    """Return a file, from where the header Range says, and only a part where its download is to break."""
    if name not in hub.files:
        return _refusal(404, "EntryNotFound", "Entry not found")
    if name in hub.missing and request.method == "GET":
        return as_json({"error": "storage is out of order"}, 501)
    data = hub.files[name]
    headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
    begin = request.headers.get("range", "").removeprefix("bytes=").partition("-")[0]
    start = int(begin or 0)
    rest = data[start:]
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    status = 206 if start else 200
    if request.method == "GET" and hub.breaking.get(name, 0):
        hub.breaking[name] -= 1
        return Reply(status, rest[: len(rest) // 2], headers, length=len(rest))
    return Reply(status, rest, headers)


def _refusal(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"error": message}).encode()
    headers = {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"}
    return Reply(status, body, headers)
