"""The page of a study of several runs: who was asked, what each run says, and where its own page is.

One file, offline, without scripts; links lead to the runs' folders beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import counted
from selfscope.report.writing import write_page

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Said:
    """What one run of a subject says: of statements, or of an instrument that played its own conversations.

    Attributes
    ----------
    instrument
        Its name; "statements" where the channels were asked.
    href
        Where its page is, relative to this one.
    """

    instrument: str
    href: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class SubjectShown:
    """One identity on one model under one seed."""

    identity: str
    model: str
    seed: int
    said: tuple[Said, ...]
    unavailable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class StudyView:
    """All that the page shows.

    Attributes
    ----------
    study
        The id under which the rows of all runs are joined.
    rows
        How many there are.
    """

    title: str
    study: str
    rows: int
    command: str
    subjects: tuple[SubjectShown, ...]


def write_study(view: StudyView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(study_html(view), path)


def study_html(view: StudyView) -> str:
    """Return the page as HTML; all text is escaped."""
    runs = sum(len(s.said) for s in view.subjects)
    told = f"{counted(len(view.subjects), 'subject')}, {counted(runs, 'run')}, {counted(view.rows, 'row')}"
    template = _environment().get_template("study.html.j2")
    return template.render(view=view, style=trusted(page_style()), told=told)


@cache
def _environment() -> Environment:
    return template_environment()
