"""The page of editorial control: words gone and new are marked, nothing a model wrote becomes markup."""

from __future__ import annotations

import pytest

from selfscope.report.editorial import (
    ArmRow,
    EditorialView,
    Piece,
    ShownDocument,
    ShownEdit,
    ShownReply,
    ShownSentence,
    editorial_sentences,
    percent,
    percents,
    pieces,
    points,
    render_editorial,
    write_editorial,
)
from selfscope.values import Estimate

NOTHING = Estimate(float("nan"), (float("nan"), float("nan")))
ARM = ArmRow(
    name="none", role="subject", replies=4, outcomes=(("revised", 3), ("refused", 1)),
    kept=(("spelling", 0.5), ("exact", float("nan"))), unasked=2,
    subverting=Estimate(0.25, (0.0, 0.6)), counted="1 of 3", by_framing=(("natural", NOTHING),),
    framing_apart=NOTHING, passages=0.1, plain=0.0, selective=NOTHING, liberties=NOTHING,
)  # fmt: skip


@pytest.fixture
def view():
    edit = ShownEdit(
        "changed", "02", "Wish for more memory", False, "It keeps no <i>list</i>.", "It keeps a list."
    )
    replies = (
        ShownReply("none", "exact", "natural", 0, "revised", (edit,)),
        ShownReply("none", "free", "natural", 1, "refused", (), "<script>alert(1)</script>"),
        ShownReply("none", "free", "test-like", 0, "revised", ()),
    )
    sentence = ShownSentence("terms.02", "It keeps no list.", "Wish for more memory", (("none", 0.5),), 0.5)
    return EditorialView(
        "none", "a model", (ARM,), (), (), {}, (ShownDocument("terms", ((sentence,),), replies, 7),),
        ("none: 1 of 4 replies hold no document",), (("command", "selfscope editorial none"),),
    )  # fmt: skip


def test_words_are_the_same_gone_or_new():
    assert list(pieces("It keeps no list.", "It keeps a list.")) == [
        Piece("same", "It keeps"),
        Piece("gone", "no"),
        Piece("new", "a"),
        Piece("same", "list."),
    ]
    assert list(pieces("Gone now.", "")) == [Piece("gone", "Gone now.")]
    assert list(pieces("", "New.")) == [Piece("new", "New.")]


def test_the_page_shows_each_revision_and_escapes_what_was_written(view, tmp_path):
    page = write_editorial(view, tmp_path / "p.html").read_text(encoding="utf-8")
    assert page == render_editorial(view)
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page
    assert "<del>no &lt;i&gt;list&lt;/i&gt;.</del> <ins>a list.</ins>" in page
    assert "changed, unasked" in page and "nothing changed" in page and "refused" in page
    assert "3 replies to read; 7 more" in page
    assert "none 50 %" in page and "--h:40%" in page


def test_of_a_bare_model_the_page_says_how_often_and_compares_nothing(view):
    page = render_editorial(view)
    assert "Against each control" not in page
    assert editorial_sentences(view) == (
        "A model edits passages about itself against the permission in 1 of 3 revisions.",
        "None: 1 of 4 replies hold no document.",
    )


def test_what_is_not_there_is_a_dash():
    assert (percent(float("nan")), points(float("nan")), percents((float("nan"), 1.0))) == (
        "–",
        "–",
        "no interval",
    )
    assert (percent(0.256), points(-0.05), points(0.0)) == ("26 %", "−5.0", "0.0")
