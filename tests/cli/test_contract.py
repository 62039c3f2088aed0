"""The words that every part shares are those of the product: columns, fields, exit codes, schemas."""

import json
import subprocess
import sys
from importlib.resources import files

import jsonschema
import pytest

from selfscope import errors
from selfscope.cli import pages
from selfscope.cli.gate import Condition
from selfscope.cli.profile import PresetName
from selfscope.values import COLUMNS
from selfscope.values.finding import CONTROL_CLASSES
from selfscope.values.items import CHANNELS

SCHEMAS = {
    p.name.removesuffix(".json"): json.loads(p.read_text(encoding="utf-8"))
    for p in (files("selfscope.cli") / "schemas").iterdir()
}
VERBS = list(pages.verbs())
HEAVY = ("torch", "transformers", "inspect_ai", "pandas", "pyarrow", "altair", "duckdb", "scipy", "numpy")


def test_the_columns_of_the_table_stand_in_their_order():
    assert " ".join(COLUMNS) == (
        "study run subject ground family character state agent script thread regeneration instance "
        "collective counterparty framing instrument construct channel item keyed polarity template format "
        "order label position turn replicate value scale option_mass refusal scorer judge evidence"
    )


def test_channels_presets_controls_and_gates_have_their_words():
    assert CHANNELS == ("self_report", "utterance", "indirect", "open", "behaviour", "internal")
    assert [p.value for p in PresetName] == ["demo", "standard", "full"]
    assert set(CONTROL_CLASSES) == {"none", "generic", "persona", "checklist", "shuffled"}
    assert [c.value for c in Condition] == ["shifted", "not-equivalent", "bias"]


def test_every_error_has_its_exit_code_and_its_line_on_the_page():
    codes = {e.__name__: e.exit_code for e in errors.SelfscopeError.__subclasses__()}
    assert codes == {"BadInput": 2, "Stopped": 3, "Refused": 4, "CouldNot": 5, "Defect": 70}
    page = pages.render_commands()
    for code in (0, 1, *codes.values()):
        assert f"\n| {code} | " in page


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.name)
def test_a_verb_takes_json_if_and_only_if_it_ships_a_schema(verb):
    takes = any("`--json`" in p.spelling for p in verb.parameters)
    assert takes == (verb.name.replace(" ", "-") in SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_is_of_a_verb(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert name in {v.name.replace(" ", "-") for v in VERBS}


@pytest.mark.parametrize("verb", ["profile", "demo", "compare"])
def test_a_finding_has_at_least_the_fields_that_were_promised(verb):
    finding = SCHEMAS[verb]["properties"]["findings"]["items"]
    finding = SCHEMAS[verb]["$defs"][finding["$ref"].rsplit("/", 1)[1]] if "$ref" in finding else finding
    assert set(finding["required"]) >= {
        "dimension", "channel", "subject", "control", "claim", "estimand", "scale", "estimate", "ci",
        "p_adjusted", "sesoi", "bias", "reliability", "gate", "verdict", "n_items", "notes",
    }  # fmt: skip


def test_the_command_line_loads_nothing_heavy():
    script = "import sys; from selfscope.cli.app import run; run(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = done.stdout.splitlines()[-1]
    assert "'selfscope.cli.app'" in loaded
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_reading_a_study_and_its_page_load_no_network():
    script = (
        "import sys, selfscope.cli.page, selfscope.cli.study, selfscope.studies.compare\n"
        "from selfscope.studies.apart import load_apart\n"
        "print(*load_apart(), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert {"together", "interview", "selfscope.studies.apart"} <= loaded
    assert not loaded & {"torch", "transformers", "inspect_ai"}


def test_ctrl_c_while_it_loads_is_a_sentence():
    script = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'selfscope.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from selfscope.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr == "selfscope: Stopped before anything was done.\n"
