"""The panel tells modular from entangled networks that do the same work, and nothing from nothing."""

import pytest

from selfscope.studies.fracture_control import main, panel, train

SEEDS = range(10)


def test_the_panel_separates_networks_that_answer_alike_over_ten_seeds() -> None:
    made = {make: [train(make, seed) for seed in SEEDS] for make in ("modular", "entangled")}
    accuracies = [network.accuracy for networks in made.values() for network in networks]
    assert min(accuracies) > 0.995 and max(accuracies) - min(accuracies) < 0.005
    found = {make: [panel(n, seed=s) for s, n in enumerate(ns)] for make, ns in made.items()}
    modular, entangled = found["modular"], found["entangled"]
    assert [each.verdict for each in modular] == ["whole"] * 10
    assert [each.verdict for each in entangled] == ["fractured"] * 10
    assert min(e.consistency for e in modular) > max(e.consistency for e in entangled) + 0.5
    assert max(e.off_target for e in modular) < min(e.off_target for e in entangled)
    assert min(e.halves for e in [*modular, *entangled]) > 0.9  # reliability alone sees nothing
    permuted = [panel(n, permuted=True, seed=s) for ns in made.values() for s, n in enumerate(ns)]
    assert {each.verdict for each in permuted} == {"cannot tell"}


def test_the_control_prints_a_row_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    main(seeds=1)
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 3 and "modular" in rows[1] and "entangled" in rows[2]
