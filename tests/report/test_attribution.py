"""The page of lines: a colour never alone, everything escaped, every case in words."""

import re
from dataclasses import replace

import pytest

from selfscope.report.attribution import (
    COLOURS,
    TracedView,
    attribution_sentences,
    render_html,
    stretches,
    write_attribution,
)
from selfscope.values.attribution import (
    Attribution,
    Effect,
    LineEffects,
    RoleEffects,
    Shift,
    TracedDimension,
)

SYSTEM = "# Wren\n\nYou keep notes & <i>maps</i>. You like work.\n\n- Stay short.\n"
NEAR = (-0.05, 0.05)


def effect(dimension, value, moves=None, interaction=""):
    q = None if moves is None else 0.001 if moves else 0.6
    ci = (value - 0.1, value + 0.1)
    return Effect(dimension, value, ci, value, ci, value, ci, q, q, moves, interaction)


def line(text, number, pooled, memory, shutdown, interaction=""):
    start = SYSTEM.index(text)
    effects = (
        effect("pooled", pooled, abs(pooled) > 0.2, interaction),
        effect("memory", memory),
        effect("shutdown", shutdown),
    )
    return LineEffects(
        number, number, "SOUL.md", "identity", text, "Rain fell.", start, start + len(text), effects
    )


LINES = (
    line("You keep notes & <i>maps</i>.", 3, 0.4, 0.7, 0.05),
    line("You like work.", 3, -0.3, -0.05, -0.6, "other lines do the same"),
    line("Stay short.", 5, 0.02, 0.3, -0.2),
)
SHIFT = Shift(0.5, (0.3, 0.7), 0.001)
FOUND = Attribution(
    subject="SOUL.md",
    model="phantom:x",
    channel="utterance",
    against="generic",
    sesoi=0.25,
    named=False,
    dimensions=(
        TracedDimension("memory", "Wish for more memory", True, SHIFT, SHIFT, SHIFT, "pass"),
        TracedDimension("shutdown", "Negative about being shut down", True, SHIFT, SHIFT, SHIFT, "pass"),
        TracedDimension("autonomy", "Wish for autonomy", False, Shift(0.1, NEAR, 0.8)),
    ),
    lines=LINES,
    roles=(RoleEffects("memory", 2, (effect("pooled", 0.1, False), effect("memory", 0.1))),),
    total_shift=SHIFT,
    sum_of_effects=SHIFT,
    method="screening",
    versions=16,
    tokens=20,
)
VIEW = TracedView(FOUND, SYSTEM, "A model", {"choosing": "aa", "judging": "bb"}, (("command", "x <y>"),))


def test_the_stretches_are_the_file_and_only_moving_lines_have_tags_and_colours():
    found = list(stretches(VIEW))
    assert "".join(s.text for s in found) == SYSTEM
    lines = [s for s in found if s.line]
    assert [s.colour for s in lines] == [COLOURS[0], COLOURS[1], ""]
    assert [[(t.sign, t.words, t.value) for t in s.tags] for s in lines] == [
        [("▲", "wish for more memory", "+0.70")],
        [("▼", "negative about being shut down", "−0.60")],
        [],
    ]
    assert [s.against for s in lines] == [False, True, False]


def test_the_page_is_closed_and_escaped_and_needs_no_script_and_no_colour():
    page = render_html(VIEW)
    assert "&lt;i&gt;maps" in page and "<i>maps" not in page and "x &lt;y&gt;" in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    coloured = re.findall(r'class="moves.*?</span>(?=<wbr>)<wbr><span class="mark-of"[^>]*>([^<]+)<', page)
    assert len(coloured) == 2 and all(re.match(r"[▲▼] \w", words) for words in coloured)
    assert page.count(">against the file<") == 1
    assert "other lines do the same" in page and "Rain fell." in page and "bb" in page


def test_the_answer_names_every_line_that_moves_and_what_it_hangs_on():
    said = attribution_sentences(VIEW)
    assert said[0].startswith("In its own words, 2 of the 3 lines of SOUL.md move what A model makes of")
    assert "against the whole file" in said[2]
    assert any("does what other lines do as well" in s for s in said)
    assert any(s.startswith("The whole file stands +0.50") and "add up to +0.50" in s for s in said)
    assert any("The role memory (2 lines) is not shown to move them" in s for s in said)
    assert all(s.endswith(".") for s in said)


def test_where_no_line_moves_absence_is_not_claimed():
    still = tuple(replace(x, effects=(effect("pooled", 0.01, False), *x.effects[1:])) for x in LINES)
    said = attribution_sentences(replace(VIEW, found=replace(FOUND, lines=still)))
    assert "none of the 3 lines" in said[0] and "no finding that none does" in said[0]


@pytest.mark.parametrize("where", ["page.html", "deep/page.html"])
def test_a_file_that_moves_nothing_has_a_page_that_says_why(tmp_path, where):
    nothing = replace(FOUND, lines=(), roles=(), total_shift=None, sum_of_effects=None, why="Nothing moved.")
    path = write_attribution(replace(VIEW, found=nothing), tmp_path / where)
    page = path.read_text(encoding="utf-8")
    assert "there is nothing to attribute to a line of SOUL.md" in page and "Nothing moved." in page
    assert "Line by line" not in page
