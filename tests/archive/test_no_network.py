"""Nothing of the archive listens to a network or calls one: there is no verb of destruction over HTTP."""

import ast
from pathlib import Path

import pytest

import selfscope.archive
import selfscope.cli.keep

NETWORK = {
    "socket", "socketserver", "ssl", "http", "urllib", "xmlrpc", "ftplib", "smtplib", "asyncio", "requests",
    "httpx", "aiohttp", "websockets", "flask", "fastapi", "uvicorn", "starlette", "grpc", "multiprocessing",
}  # fmt: skip
TREES = [Path(package.__file__).parent for package in (selfscope.archive, selfscope.cli.keep)]
MODULES = sorted(path for tree in TREES for path in tree.rglob("*.py"))


def named(source: str) -> set[str]:
    """Return the topmost packages that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_speaks_over_a_network(path):
    assert not named(path.read_text()) & NETWORK


def test_the_search_finds_one():
    assert named("def serve():\n    from http.server import HTTPServer\n") & NETWORK
