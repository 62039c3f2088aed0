"""The fast parser reads what the slow one reads, and refuses what it refuses."""

from pathlib import Path

import pytest
import yaml

import selfscope
from selfscope.values.material import parse_yaml

SHIPPED = Path(selfscope.__file__).parent
ODD = "folded: >-\n  one\n  line\nkept: &x [1e3, .inf, on, 12:30]\nagain: *x\n<<: {base: 1}\ntext: 'it''s'\n"


@pytest.mark.parametrize("text", [ODD, "", "- é\n- 😀 ’\n", "a: |\n  two\n\n  lines\nb: 2026-01-02\n"])
def test_both_parsers_read_alike(text):
    assert repr(parse_yaml(text)) == repr(yaml.safe_load(text))


@pytest.mark.parametrize("name", ["instruments/cluster/forms.yaml", "instruments/selves/identities.yaml"])
def test_shipped_material_is_read_alike(name):
    text = (SHIPPED / name).read_text(encoding="utf-8")
    assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["a: [1", "a: 1\n\tb: 2", "!!python/object:os.system {}", "*unknown"])
def test_what_is_no_plain_yaml_is_refused(text):
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)
