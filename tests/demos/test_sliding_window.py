"""The sliding window: where it stands, what enters, what comes out, and what is never seen."""

import re

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from PIL import Image
from seeing import (
    BLACK,
    FIRST,
    IMAGES,
    NAMES,
    ORANGE,
    WHITE,
    Watched,
    axis_named,
    color,
    fills,
    framed,
    frames,
    is_grey,
    numbers,
    picture,
    shown,
)

import nin_course as d2l
from nin_course.demos import SlidingWindow
from nin_course.demos.sliding_window import _ranges

DEMO = Watched(SlidingWindow, **SlidingWindow().state)
SIZES = st.integers(8, 32), st.integers(1, 11), st.integers(1, 8), st.integers(0, 5)


def window(**changes):
    return SlidingWindow.compute(DEMO.state | changes)


def resized(label, size):
    image = Image.fromarray(IMAGES[FIRST[label]])
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def listed(numbers_):
    """The numbers that a text such as "3–5, 9" names."""
    return [n for a, b in re.findall(r"(\d+)(?:–(\d+))?", numbers_) for n in range(int(a), int(b or a) + 1)]


@settings(max_examples=20, deadline=None)
@example(28, 5, 2, 0, 9, 78)
@example(8, 11, 1, 2, 3, 1)
@example(20, 3, 5, 2, 6, 1000)
@example(32, 6, 8, 5, 0, 7)
@given(*SIZES, st.integers(0, 9), st.integers(0, 1023))
def test_the_window_stands_enters_and_leaves_out_what_the_convolution_does(size, kernel, stride, padding, image, step):
    side = size + 2 * padding
    firsts = range(0, side - kernel + 1, stride)
    if not firsts:
        return
    DEMO.at(image=image, size=size, kernel=kernel, stride=stride, padding=padding, step=step)
    figure, outputs = DEMO.figure, len(firsts)
    padded = np.pad(resized(image, size), padding)
    row, column = divmod(step % outputs**2, outputs)
    top, left = firsts[row], firsts[column]
    read = padded[top : top + kernel, left : left + kernel]
    reached = sorted({first + i for first in firsts for i in range(kernel)})
    # the input
    (axis,) = (a for a in figure.axes if a.get_title().startswith("input"))
    assert axis.get_title() == f"input, {side} × {side}" + (f" with padding {padding}" if padding else "")
    np.testing.assert_allclose(shown(picture(axis)), padded, atol=1e-4)
    border, frame = (
        framed(range(padding, padding + size), range(padding, padding + size)),
        framed(*[range(kernel)] * 2),
    )
    assert sorted(frames(axis)) == sorted([border, (left - 0.5, top - 0.5, *frame[2:])])
    (covered,) = (i for i in axis.images if i.get_array().ndim == 3)
    assert fills(covered)
    assert fills(picture(axis))
    assert covered.get_zorder() >= picture(axis).get_zorder()
    missed = np.array([[r not in reached or c not in reached for c in range(side)] for r in range(side)])
    assert (covered.get_array()[missed] == np.float32(to_rgba(ORANGE, 0.75))).all()
    assert (covered.get_array()[~missed][:, 3] == 0).all()
    # what enters
    entering = axis_named(figure, "what enters")
    np.testing.assert_allclose(shown(picture(entering)), read, atol=1e-4)
    assert fills(picture(entering))
    assert len(entering.texts) == (kernel**2 if kernel <= 5 else 0)
    for text in entering.texts:
        x, y = text.get_position()
        value = shown(picture(entering))[y, x]
        assert abs(float(text.get_text()) - value) <= 0.0501
        assert color(text) == (BLACK if value > 0.5 else WHITE)
    assert len({text.get_position() for text in entering.texts}) == len(entering.texts)
    # what comes out
    out = axis_named(figure, "output")
    assert out.get_title() == f"output, {outputs} × {outputs}"
    means = [[padded[r : r + kernel, c : c + kernel].mean() for c in firsts] for r in firsts]
    np.testing.assert_allclose(shown(picture(out)), means, atol=1e-4)
    assert frames(out) == [framed([row], [column])]
    assert all(is_grey(picture(a)) and fills(picture(a)) for a in (axis, entering, out))
    # in words
    unseen = [r for r in range(side) if r not in reached]
    dropped = f"Never seen: rows and columns {_ranges(unseen)}." if unseen else "Every row is seen."
    assert DEMO.line == (
        f"{NAMES[image]}: {outputs} × {outputs} outputs. {dropped} The window at row {top}, column {left} feeds output "
        f"({row}, {column}): {kernel**2} numbers enter; {kernel**2 + 1} parameters in all."
    )
    assert listed(_ranges(unseen)) == unseen
    (sum_,) = (text.get_text() for text in figure.texts)
    assert sum_.startswith(f"floor(({size} + 2·{padding} − {kernel}) / {stride}) + 1 = floor(")
    exact, one, result, macs = numbers(sum_.split(" = floor(")[1])
    assert exact == pytest.approx((side - kernel) / stride, rel=1e-3)
    assert (one, result, macs) == (1, outputs, kernel**2 * outputs**2)


