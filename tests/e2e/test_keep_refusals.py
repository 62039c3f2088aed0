"""What a stranger gets for wrong arguments: a sentence, an exit code, and an archive that stays as it was."""

from selfscope.cli.app import run

pytest_plugins = ("tests.e2e.keep_fixtures",)

REFUSED = [
    (("get", "nothing", "out"), 2, "keep list"),
    (("get", "same", "out"), 2, "Say which: b3:"),
    (("get", "one", "kept/inside"), 2, "inside the archive"),
    (("get", "one", "none/out"), 2, "Make it first"),
    (("get", "one", "model"), 2, "something already"),
    (("add", "missing"), 2, "missing"),
    (("add", "weights.pt"), 2, "run code"),
    (("add", "model", "--base", "nothing"), 2, "no such content"),
    (("add", "model", "--recipe", "weights.pt"), 2, "recipe"),
    (("add", "missing", "--domain", "family"), 2, "nothing to add"),
    (("add", "weights.pt", "--from", "instance:no", "--domain", "family"), 2, "knows no such instance"),
    (("add", "model", "--from", "instance:none"), 2, "no such instance"),
    (("add", "model/config.json", "--reference"), 2, "--reference"),
    (("verify", "nothing"), 2, "no such content"),
    (("verify", "--quick", "--deep"), 2, "--quick"),
    (("verify", "--quick", "--attest"), 2, "--quick"),
    (("verify", "--seconds", "-1"), 2, "--seconds"),
    (("verify", "--checkpoint", "weights.pt"), 2, "checkpoint"),
    (("scrub", "--megabytes", "many"), 2, "--megabytes"),
    (("gc", "--grace", "tomorrow"), 2, "14 days"),
    (("drop", "instance:none", "--why", "x"), 2, "keep list"),
    (("drop", "ONE", "--why", " "), 2, "Say why"),
    (("drop", "ONE"), 2, "--why"),
    (("drop", "ONE", "--why", "x"), 4, "Replicate it first"),
    (("drop", "ONE", "--why", "x", "--replica", "model"), 2, "no replica"),
    (("replicate", "kept/replica"), 2, "inside the archive"),
    (("replicate", "."), 2, "beside its archive"),
    (("replicate", "model"), 2, "not empty"),
    (("replicate", "none/replica"), 2, "Make it first"),
    (("replicate", "/dev/null/replica"), 2, "Make it first"),
    (("replicate", "/proc/replica"), 5, "refused"),
    (("repair", "--from", "model"), 2, "keep replicate"),
    (("repair", "--from", "kept"), 2, "archive itself"),
    (("repair",), 2, "--from"),
    (("checkpoint", "/proc/checkpoint"), 5, "another place"),
    (("checkpoint", "kept/checkpoint"), 2, "inside the archive"),
    (("export", "nothing", "--out", "out"), 2, "no such content"),
    (("export", "one", "--out", "model"), 2, "something already"),
    (("export", "one", "--out", "out", "--signature", "x"), 2, "--sign"),
    (("import", "."), 2, "not whole"),
    (("import", "none"), 2, "a zip or a tar"),
    (("import", "weights.pt"), 2, "not to be trusted"),
    (("import", "weights.pt", "--signed-by", "none.pub"), 2, "Unpack it"),
    (("import", "model", "--signature", "none.sig"), 2, "--signed-by"),
    (("lineage", "nothing"), 2, "no such content"),
    (("lineage", "one", "--page", "/proc/page"), 5, "page"),
    (("lineage", "one", "--prov", "/proc/prov"), 5, "PROV"),
    (("survives", "instance:x"), 2, "instance:x"),
    (("survives", "one", "--view", "none"), 2, "Views are"),
    (("survives", "one", "--if", "one"), 2, "destroyed=ID"),
    (("survives", "one", "--drift", "-1"), 2, "--drift"),
    (("copy", "--from", "instance:none", "--device", "d"), 2, "no such instance"),
    (("copy", "--from", "ONE", "--device", "d", "--to", "kept/x"), 2, "inside the archive"),
    (("instance", "add", "nothing", "--device", "d"), 2, "no such content"),
    (("instance", "add", "one", "--device", "d", "--began", "soon"), 2, "no moment"),
    (("instance", "end", "ONE", "--why", "x"), 2, "holds this copy"),
    (("policy", "execute", "b3:0"), 2, "plan"),
    (("policy", "state", "one", "gone", "--by", "A", "--reason", "x"), 2, "no such state"),
    (("policy", "adopt", "weights.pt", "--by", "A"), 2, "weights.pt"),
    (("policy", "key", "weights.pt"), 2, "already there"),
    (("cost", "nothing"), 2, "no such content"),
    (("cost", "--copies", "0", "--bytes", "1"), 2, "nothing to keep"),
    (("init",), 2, "not empty"),
    (("frobnicate",), 2, "frobnicate"),
]


