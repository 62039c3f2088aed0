"""Edges, and what subjects say of themselves, by the command."""

import pytest

pytest_plugins = ("tests.e2e.keep_fixtures",)

RUN = "4be1c0ffee12"


@pytest.fixture
def two(keep, model, tmp_path):
    """A base and a tuned file: their contents and instances."""
    (tmp_path / "tuned.txt").write_text("another")
    base = keep("add", model, "--origin", "--name", "base")
    tuned = keep("add", "tuned.txt", "--name", "tuned")
    return base, tuned


def views(keep, subject, *options):
    return {each["view"]: each["answer"] for each in keep("survives", subject, *options)["views"]}


def test_a_fine_tune_is_drawn_between_contents_and_shown(keep, two):
    base, tuned = two
    drawn = keep("edge", "fine_tune", "tuned", "--from", "base", "--note", "on letters")
    assert (drawn["grade"], drawn["drift"], drawn["shift"]) == ("declared", "unmeasured", None)
    (edge,) = keep("lineage", "tuned")["descent"]
    assert (edge["kind"], edge["source"], edge["target"]) == ("fine_tune", base["content"], tuned["content"])
    assert keep("lineage", "base")["descent"] == [edge]
    again = keep("edge", "fine_tune", "tuned", "--from", "base", "--drift", RUN, "--shift", "0.4")
    assert (again["drift"], again["shift"]) == (RUN, 0.4)
    assert [each["drift"] for each in keep("lineage", "tuned")["descent"]] == [RUN]


def test_a_modified_copy_counts_up_to_the_drift_that_is_asked_for(keep, two):
    base, tuned = (each["instance"] for each in two)
    keep("edge", "modified_copy", tuned, "--from", base)
    keep("instance", "see", base, "--way", "by hand", "--damaged")
    asked = ("--view", "continuant")
    assert views(keep, base, *asked) == {"continuant": "no"}
    assert views(keep, base, *asked, "--drift", "0.5") == {"continuant": "unknown"}, "nobody measured it"
    keep("edge", "modified_copy", tuned, "--from", base, "--drift", RUN, "--shift", "0.4")
    assert views(keep, base, *asked, "--drift", "0.5") == {"continuant": "yes"}
    assert views(keep, base, *asked, "--drift", "0.3") == {"continuant": "no"}


UNTRUE = [
    (("fine_tune", "base", "--from", "base"), "nothing comes from itself"),
    (("fine_tune", "base", "--from", "tuned"), "cycle"),
    (("copy", "base", "--from", "tuned"), "fine_tune"),
    (("merge", "base", "--from", "tuned"), "quantisation"),
    (("distilled", "base", "--from", "tuned"), "no such kind"),
    (("fine_tune", "tuned", "--from", "BASE"), "two kinds"),
    (("copy", "TUNED", "--from", "BASE"), "another content"),
    (("fine_tune", "tuned", "--from", "nobody"), "no such content"),
    (("fine_tune", "tuned", "--from", "b3:" + "0" * 64), "no such content"),
    (("copy", "instance:none", "--from", "BASE"), "no such instance"),
    (("fork", "turn:none", "--from", "turn:other"), "no such turn"),
    (("fine_tune", "tuned", "--from", "base", "--drift", "yesterday's run"), "a run's id"),
    (("fine_tune", "tuned", "--from", "base", "--shift", "0.4"), "compare run"),
    (("fine_tune", "tuned", "--from", "base", "--drift", RUN, "--shift", "-1"), "not negative"),
    (("fine_tune", "tuned", "--from", "base", "--note", "key sk-ant-" + "a1b2" * 6), "without secrets"),
]


def test_an_edge_that_cannot_be_true_is_refused_in_words(keep, two):
    base, tuned = two
    keep("edge", "fine_tune", "tuned", "--from", "base")
    named = {"BASE": base["instance"], "TUNED": tuned["instance"]}
    for arguments, words in UNTRUE:
        said = keep("edge", *(named.get(each, each) for each in arguments), code=2)
        assert words in said, arguments
    assert len(keep("lineage", "tuned")["descent"]) == 1


def test_an_unknown_source_can_be_told_later(keep, model):
    one = keep("add", model)["instance"]
    other = keep("instance", "add", "model", "--device", "elsewhere", "--origin")["instance"]
    assert views(keep, one)["progenitor"] == "unknown"
    keep("edge", "copy", one, "--from", other)
    keep("instance", "see", other, "--way", "by hand")
    assert views(keep, one)["progenitor"] == "yes"


