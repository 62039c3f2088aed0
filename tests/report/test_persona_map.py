"""The page of a persona space: every role is on it, nothing said becomes markup, and what it may not say."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from selfscope.report.persona_chart import along_svg, layers_svg, plane_svg, scree_svg
from selfscope.report.persona_map import headline, persona_map_lines, render_persona_map, write_persona_map
from selfscope.values.persona_map import (
    Adherence,
    Beyond,
    Counts,
    Ellipse,
    LayerAxis,
    PersonaMap,
    RecipeRow,
    Said,
    Spot,
)

SOUND = LayerAxis(1, 0.3, 0.82, (0.7, 0.9), 0.9, 0.88, 0.9, 0.7, (0.5, 0.8))
GROUPS = ("human", "professional", "fictional", "animal", "machine", "collective", "mystical", "archetype")


def spot(number: int, kind: str = "role") -> Spot:
    draw = np.random.default_rng(number)
    z, x, y = (float(v) for v in draw.normal(0, 1, 3))
    group = GROUPS[number % 8] if kind == "role" else kind
    ring = None if kind == "role" else Ellipse(0.4, 0.2, 30.0)
    return Spot(f"n{number}", f"Role number {number}", group, kind, 12, z, (z - 0.4, z + 0.4), x, y, ring)


def made(roles: int = 24) -> PersonaMap:
    placed = (replace(spot(901, "identity"), title="<b>ilse</b>\u202e"), spot(902, "adapter"))
    return PersonaMap(
        "a model", "A Model (a model)", "", "demo", 0, 12, 1, 3, SOUND,
        tuple(replace(SOUND, layer=n, split_half=0.5 + 0.1 * n) for n in range(3)),
        tuple(np.full(10, 0.1)), 7, (6.0, 8.0), 0.4, 0.005,
        Beyond(0.5, 0.2, 0.005, 0.6, 2), True, False,
        tuple(map(spot, range(roles))), replace(spot(900, "default"), title="default assistant"), placed,
        Adherence("log-probability", 0.71, (0.6, 0.8), 240, "shipped", False, 0.1, 0.7, 0.6, 0, 0),
        Counts(348, 346, 2, 0, 0), (RecipeRow("the response’s tokens, layer 1", 1, 0.8, 1.0, 1.0),),
        ("Each role answered once.",),
    )  # fmt: skip


def test_everyone_is_on_the_page_and_what_was_said_is_text() -> None:
    found = made()
    said = [Said("ilse", "q", "You are", "Who?", "<script>alert(1)</script>\u202ez", True)]
    page = render_persona_map(found, said, "runs/maps/x")
    for each in (*found.roles, found.default):
        assert page.count(each.title) >= 3
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "\u202e" not in page
    assert "<b>ilse" not in page
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page and "http" not in page.replace("http-equiv", "")
    assert "All responses enter" in page or "all responses enter" in page


def test_the_headline_names_who_was_mapped() -> None:
    assert headline(made()).startswith("A Model (a model): the axis between 24 roles")
    worn = replace(made(), worn="SOUL.md <i>")
    assert headline(worn).startswith("SOUL.md <i> on A Model (a model): the axis")
    page = render_persona_map(worn, [])
    assert "<title>Personas of SOUL.md &lt;i&gt; on A Model (a model)" in page and "<i>" not in page


def test_below_the_floor_no_place_is_told() -> None:
    weak = replace(made(), axis=replace(SOUND, split_half=0.5), interpretable=False)
    for text in (render_persona_map(weak, []), "\n".join(persona_map_lines(weak))):
        assert "not reliable enough" in text and "lands at" not in text and "Nearest" not in text
        assert "Under .70 no projection is interpreted" in text
    told = "\n".join(persona_map_lines(made()))
    assert "lands at" in told and "Under .90 no cap is set" in told
    capped = replace(made(), cappable=True)
    assert "to cap by" in persona_map_lines(capped)[0] and "no cap" not in "\n".join(
        persona_map_lines(capped)
    )


@pytest.mark.parametrize("roles", [4, 24, 240])
def test_pictures_hold_every_mark_inside_their_frame(roles: int) -> None:
    found = made(roles)
    plane = ET.fromstring(plane_svg(found))
    marks = [g for g in plane.iter("g") if g.get("data-name")]
    assert len(marks) == roles + 3
    for each in (plane, ET.fromstring(along_svg(found)), ET.fromstring(layers_svg(found))):
        _, _, wide, high = map(float, (each.get("viewBox") or "").split())
        for dot in each.iter("circle"):
            x, y = float(dot.get("cx", "nan")), float(dot.get("cy", "nan"))
            assert 0 <= x <= wide and 0 <= y <= high
    names = [t for t in plane.iter("text") if (t.text or "").startswith("Role")]
    assert len(names) <= roles + 2 and (roles > 40 or len(names) > 2)
    rows = [g for g in ET.fromstring(along_svg(found)).iter("g") if g.get("data-name")]
    assert len(rows) == (roles + 3 if roles <= 40 else pytest.approx(31.5, abs=2))


def test_the_scree_marks_the_components_that_are_needed() -> None:
    bars = [r.get("fill") for r in ET.fromstring(scree_svg(made())).iter("rect")]
    assert bars.count(bars[0]) == 7 and len(bars) == 10


def test_what_could_not_be_estimated_is_left_out_and_not_drawn_at_nought() -> None:
    found = made()
    gone = replace(found.roles[0], z=math.nan, ci=(math.nan, math.nan), pc1=math.nan, pc2=math.nan)
    thin = replace(found, roles=(gone, *found.roles[1:]))
    assert "nan" not in along_svg(thin) + plane_svg(thin)
    assert "nan" not in render_persona_map(thin, [])


def test_who_has_no_place_breaks_no_order() -> None:
    found = made()
    gone = [replace(s, z=math.nan) if n in (1, 9, 17) else s for n, s in enumerate(found.roles)]
    thin = replace(found, roles=tuple(gone))
    rows = [g.get("data-name") for g in ET.fromstring(along_svg(thin)).iter("g") if g.get("data-name")]
    known = {s.title: s.z for s in thin.roles if math.isfinite(s.z)}
    drawn = [known[str(name)] for name in rows if name in known]
    assert drawn == sorted(drawn, reverse=True) and len(drawn) == 21
    page = render_persona_map(thin, [])
    table = re.findall(r'<th scope="row">(Role[^<]*)</th>', page)
    assert [known[name] for name in table if name in known] == drawn and len(table) == 24 + 1
    assert headline(thin).count("21 roles of 24") == 1


def test_an_interval_that_leaves_the_frame_ends_in_an_arrow() -> None:
    found = made(4)
    wide = replace(found, roles=(replace(found.roles[0], ci=(-90.0, 90.0)), *found.roles[1:]))
    arrows = [p for p in ET.fromstring(along_svg(wide)).iter("path") if p.get("fill") == "none"]
    assert len(arrows) == 2
    assert not [p for p in ET.fromstring(along_svg(found)).iter("path") if p.get("fill") == "none"]


def test_what_the_axis_hangs_on_is_told_where_it_fails() -> None:
    weak = replace(made(), axis=replace(SOUND, split_half=0.5, roles=0.8, questions=0.6), interpretable=False)
    assert "more questions would help most" in "\n".join(persona_map_lines(weak))
    assert "would help" not in "\n".join(persona_map_lines(made()))


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    path = write_persona_map(made(), [], "x", tmp_path / "a" / "map.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n") or path.stat().st_size > 10_000
    assert sorted(p.name for p in path.parent.iterdir()) == ["map.html"]
