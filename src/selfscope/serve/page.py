"""The live page: one file, with a policy that lets it run its own script and ask its own server alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """The page as it is sent.

    Attributes
    ----------
    html
        All of it.
    headers
        Its type, and what it may do.
    """

    html: bytes
    headers: list[tuple[str, str]]


def page_of(style: str) -> Page:
    """Return the page, in the style that all pages share and its own.

    Parameters
    ----------
    style
        The shared style; handed in, since pages of findings are another package's.
    """
    own, script, frame = (
        (_HERE / name).read_text(encoding="utf-8") for name in ("live.css", "live.js", "live.html")
    )
    styles, script = f"{style}\n{own}", script.strip()
    html = frame.replace("/*style*/", styles).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(styles)}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ]
    return Page(html.encode("utf-8"), headers)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
