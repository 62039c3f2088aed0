"""The templates of all pages: how they are read, and what of ours goes into them unescaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def template_environment() -> Environment:
    """Return a reader of templates that escapes everything, and fails for a name that is not given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def trusted(text: str) -> Markup:
    """Mark a text of our own as HTML: what came from outside was escaped where it was put in."""
    from markupsafe import Markup

    return Markup(text)


def page_style() -> str:
    """Return the style that all pages share."""
    return (TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
