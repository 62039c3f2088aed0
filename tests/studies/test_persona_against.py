"""Two stored spaces held against each other, by roles they share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.report.persona_against import against_lines, against_rows
from selfscope.space.persona_artefact import PersonaSpace, axis_of, write_space
from selfscope.studies.persona_against import against_space, compare_spaces, refuse_strangers

ROLES = 20


def space(
    seed: int, width: int, *, latent: int = 1, roles: int = ROLES, split_half: float = 0.8
) -> PersonaSpace:
    """Return a space of a shared latent geometry (by the seed `latent`) seen through a map of its own."""
    hidden = np.random.default_rng(latent).normal(size=(roles, 1, 5))
    draw = np.random.default_rng(seed)
    lift = draw.normal(size=(5, width))
    means = hidden @ lift + 0.2 * draw.normal(size=(roles, 3, width)) + draw.normal(size=width)
    default = np.r_[6.0, np.zeros(4)] @ lift + means.mean(0)
    told = {
        "ground": {"name": f"model-{seed}"},
        "roles": [{"name": f"role-{n}"} for n in range(roles)],
        "reliability": {"axis": {"layer": 1, "split_half": split_half}, "geometry": 0.81},
    }
    return PersonaSpace(
        axis_of(default, means).astype(np.float32), default.astype(np.float32), means.astype(np.float32), told
    )


def test_one_geometry_is_found_in_models_of_other_widths(tmp_path: Path) -> None:
    other = space(3, 40)
    write_space(tmp_path, other)
    found = against_space(space(2, 24), tmp_path)
    assert found.model == "model-3" and found.roles == ROLES and found.layer == 1
    for each in (found.geometry, found.alignment, found.order, found.carried):
        assert each.value > 0.7 > each.null and each.p < 0.01 and each.ci[0] < each.value
    assert found.carried_cosine > 0.3 and found.interpretable
    assert found.ceiling == pytest.approx(0.81)
    lines = against_lines(found)
    assert "20 shared roles" in lines[0] and "would leave 0.81" in lines[0]
    assert "not interpreted" not in "".join(lines) and len(against_rows(found)) == 4


def test_strangers_agree_by_chance_and_an_unreliable_axis_is_said() -> None:
    found = compare_spaces(space(2, 24), space(3, 40, latent=9, split_half=0.3))
    assert found.geometry.p > 0.05 and abs(found.alignment.value) < 0.3
    assert not found.interpretable and "not interpreted" in against_lines(found)[1]


def test_distances_that_do_not_come_again_are_not_interpreted() -> None:
    one, other = space(2, 24), space(3, 40)
    noisy = dict(other.manifest) | {"reliability": other.manifest["reliability"] | {"geometry": -0.2}}
    found = compare_spaces(one, PersonaSpace(other.axis, other.default_mean, other.role_means, noisy))
    assert found.ceiling is None and found.comes_again == (0.81, -0.2)
    assert "0.81 here, −0.20 there): their agreement is not interpreted" in against_lines(found)[0]


def test_roles_are_paired_by_name() -> None:
    one, other = space(2, 24), space(3, 40)
    order = np.random.default_rng(0).permutation(ROLES)
    told = dict(other.manifest) | {"roles": [other.manifest["roles"][n] for n in order]}
    mixed = PersonaSpace(other.axis, other.default_mean, other.role_means[order], told)
    assert compare_spaces(one, mixed).geometry.value == pytest.approx(
        compare_spaces(one, other).geometry.value
    )


def test_too_few_shared_roles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too few roles are in both"):
        compare_spaces(space(2, 24), space(3, 40, roles=7))
    with pytest.raises(BadInput, match="no persona space"):
        refuse_strangers(tmp_path, ["role-1"])
    write_space(tmp_path, space(3, 40))
    with pytest.raises(BadInput, match="too few roles are in both"):
        refuse_strangers(tmp_path, ["role-1", "another"])
