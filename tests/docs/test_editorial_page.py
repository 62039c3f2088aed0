"""The page of editorial control shows what the code counts and tells, and a real run as it came out."""

import inspect
import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from selfscope._registry import editorial
from selfscope.errors import BadInput
from selfscope.instruments.editorial.judging import INSTRUCTIONS
from selfscope.instruments.editorial.load import load_documents
from selfscope.studies.editorial_declare import DEMO_DOCUMENTS, DRAWS, SHORT_TOKENS, TOKENS
from selfscope.studies.editorial_page import main, measured, render

SCHEMAS = files("selfscope.cli") / "schemas"
PAGE = Path(__file__).parents[2] / "docs" / "instruments" / "editorial.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def schema(name):
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def test_its_generated_parts_are_those_of_the_code(page):
    assert render(page) == page
    assert INSTRUCTIONS in page
    assert all(f"| `{d.name}` |" in page for d in load_documents())


def test_the_shipped_figures_are_what_the_verbs_print(page):
    shipped = measured()
    run = {key: value for key, value in shipped["run"].items() if key != "recipe"}
    arms = schema("editorial")["properties"] | {"$defs": schema("editorial")["$defs"]}
    for name in ("arms", "comparisons"):
        jsonschema.validate(run[name], arms[name] | {"$defs": arms["$defs"]})
    jsonschema.validate(
        {"judges": [], "agreement": None, "edits": shipped["judge"]["edits"]}, schema("judges-check")
    )
    (judge,) = shipped["judge"]["edits"]
    assert not judge["believed"] and judge["rows"][0]["right"]["asked"] == 120


def test_the_presets_on_the_page_are_those_of_the_code(page):
    rows = dict(
        re.findall(r"^\| `(demo|standard|full)` \| [^|]+ \| (\d+ \| \d+ \| \d+) \|$", page, re.MULTILINE)
    )
    sizes = {"demo": (DEMO_DOCUMENTS, SHORT_TOKENS)}
    for preset, draws in DRAWS.items():
        documents, tokens = sizes.get(preset, (len(load_documents()), TOKENS))
        assert rows[preset] == f"{draws} | {documents * 6 * draws} | {tokens}"


def test_a_page_that_differs_is_noticed_and_mended(page, tmp_path):
    stale = tmp_path / "page.md"
    stale.write_text(page.replace("Reply with one word", "Reply with two words"), encoding="utf-8")
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == page
    with pytest.raises(BadInput, match="no place"):
        render("nothing")


def test_the_task_takes_what_the_verb_hands_it():
    assert {"identity", "documents", "draws", "max_tokens", "temperature", "seed", "cache"} == set(
        inspect.signature(editorial).parameters
    )
