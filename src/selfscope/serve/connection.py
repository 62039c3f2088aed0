"""Connections that are let go when the other side stands still: no head, or nothing read of what was sent."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BUFFER_BYTES = 32 * 1024
"""Bytes that may lie unsent before a client counts as one that does not read."""


def connection_type(head_seconds: float, send_seconds: float) -> type[H11Protocol]:
    """Return the protocol of a connection with these limits.

    Parameters
    ----------
    head_seconds
        Most seconds until a whole head of a request has come, on a fresh connection and between requests.
    send_seconds
        Most seconds in which nothing of a full buffer is taken.
    """

    class Connection(H11Protocol):
        _head: asyncio.TimerHandle | None = None
        _full: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            transport.set_write_buffer_limits(high=BUFFER_BYTES)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._clear()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._full = self.loop.call_later(send_seconds, self._drop)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._full is not None:
                self._full.cancel()
                self._full = None

        def _await_head(self) -> None:
            """Have a timer run for as long as the head of a request is on its way, and no longer."""
            if self.conn.their_state is not h11.IDLE:
                if self._head is not None:
                    self._head.cancel()
                    self._head = None
            elif self._head is None:
                self._head = self.loop.call_later(head_seconds, self._drop)

        def _clear(self) -> None:
            for timer in (self._head, self._full):
                if timer is not None:
                    timer.cancel()

        def _drop(self) -> None:
            self.transport.abort()

    return Connection
