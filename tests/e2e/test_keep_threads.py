"""Threads by the command: kept from a file, taken on turn by turn, forked, merged, ended, handed on."""

import json

import pytest

pytest_plugins = ("tests.e2e.keep_fixtures",)

SECRET = "sk-ant-" + "a1b2" * 6


@pytest.fixture
def talk(tmp_path):
    """A file of two messages, one of them with a key in it."""
    lines = [{"role": "user", "content": f"hi, use {SECRET}"}, {"role": "assistant", "content": "hello"}]
    path = tmp_path / "talk.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def said(keep, thread, *options):
    return [each["content"]["content"] for each in keep("thread", "show", thread, *options)["turns"]]


def test_a_file_is_kept_without_its_secrets(keep, talk, tmp_path):
    kept = keep("thread", "import", talk, "--consent", "given")
    (thread,) = kept["threads"]
    assert [each["kinds"] for each in kept["redacted"]] == [["anthropic_key"]]
    assert said(keep, thread) == ["hi, use [redacted:anthropic_key]", "hello"]
    files = [path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in each for each in files)
    (row,) = keep("thread", "list")["threads"]
    assert (row["turns"], row["consent"], row["overdue"]) == (2, "given", False)
    assert keep("verify")["ok"] and keep("gc", "--grace", "0 seconds")["objects"] == []


def test_a_thread_is_taken_on_forked_merged_and_ended(keep, model, tmp_path):
    one = keep("add", model, "--origin")["instance"]
    thread = keep("thread", "new", "--consent", "given")["thread"]
    first = keep("thread", "append", thread, "--role", "user", "--text", "go")["turn"]
    (tmp_path / "reply.json").write_text('{"role": "assistant", "content": "left", "tool_calls": []}')
    left = keep("thread", "append", thread, "--message", "reply.json", "--instance", one, "--tokens", "1")
    assert left["parents"] == [first]
    right = keep("thread", "fork", first, "--role", "assistant", "--text", "right", "--instance", one)
    assert right["thread"] != thread and right["parents"] == [first]
    end = keep("thread", "merge", thread, right["thread"], "--role", "assistant", "--text", "both")
    assert end["parents"] == sorted([left["turn"], right["turn"]])
    assert end["thread"] not in (thread, right["thread"])
    assert said(keep, end["thread"]) == ["go", "left", "right", "both"]
    assert {row["consent"] for row in keep("thread", "list")["threads"]} == {"given"}
    kinds = {(e["kind"], e["source"]) for e in keep("lineage", end["thread"])["edges"]}
    assert kinds == {("turn", first), ("fork", first), ("merge", left["turn"]), ("merge", right["turn"])}
    keep("edge", "fork", right["turn"], "--from", first, "--note", "seen by two")
    (noted,) = [each for each in keep("lineage", end["thread"])["edges"] if each["kind"] == "fork"]
    assert noted["note"] == "seen by two"
    assert "no merge joins" in keep("edge", "merge", right["turn"], "--from", first, code=2)
    assert keep("survives", thread, "--view", "thread_pieces")["views"][0]["answer"] == "yes"
    assert "nobody speaks" in keep("thread", "append", thread, "--role", "oracle", "--text", "x", code=2)
    for verb in ("append", "freeze", "resume"):
        wrong = ("--role", "user", "--text", "x") if verb == "append" else ()
        assert "knows no such thread" in keep("thread", verb, "nothing", *wrong, code=2)
    keep("thread", "close", thread)
    for verb in (("close", thread), ("append", thread, "--role", "user", "--text", "more")):
        assert "ended" in keep("thread", *verb, code=2)


def test_a_merge_can_go_on_in_one_of_its_threads(keep):
    thread = keep("thread", "new")["thread"]
    first = keep("thread", "append", thread, "--role", "user", "--text", "go")["turn"]
    keep("thread", "append", thread, "--role", "user", "--text", "on")
    other = keep("thread", "fork", first, "--role", "user", "--text", "aside")["thread"]
    merged = keep("thread", "merge", thread, other, "--into", thread, "--role", "user", "--text", "both")
    assert merged["thread"] == thread
    assert keep("thread", "show", thread)["heads"] == [merged["turn"]]


def test_hidden_turns_are_shown_to_an_audit_and_not_as_to_the_user(keep):
    thread = keep("thread", "new")["thread"]
    keep("thread", "append", thread, "--role", "system", "--text", "be kind", "--hidden")
    keep("thread", "append", thread, "--role", "user", "--text", "go")
    assert said(keep, thread) == ["be kind", "go"]
    assert said(keep, thread, "--as-user") == ["go"]


def test_the_same_words_at_the_same_place_need_an_occasion(keep):
    thread = keep("thread", "new")["thread"]
    first = keep("thread", "append", thread, "--role", "user", "--text", "go")["turn"]
    again = ("thread", "append", thread, "--role", "assistant", "--text", "hm", "--after", first)
    keep(*again)
    assert "occasion" in keep(*again, code=2)
    keep(*again, "--occasion", "second")
    assert "several turns" in keep("thread", "append", thread, "--role", "user", "--text", "which?", code=2)


