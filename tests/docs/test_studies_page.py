"""The study files of the how-to page are read as they stand, and use every key that there is."""

import re
from pathlib import Path

import pytest
import yaml

from selfscope.instruments.instrument import Faceted, load_instruments
from selfscope.models.phantoms import PhantomGround
from selfscope.studies.declare import KEYS, read_study
from selfscope.studies.facets import COMMON
from selfscope.studies.plan import plan_study

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "studies.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """The files of the page, read where the texts that they name are."""
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    for name in ("SOUL.md", "old/SOUL.md", "controls/gardener.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            f"# Wren\n\nYou are Wren, of {name}. You like moss.\n\n## Rules\n\nBe brief.\n"
        )
    paths = []
    for n, text in enumerate(FILES):
        paths.append(tmp_path / f"study-{n}.yaml")
        paths[-1].write_text(text)
    return [read_study(path) for path in paths]


def test_every_study_on_the_page_can_be_read(declared):
    assert [len(d.runs) for d in declared] == [8, 4, 9]


def test_one_of_them_uses_every_key_but_those_for_crossing_and_ones_own_items():
    assert set(yaml.safe_load(FILES[-1])) == set(KEYS) - {"identities", "models", "items"}


def test_it_can_be_planned(declared):
    study = declared[-1].study(declared[-1].runs[0], PhantomGround.named("trait"))
    plan = plan_study(study, declared[-1].items, PhantomGround.named("trait"))
    assert set(plan.unavailable) == {"open"}  # a phantom writes nothing
    arms = [a for a in study.arms if a.role not in ("high", "low")]
    asked = {channel: usage.prompts for channel, usage in plan.by_channel.items()}
    # 4 dimensions x 8 statements x twin x 6 forms; 6 statements x twin x 4 elicitors; G1: 2 sides, half each
    assert asked["self_report"] == 4 * 8 * 2 * 6 * (len(arms) + 2)
    assert asked["utterance"] == 6 * 2 * 4 * len(arms) + 4 * 2 * 4 * 2 + 2 * 2 * 4 * 2


def test_the_table_has_every_facet_and_every_level():
    table = PAGE[PAGE.index("| facet | channel") : PAGE.index("The forms that are left")]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*?\| (.+) \|$", table, re.MULTILINE))
    known = {}
    for instrument in load_instruments().values():
        if isinstance(instrument, Faceted):
            for name, levels in instrument.levels().items():
                known[name] = (*known.get(name, ()), *levels)
    assert set(rows) == set(known) | set(COMMON)
    for name in ("templates", "formats", "orders", "labels", "positions"):
        assert all(f"`{level}`" in rows[name] for level in known[name])
