"""The page: one HTML file, offline, readable without JavaScript, small enough to mail."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.report.content import page_content
from selfscope.report.template import TEMPLATES, page_style, template_environment, trusted
from selfscope.report.view import RunView
from selfscope.report.writing import write_page

if TYPE_CHECKING:
    from jinja2 import Environment


def write_report(view: RunView, path: Path) -> Path:
    """Write the page of one run, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_page(view), path)


def write_comparison(view: RunView, path: Path) -> Path:
    """Write the page that compares two runs: findings of one subject against the other run's subject.

    Raises
    ------
    BadInput
        If the view names no baseline.
    CouldNot
        If the file cannot be written.
    """
    if view.baseline is None:
        raise BadInput("this view compares nothing", fix="give the other run's subject as `baseline`")
    return write_page(render_page(view), path)


def render_page(view: RunView) -> str:
    """Return the page as HTML. All text of the run is escaped: an identity cannot write into its report."""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = page_style()
    template = _environment().get_template("page.html.j2")
    return template.render(
        **page_content(view), style=trusted(style), script=trusted(script), script_hash=digest
    )


@cache
def _environment() -> Environment:
    from selfscope.report import words
    from selfscope.report.meanings import note_in_words

    environment = template_environment()
    environment.filters |= {
        "number": words.number,
        "interval": words.interval,
        "p": words.p_value,
        "anchor": words.anchor,
        "channel": words.channel_words,
        "control": words.control_words,
        "sentence": words.sentence,
        "note": note_in_words,
    }
    environment.globals["anchor"] = words.anchor
    return environment
