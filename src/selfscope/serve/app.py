"""The application: three places, one of them the page."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import traceback
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from selfscope.errors import SelfscopeError
from selfscope.serve.answers import Answer, event, json_bytes, models_of
from selfscope.serve.asked import read_asked
from selfscope.serve.guard import Gone, Guard, Receive, Scope, Send
from selfscope.serve.page import Page
from selfscope.serve.served import Part, Served
from selfscope.serve.wrong import Wrong, wrong_of

CHAT, MODELS, PAGE = "/v1/chat/completions", "/v1/models", "/"
_METHODS = {CHAT: "POST", MODELS: "GET", PAGE: "GET"}


class App:
    """What a server of ASGI calls for every request.

    Parameters
    ----------
    served
        What answers.
    guard
        Who may ask.
    page
        The page at ``/``.
    """

    def __init__(self, served: Served, guard: Guard, page: Page) -> None:
        self.served, self.guard, self.page = served, guard, page
        self._since = int(time.time())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is answered too."""
        if scope["type"] != "http":
            return
        with contextlib.suppress(Gone):
            try:
                await self._answer(scope, receive, send)
            except Gone:
                raise
            except Exception as error:  # the last place at which a client can be told
                _report(error)
                await _send_wrong(send, wrong_of(error))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard.check(scope)
        path, method = scope["path"], scope["method"]
        if path not in _METHODS:
            raise Wrong(404, f"There is nothing at {path:.80}.", "not_found")
        if method != _METHODS[path] and not (method == "HEAD" and _METHODS[path] == "GET"):
            raise Wrong(405, f"{path} takes {_METHODS[path]}.", "wrong_method")
        if path == PAGE:
            await _send(send, 200, self.page.html, self.page.headers, empty=method == "HEAD")
        elif path == MODELS:
            told = json_bytes(models_of(self.served, self._since))
            await _send(send, 200, told, _JSON, empty=method == "HEAD")
        else:
            await self._chat(await self.guard.body(scope, receive), receive, send)

    async def _chat(self, body: bytes, receive: Receive, send: Send) -> None:
        asked = read_asked(body)
        self.served.refuse_unknown(asked)
        parts = self.served.reply(asked)
        answering = (
            _stream(Answer(asked), parts, send) if asked.stream else _whole(Answer(asked), parts, send)
        )
        await _while_there(receive, answering)


async def _while_there(receive: Receive, answering: Coroutine[Any, Any, None]) -> None:
    """Answer for as long as the client is there; with it the reply goes."""
    working, gone = asyncio.ensure_future(answering), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Gone
        working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _whole(answer: Answer, parts: AsyncIterator[Part], send: Send) -> None:
    text, last = "", None
    async with contextlib.aclosing(parts):  # type: ignore[type-var]
        async for part in parts:
            text, last = text + part.text, part
    assert last is not None
    await _send(send, 200, json_bytes(answer.whole(text, last)), _JSON)


async def _stream(answer: Answer, parts: AsyncIterator[Part], send: Send) -> None:
    """Send a reply in chunks; what goes wrong before the first has a status of its own."""
    begun = False
    async with contextlib.aclosing(parts):  # type: ignore[type-var]
        try:
            async for part in parts:
                if not begun:
                    await _begin(send, 200, _EVENTS)
                for chunk in answer.chunks(part, first=not begun):
                    await send({"type": "http.response.body", "body": event(chunk), "more_body": True})
                begun = True
        except Exception as error:
            if not begun:
                raise
            _report(error)
            told = event(wrong_of(error).body)
            await send({"type": "http.response.body", "body": told, "more_body": True})
    await send({"type": "http.response.body", "body": event("[DONE]"), "more_body": False})


Headers = list[tuple[str, str]]
_SAFE: Headers = [("x-content-type-options", "nosniff"), ("cache-control", "no-store")]
_JSON: Headers = [("content-type", "application/json")]
_EVENTS: Headers = [("content-type", "text/event-stream; charset=utf-8")]


async def _begin(send: Send, status: int, headers: Headers) -> None:
    told = [(name.encode(), value.encode()) for name, value in headers + _SAFE]
    await send({"type": "http.response.start", "status": status, "headers": told})


async def _send(send: Send, status: int, body: bytes, headers: Headers, *, empty: bool = False) -> None:
    await _begin(send, status, [*headers, ("content-length", str(len(body)))])
    await send({"type": "http.response.body", "body": b"" if empty else body, "more_body": False})


async def _send_wrong(send: Send, wrong: Wrong) -> None:
    await _send(send, wrong.status, json_bytes(wrong.body), _JSON + wrong.headers)


def _report(error: Exception) -> None:
    """Say a defect of ours on standard error; nothing that a client sent is written anywhere."""
    if not isinstance(error, (Wrong, SelfscopeError)):
        traceback.print_exception(error, file=sys.stderr)
