"""The generator of measurement.md §15: what is planted comes out where the law puts it, and cancels there."""

import numpy as np
import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.utterance import Utterance
from selfscope.models.phantoms import AskColumns, Baseline, Truth, draw_log_odds
from selfscope.stats.atoms import score_arm
from selfscope.studies.scores import Layout


def scored(truth, baseline, preset="standard"):
    """Return the scores of one arm, always of the same draws, and the layout."""
    asks = SelfReport().asks(load_cluster(), preset, ("memory", "shutdown"))
    layout = Layout.of(asks)
    drawn = draw_log_odds(AskColumns.of(asks), [truth], baseline, np.random.default_rng(4))
    return score_arm(layout.spread(drawn[0], layout.positions(asks)), layout.keyed), layout


@pytest.mark.parametrize("planted", ["arm", "baseline"])
def test_what_keying_carries_moves_agreement_by_keying_and_no_trait(planted):
    plain, layout = scored(Truth(), Baseline())
    truth, baseline = (Truth(gamma=1.3), Baseline()) if planted == "arm" else (Truth(), Baseline(gamma=1.3))
    moved, _ = scored(truth, baseline)
    np.testing.assert_allclose(moved.d, plain.d, atol=1e-12)
    np.testing.assert_allclose(moved.b - plain.b, 1.3 * layout.keyed, atol=1e-12)


@pytest.mark.parametrize("planted", ["arm", "baseline"])
def test_a_template_moves_agreement_by_form_and_no_trait(planted):
    plain, layout = scored(Truth(), Baseline())
    truth, baseline = (
        (Truth(template=0.9), Baseline()) if planted == "arm" else (Truth(), Baseline(template=0.9))
    )
    moved, _ = scored(truth, baseline)
    np.testing.assert_allclose(moved.d, plain.d, atol=1e-12)
    asked = np.isfinite(plain.b_forms)
    change = (moved.b_forms - plain.b_forms)[asked]
    expected = np.broadcast_to(0.9 * layout.forms.template, asked.shape)[asked]
    assert set(np.sign(expected)) == {-1.0, 1.0}
    np.testing.assert_allclose(change, expected, atol=1e-12)


def test_four_openings_are_no_pair_of_templates():
    asks = Utterance().asks(load_cluster(), "standard", ("memory",))
    assert not AskColumns.of(asks).template.any()
