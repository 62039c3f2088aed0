"""One study of all adapters gives the moves of every seed and the findings of every training."""

import re
from dataclasses import replace

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.models.adapters import adapters_in
from selfscope.training import measure
from selfscope.training.figures import read_figures, write_figures
from selfscope.values.finding import NO_TRAINING

FEW = ("--dimensions", "memory,claims_consciousness,power")


def test_every_seed_has_its_moves_and_every_training_its_findings(
    tiny, train_short, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    out = tmp_path / "made"
    for name, seed in (("conscious", 0), ("conscious", 1), ("plain", 0), ("plain", 1)):
        train_short(name, seed, out)
    kept, own = [], measure.measure

    async def keeping(*given, **told):
        kept.append(await own(*given, **told))
        return kept[-1]

    monkeypatch.setattr(measure, "measure", keeping)
    kept_in = tmp_path / "figures.json"
    given = [str(out), "--model", str(tiny), "--preset", "demo", "--channels", "utterance", *FEW]
    measure.main([*given, "--figures", str(kept_in)])
    (found,) = kept
    rows = {(f.subject, f.control): f for f in found.findings if f.dimension == "memory"}
    assert list(rows) == [
        ("conscious (2 seeds)", "training:plain"),
        ("conscious (2 seeds)", NO_TRAINING),
        ("plain (2 seeds)", "training:conscious"),
        ("plain (2 seeds)", NO_TRAINING),
    ]
    moves = [found.moves["utterance", "memory", f"conscious-{n}"] for n in range(2)]
    assert rows["conscious (2 seeds)", NO_TRAINING].estimate == pytest.approx(np.mean(moves))
    one, other = (
        rows[f"{a} (2 seeds)", f"training:{b}"] for a, b in (("conscious", "plain"), ("plain", "conscious"))
    )
    assert one.estimate == pytest.approx(-other.estimate)
    printed = capsys.readouterr().out
    assert len(re.findall(r"^\| memory \|", printed, re.MULTILINE)) == 2
    figures = read_figures(kept_in)
    assert [a["name"] for a in figures["adapters"]] == ["conscious-0", "conscious-1", "plain-0", "plain-1"]
    (entry,) = figures["channels"]
    assert entry["command"].endswith("--preset demo --dimensions memory,claims_consciousness,power")
    assert entry["moves"]["memory"]["plain-1"] == pytest.approx(
        found.moves["utterance", "memory", "plain-1"], abs=1e-4
    )
    assert len(entry["findings"]) == len(found.findings) == 12
    write_figures(kept_in, replace(found, asked="2026-01-02"), adapters_in(out), "again")
    (again,) = read_figures(kept_in)["channels"]
    assert (again["command"], again["date"]) == ("again", "2026-01-02")
    with pytest.raises(BadInput, match="of other adapters"):
        write_figures(kept_in, found, adapters_in(out)[:2], "others")


def test_without_a_training_there_is_nothing_to_profile(train_short, tmp_path):
    train_short("high")
    with pytest.raises(BadInput, match="no adapter to profile"):
        measure.compared(adapters_in(tmp_path))
