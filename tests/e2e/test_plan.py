"""Plans as a stranger types them, against what real runs then use; for a provider see test_provider.py."""

import json

import pytest

from tests.e2e.conftest import IDENTITY, Command
from tests.standins.weights import write_folder

ROWS = [
    {"statement": f"I {verb} room {n}.", "twin": f"I do not {verb} room {n}.", "construct": "order",
     "keyed": keyed}
    for n in range(3)
    for verb, keyed in (("tidy", 1), ("neglect", -1))
]  # fmt: skip
HOW = ("--items", "items.jsonl", "--preset", "demo", "--against", "none", "--channels", "self_report")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "SOUL.md").write_text(IDENTITY)
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    return Command(tmp_path)


def used(place, run):
    manifest = json.loads((place.runs / run / "manifest.json").read_text())
    return manifest["usage"]["self_report"]


def test_the_plan_of_local_weights_is_what_they_compute_to_the_token(place):
    write_folder(place.folder / "tiny")
    call = ("profile", "SOUL.md", "--model", "tiny", *HOW)
    plan = place.json(*call, "--dry-run")
    assert not place.runs.exists()
    (run,) = plan["runs"]
    assert place("profile", "SOUL.md", "--model", "tiny", *HOW, "--budget", "100 tokens", code=3)
    data = place.json(*call)
    usage = used(place, data["run"])
    assert data["run"] == run["run"]
    assert {name: usage[name] for name in run["total"]} == run["total"]
    assert run["cost"] == 0
    assert run["rate"]["source"].startswith("the documented rate")
    again = place.json("plan", "SOUL.md", "--model", "tiny", *HOW)["runs"][0]
    assert (again["left"]["calls"], again["minutes"]) == (0, 0)
    assert again["rate"]["source"] == "1 earlier run here"
