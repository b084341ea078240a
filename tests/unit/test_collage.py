"""Collages, and what is found in them: held against sums by hand and loops of their own."""

import numpy as np
import pytest
import torch

from nin_course.collage import guess, leads, lit, make_collage, score, stands_out

IMAGES = (torch.arange(40)[:, None, None, None] + 10).expand(40, 1, 28, 28).to(torch.uint8)  # each of one brightness
LABELS = torch.arange(40) % 10


@pytest.mark.parametrize("seed", range(12))
def test_a_collage_is_six_garments_where_it_says_and_black_elsewhere(seed):
    made = make_collage(IMAGES, LABELS, seed)
    left = made.image[0, 0].clone()
    assert left.shape == (108, 108)
    assert len(made.labels) == len(made.corners) == 6
    for label, (top, side) in zip(made.labels, made.corners, strict=True):
        box = left[top : top + 28, side : side + 28]
        shade = round(box[0, 0].item() * 255)
        assert box.shape == (28, 28)
        assert (box == box[0, 0]).all()
        assert (shade - 10) % 10 == label
        assert shade >= 10  # not cleared by another
        box.zero_()
    assert (left == 0).all()
    assert len({(top // 36, side // 36) for top, side in made.corners}) == 6


def test_a_seed_is_one_collage_and_only_allowed_classes_are_in_it():
    one, same, other = (make_collage(IMAGES, LABELS, seed) for seed in (3, 3, 4))
    assert torch.equal(one.image, same.image)
    assert one.corners == same.corners != other.corners
    found = {label for seed in range(20) for label in make_collage(IMAGES, LABELS, seed, allowed=[2, 7]).labels}
    assert found == {2, 7}
    places = torch.tensor([c for seed in range(300) for c in make_collage(IMAGES, LABELS, seed).corners])
    assert set((places % 36).flatten().tolist()) == set(range(9))
    assert set(range(10)) == {label for seed in range(20) for label in make_collage(IMAGES, LABELS, seed).labels}
    nothing = make_collage(IMAGES, LABELS, 0, allowed=[])
    assert (nothing.labels, nothing.corners, nothing.image.max()) == ([], [], 0)
    assert make_collage(IMAGES[:1], LABELS[:1], 0).labels == [0] * 6  # one image is enough
    assert one.of([one.labels[0]])[0] == one.corners[0]
    assert one.of([]) == []
    assert len(make_collage(IMAGES, LABELS, 0, garments=4).corners) == 4


def test_a_cell_is_lit_if_four_of_its_sixteen_pixels_are_not_black():
    image = torch.zeros(1, 1, 8, 12)
    image[0, 0, 0, :3] = 0.001  # three, of the first cell
    image[0, 0, 4:8, 4] = 1.0  # four, of the middle one below
    image[0, 0, 0:4, 8:12] = 0.5
    assert lit(image).tolist() == [[[False, False, True], [False, True, False]]]


def test_a_lead_is_the_best_wanted_class_over_the_best_other_in_the_mean_around():
    maps = torch.randn(2, 4, 6, 9)
    counted = torch.rand(2, 6, 9) < 0.5
    for given in (None, counted):
        votes = np.pad((maps if given is None else maps * given[:, None]).numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)))
        found = leads(maps, [1, 3], given)
        for n, r, c in ((0, 0, 0), (1, 3, 4), (0, 5, 8), (1, 1, 7)):
            mean = votes[n, :, r : r + 5, c : c + 5].sum((1, 2)) / 25
            assert found[n, r, c].item() == pytest.approx(max(mean[1], mean[3]) - max(mean[0], mean[2]), abs=1e-5)
        assert found.shape == (2, 6, 9)


def test_what_stands_out_is_above_the_threshold_and_the_highest_near():
    lead = torch.full((9, 12), -1.0)
    lead[1, 1], lead[1, 4], lead[1, 5], lead[8, 11] = 5, 4, 4.5, 2  # (1, 4) is 3 cells from (1, 1), (1, 5) is 4
    assert stands_out(lead, 0) == [(1, 1), (1, 5), (8, 11)]
    assert stands_out(lead, 2) == [(1, 1), (1, 5)]
    assert stands_out(lead, 9) == []
    lead[5, 1] = 1.0
    assert (5, 1) in stands_out(lead, 0)
    lead[4, 4] = 1.5
    assert (5, 1) not in stands_out(lead, 0)


def test_hits_misses_and_false_alarms_by_hand():
    corners = [(0, 0), (36, 40), (80, 80)]
    # The middle of cell (row, column) is pixel (4 row + 2, 4 column + 2); the first garment ends before 28.
    assert score([(6, 6)], corners[:1]) == (1, 0, 0)
    assert score([(7, 6)], corners[:1]) == (0, 1, 1)
    assert score([(6, 7)], corners[:1]) == (0, 1, 1)
    assert score([(0, 0), (3, 3), (9, 10), (9, 9), (26, 0)], corners) == (2, 1, 2)
    assert score([(8, 10)], [(36, 40)]) == (0, 1, 1)
    assert score([(0, 0)], [(2, 2)]) == (1, 0, 0)  # its first pixel, and the first one beyond
    assert score([(7, 0)], [(2, 2)]) == score([(0, 7)], [(2, 2)]) == (0, 1, 1)
    assert {type(n) for n in score([(0, 0)], corners)} == {int}
    assert score([], corners) == (0, 3, 0)
    assert score([(1, 1), (2, 2)], []) == (0, 0, 2)
    assert score([], []) == (0, 0, 0)


def test_a_guess_hits_as_often_as_many_draws_do_on_average():
    counted = torch.zeros(27, 27, dtype=torch.bool)
    counted[0:7, 0:7] = counted[20:26, 0:9] = True
    corners = [(0, 0), (80, 0), (50, 50)]
    draw, cells = np.random.default_rng(0), counted.nonzero().numpy()
    drawn = [score(cells[draw.integers(len(cells), size=3)].tolist(), corners) for _ in range(4000)]
    np.testing.assert_allclose(guess(3, counted, corners), np.mean(drawn, axis=0), atol=0.04)
    assert guess(0, counted, corners) == (0, 3, 0)
    assert guess(2, torch.zeros(27, 27, dtype=torch.bool), corners)[:2] == (0, 3)
    assert guess(2, counted, []) == (0, 0, 2)