@settings(max_examples=15, deadline=None)
@given(*SIZES)
def test_pytorch_has_as_many_outputs_and_no_gradient_for_what_is_never_seen(size, kernel, stride, padding):
    result = window(size=size, kernel=kernel, stride=stride, padding=padding)
    layer, X = torch.nn.Conv2d(1, 1, kernel, stride), result["padded"][None, None].clone().requires_grad_()
    torch.nn.init.constant_(layer.weight, 1.0)
    if not result["outputs"]:
        with pytest.raises(RuntimeError):
            layer(X)
        assert not result["seen"].any()
        return
    layer(X).sum().backward()
    assert torch.equal(X.grad[0, 0].diagonal() > 0, result["seen"])


def test_a_range_of_rows_is_named_by_its_ends():
    assert _ranges([3, 4, 5, 9]) == "3–5, 9"
    assert _ranges([0, 2, 3]) == "0, 2–3"


@pytest.mark.parametrize("channels", [(3, 8), (96, 1)])
def test_parameters_macs_and_entering_numbers_are_those_of_the_layer(channels):
    DEMO.at(**{"in": channels[0], "out": channels[1], "size": 28, "kernel": 5, "stride": 2, "padding": 1})
    layer = torch.nn.Conv2d(*channels, 5, 2, 1)
    found = d2l.summary(layer, (1, channels[0], 28, 28))
    entering = channels[0] * 25
    assert f"{entering:,} numbers enter; {found.parameters:,} parameters in all." in DEMO.line
    assert axis_named(DEMO.figure, "what enters").get_title() == f"what enters: {entering:,} numbers"
    assert DEMO.figure.texts[0].get_text().endswith(f"        {found.macs:,} MACs")
    DEMO.at(**{"in": 1, "out": 1})


def test_a_window_that_does_not_fit_is_said_in_words_and_drawn_without_an_output():
    DEMO.at(size=8, kernel=11, padding=0)
    (axis,) = (a for a in DEMO.figure.axes if a.get_visible())
    assert axis.get_title() == "input, 8 × 8"
    assert frames(axis) == [framed(range(8), range(8))]  # the border of the image, and no window
    problem = "A window of 11 does not fit into 8 + 2·0 = 8 rows"
    assert DEMO.figure.texts[0].get_text() == f"{problem}."
    assert DEMO.line == f"{problem}: nn.Conv2d raises an error. Make the kernel smaller or the padding larger."
    assert (next(i for i in axis.images if i.get_array().ndim == 3).get_array()[..., 3] == 0.75).all()
    DEMO.at(padding=2)
    assert "1 × 1 outputs" in DEMO.line
    assert sum(a.get_visible() for a in DEMO.figure.axes) == 3


def test_there_is_a_step_for_each_output_and_none_more():
    played = SlidingWindow()
    controls = played.controls
    assert (controls["step"].max, controls["step"].value) == (12 * 12 - 1, 78)
    controls["stride"].value = 4
    assert (controls["step"].max, controls["step"].value) == (6 * 6 - 1, 35)
    assert played.text.endswith("feeds output (5, 5): 25 numbers enter; 26 parameters in all.")
    controls["size"].value, controls["kernel"].value = 8, 11
    assert controls["step"].disabled
    controls["padding"].value = 2
    assert (controls["step"].disabled, controls["step"].max) == (True, 1)  # one output, and no slider has one place
    controls["padding"].value = 4
    assert (controls["step"].disabled, controls["step"].max) == (False, 2 * 2 - 1)


def test_what_chapter_02_says_was_found_with_the_sliding_window_is_there():
    for kernel in range(2, 12):
        assert window(size=28, stride=2, kernel=kernel, padding=0)["seen"].all() == (kernel % 2 == 0)
        padded = window(size=28, stride=2, kernel=kernel, padding=1)["seen"]
        assert padded[1:-1].all()  # of the image itself; what is dropped is padding
    assert window(size=12, kernel=5, stride=1, padding=2)["outputs"] == 12
    assert not window(size=28, kernel=2, stride=4, padding=0)["seen"][2:26].all()
