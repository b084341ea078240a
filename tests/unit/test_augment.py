"""Training images are changed as the settings say, each by its own draw, and nothing else about them changes."""

import pytest
import torch

from nin_course.augment import Augment


def ramp(n=200, size=28):
    """Images in which every pixel tells its place, all above zero, so that black can only have come in."""
    place = torch.arange(size * size).reshape(1, 1, size, size) % 251 + 1
    return place.to(torch.uint8).repeat(n, 1, 1, 1)


def test_about_half_of_the_images_are_mirrored_and_the_others_left_alone():
    torch.manual_seed(0)
    X = ramp()
    changed = Augment(flip=True, shift=0)(X)
    mirrored = (changed == X.flip(3)).all(dim=(1, 2, 3))
    same = (changed == X).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 70 < mirrored.sum() < 130


@pytest.mark.parametrize("most", [1, 2, 5])
def test_each_image_is_moved_by_its_own_whole_number_of_pixels_and_black_comes_in(most):
    torch.manual_seed(0)
    X = ramp()
    changed, seen = Augment(flip=False, shift=most)(X), set()
    for before, after in zip(X, changed, strict=True):
        fits = [
            (dy, dx)
            for dy in range(-most, most + 1)
            for dx in range(-most, most + 1)
            if torch.equal(after, moved(before, dy, dx))
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert {dy for dy, _ in seen} == {dx for _, dx in seen} == set(range(-most, most + 1))


def moved(image, down, right):
    rolled = torch.roll(image, (down, right), dims=(1, 2))
    rows, columns = torch.arange(28), torch.arange(28)
    rolled[:, (rows < down) | (rows >= 28 + down)] = 0
    rolled[:, :, (columns < right) | (columns >= 28 + right)] = 0
    return rolled


def test_a_square_is_covered_with_black_somewhere_in_the_image():
    torch.manual_seed(0)
    X = ramp()
    black = Augment(flip=False, shift=0, erase=8)(X) == 0
    heights, widths = black.any(3).sum((1, 2)), black.any(2).sum((1, 2))
    assert torch.equal(black.sum((1, 2, 3)), heights * widths)  # a rectangle
    assert heights.max() == widths.max() == 8  # a square, but at the border
    assert heights.min() >= 4
    assert (black.any(0)).all()  # every pixel is covered in some image


def test_switched_off_it_changes_nothing():
    X = ramp()
    assert torch.equal(Augment(flip=False, shift=0)(X), X)


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
