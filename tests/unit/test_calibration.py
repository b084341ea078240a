"""Confidence against truth: bins by hand, and a temperature found by trying."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nin_course.calibration import calibration_error, reliability, temperature

SURE = torch.tensor([0.05, 0.5, 0.51, 0.6, 0.95, 1.0, 1.0, 0.0])
RIGHT = torch.tensor([False, True, True, False, True, True, False, False])


def test_bins_are_of_equal_width_and_an_edge_counts_below():
    count, sure, share = reliability(SURE, RIGHT).T.numpy()
    assert count.tolist() == [2, 0, 0, 0, 1, 2, 0, 0, 0, 3]
    held = count > 0
    np.testing.assert_allclose(sure[held], [0.025, 0.5, 0.555, 2.95 / 3], atol=1e-6)
    np.testing.assert_allclose(share[held], [0, 1, 0.5, 2 / 3], atol=1e-6)
    assert np.isnan(sure[~held]).all()
    assert np.isnan(share[~held]).all()
    assert reliability(SURE, RIGHT, 4)[:, 0].tolist() == [2, 1, 2, 3]


def test_the_error_is_a_mean_over_images_of_the_bins_gaps():
    by_hand = (2 * 0.025 + 1 * 0.5 + 2 * 0.055 + 3 * (2.95 / 3 - 2 / 3)) / 8
    assert calibration_error(SURE, RIGHT) == pytest.approx(by_hand, abs=1e-6)
    assert calibration_error(SURE, RIGHT, 1) == pytest.approx(abs(SURE.mean().item() - 0.5), abs=1e-6)


@pytest.mark.parametrize(("scale", "labelled"), [(3.0, 1.0), (0.4, 1.0), (1.0, 2.0)])
def test_the_temperature_is_the_best_of_many_that_are_tried(scale, labelled):
    torch.manual_seed(0)
    truth = torch.randn(3_000, 5) * 2
    labels = torch.multinomial((truth / labelled).softmax(1), 1)[:, 0]
    logits = scale * truth
    tried = torch.linspace(0.2, 6, 1_161)
    best = tried[torch.stack([F.cross_entropy(logits / T, labels) for T in tried]).argmin()].item()
    assert temperature(logits, labels) == pytest.approx(best, abs=0.006)
    assert temperature(logits, labels) == pytest.approx(scale * labelled, rel=0.1)


def test_a_network_that_is_always_right_is_as_sure_as_it_may_be():
    assert temperature(torch.eye(3), torch.arange(3)) == pytest.approx(0.01, rel=1e-4)
    assert temperature(torch.eye(3), torch.tensor([1, 2, 0])) == pytest.approx(100, rel=1e-4)
