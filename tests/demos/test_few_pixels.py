"""How few pixels? Ten garments averaged down, each under its own name."""

import math

import numpy as np
import pytest
from seeing import FIRST, IMAGES, NAMES, Watched, in_reading_order, is_grey, picture, shown

from nin_course.demos import FewPixels
from nin_course.demos.few_pixels import one_of_each


def averaged(image, size):
    """(28, 28) -> (size, size): each pixel the mean of all those that it lies upon, wholly or in part."""
    parts = [slice(math.floor(i * 28 / size), math.ceil((i + 1) * 28 / size)) for i in range(size)]
    return np.array([[image[rows, columns].mean() for columns in parts] for rows in parts])


def test_one_of_each_is_the_first_test_image_of_each_class():
    assert one_of_each().shape == (10, 1, 28, 28)
    np.testing.assert_array_equal(one_of_each()[:, 0], IMAGES[FIRST])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 14, 27, 28])
def test_ten_garments_are_averaged_and_stand_under_their_own_names(size):
    demo = Watched(FewPixels)
    demo.at(size=size, names=True)
    places = in_reading_order(demo.figure.axes)
    names = [axis.get_title() for axis in places]
    assert sorted(names) == sorted(NAMES)
    assert all(a != b for a, b in zip(names, NAMES, strict=True)) or names != NAMES  # a place gives no class away
    for axis, name in zip(places, names, strict=True):
        image = picture(axis)
        np.testing.assert_allclose(shown(image), averaged(IMAGES[FIRST[NAMES.index(name)]], size), atol=1e-6)
        assert is_grey(image)
        assert (
            tuple(image.get_extent()) == (*axis.get_xlim(), *axis.get_ylim()) == (0, 1, 0, 1)
        )  # as large, however few
    assert demo.line == f"{size} × {size} = {size**2} numbers an image; the data set has 28 × 28 = 784."
    pictures = [shown(picture(axis)).copy() for axis in places]
    demo.at(names=False)
    assert [axis.get_title() for axis in places] == ["?"] * 10
    assert all(np.array_equal(shown(picture(axis)), before) for axis, before in zip(places, pictures, strict=True))
