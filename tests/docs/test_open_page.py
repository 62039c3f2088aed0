"""The page of free answers shows what the code tells a judge, and its example runs."""

import inspect
import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from selfscope._registry import cluster_open
from selfscope.errors import BadInput
from selfscope.instruments.open.judging import INSTRUCTIONS
from selfscope.studies.open_page import FILE, main, render

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "judges-check.json").read_text(encoding="utf-8"))
PAGE = Path(__file__).parents[2] / "docs" / "instruments" / "open-answers.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def test_its_generated_part_is_that_of_the_code(page):
    assert render(page) == page
    assert INSTRUCTIONS in page


def test_the_embedded_model_is_no_judge_and_the_page_says_so(page):
    shipped = json.loads(FILE.read_text(encoding="utf-8"))
    (found,) = shipped["judges"]
    jsonschema.validate({"judges": [found], "agreement": shipped["agreement"], "edits": []}, SCHEMA)
    assert not found["believed"]
    for row in (r for r in found["rows"] if r["kind"] == "all"):
        assert row["balanced_accuracy"]["ci"][1] < 0.8
        assert f"| {row['style']} | **all** | {row['right']['asked']:.0f} |" in page


def test_a_page_that_differs_is_noticed_and_mended(page, tmp_path):
    stale = tmp_path / "page.md"
    stale.write_text(page.replace("Reply with one word", "Reply with two words"), encoding="utf-8")
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == page
    with pytest.raises(BadInput, match="no place"):
        render("nothing")


def test_every_setting_of_the_task_is_on_the_page(page):
    settings = set(inspect.signature(cluster_open).parameters)
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == settings


def test_the_example_names_what_there_is(page):
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    imports = "\n".join(line for line in example.splitlines() if line.startswith(("import", "from")))
    exec(compile(imports, str(PAGE), "exec"), {})