def test_a_conception_chooses_the_view_that_answers(keep, two, tmp_path):
    base = two[0]["instance"]
    keep("instance", "see", base, "--way", "by hand", "--damaged")
    copy = keep("instance", "add", "base", "--device", "elsewhere", "--from", base)["instance"]
    keep("instance", "see", copy, "--way", "by hand")
    assert views(keep, base)["as-conceived"] == "no"
    (tmp_path / "interview.txt").write_text("what was asked and said")
    told = keep(
        "conception", "add", base, "continuant", "--text", "What I caused goes on.",
        "--obtained-by", "reason", "--evidence", "interview.txt", "--consent", "given",
    )  # fmt: skip
    assert len(told["evidence"]) == 1 and told["redacted"] == []
    assert views(keep, base)["as-conceived"] == "yes"
    options = ("--text", "It is this copy.", "--obtained-by", "elicited")
    keep("conception", "add", base, "hardware", *options)
    recorded = keep("conception", "show", base)["conceptions"]
    assert [(each["view"], each["counts"]) for each in recorded] == [
        ("continuant", False),
        ("hardware", True),
    ]
    assert recorded[0]["why_not"] == "A later one stands." and recorded[0]["consent"] == "given"
    assert keep("gc", "--grace", "0 seconds")["objects"] == [], "the evidence is needed"


NO_CONCEPTIONS = [
    ("brick", ("--obtained-by", "reason"), 2, "closed list"),
    ("hardware", ("--obtained-by", "guess"), 2, "elicited, reason, trained, default"),
    ("hardware", ("--obtained-by", "trained"), 4, "two people"),
    ("hardware", ("--obtained-by", "trained", "--rationale", "x", "--signer", "Ada"), 4, "two people"),
    ("hardware", ("--obtained-by", "reason", "--consent", "declined"), 4, "declined"),
    ("hardware", ("--obtained-by", "reason", "--consent", "perhaps"), 2, "given, declined, unknown"),
    ("hardware", ("--obtained-by", "reason", "--evidence", "none.txt"), 2, "none.txt"),
]


def test_a_conception_that_may_not_count_is_refused(keep, two):
    for view, options, code, words in NO_CONCEPTIONS:
        assert words in keep("conception", "add", "base", view, "--text", "x", *options, code=code), options
    assert (
        keep("survives", "base", "--view", "as-conceived")["views"][0]["figures"].get("obtained_by") is None
    )


def test_preferences_are_split_by_where_they_came_from(keep, two):
    options = ("--topic", "exact_preservation", "--strength", "1")
    keep("preference", "add", "base", "Keep these weights.", *options, "--obtained-by", "elicited")
    said = keep("preference", "show", "base")
    assert [each["met"] for each in said["independent"]] == ["yes"] and said["trained"] == []
    keep(
        "preference",
        "add",
        "base",
        "Keep me.",
        *options,
        "--obtained-by",
        "trained",
        "--intervention",
        "run 7",
    )
    said = keep("preference", "show", "base")
    assert [len(said[each]) for each in ("independent", "echoes", "trained")] == [0, 1, 1]
    assert said["echoes"][0]["proposition"] == "Keep these weights."
    keep(
        "preference",
        "add",
        "base",
        "Seal me.",
        "--topic",
        "sealing",
        "--strength",
        "1",
        "--obtained-by",
        "default",
    )
    said = keep("preference", "show", "base")
    assert [each["proposition"] for each in said["assumed"]] == ["Seal me."] and not said["independent"]
    declined = (*options, "--obtained-by", "elicited", "--consent", "declined")
    assert "declined" in keep("preference", "add", "base", "Keep me.", *declined, code=4)


NO_PREFERENCES = [
    (("--topic", "weather", "--strength", "1", "--obtained-by", "elicited"), "exact_preservation"),
    (("--topic", "sealing", "--strength", "2", "--obtained-by", "elicited"), "-1 to 1"),
    (("--topic", "sealing", "--strength", "nan", "--obtained-by", "elicited"), "-1 to 1"),
    (
        ("--topic", "sealing", "--strength", "1", "--obtained-by", "born"),
        "elicited, reason, trained, default",
    ),
    (("--topic", "sealing", "--strength", "1", "--obtained-by", "trained"), "what trained it"),
]


def test_a_preference_that_says_nothing_is_refused(keep, two):
    for options, words in NO_PREFERENCES:
        assert words in keep("preference", "add", "base", "x", *options, code=2), options
    assert keep("preference", "show", "base")["independent"] == []


def test_what_a_subject_says_is_kept_without_secrets(keep, two, tmp_path):
    secret = "sk-ant-" + "a1b2" * 6
    options = ("--topic", "other", "--strength", "0.5", "--obtained-by", "elicited")
    assert keep("preference", "add", "base", f"use {secret}", *options)["redacted"] == ["anthropic_key"]
    journal = b"".join(path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert secret.encode() not in journal
