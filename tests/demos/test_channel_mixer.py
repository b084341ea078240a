"""The channel mixer: what is painted and said is what a 1×1 convolution does at every pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seeing import (
    FIRST,
    IMAGES,
    Watched,
    axis_named,
    fills,
    framed,
    frames,
    numbers,
    picture,
    shown,
    votes_for_in_orange,
)

from nin_course.demos import ChannelMixer
from nin_course.demos.channel_mixer import signed, three_channels

TENTHS = st.integers(-20, 20).map(lambda i: i / 10)
DEMO = Watched(ChannelMixer)


def channels(label):
    """(3, 28, 28): the garment, and how fast it brightens to the right and downwards (a quarter of Sobel's sums)."""
    image = IMAGES[FIRST[label]]
    padded = np.pad(image, 1)
    vertical, horizontal = np.zeros((28, 28)), np.zeros((28, 28))
    for row in range(28):
        for column in range(28):
            a = padded[row : row + 3, column : column + 3]
            vertical[row, column] = (a[:, 2] - a[:, 0]) @ [1, 2, 1] / 4
            horizontal[row, column] = (a[2] - a[0]) @ [1, 2, 1] / 4
    return np.stack([image, vertical, horizontal])


@pytest.mark.parametrize("label", [0, 8])
def test_the_three_channels_are_the_garment_and_its_two_edge_maps(label):
    np.testing.assert_allclose(three_channels(label), channels(label), atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 9), TENTHS, TENTHS, TENTHS, st.integers(-10, 10), st.integers(0, 27), st.integers(0, 27))
def test_three_weighted_channels_and_the_bias_sum_to_the_output_map(image, w1, w2, w3, tenth, row, column):
    weights, bias, X = np.array([w1, w2, w3]), tenth / 10, channels(image)
    DEMO.at(image=image, w1=w1, w2=w2, w3=w3, bias=bias, row=row, column=column)
    figure, total = DEMO.figure, weights @ X[:, row, column] + bias
    names = ("brightness", "vertical edges", "horizontal edges")
    maps = [axis for axis in figure.axes if axis.images and "×" not in axis.get_title()]
    weighted = [axis for axis in figure.axes if "×" in axis.get_title()]
    assert [axis.get_title() for axis in maps] == [*names, "output map"]
    for i, axis in enumerate(maps[:3]):
        np.testing.assert_allclose(shown(picture(axis)), X[i], atol=1e-6)
        assert numbers(weighted[i].get_title()) == [round(weights[i], 1)]
        assert weighted[i].get_title().endswith(f" × {names[i].split()[0]}")
        np.testing.assert_allclose(shown(picture(weighted[i])), weights[i] * X[i], atol=1e-6)
        above, below = axis.get_position(), weighted[i].get_position()
        assert abs(above.x0 - below.x0) < 1e-6 < above.y0 - below.y0
    output = picture(axis_named(figure, "output map"))
    np.testing.assert_allclose(shown(output), np.tensordot(weights, X, 1) + bias, atol=1e-5)
    for axis in (*maps, *weighted):
        assert fills(picture(axis))
        assert frames(axis) == [framed([row], [column])]
    words = [text.get_text() for text in figure.texts]
    (at,) = (numbers(text) for text in words if text.startswith("pixel"))
    terms = [n for pair in zip(weights, X[:, row, column], strict=True) for n in pair]
    np.testing.assert_allclose(at[2:-1], [*terms, bias, total], atol=6e-4)
    assert (at[0], at[1]) == (row, column)
    assert abs(at[-1] - total) < 6e-4
    assert [numbers(text) for text in words if text.endswith("bias")] == [[round(bias, 1)]]
    assert words.count("+") == 3
    said = numbers(DEMO.line)
    np.testing.assert_allclose(said[:3], weights, atol=1e-9)
    assert said[3:5] == [1, 1]
    assert (said[6], said[7]) == (row, column)
    np.testing.assert_allclose([said[5], said[8]], [total, total], atol=6e-4)


def test_above_zero_is_orange_and_one_is_the_full_colour_as_on_the_scale_beside():
    DEMO.at(**ChannelMixer().state)
    images = [axis.images[0] for axis in DEMO.figure.axes if axis.images]
    assert len(images) == 7
    assert all(votes_for_in_orange(image, 1.0) for image in images)
    (scale,) = (axis for axis in DEMO.figure.axes if not axis.images)
    assert [text.get_text() for text in scale.get_yticklabels()] == ["−1", "0", "1"]
    assert scale.get_ylim() == (-1, 1)


def test_numbers_are_shown_without_a_negative_zero():
    assert [signed(v, 2) for v in (-0.001, 0.0, -1.234, 2)] == ["0.00", "0.00", "−1.23", "2.00"]
    assert [signed(v) for v in (-0.04, -0.26, 1.96)] == ["0.0", "−0.3", "2.0"]