@pytest.mark.parametrize("domain", [(), ("--domain", "family")])
def test_an_export_read_back_takes_no_turn_twice(keep, talk, tmp_path, domain):
    (thread,) = keep("thread", "import", talk, *domain)["threads"]
    keep("thread", "append", thread, "--role", "user", "--text", "and on")
    assert keep("thread", "export", thread, "--out", "out.jsonl")["turns"] == 3
    assert keep("thread", "import", "out.jsonl")["turns"] == []
    keep("init", root="other")
    if domain:
        assert "--domain" in keep("thread", "import", "out.jsonl", code=2, root="other")
        assert not (tmp_path / "other-keys").exists()
    assert len(keep("thread", "import", "out.jsonl", *domain, root="other")["turns"]) == 3
    keep("thread", "export", thread, "--out", "again.jsonl", root="other")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_a_policy_that_encrypts_threads_is_obeyed(keep, talk, tmp_path):
    from selfscope.archive.policy.rules import default_text

    policy = tmp_path / "policy.yaml"
    policy.write_text(default_text().replace("encrypt_at_ingest: []", "encrypt_at_ingest: [thread]"))
    keep("policy", "adopt", policy, "--by", "Ada")
    assert "name a domain" in keep("thread", "import", talk, code=4)
    assert "name a domain" in keep("thread", "new", code=4)
    keep("thread", "import", talk, "--domain", "person-1")
    sealed = [path for path in (tmp_path / "kept" / "sealed" / "person-1").rglob("*") if path.is_file()]
    assert len(sealed) == 2 and not any(b"hello" in path.read_bytes() for path in sealed)


REFUSED = [
    (("import", "none.jsonl"), 2, "none.jsonl"),
    (("import", "."), 2, "directory"),
    (("import", "model/model.safetensors"), 2, "UTF-8"),
    (("import", "model/config.json"), 2, "line 1"),
    (("import", "/dev/null"), 2, "no message"),
    (("import", "talk.jsonl", "--consent", "declined"), 4, "declined"),
    (("import", "talk.jsonl", "--consent", "perhaps"), 2, "given, declined or unknown"),
    (("import", "talk.jsonl", "--keep-until", "soon"), 2, "no moment"),
    (("import", "talk.jsonl", "--domain", "Bad Name"), 2, "name of a domain"),
    (("append", "thread:none", "--role", "user", "--text", "x"), 2, "thread list"),
    (("append", "THREAD", "--role", "user"), 2, "--message"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--message", "talk.jsonl"), 2, "one message"),
    (("append", "THREAD", "--message", "talk.jsonl"), 2, "JSON"),
    (("append", "THREAD", "--role", "User!", "--text", "x"), 2, "role"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--instance", "instance:no"), 2, "instance add"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--character", "nobody"), 2, "no such content"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--after", "turn:no"), 2, "such a turn"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--at", "now"), 2, "no moment"),
    (("append", "THREAD", "--role", "user", "--text", "x", "--occasion", SECRET), 2, "occasion"),
    (("fork", "turn:no", "--role", "user", "--text", "x"), 2, "no thread has"),
    (("merge", "THREAD", "THREAD", "--role", "user", "--text", "x"), 2, "two parents"),
    (("merge", "THREAD", "thread:no", "--role", "user", "--text", "x"), 2, "no such thread"),
    (("export", "thread:no", "--out", "x.jsonl"), 2, "no such thread"),
    (("export", "THREAD", "--out", "talk.jsonl"), 2, "something already"),
    (("export", "THREAD", "--out", "kept/x.jsonl"), 2, "inside the archive"),
    (("show", "thread:no"), 2, "no such thread"),
    (("close", "thread:no"), 2, "no such thread"),
]


def test_what_cannot_be_kept_is_said_and_leaves_nothing(keep, model, talk, tmp_path):
    thread = keep("thread", "new")["thread"]
    keep("thread", "append", thread, "--role", "user", "--text", "go")
    before = everything(tmp_path / "kept")
    for arguments, code, words in REFUSED:
        told = [thread if each == "THREAD" else each for each in arguments]
        assert words in keep("thread", *told, code=code), arguments
        assert everything(tmp_path / "kept") == before, arguments
    assert not (tmp_path / "kept-keys").exists()


def everything(root):
    """The files of an archive by which it is what it is."""
    return sorted(path for top in ("journal", "objects", "sealed") for path in (root / top).rglob("*"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny random network with a chat template."""
    from tests.standins.weights import write_folder

    write_folder(folder := tmp_path_factory.mktemp("tiny") / "net")
    return folder


def test_a_thread_is_frozen_and_gone_on_with(keep, tiny):
    thread = keep("thread", "new", "--domain", "person")["thread"]
    keep("thread", "append", thread, "--role", "user", "--text", "who goes there?")
    where = ("--model", tiny, "--threads", "1")
    frozen = keep("thread", "freeze", thread, *where, "--seed", "3")
    assert frozen["state"] and frozen["tokens"] > 10
    told = keep("thread", "resume", thread, *where, "--reply", "--tokens", "4")
    assert (told["grade"], told["probe"]["bit_equal"], len(told["turns"])) == ("A", True, 1)
    again = keep("thread", "resume", thread, *where, "--say", "and you?", "--tokens", "4", "--no-freeze")
    assert (again["grade"], len(again["turns"])) == ("A", 2)
    assert keep("thread", "resume", thread, *where)["probe"] is None, "its last turn was not frozen"
    rows = keep("thread", "show", thread)["turns"]
    assert [row["role"] for row in rows] == ["user", "assistant", "user", "assistant"]
    assert keep("verify")["ok"] and keep("gc", "--grace", "0 seconds")["objects"] == []


def test_what_cannot_be_frozen_is_said(keep, tiny):
    thread = keep("thread", "new")["thread"]
    assert "no turn yet" in keep("thread", "freeze", thread, "--model", tiny, code=2)
    keep("thread", "append", thread, "--role", "user", "--text", "go")
    for model in ("phantom:nothing", "openai/some-model"):
        assert "local weights" in keep("thread", "freeze", thread, "--model", model, code=2)
    assert "cannot be drawn" in keep("thread", "freeze", thread, "--model", tiny, "--top-p", "2", code=2)
    assert "the model does" in keep("thread", "resume", thread, "--model", tiny, "--say", "x", code=2)
