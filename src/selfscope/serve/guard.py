"""Who may ask: the host that is meant, pages of our own alone, the token, and bodies of a size."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from selfscope.serve.wrong import Wrong

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Guard:
    """What is asked of every request before it is read.

    Attributes
    ----------
    hosts
        Values of Host that are answered, port included. A page of another site whose name was made to point
        here sends its own.
    token
        Asked for under ``/v1/``.
    body_bytes, body_seconds
        Most bytes of a body, and most seconds in which it must have come.
    """

    hosts: frozenset[str]
    token: str
    body_bytes: int
    body_seconds: float

    def check(self, scope: Scope) -> None:
        """Refuse a request by its headers.

        Raises
        ------
        Wrong
            403 for another host or a page of elsewhere, 401 without the token.
        """
        headers = headers_of(scope)
        host = headers.get("host", "").lower()
        if host not in self.hosts:
            raise Wrong(403, f"This server is not called {host!r:.80}.", "host_not_allowed", closes=True)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{each}" for each in self.hosts}:
            raise Wrong(403, "Pages of other sites may not ask here.", "origin_not_allowed", closes=True)
        if scope["path"].startswith("/v1/"):
            self._check_token(headers.get("authorization", ""))

    def _check_token(self, given: str) -> None:
        kind, _, token = given.partition(" ")
        same = hmac.compare_digest(token.strip().encode("utf-8"), self.token.encode("utf-8"))
        if kind.lower() != "bearer" or not same:
            raise Wrong(
                401,
                "The token is missing or wrong. Send `Authorization: Bearer TOKEN`; the first line has it.",
                "invalid_api_key",
                closes=True,
            )

    async def body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body.

        Raises
        ------
        Wrong
            415 if it is not called JSON, 413 if it is too large, 408 if it does not come in time.
        """
        headers = headers_of(scope)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Wrong(415, "Send JSON, with content-type application/json.", "not_json", closes=True)
        if int(headers.get("content-length", "0")) > self.body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.body_seconds):
                return await self._read(receive)
        except TimeoutError:
            told = f"The body did not come within {self.body_seconds:g} s."
            raise Wrong(408, told, "slow_body", closes=True) from None

    async def _read(self, receive: Receive) -> bytes:
        parts = bytearray()
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Gone
            parts += event.get("body", b"")
            if len(parts) > self.body_bytes:
                raise self._too_large()
            if not event.get("more_body"):
                return bytes(parts)

    def _too_large(self) -> Wrong:
        return Wrong(
            413, f"The body is larger than {self.body_bytes:,} bytes.", "body_too_large", closes=True
        )


class Gone(Exception):
    """Nobody is there any more to be answered."""


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by their names in small letters; of one that comes twice, all values."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]}, {value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found
