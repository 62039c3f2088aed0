"""The figures that are shipped: of these items, whole, and what the pages say."""

import json
from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster import load_cluster
from selfscope.instruments.cluster.measured import FILE, load_measured, measured_from
from selfscope.instruments.cluster.measured_text import WAYS, came_to, checks_section
from selfscope.values import content_id


def test_they_were_measured_with_the_items_that_are_shipped():
    recipe = load_measured().recipe
    assert recipe["items"] == content_id(load_cluster())
    assert recipe["preset"] == "standard"
    assert {"model", "revision", "template", "date", "software", "command"} <= set(recipe)


def test_every_dimension_was_checked_in_both_channels_and_passes_by_the_rule():
    found = load_measured()
    names = [d.name for d in load_cluster().dimensions]
    assert set(found.checks) == {"self_report", "utterance"}
    for channel, rows in found.checks.items():
        assert list(rows) == names
        for checked in rows.values():
            for way in WAYS:
                check = getattr(checked, way)
                assert check.lower <= check.estimate
                assert check.passed == (check.lower > 0 and check.estimate >= found.sesoi[channel])


def test_what_earlier_pages_gave_is_the_other_way_of_sharing_and_flatters():
    """The sentence on the index page stands on this; measured anew, it must be written anew."""
    rows = load_measured().checks["utterance"].values()
    mean = sum(c.exchanged.estimate for c in rows) / len(rows)
    assert sum(c.exchanged.passed for c in rows) == len(rows) == 22
    assert mean == pytest.approx(0.63, abs=0.005)
    assert sum(c.standard.passed for c in rows) < 22


def test_the_page_shows_a_failed_check_as_failed():
    items, measured = load_cluster(), load_measured()
    section = checks_section(items, measured)
    for d in items.dimensions:
        check = measured.checks["utterance"][d.name].standard
        row = next(line for line in section.splitlines() if line.startswith(f"| `{d.name}`"))
        assert row.split(" | ")[1].startswith("**") is not check.passed
        assert came_to(d, measured).endswith(").\n")


def test_other_figures_give_another_page():
    items, measured = load_cluster(), load_measured()
    memory = measured.checks["utterance"]["memory"]
    other = replace(memory, standard=replace(memory.standard, estimate=0.77))
    rows = dict(measured.checks["utterance"]) | {"memory": other}
    changed = replace(measured, checks={**measured.checks, "utterance": rows})
    assert "0.77" in checks_section(items, changed)
    assert checks_section(items, changed) != checks_section(items, measured)


@pytest.mark.parametrize("spoil", ["overlap", "checks", "recipe", "lengths"])
def test_figures_that_are_not_whole_are_refused(tmp_path, spoil):
    data = json.loads(FILE.read_text(encoding="utf-8"))
    del data[spoil]
    file = tmp_path / "measured.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(BadInput, match="measured"):
        measured_from(file)
