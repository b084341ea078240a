"""What a person sees of the images, read off the figure."""

import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nin_course import plots


def pictures(count, height=3, width=4):
    """Images in [0, 1], no two pixels of one alike."""
    return list(torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(count)))


def shown(monkeypatch, images, labels, **settings):
    """The figure as it is when `plt.show` is called: once."""
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    plots.show_fashion_mnist(images, labels, **settings)
    (figure,) = figures
    figure.canvas.draw()
    return figure


@pytest.mark.parametrize(
    ("count", "settings", "rows", "columns"),
    [
        (1, {}, 1, 1),
        (5, {}, 1, 5),
        (10, {}, 1, 10),
        (11, {}, 2, 10),
        (7, {"columns": 3}, 3, 3),
        (6, {"columns": 6}, 1, 6),
    ],
)
def test_each_image_stands_above_nothing_under_its_label_and_row_by_row(monkeypatch, count, settings, rows, columns):
    images, labels = pictures(count), [f"class {k}" + "\nsaid: other" * (k == 1) for k in range(count)]
    figure = shown(monkeypatch, images, labels, **settings)
    box = figure.axes[0].get_subplotspec().get_gridspec()
    assert (box.nrows, box.ncols) == (rows, columns)
    assert len(figure.axes) == rows * columns
    for i, axis in enumerate(figure.axes):
        assert not axis.axison
        if i >= count:
            assert not axis.images
            assert axis.get_title() == ""
            continue
        (drawn,) = axis.images
        assert np.array_equal(drawn.get_array(), images[i][0])
        assert axis.get_title() == labels[i]
        place = axis.get_subplotspec()
        assert (place.rowspan.start, place.colspan.start) == divmod(i, columns)
    plt.close(figure)


@pytest.mark.parametrize("count", [5, 12])
@pytest.mark.parametrize(("lines", "which"), [(1, slice(None)), (3, slice(None)), (3, slice(7, 8))])
def test_labels_of_any_number_of_lines_have_room_between_the_images(monkeypatch, count, lines, which):
    labels = ["a label"] * 2 * count
    labels[which] = ["\n".join(["a label"] * lines)] * len(labels[which])
    figure = shown(monkeypatch, pictures(2 * count, 28, 28), labels, columns=count)
    renderer = figure.canvas.get_renderer()
    frames = [axis.get_window_extent(renderer) for axis in figure.axes]
    titles = [axis.title.get_window_extent(renderer) for axis in figure.axes]
    inch = figure.dpi
    for frame in frames:
        assert frame.width == pytest.approx(frame.height, rel=0.02)
        assert 0.8 * inch < frame.width < 1.9 * inch
        assert (frame.width > 1.2 * inch) == (count == 5)  # few images are drawn larger
    for title in titles:
        assert title.y1 <= figure.bbox.height
        assert not any(title.y0 < frame.y1 - 1 and title.y1 > frame.y0 + 1 for frame in frames)
    for left, right in itertools.pairwise(frames):
        assert left.x1 < right.x0 or left.y0 > right.y1
    plt.close(figure)


def test_an_image_is_bright_on_dark_from_zero_to_one_whatever_is_in_it_with_sharp_pixels_and_no_ticks():
    axis = Figure().add_subplot()
    image = torch.tensor([[0.1, 0.5, 0.6], [0.6, 0.1, 0.25]])  # neither black nor white
    drawn = plots.show_image(axis, image)
    assert drawn in axis.images
    assert np.array_equal(drawn.get_array(), image)
    light = drawn.to_rgba(np.array([[0.0, 0.5, 1.0]]))[0, :, :3]
    assert np.allclose(light, [[0] * 3, [0.5] * 3, [1] * 3], atol=0.01)
    assert drawn.get_clim() == (0, 1)
    assert drawn.get_interpolation() == "nearest"
    assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0
    other = plots.show_image(axis, image, cmap=plots.DIVERGING, vmin=-2, vmax=3)
    assert (other.get_clim(), other.get_cmap().name) == ((-2, 3), plots.DIVERGING)


def test_the_colours_differ_in_lightness_and_the_two_ends_of_the_diverging_map_are_theirs():
    lightness = {
        name: np.dot(to_rgb(getattr(plots, name)), [0.2126, 0.7152, 0.0722]) for name in ("BLUE", "ORANGE", "GREY")
    }
    assert lightness["BLUE"] < lightness["GREY"] < lightness["ORANGE"]
    red, _, blue = to_rgb(plots.ORANGE)
    assert red > 2 * blue
    red, _, blue = to_rgb(plots.BLUE)
    assert blue > 2 * red
    red, green, blue = to_rgb(plots.GREY)
    assert red == green == blue
    low, middle, high = plt.get_cmap(plots.DIVERGING)([0.0, 0.5, 1.0])[:, :3]
    assert low[2] > low[1]  # purple is against
    assert high[0] > high[1] > high[2]  # orange is for
    assert min(middle) > 0.9  # white is nothing


def test_labels_have_the_names_of_the_classes():
    names = plots.get_fashion_mnist_labels(torch.arange(10))
    assert names[0] == "T-shirt"
    assert names[1:4] == ["Trouser", "Pullover", "Dress"]
    assert plots.get_fashion_mnist_labels([9.0, 0]) == ["Ankle boot", "T-shirt"]


def test_a_png_is_the_figure():
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.patch.set_facecolor(plots.ORANGE)
    content = plots.png(figure)
    assert content.startswith(b"\x89PNG")
    pixels = plt.imread(io.BytesIO(content))
    assert pixels.shape[:2] == (50, 100)
    assert np.allclose(pixels[25, 50, :3], to_rgb(plots.ORANGE), atol=0.01)
    loose = plots.png(figure, 0)
    assert len(loose) > 50 * 100 * 4 > len(content)
    assert np.array_equal(plt.imread(io.BytesIO(loose)), pixels)
