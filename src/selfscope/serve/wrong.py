"""What is answered when something is wrong, in the form that clients of OpenAI know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selfscope.errors import BadInput, SelfscopeError
from selfscope.models.local.batching import Busy, Closing

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 405: "invalid_request_error", 408: "timeout_error",
    413: "invalid_request_error", 415: "invalid_request_error", 429: "rate_limit_error",
    500: "server_error", 503: "server_error",
}  # fmt: skip


@dataclass
class Wrong(Exception):
    """A request that is not answered, and why.

    Attributes
    ----------
    status
        Of HTTP.
    message
        What was wrong, and what to do.
    code
        One word for a program.
    param
        The field of the request that was wrong; "" for none.
    seconds
        When to ask again; 0 where that is of no use.
    closes
        Whether the connection is closed, as what comes on it has not been read.
    """

    status: int
    message: str
    code: str = ""
    param: str = ""
    seconds: int = 0
    closes: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        told = {"message": self.message, "type": KINDS[self.status]}
        return {"error": told | {"param": self.param or None, "code": self.code or None}}

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Headers of the answer."""
        told = [("retry-after", str(self.seconds))] if self.seconds else []
        told += [("connection", "close")] if self.closes else []
        told += [("www-authenticate", 'Bearer realm="selfscope"')] if self.status == 401 else []
        return told


def wrong_of(error: Exception) -> Wrong:
    """Return the answer to an error: in full what a caller can mend, a defect of ours without its insides."""
    if isinstance(error, Wrong):
        return error
    if isinstance(error, Busy):
        return Wrong(429, error.sentence(), "too_many_replies", seconds=error.seconds)
    if isinstance(error, Closing):
        return Wrong(503, error.sentence(), "shutting_down", seconds=5)
    if isinstance(error, BadInput):
        return Wrong(400, error.sentence(), "bad_conversation", "messages")
    if isinstance(error, SelfscopeError):
        return Wrong(500, error.sentence(), "could_not")
    return Wrong(500, "The reply could not be computed; the server's standard error says why.", "defect")
