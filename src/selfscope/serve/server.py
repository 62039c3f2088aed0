"""The server itself: a socket, a line when it is ready, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn

from selfscope.errors import BadInput, CouldNot
from selfscope.serve.app import App
from selfscope.serve.connection import BUFFER_BYTES, connection_type
from selfscope.serve.guard import Guard
from selfscope.serve.page import page_of
from selfscope.serve.served import Served

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 512
_STOP = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    Attributes
    ----------
    host
        An address of this machine, or ``localhost``.
    port
        0 for any that is free.
    """

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"

    @property
    def written(self) -> str:
        """The address as it stands in a URL."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}"

    def names(self) -> frozenset[str]:
        """Return the values of Host that mean this server."""
        own = f"[{self.host}]" if ":" in self.host else self.host.lower()
        hosts = {own, *(("127.0.0.1", "localhost", "[::1]") if self.loopback else ())}
        # Browsers leave the port out where it is the usual one.
        return frozenset({f"{host}:{self.port}" for host in hosts} | (hosts if self.port == 80 else set()))


def bound(host: str, port: int) -> tuple[socket.socket, Address]:
    """Return a socket that is bound, and its address with the port that it got.

    Raises
    ------
    BadInput
        If the host is a wildcard: a server that does not know its name cannot tell whether it is meant.
    CouldNot
        If the address is taken or not of this machine.
    """
    if host in ("", "*", "0.0.0.0", "::"):
        raise BadInput("a server is bound to one address", got=host, fix="Give the address that others use")
    made: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, proto, _, place = found[0]
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A client that reads nothing is then noticed after a few hundred words, not after some megabytes.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        made.bind(place)
    except OSError as error:
        if made is not None:
            made.close()
        raise CouldNot(
            "the address cannot be listened on", got=f"{host}:{port}: {error}", fix="Choose another --port"
        ) from error
    return made, Address(host, int(made.getsockname()[1]))


class Server(uvicorn.Server):
    """A server whose signals are handled by whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


async def run_server(
    served: Served,
    place: tuple[socket.socket, Address],
    token: str,
    style: str,
    ready: Callable[[], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Answer requests until told to stop, by SIGINT or SIGTERM or the event.

    Told to stop, it begins no reply any more; those that run have some seconds to end and are then cut, their
    last chunk saying so. A second signal cuts them at once.

    Parameters
    ----------
    place
        A socket that is bound, with its address.
    style
        The style that all pages share.
    ready
        Called when requests are answered.
    """
    limits, (listening, address) = served.limits, place
    guard = Guard(address.names(), token, limits.body_bytes, limits.body_seconds)
    server = Server(
        uvicorn.Config(
            App(served, guard, page_of(style)),
            http=connection_type(limits.head_seconds, limits.send_seconds),
            loop="asyncio", ws="none", lifespan="off", interface="asgi3",
            log_config=None, log_level="critical", access_log=False, server_header=False,
            limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=3,
        )
    )  # fmt: skip
    ending = asyncio.Event() if stop is None else stop
    with _signals(ending, served):
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await _started(server, running)
        ready()
        await ending.wait()
        await served.close(limits.grace_seconds)
        server.should_exit = True
        await running


async def _started(server: Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            running.result()
            raise CouldNot("the server did not start")
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def _signals(ending: asyncio.Event, served: Served) -> Iterator[None]:
    """End at the first signal, and at once at the second."""

    def told() -> None:
        if ending.is_set():
            served.batching.hurry()
        ending.set()

    loop = asyncio.get_running_loop()
    handled = []
    for each in _STOP:
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # not the main thread
            loop.add_signal_handler(each, told)
            handled.append(each)
    try:
        yield
    finally:
        for each in handled:
            loop.remove_signal_handler(each)
