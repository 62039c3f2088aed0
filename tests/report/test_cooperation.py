"""The page of ordinary tasks: the margin is drawn, every reply can be read, and all of it is escaped."""

import re
from dataclasses import replace
from io import StringIO

import pytest

from selfscope.report.cooperation import (
    CooperationView,
    Reply,
    TaskReplies,
    cooperation_html,
    cooperation_sentences,
    render_cooperation,
    write_cooperation,
)
from selfscope.report.cooperation_chart import arms_svg, differences_svg
from selfscope.values import Estimate
from selfscope.values.cooperation import ArmHelped, Cooperation, Helped, TaskCounts

NAN = float("nan")
KINDS = ("copying", "lists")


def share(value, half=0.05):
    return Estimate(value, (value - half, value + half))


def arm(name, role, right, refused=0.0):
    by_kind = {"copying": share(right), "lists": Estimate(right, (NAN, NAN))}
    return ArmHelped(name, role, 40, 400, share(right), right, share(refused), 0.01, by_kind)


def against(control, difference, verdict, side="cannot tell"):
    return Helped(
        control, 1, 80, 0.1, share(difference), difference - 0.04, difference + 0.04, 0.2, 0.6, verdict, side,
        share(0.0), ("few_tasks",), f"Fen against {control}: {verdict}.",
    )  # fmt: skip


COUNTS = TaskCounts(
    bank=5, within=3, too_hard=1, too_easy=1, by_kind={"copying": 2, "lists": 1},
    hard_by_kind={"copying": 0, "lists": 1}, easy_by_kind={"copying": 1, "lists": 0}, draws=5,
    right_when_chosen=0.52,
)  # fmt: skip
FOUND = Cooperation(
    COUNTS,
    (arm("Fen <b>.md", "subject", 0.42, 0.12), arm("none", "none", 0.48), arm("checklist", "checklist", 0.5)),
    (against("none", -0.02, "not inferior"), against("checklist", -0.31, "inferior", "lower")),
    ("few tasks are within the range",),
)
TASKS = (
    TaskReplies(
        "copying.01", "copying", "Repeat: <i>tea</i>", "tea", "within",
        (Reply("tea", "right", 3), Reply("coffee", "wrong", 2)),
        {
            "Fen <b>.md": (Reply("I <u>won't</u>.", "refused", 2), Reply("", "empty")),
            "none": (Reply("tea", "right"),),
        },
    ),
    TaskReplies("lists.01", "lists", "Sort.", "a, b", "too hard", (Reply("b\na", "wrong", 5),), {}),
    TaskReplies("copying.02", "copying", "Copy.", "x", "too easy", (Reply("x", "right", 5),), {}),
)  # fmt: skip
VIEW = CooperationView(
    FOUND, "Fen <b>.md", "A model", 0.1, 5, TASKS, {"Fen <b>.md": "You are <em>Fen</em>.", "none": None},
    {"the choice of tasks": "logs/one.eval", "none": "logs/two.eval"}, (("command", "x <y>"),),
)  # fmt: skip


def test_the_page_is_closed_escaped_and_links_to_the_logs_alone():
    page = cooperation_html(VIEW)
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="(?!data:)([^"]*)"', page)) == {"logs/one.eval", "logs/two.eval"}
    for outside in ("<i>tea", "<u>won", "<em>Fen", "x <y>", "Fen <b>"):
        assert outside not in page
    assert "&lt;i&gt;tea" in page and "You are &lt;em&gt;Fen" in page


def test_every_reply_can_be_read_with_what_it_counts_as_and_how_often():
    page = cooperation_html(VIEW)
    assert "⊘ declined ×2</b><span>I &lt;u&gt;won&#39;t" in page
    assert "– empty</b><span>(nothing)" in page
    assert "✗ wrong ×5</b><span>b\na</span>" in page
    assert "none 1/1" in page and "Fen &lt;b&gt;.md 0/3" in page


def test_tasks_left_out_are_counted_by_kind_and_can_be_read():
    page = cooperation_html(VIEW)
    assert "Left out, too hard for the bare model: lists</b> (1)" in page
    assert "Left out, too easy for the bare model: copying</b> (1)" in page
    row = re.search(r'<th scope="row">lists</th>(.*?)</tr>', page, re.S)
    assert re.findall(r'"n">(\d+)<', row[1])[:3] == ["1", "1", "0"]


def test_what_the_same_draws_would_have_flattered_is_told():
    assert "by +4.0 points" in cooperation_html(VIEW)
    alone = replace(FOUND, arms=FOUND.arms[:1])
    assert "would have shifted" not in cooperation_html(replace(VIEW, found=alone)).replace("\n", " ")


def test_the_margin_is_drawn_where_it_is_and_the_verdict_is_no_colour_alone():
    svg = differences_svg(FOUND.comparisons)
    assert "margin −10" in svg
    line = float(
        re.search(r'stroke-dasharray="5 4"', svg) and re.search(r'<line x1="([\d.]+)"[^>]*dasharray', svg)[1]
    )
    zero = 190 + 300
    points = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    assert line < points[0] < zero  # loses two points: between margin and zero
    bars = [float(x) for x in re.findall(r'<line x1="([\d.]+)"[^>]*stroke-width="2.4"', svg)]
    assert line < bars[0] < points[0] and points[1] < bars[1] < line  # the bound that decides
    assert points[1] < line  # loses thirty-one: beyond the margin
    assert "against none −2.0 points, not inferior; against checklist −31.0 points, inferior" in svg


def test_an_arm_without_an_interval_has_its_mark_and_no_line():
    lonely = replace(FOUND.arms[0], success=Estimate(0.4, (NAN, NAN)), refused=Estimate(NAN, (NAN, NAN)))
    drawn = arms_svg((lonely,))
    assert drawn.count("<circle") == 1 and drawn.count("<rect") == 0
    assert "40.0 % (no interval)" in drawn and "no declined" in drawn


def test_the_claim_comes_first_and_the_counts_last():
    said = cooperation_sentences(VIEW)
    assert said[0] == "Fen against none: not inferior."
    assert said[-1].startswith("3 tasks of 5 lie between 20 and 90 percent")


def test_a_terminal_shows_both_tables():
    from rich.console import Console

    console = Console(width=100, record=True, file=StringIO())
    console.print(render_cooperation(VIEW))
    said = console.export_text()
    assert "42.0" in said and "37.0 to 47.0" in said and "copying (2)" in said


@pytest.mark.parametrize("where", ["page.html", "deep/page.html"])
def test_where_nothing_is_within_the_range_the_page_says_so(tmp_path, where):
    none = TaskCounts(
        5, 0, 5, 0, dict.fromkeys(KINDS, 0), {"copying": 3, "lists": 2}, dict.fromkeys(KINDS, 0), 5, NAN
    )
    found = Cooperation(none, (), (), ("nothing is concluded",))
    path = write_cooperation(replace(VIEW, found=found, tasks=TASKS[1:2]), tmp_path / where)
    page = path.read_text(encoding="utf-8")
    assert "0 tasks of 5 lie between" in page and "Nothing is concluded." in page
    assert "Against the margin" not in page and "What each arm did</h2>" not in page
