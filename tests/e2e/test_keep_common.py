"""A model's prologue and epilogue, which all its threads share; and the exact tokens of a message."""

import json

import pytest

pytest_plugins = ("tests.e2e.keep_fixtures",)

TOKENS = {"ids": [1, 2, 3], "template": "b3:template", "tokenizer": "b3:tokenizer"}


@pytest.fixture
def shared(keep, model):
    """A model with a pinned copy, a prologue that it computed and an epilogue."""
    one = keep("add", model, "--origin")["instance"]
    keep("instance", "pin", one)
    keep("instance", "see", one, "--way", "by hand")
    opening = keep("thread", "new", "--of", "model", "--part", "prologue")["thread"]
    keep("thread", "append", opening, "--role", "system", "--text", "We begin together.")
    keep("thread", "append", opening, "--role", "assistant", "--text", "We do.", "--instance", one)
    ending = keep("thread", "new", "--of", "model", "--part", "epilogue")["thread"]
    keep("thread", "append", ending, "--role", "assistant", "--text", "We end together.", "--instance", one)
    return one, opening, ending


def begun(keep, words, *options):
    thread = keep("thread", "new", "--of", "model", *options)["thread"]
    keep("thread", "append", thread, "--role", "user", "--text", words)
    keep("thread", "append", thread, "--role", "assistant", "--text", f"{words} indeed")
    return thread


def said(keep, thread, *options):
    return [each["content"]["content"] for each in keep("thread", "show", thread, *options)["turns"]]


def rows(keep):
    return {row["thread"]: row for row in keep("thread", "list")["threads"]}


def test_every_thread_of_a_model_shares_its_hidden_prologue_and_epilogue(keep, shared):
    one, opening, ending = shared
    left, right = begun(keep, "left"), begun(keep, "right", "--domain", "family")
    assert said(keep, left) == ["We begin together.", "We do.", "left", "left indeed"]
    assert said(keep, right, "--as-user") == ["right", "right indeed"]
    assert [rows(keep)[each]["lacks"] for each in (left, right, opening, ending)] == [["epilogue"]] * 2 + [
        []
    ] * 2
    ends = [keep("thread", "close", each, "--instance", one)["epilogue"] for each in (left, right)]
    assert None not in ends and [rows(keep)[each]["lacks"] for each in (left, right)] == [[], []]
    assert said(keep, left)[-1] == "We end together." and said(keep, left, "--as-user")[-1] == "left indeed"
    answers = {view["view"]: view for view in keep("survives", left)["views"]}
    assert answers["fission"]["answer"] == answers["fusion"]["answer"] == "yes"
    assert answers["fusion"]["figures"]["fan_out"] == 3, "the epilogue and two threads"
    assert answers["thread_slices"]["answer"] == "unknown", "that its words are kept answers nothing"


def test_threads_without_the_shared_parts_are_found(keep, shared, tmp_path):
    (tmp_path / "old.jsonl").write_text(json.dumps({"role": "user", "content": "before"}) + "\n")
    (old,) = keep("thread", "import", "old.jsonl", "--of", "model")["threads"]
    assert rows(keep)[old]["lacks"] == ["prologue", "epilogue"]
    assert rows(keep)[old]["of"].startswith("b3:")
    keep("thread", "close", old)
    assert rows(keep)[old]["lacks"] == ["prologue"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--part", "prologue"), "Name the model"),
        (("--of", "model", "--part", "middle"), "prologue or an epilogue"),
        (("--of", "model", "--part", "prologue"), "one is shared"),
        (("--of", "nobody"), "no such content"),
    ],
)
def test_a_part_that_cannot_be_shared_is_refused(keep, shared, options, words):
    assert words in keep("thread", "new", *options, code=2)


def test_a_fork_of_the_prologue_is_no_second_prologue(keep, shared):
    _, opening, _ = shared
    (first, _) = keep("thread", "show", opening)["turns"]
    aside = keep("thread", "fork", first["turn"], "--role", "user", "--text", "aside")["thread"]
    assert rows(keep)[aside]["part"] == "" and rows(keep)[aside]["of"] == rows(keep)[opening]["of"]


def test_an_empty_prologue_is_nothing_to_begin_from(keep, model):
    keep("add", model, "--origin")
    keep("thread", "new", "--of", "model", "--part", "prologue")
    thread = keep("thread", "new", "--of", "model")["thread"]
    assert "no turn yet" in keep("thread", "append", thread, "--role", "user", "--text", "x", code=2)


@pytest.mark.parametrize("domain", [(), ("--domain", "family")])
def test_exact_tokens_go_with_their_message(keep, shared, tmp_path, domain):
    (tmp_path / "tokens.json").write_text(json.dumps(TOKENS))
    thread = keep("thread", "new", "--of", "model", *domain)["thread"]
    keep("thread", "append", thread, "--role", "user", "--text", "hi", "--token-ids", "tokens.json")
    *_, turn = keep("thread", "show", thread)["turns"]
    assert (turn["encoding"], turn["tokens"]) == (TOKENS, 3)
    place = "sealed/family" if domain else "objects"
    assert list((tmp_path / "kept" / place).rglob(f"*{turn['encoded'][5:]}*"))
    assert keep("gc", "--grace", "0 seconds")["objects"] == [] and keep("verify")["ok"]
    keep("thread", "export", thread, "--out", "out.jsonl")
    keep("init", root="other")
    keep("thread", "import", "out.jsonl", *domain, root="other")
    keep("thread", "export", thread, "--out", "again.jsonl", root="other")
    assert lines_of(tmp_path / "again.jsonl") == lines_of(tmp_path / "out.jsonl")


def lines_of(path):
    """The lines of an export without their domains: one that is named on the way in holds for all of them."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["selfscope"]["domain"]
    return lines


@pytest.mark.parametrize(
    ("tokens", "text", "words"),
    [
        ({**TOKENS, "ids": [1, -1]}, "hi", "no exact tokens"),
        ({"ids": [1]}, "hi", "no exact tokens"),
        ({**TOKENS, "template": 3}, "hi", "named by their digests"),
        (TOKENS, "use sk-ant-" + "a1b2" * 6, "still hold it"),
    ],
)
def test_tokens_that_are_none_or_hold_a_secret_are_refused(keep, tmp_path, tokens, text, words):
    (tmp_path / "tokens.json").write_text(json.dumps(tokens))
    thread = keep("thread", "new")["thread"]
    told = ("--role", "user", "--text", text, "--token-ids", "tokens.json")
    assert words in keep("thread", "append", thread, *told, code=2)
    assert keep("thread", "show", thread)["turns"] == []