def test_bad_input_is_named_and_changes_nothing(keep, model, tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"anything")
    one = keep("add", model, "--name", "one")["instance"]
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
        keep("add", name, "--name", "same")
    before = everything(tmp_path)
    for arguments, code, words in REFUSED:
        said = keep(*(one if each == "ONE" else each for each in arguments), code=code)
        assert words in said and "Traceback" not in said, arguments
        assert everything(tmp_path) == before, arguments
    assert keep("verify")["ok"]


def everything(folder):
    """Every file but those of the index, which may be rebuilt at any time."""
    return sorted(path for path in folder.rglob("*") if not path.name.startswith("index.") and path.is_file())


def test_no_archive_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    for root, code in (("none", 2), ("file", 2), ("file/none", 2), ("/dev/null", 2)):
        assert run(["keep", "--root", root, "list"]) == code
        assert "keep init" in capsys.readouterr().err
    assert run(["keep", "--root", "none/archive", "init"]) == 2
    assert "Make it first" in capsys.readouterr().err
    assert run(["keep", "--root", "/proc/archive", "init"]) == 5
    assert "refused" in capsys.readouterr().err


def test_a_replica_is_for_reading(keep, model, tmp_path):
    keep("add", model, "--name", "one")
    keep("replicate", "replica")
    keep("export", "one", "--out", "out")
    for verb in (("add", "model/config.json"), ("gc",), ("thread", "new"), ("verify", "--attest")):
        assert "open for reading" in keep(*verb, code=4, root="replica")
    sealed = ("--domain", "family")
    for verb in (("add", "model/config.json"), ("thread", "new"), ("import", "out")):
        assert "open for reading" in keep(*verb, *sealed, code=4, root="replica")
    assert not (tmp_path / "replica-keys").exists()
    assert keep("verify", root="replica")["ok"]
    assert keep("scrub", root="replica")["attested"] is False
    keep("get", "one", "back", root="replica")


def test_whoever_may_not_read_the_signing_key_may_read_the_rest(keep, model, monkeypatch):
    keep("add", model, "--name", "one")
    monkeypatch.setattr("os.access", lambda path, how: not str(path).endswith("journal.pem"))
    assert keep("list")["contents"] and keep("verify")["ok"]
    keep("get", "one", "back")
    assert "open for reading" in keep("add", "model/config.json", code=4)


def test_what_the_system_refuses_is_a_sentence(keep):
    assert "the system refused" in keep("init", root="a" * 300, code=5)
    assert "the system refused" in keep("list", root="a" * 300, code=5)


def test_a_damaged_journal_is_a_sentence_for_every_verb(keep, model, tmp_path):
    keep("add", model, "--name", "one")
    keep("replicate", "replica")
    record = tmp_path / "kept" / "journal" / "000000" / "000000002.json"
    record.chmod(0o644)
    record.write_bytes(b"nothing")
    for verb in (("list",), ("get", "one", "out"), ("gc",), ("survives", "one"), ("thread", "list")):
        assert "record 2" in keep(*verb, code=5), verb
    assert [each["what"] for each in keep("verify", code=1)["problems"]] == ["journal"]
    assert keep("repair", "--from", "replica")["repaired"] == ["record 2"]
    assert keep("verify")["ok"]


def test_what_others_named_cannot_write_over_a_line(keep, model, capsys):
    keep("add", model, "--name", "one\x1b[2K\u202eeno")
    assert run(["keep", "--root", "kept", "list"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\u202e" not in said and "\\x1b[2K" in said
