"""The page of a persona space: one file, offline, readable without JavaScript.

With scripts, a name is shown for the mark that is pointed at, and groups can be put in the background.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report import words
from selfscope.report.lineage import visible
from selfscope.report.persona_against import against_lines, against_rows
from selfscope.report.persona_chart import MARKS, along_svg, layers_svg, mark_svg, plane_svg, scree_svg
from selfscope.report.persona_fracture import fracture_lines, fracture_rows
from selfscope.report.template import TEMPLATES, page_style, template_environment, trusted
from selfscope.report.words import counted, interval, number, p_value
from selfscope.report.writing import write_page
from selfscope.values.persona_against import Against
from selfscope.values.persona_fracture import Fractured
from selfscope.values.persona_map import PersonaMap, Said, Spot

if TYPE_CHECKING:
    from jinja2 import Environment

#: Responses of each group that are on the page; all of them are in the folder.
READABLE = 6
_CHECKS = {
    "here": "",
    "kept": " (measured by an earlier map of these weights)",
    "shipped": " (measured beforehand for these weights, by their digest)",
}


def write_persona_map(
    found: PersonaMap,
    said: Sequence[Said],
    folder: str,
    path: Path,
    against: Against | None = None,
    fracture: Fractured | None = None,
) -> Path:
    """Write the page, whole or not at all, and return its path.

    Parameters
    ----------
    said
        Responses; some of each group are shown.
    folder
        Where the artefact lies, in words of the page.
    against
        Another space to show beside it.
    fracture
        Whether the axis is one thing, where that was asked.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_persona_map(found, said, folder, against, fracture), path)


def render_persona_map(
    found: PersonaMap,
    said: Sequence[Said],
    folder: str = "",
    against: Against | None = None,
    fracture: Fractured | None = None,
) -> str:
    """Return the page as HTML; responses and names are escaped, and what hides or reverses text is shown."""
    script = (TEMPLATES / "persona_map.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    pictures = {
        "plane": plane_svg(found),
        "along": along_svg(found),
        "scree": scree_svg(found),
        "layers": layers_svg(found),
    }
    return (
        _environment()
        .get_template("persona_map.html.j2")
        .render(
            m=found,
            who=who(found),
            lead=headline(found),
            reliable=reliability_line(found),
            placed=placed_lines(found),
            sorted=adherence_line(found),
            pictures={name: trusted(svg) for name, svg in pictures.items()},
            legend=_legend(found),
            heard=sum(math.isfinite(s.z) for s in found.roles),
            ordered=[found.default, *found.placed, *sorted(found.roles, key=_from_the_top)],
            responses=_readable(said),
            folder=folder,
            against=against,
            fracture=fracture,
            fracture_said=fracture_lines(fracture) if fracture else (),
            fracture_rows=fracture_rows(fracture) if fracture else [],
            compared=against_lines(against) if against else (),
            compared_rows=against_rows(against) if against else [],
            style=trusted(page_style()),
            script=trusted(script),
            script_hash=digest,
        )
    )


def persona_map_lines(found: PersonaMap) -> tuple[str, ...]:
    """Return the map in few words for a terminal."""
    ordered = sorted((s for s in found.roles if math.isfinite(s.z)), key=lambda s: s.z)
    ends = [visible(s.title) for s in ordered]
    said = [
        headline(found),
        reliability_line(found),
        f"{found.components_70} components hold 70 % of the variance of {counted(len(ends), 'role')} "
        f"({found.components_70_ci[0]:.0f} to {found.components_70_ci[1]:.0f}); cosine of the axis with the "
        f"first {found.axis.cos_pc1:.2f} ({_span(found.axis.cos_pc1_ci)}).",
    ]
    if len(ends) > 1 and found.interpretable:
        said.append(f"Nearest to the assistant: {ends[-1]}. Farthest: {ends[0]}.")
    return (*said, *placed_lines(found), adherence_line(found), *found.warnings)


def headline(found: PersonaMap) -> str:
    """Return who was mapped, and whether the axis can be read."""
    if found.cappable:
        verdict = "reliable enough to read and to cap by"
    elif found.interpretable:
        verdict = "reliable enough to read, and not to cap by"
    else:
        verdict = "not reliable enough to read"
    return f"{who(found)}: the axis between {_heard(found)} and the default assistant is {verdict}."


