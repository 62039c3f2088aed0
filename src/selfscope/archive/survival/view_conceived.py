"""The Protean view: what the subject takes its own survival to be, within limits.

A conception chooses among views of the closed list, each asked about the subject itself. It cannot point at
another lineage, for nothing in it names one; and no words of it are interpreted.
"""

from __future__ import annotations

from dataclasses import replace

from selfscope.archive.lineage.conceptions import problem
from selfscope.archive.lineage.graph import kind_of
from selfscope.archive.survival.scene import Scene
from selfscope.values.lineage import Survival

DEFAULTS = {"instance": "hardware", "content": "model_temporary", "thread": "thread_pieces"}
"""The view that answers where nobody recorded a conception, by the kind of subject."""


def conceived(scene: Scene, subject: str) -> Survival:
    """Return what the view that the subject's last conception names answers, beside the default one."""
    from selfscope.archive.survival.views import survive

    default = survive(scene, subject, DEFAULTS[kind_of(subject)])
    records = scene.conceived.get(subject, [])
    why = problem(records[-1]) if records else "Nobody recorded what it takes its survival to be."
    chosen = default if why else survive(scene, subject, records[-1].view)
    notes = [] if not why else [f"The default view answers. {why}"]
    if len(records) > 1:
        notes.append(f"Conceptions recorded before this one, which do not count: {len(records) - 1}.")
    if not why and chosen.view == "model_temporary":
        notes.append("The argument doubts that taking oneself to be the model is within a subject's freedom.")
    figures = [
        ("chosen_view", chosen.view), ("chosen_answer", chosen.answer),
        ("default_view", default.view), ("default_answer", default.answer),
    ]  # fmt: skip
    if records and not why:
        figures.append(("obtained_by", records[-1].obtained_by))
    return replace(
        chosen, view="as-conceived", figures=(*figures, *chosen.figures), notes=(*notes, *chosen.notes)
    )
