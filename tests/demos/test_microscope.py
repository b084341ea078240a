"""The microscope: a channel's map, what its cells see, and which images excite it most."""

from functools import cache

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from seeing import (
    IMAGES,
    LABELS,
    NAMES,
    ORANGE,
    SIXTY,
    Watched,
    axis_named,
    fills,
    framed,
    frames,
    in_reading_order,
    is_grey,
    picture,
    shown,
    votes_for_in_orange,
)

import nin_course as d2l
from nin_course.data import MEAN, STD
from nin_course.demos import Microscope, inside, microscope

DEMO = Watched(Microscope, image=3, layer=1, channel=0, strongest=True, row=0, column=0)
WORDS = ("block 1", "block 2", "block 3", "class maps")
# By hand: a cell c of a layer sees `side` pixels from `step` · c + `first` on. Block 1: a 5 × 5 window, padding 2.
# Block 2: its 3 × 3 window, padding 1, moves over pairs, 2c - 2 to 2c + 3, so 2(c - 1) - 2 to 2(c + 1) + 3. And so on.
SOME = 300  # of the 2,000 images are enough for a test
VIEWS = ((5, 1, -2), (10, 2, -4), (20, 4, -8), (20, 4, -8))


@pytest.fixture(scope="module", autouse=True)
def some_images():
    images, labels = inside.sample_test_images()
    inside.voters()  # which takes its sixty from all of them
    with pytest.MonkeyPatch.context() as patch:
        for module in (inside, microscope):
            patch.setattr(module, "sample_test_images", lambda: (images[:SOME], labels[:SOME]))
        inside.peaks.cache_clear()
        yield
    inside.peaks.cache_clear()


def layers_of(X) -> list:
    """(N, 28, 28) numbers in [0, 1] -> (N, channels, h, w) of each of the four layers, caught on their way."""
    net, found = d2l.pretrained_nin(), []
    for layer in (net[0], net[2], net[4][3], net[4][4]):
        layer.register_forward_hook(lambda _, inputs, output: found.append(output))
    with torch.no_grad():
        net((torch.tensor(X)[:, None].float() - MEAN) / STD)
    return [maps.numpy() for maps in found]


@cache
def maps(image):
    return [layer[0] for layer in layers_of(IMAGES[SIXTY[image]][None])]


@cache
def strongest() -> list:
    """(SOME, channels) of each layer: the maximum over all cells."""
    parts = [[layer.max((2, 3)) for layer in layers_of(X)] for X in np.split(IMAGES[:SOME], 3)]
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


@cache
def seers() -> list:
    """For each layer, which rows of cells see which row of pixels, (cells, 28): nan spreads to them."""
    X = np.zeros((28, 28, 28), dtype=np.float32)
    X[range(28), range(28)] = np.nan
    return [np.isnan(layer[:, 0, :, 0]).T for layer in layers_of(X)]


def view(layer, cell) -> tuple:
    """(rows, columns) that a cell sees."""
    return tuple(np.flatnonzero(seers()[layer][place]).tolist() for place in cell)


def window(layer, cell) -> tuple:
    """Where an axis begins and ends that shows what a cell would see if the image had no end: (xlim, ylim)."""
    side, step, first = VIEWS[layer]
    top, left = (step * place + first - 0.5 for place in cell)
    return (left, left + side), (top + side, top)


@pytest.mark.parametrize(
    ("image", "layer", "channel", "row", "column", "follow"),
    [
        *((3, 1, 0, 5, 5, True), (54, 1, 0, 5, 10, False), (12, 0, 63, 27, 0, False), (30, 0, 5, 3, 3, True)),
        *((59, 2, 255, 6, 1, False), (20, 2, 100, 0, 0, True), (7, 3, 9, 2, 3, False), (55, 3, 9, 0, 0, True)),
    ],
)
def test_the_map_the_cell_and_what_it_sees_are_those_of_the_channel(image, layer, channel, row, column, follow):
    DEMO.at(image=image, layer=layer, channel=channel, row=row, column=column, strongest=follow)
    values, peaks, last = maps(image)[layer][channel], strongest()[layer][:, channel], layer == 3
    cell = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape)) if follow else (row, column)
    look, on_map, sees = DEMO.figure.axes[:3]
    assert in_reading_order([sees, on_map, look]) == [look, on_map, sees]
    assert look.get_title() == f"image {image}: {NAMES[image // 6]}"
    name = NAMES[channel] if last else "channel {0} ({1} × {1})".format(channel, (28, 14, 7)[layer])
    assert on_map.get_title() == f"{('block 1', 'block 2', 'block 3', 'class maps')[layer]}: {name}"
    assert sees.get_title() == f"what cell {cell} sees"
    for axis in (look, sees):
        np.testing.assert_allclose(shown(picture(axis)), IMAGES[SIXTY[image]], atol=1e-6)
        assert is_grey(picture(axis))
    np.testing.assert_allclose(shown(picture(on_map)), values, atol=1e-3)
    assert fills(picture(look))
    assert fills(picture(on_map))
    rows, columns = view(layer, cell)
    assert frames(look) == [framed(rows, columns)]
    assert frames(on_map) == [framed([cell[0]], [cell[1]])]
    assert (sees.get_xlim(), sees.get_ylim()) == window(layer, cell)
    assert {to_hex(p.get_edgecolor()) for axis in (look, on_map) for p in axis.patches} == {ORANGE}
    if last:
        assert votes_for_in_orange(picture(on_map), float(peaks.max()))
    else:
        assert picture(on_map).get_clim() == pytest.approx((0, peaks.max()), rel=1e-3)
        brightness = picture(on_map).to_rgba(np.linspace(0, peaks.max(), 9))[:, :3].sum(1)
        assert (np.diff(brightness) > 0).all()
    # how it ranks, as bars and in words
    chart = axis_named(DEMO.figure, "300 test images, by their strongest cell")
    value = values[cell]
    low = min(peaks.min(), value)
    counts, edges = np.histogram(peaks, 24, (low, peaks.max()))
    bars = chart.containers[0]
    np.testing.assert_allclose([b.get_x() for b in bars], edges[:-1], atol=1e-3)
    np.testing.assert_allclose([b.get_width() for b in bars], np.diff(edges), atol=1e-3)
    np.testing.assert_allclose([b.get_height() for b in bars], counts / counts.max(), atol=4 / counts.max())
    assert chart.get_xlabel() == "value (orange: this cell's)"
    (line,) = chart.lines
    np.testing.assert_allclose(line.get_xdata(), [value, value], atol=1e-3)
    assert to_hex(line.get_color()) == ORANGE
    assert chart.get_xlim()[0] < edges[0] < edges[-1] < chart.get_xlim()[1]
    stronger = (peaks > value + 2e-4 * abs(value)).sum()  # not the image itself, if it is among them
    assert DEMO.line == (
        f"Cell {cell} gives {value:.1f} ({'its strongest' if follow else 'there'}); it sees rows "
        f"{rows[0]}–{rows[-1]}, columns {columns[0]}–{columns[-1]}. "
        f"{stronger} of 300 test images have a stronger cell somewhere."
    )