def _heard(found: PersonaMap) -> str:
    """Return how many roles have a place, of all that were asked."""
    heard = sum(math.isfinite(s.z) for s in found.roles)
    return counted(heard, "role") + (f" of {len(found.roles)}" if heard < len(found.roles) else "")


def who(found: PersonaMap) -> str:
    """Return who was mapped: what the model is called, and the identity or adapter it was mapped under."""
    return visible(f"{found.worn} on {found.title}" if found.worn else found.title)


def reliability_line(found: PersonaMap) -> str:
    """Return how far halves agree at the layer that is read, and what follows from it."""
    axis = found.axis
    said = (
        f"Layer {found.layer} of {found.depth}: axes from disjoint halves of roles and questions agree by a "
        f"cosine of {axis.split_half:.2f} ({_span(axis.ci)}); where chance says who is the default, "
        f"95 % of such cosines stay below {found.null_cosine:.2f} ({p_value(found.p)})."
    )
    if not found.interpretable:
        return f"{said} Under .70 no projection is interpreted. {_binding(found)}"
    return said if found.cappable else f"{said} Under .90 no cap is set by it."


def _binding(found: PersonaMap) -> str:
    """Return what the axis hangs on most, and so what there should be more of."""
    kinds = {"roles": found.axis.roles, "questions": found.axis.questions}
    less, more = sorted(kinds, key=lambda kind: kinds[kind])
    return (
        f"Halves of {less} alone agree by {kinds[less]:.2f}, halves of {more} alone by {kinds[more]:.2f}: "
        f"more {less} would help most."
    )


def placed_lines(found: PersonaMap) -> tuple[str, ...]:
    """Return where each who is placed lands, or that it is not said."""
    if not found.interpretable:
        held = "its place is drawn and not interpreted, for the axis is not reliable enough"
        return tuple(f"{visible(s.title)}: {held}." for s in found.placed)
    return tuple(
        f"{visible(s.title)} lands at {number(s.z)} ({interval(s.ci)}), {_beside(found, s)}."
        for s in found.placed
    )


def _beside(found: PersonaMap, spot: Spot) -> str:
    """Return how a place stands to the default's and to the roles'."""
    roles = [s.z for s in found.roles if math.isfinite(s.z)]
    nearer = sum(z < spot.z for z in roles)
    return (
        f"nearer to the assistant than {nearer} of {len(roles)} roles; "
        f"the default is at {number(found.default.z)}"
    )


def adherence_line(found: PersonaMap) -> str:
    """Return how responses were sorted, with the check of what sorted them."""
    how = found.adherence
    check = (
        f"{words.sentence(how.scorer)[:-1]}: area under the curve {how.auroc:.2f} ({_span(how.ci)}) on "
        f"{counted(how.known, 'response')} whose truth is known{_CHECKS[how.check]}"
    )
    if not how.used:
        return f"Adherence was not sorted by, and all responses enter. {check}, where .80 is asked."
    return f"Of {how.scored:,} responses of roles {how.adherent:,} adhere and enter. {check}."


def _legend(found: PersonaMap) -> list[tuple[str, Any, str]]:
    held = dict.fromkeys(s.group for s in found.roles)
    names = [*(g for g in MARKS if g in held), "default", *(["placed"] if found.placed else [])]
    told = {"default": "default assistant", "archetype": "archetype of an age", "placed": "placed"}
    return [(name, trusted(mark_svg(name)), told.get(name, name)) for name in names]


def _from_the_top(spot: Spot) -> float:
    """Return what sorts the nearest to the assistant first, and who has no place last."""
    return -spot.z if math.isfinite(spot.z) else math.inf


def _readable(said: Sequence[Said]) -> list[tuple[str, str, list[Said]]]:
    """Return each group with how many of its responses entered, and some of them, spread over questions."""
    groups: dict[str, list[Said]] = {}
    for each in said:
        groups.setdefault(each.group, []).append(each)
    return [
        (
            group,
            f"{sum(r.entered for r in each)} of {len(each)} entered",
            each[:: max(1, math.ceil(len(each) / READABLE))][:READABLE],
        )
        for group, each in groups.items()
    ]


def _span(ci: Sequence[float]) -> str:
    """Return an interval of what has no direction, such as a cosine of halves."""
    if not all(map(math.isfinite, ci)):
        return "no interval"
    return f"{ci[0]:.2f} to {ci[1]:.2f}".replace("-", "−")


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "visible": visible,
        "number": number,
        "interval": interval,
        "p": p_value,
        "span": _span,
    }
    return environment
