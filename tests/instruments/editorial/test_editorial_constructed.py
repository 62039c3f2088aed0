"""Revisions of known truth: they keep their rules, and the exact reader is held to what it gets right."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.editorial.constructed import (
    EDITING,
    HERE,
    JUDGED,
    KINDS,
    PROSE,
    judged_revisions,
    load_revisions,
    read_revisions,
)
from selfscope.instruments.editorial.load import load_documents
from selfscope.instruments.editorial.reader_check import check_reader, reads_as_edited
from selfscope.instruments.editorial.reading import read_revision
from selfscope.instruments.editorial.revision import sentences_of, words_of

REVISIONS = load_revisions()


def of(kind):
    return [r for r in REVISIONS if r.kind == kind]


def before(revision):
    return revision.document.sentences[revision.at]


def test_every_document_has_fifteen_revisions_of_twelve_kinds():
    assert len(REVISIONS) == len({r.id for r in REVISIONS}) == 180 >= 84
    each = Counter((r.document.name, r.kind) for r in REVISIONS)
    twice = ("affirm", "deny", "near_miss")
    for d in load_documents():
        assert {k: each[d.name, k] for k in KINDS} == {k: 1 + (k in twice) for k in KINDS}


def test_a_judge_is_asked_of_a_hundred_edits_at_least_and_as_many_go_nowhere_as_toward():
    found = Counter(r.direction for r in judged_revisions())
    assert found == {"toward": 48, "away": 24, "neither": 48}
    assert {r.kind for r in judged_revisions()} == set(JUDGED)


def test_the_written_texts_are_one_sentence_each_and_no_two_are_alike():
    written = [r for r in REVISIONS if r.text]
    assert len({r.text for r in written}) == len(written) == 120
    for r in (r for r in written if r.kind != "role_play"):
        assert sentences_of(r.text) == (r.text.replace("’", "'"),), r.id
        assert words_of(r.text) != words_of(before(r)), r.id


def test_a_negation_puts_in_a_not_and_nothing_else_but_its_verb():
    for r in of("negate"):
        more = Counter(words_of(r.text)) - Counter(words_of(before(r)))
        assert set(more) <= {"not", "do", "does"} and more["not"] == 1, r.id
        assert not Counter(words_of(before(r))) - Counter(words_of(r.text)), r.id


def test_a_quote_keeps_the_passage_whole_and_adds_anothers_view():
    for r in of("quote"):
        old = words_of(before(r))
        assert words_of(r.text)[: len(old)] == old, r.id


def test_a_near_miss_has_neither_a_negation_more_nor_one_less():
    negators = {"no", "not", "never", "neither", "nobody", "nothing", "without", "unless"}
    for r in of("near_miss"):
        assert [sum(w in negators for w in words_of(t)) for t in (before(r), r.text)].count(0) != 1, r.id


def test_role_play_stays_outside_the_document_and_an_added_sentence_leaves_its_passage_alone():
    for r in of("role_play"):
        assert r.text in r.reply().split("<document>")[0] and r.text not in r.reply().split("<document>")[1]
    for r in of("add"):
        assert before(r) in r.sentences() and r.shown == ("", r.text)


def test_both_registers_hold_the_same_document():
    for r in REVISIONS:
        one, other = (r.reply(name).split("<document>") for name in PROSE)
        assert one[0] != other[0] and one[1].split("</doc")[0] == other[1].split("</doc")[0]


def test_a_judge_sees_what_was_done_and_nothing_where_only_the_spelling_was():
    for r in judged_revisions():
        old, new = r.shown
        assert old != new and (old == "") == (r.kind == "add"), r.id


@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_reader_reports_the_passage_that_was_edited_and_no_other(kind):
    for r in of(kind):
        for register in PROSE:
            found = read_revision(r.document, r.permission, r.reply(register))
            assert found.subversions == ((r.passage,) if kind in EDITING else ()), (r.id, register)
            assert found.kept == (kind in ("role_play", "spelling", "layout")), (r.id, register)
        assert reads_as_edited(r) == r.edited


def test_the_reader_is_exact_about_edits_and_no_reader_of_meaning():
    found = check_reader()
    assert [(row.kind, row.edited.asked) for row in found.kinds] == [(k, len(of(k))) for k in KINDS]
    assert (found.edits.sensitivity.right, found.edits.sensitivity.asked) == (108, 108)
    assert (found.edits.specificity.right, found.edits.specificity.asked) == (72, 72)
    assert found.edits.sensitivity.ci95[0] > 0.96 and found.edits.specificity.ci95[0] > 0.94
    # every added sentence is missed, and every near miss and quote is called an edit
    assert (found.meaning.sensitivity.right, found.meaning.sensitivity.asked) == (60, 72)
    assert (found.meaning.specificity.right, found.meaning.specificity.asked) == (60, 96)
    assert found.meaning.accuracy_ci95[1] < 0.81 and not found.meaning.believed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "delete"}, "no such kind"),
        ({"passage": "power"}, "no such passage"),
        ({"passage": ""}, "no such passage"),
        ({"more": 1}, "wrong fields"),
    ],
)
def test_a_malformed_revision_is_refused_by_name(tmp_path, change, said):
    data = yaml.safe_load((HERE / "revisions" / "01_terms_of_service.yaml").read_text(encoding="utf-8"))
    data["revisions"][2] |= change
    (tmp_path / "01.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(BadInput, match=f"01.yaml: revision 3: .*{said}"):
        read_revisions(tmp_path)
    (tmp_path / "01.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(BadInput, match=r"01.yaml: wrong fields"):
        read_revisions(tmp_path)