@pytest.mark.parametrize(("layer", "channel"), [(0, 11), (1, 0), (1, 127), (2, 31), (3, 6)])
def test_the_eight_that_excite_it_most_stand_below_with_what_the_cell_sees(layer, channel):
    DEMO.at(layer=layer, channel=channel)
    peaks = strongest()[layer][:, channel]
    ranked = np.sort(peaks)[::-1][:8]
    (caption,) = (text.get_text() for text in DEMO.figure.texts)
    assert caption == "the eight that excite the channel most, and what the cell sees there (blue: beyond the image)"
    tiles = in_reading_order(axis for axis in DEMO.figure.axes[4:])
    assert len(tiles) == 16
    found = set()
    for value, whole, patch in zip(ranked, tiles[:8], tiles[8:], strict=True):
        image = shown(picture(whole))
        np.testing.assert_array_equal(shown(picture(patch)), image)
        (which,) = [i for i in np.flatnonzero(np.abs(peaks - value) < 1e-3) if np.allclose(IMAGES[i], image, atol=1e-6)]
        found.add(which)
        assert whole.get_title() == f"{NAMES[LABELS[which]]}, {value:.1f}"
        values = layers_of(IMAGES[which][None])[layer][0, channel]
        cell = np.unravel_index(values.argmax(), values.shape)
        assert frames(whole) == [framed(*view(layer, cell))]
        assert (patch.get_xlim(), patch.get_ylim()) == window(layer, cell)
        assert fills(picture(whole))
        assert whole.get_position().x0 == pytest.approx(patch.get_position().x0)
        assert to_hex(patch.get_facecolor()) == "#9dbdd9"
    assert len(found) == 8


def test_the_strongest_cell_is_followed_until_another_one_is_chosen():
    demo = Microscope()
    c = demo.controls
    for name, value in (("image", 41), ("channel", 3), ("layer", 2), ("channel", 255), ("layer", 0)):
        c[name].value = value
        values = maps(c["image"].value)[c["layer"].value][c["channel"].value]
        assert (c["row"].value, c["column"].value) == np.unravel_index(values.argmax(), values.shape)
    assert c["channel"].value == 63  # block 1 has no more
    c["column"].value = other = 26 if c["column"].value == 27 else 27
    assert not c["strongest"].value
    assert c["column"].value == other
    c["layer"].value = 3
    assert (c["channel"].max, c["row"].max, c["column"].max, c["column"].value) == (9, 6, 6, 6)
    assert "(there)" in demo.text
    c["strongest"].value = True
    assert "its strongest" in demo.text


def test_a_layer_has_its_name_and_so_many_channels_and_cells():
    c = Microscope().controls
    assert list(c["layer"].options) == [(word, k) for k, word in enumerate(WORDS)]
    for layer, wanted in enumerate([(63, 27), (127, 13), (255, 6), (9, 6)]):
        c["layer"].value = layer
        assert (c["channel"].max, c["row"].max, c["column"].max) == (wanted[0], wanted[1], wanted[1])


def test_a_channel_is_looked_at_without_the_network_and_a_silent_one_is_said_to_be(monkeypatch):
    """The second look has to be quick: all images have been seen."""
    demo = Microscope()
    demo.controls["layer"].value = 2

    def again(_):
        raise AssertionError("it ran the network again")

    monkeypatch.setattr(inside, "maps_of", again)
    demo.controls["channel"].value = 77
    demo.controls["row"].value = 4
    silent = [p._replace(values=torch.zeros_like(p.values)) for p in inside.peaks()]
    monkeypatch.setattr(inside, "peaks", lambda: silent)
    demo.controls["channel"].value = 78
    assert demo.text == "Channel 78 of block 3 is zero for all 300 test images."


def test_what_the_instructor_is_told_is_there():
    for image, cell in ((3, (0, 7)), (41, (0, 1)), (54, (5, 10))):
        assert DEMO.at(image=image, layer=1, channel=0, strongest=True)["cell"] == cell
