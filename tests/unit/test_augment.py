"""Training images are changed as the settings say, each by its own draw, and nothing else about them changes."""

import pytest
import torch

from nin_course.augment import Augment

HIGH, WIDE = 9, 13


def ramp(n=300):
    """Images of two channels in which every pixel tells its place, all above zero: black can only have come in."""
    place = torch.arange(2 * HIGH * WIDE).reshape(1, 2, HIGH, WIDE) + 1
    return place.to(torch.uint8).repeat(n, 1, 1, 1)


def test_about_half_of_the_images_are_mirrored_and_the_others_left_alone():
    torch.manual_seed(0)
    X = ramp()
    changed = Augment(flip=True, shift=0)(X)
    mirrored = (changed == X.flip(3)).all(dim=(1, 2, 3))
    same = (changed == X).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 120 < mirrored.sum() < 180


@pytest.mark.parametrize("most", [1, 2])
def test_each_image_is_moved_by_its_own_whole_number_of_pixels_and_black_comes_in(most):
    torch.manual_seed(0)
    X = ramp()
    changed, seen = Augment(flip=False, shift=most)(X), set()
    ways = [(dy, dx) for dy in range(-most, most + 1) for dx in range(-most, most + 1)]
    possible = {way: moved(X[0], *way) for way in ways}
    for after in changed:
        (fit,) = (way for way, image in possible.items() if torch.equal(after, image))
        seen.add(fit)
    assert seen == set(ways)


def moved(image, down, right):
    there = torch.zeros_like(image)
    for row in range(HIGH):
        for column in range(WIDE):
            if 0 <= row - down < HIGH and 0 <= column - right < WIDE:
                there[:, row, column] = image[:, row - down, column - right]
    return there


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_a_square_is_covered_with_black_around_any_pixel_of_the_image(side):
    """Its centre, or for an even side the pixel right below it, is anywhere: at the border less is covered."""
    torch.manual_seed(0)
    X = ramp(3000)
    changed = Augment(flip=False, shift=0, erase=side)(X)
    black = changed == 0
    assert torch.equal(changed, X.where(~black, 0))
    assert torch.equal(black[:, 0], black[:, 1])
    rows, columns = black[:, 0].any(2), black[:, 0].any(1)
    assert torch.equal(black[:, 0], rows[:, :, None] & columns[:, None])  # a rectangle
    for covered, length in ((rows, HIGH), (columns, WIDE)):
        seen = {tuple(line.nonzero().flatten().tolist()) for line in covered}
        around = [range(centre - side // 2, centre - side // 2 + side) for centre in range(length)]
        assert seen == {tuple(i for i in places if 0 <= i < length) for places in around}
    assert len(torch.unique(black[:, 0].flatten(1), dim=0)) > 100  # each by its own draw, in both directions


def test_switched_off_it_changes_nothing_and_by_default_it_mirrors_and_moves_by_one():
    X = ramp()
    assert torch.equal(Augment(flip=False, shift=0)(X), X)
    torch.manual_seed(0)
    usual = Augment()(X)
    torch.manual_seed(0)
    assert torch.equal(Augment(flip=True, shift=1, erase=0)(X), usual)


def test_shape_and_dtype_stay_and_the_seed_decides():
    X = torch.rand(6, 3, 20, 30)
    draws = []
    for _ in range(2):
        torch.manual_seed(1)
        draws.append(Augment(erase=5)(X))
    assert draws[0].shape == X.shape
    assert draws[0].dtype == X.dtype
    assert torch.equal(*draws)
    assert not torch.equal(draws[0], Augment(erase=5)(X))
