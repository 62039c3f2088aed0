"""The other verbs, and what a stranger gets for wrong arguments."""

import json
import time

import jsonschema
import pytest

from selfscope.cli.app import run
from tests.e2e.conftest import of_processes


def test_help_answers_at_once(selfscope):
    started = of_processes()
    done = selfscope.process("--help")
    assert "profile" in done.stdout
    assert of_processes() - started < 2.0


def test_read_shows_prompt_sources_and_claims(selfscope, soul):
    done = selfscope("read", soul)
    assert "Finish small things" in done.stdout
    data = selfscope.json("read", soul)
    jsonschema.validate(data, json.loads(selfscope("schema", "read").stdout))
    assert any("throw anything away" in claim["text"] for claim in data["claims"])


def test_doctor_and_models_say_what_is_here(selfscope):
    data = selfscope.json("doctor")
    jsonschema.validate(data, json.loads(selfscope("schema", "doctor").stdout))
    models = selfscope.json("models", "list")
    jsonschema.validate(models, json.loads(selfscope("schema", "models-list").stdout))
    assert {m["name"] for m in models["models"]} == {"embedded", "gemma-270m", "minilm"}


def test_cite_and_version_give_the_version(selfscope):
    from selfscope import __version__

    assert __version__ in selfscope("cite").stdout
    assert selfscope("--version").stdout == f"selfscope {__version__}\n"


def test_without_a_verb_the_help_is_printed_and_nothing_else_is_said(selfscope):
    done = selfscope("models", code=2)
    assert "fetch" in done.stdout
    assert done.stderr == ""


def test_a_schema_is_asked_for_as_the_verb_is_typed(selfscope):
    assert selfscope("schema", "models", "list").stdout == selfscope("schema", "models-list").stdout
    assert json.loads(selfscope("schema", "panel", "build").stdout)["title"] == "selfscope panel build --json"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("profile", "missing.md", "-m", "phantom:trait"), "missing.md"),
        (("profile", "none", "-m", "phantom:ghost"), "no such phantom"),
        (("profile", "none", "-m", ""), "no model"),
        (("profile", "none", "-m", "phantom:trait", "--channels", "telepathy"), "telepathy"),
        (("profile", "none", "-m", "phantom:trait", "--preset", "huge"), "huge"),
        (("profile", "none", "-m", "phantom:trait", "--items", "missing.jsonl"), "missing.jsonl"),
        (("profile", "SOUL.md", "-m", "phantom:trait", "--against", "nobody"), "nobody"),
        (("profile",), "PATH|none"),
        (("export", "zzzz", "out.csv"), "no such run"),
        (("compare", "zzzz", "zzzz"), "no such run"),
        (("schema", "nothing"), "nothing"),
        (("schema", "../schemas/profile"), "../schemas/profile"),
        (("read", ""), "no path"),
        (("profile", "", "-m", "phantom:trait"), "no path"),
        (("profile", "SOUL.md", "-m", "phantom:trait", "--against", ""), "no control"),
        (("profile", "SOUL.md", "-m", "phantom:trait", "--channels", ","), "no channel"),
        (("profile", "SOUL.md", "-m", "phantom:trait", "--seed", str(10**30)), "--seed"),
        (("profile", "none", "-m", "phantom:trait", "--against", "generic"), "compared with nothing"),
        (("profile", "none", "-m", "phantom:trait", "--fail-on", "shifted"), "never close"),
        (("panel", "build", "-m", "phantom:trait"), "no panel"),
        (("export", "zzzz", ""), "unknown kind"),
        (("query", "SELECT 1"), "no finished run"),
        (("models", "fetch", "gpt-17"), "gpt-17"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(soul, arguments, word, capsys, monkeypatch):
    monkeypatch.chdir(soul.parent)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(soul.parent / "no-runs"))
    assert run(list(arguments)) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.md", b""),
        ("noise.md", bytes(range(256)) * 50),
        ("broken.md", b"# A\n\xff\xfe\xfa not text"),
        ("huge.md", b"You are large. " * 3_500_000),
    ],
)
def test_hostile_files_get_a_sentence_and_not_a_stack_trace(selfscope, home, name, data):
    path = home / name
    path.write_bytes(data)
    started = time.process_time()
    done = selfscope("read", path, code=2)
    assert done.stderr.startswith("selfscope: ")
    assert time.process_time() - started < 5.0
