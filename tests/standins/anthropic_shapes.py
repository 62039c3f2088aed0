"""What Anthropic's Messages interface puts on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standins.provider import Said

_KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}


def messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the conversation with its system prompt, which stands apart there, at the front."""
    before = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    return [*before, *body["messages"]]


def wanted(body: dict[str, Any]) -> int:
    """Lists of likeliest tokens cannot be asked for."""
    del body
    return 0


def most(body: dict[str, Any]) -> int | None:
    return body.get("max_tokens")


def thinks(body: dict[str, Any]) -> bool:
    return bool((body.get("thinking") or {}).get("type") not in ("disabled", "between_tools"))


def error(status: int, message: str) -> dict[str, Any]:
    kind = _KINDS.get(status, "rate_limit_error" if status == 429 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def reply(said: Said) -> dict[str, Any]:
    content: list[dict[str, Any]] = [] if said.cut else [{"type": "text", "text": said.text}]
    if said.thought:
        content.insert(0, {"type": "thinking", "thinking": "Hm.", "signature": "s"})
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": "max_tokens" if said.cut else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": said.put_in, "output_tokens": said.drawn},
    }
