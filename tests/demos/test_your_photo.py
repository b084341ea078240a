"""Your own photo: each step is shown, the answer is the network's for what is shown, and errors are in words."""

import datetime
import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from seeing import (
    BLUE,
    FIRST,
    IMAGES,
    NAMES,
    Watched,
    axis_named,
    bars,
    color,
    fills,
    frames,
    in_reading_order,
    is_grey,
    picture,
    row_of,
    rows_of,
    shown,
    votes,
    votes_for_in_orange,
    words,
    words_have_room,
)

from nin_course.demos import YourPhoto
from nin_course.photo import PHOTOS

GIVEN = ("T-shirt_on_a_table", "boot_on_the_floor", "T-shirt_on_stripes")
START = {"photo": GIVEN[0], "ground": True, "invert": "if darker", "turn": 0, "margin": 0.0, "own": None}
DEMO = Watched(YourPhoto, **START)


def stored(pixels, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", **options)
    return stream.getvalue()


def scene(garment, ground) -> np.ndarray:
    """A grey rectangle of 100 × 50 on a grey ground of 200 × 160, its corner at row 40, column 30."""
    pixels = np.full((200, 160), ground, dtype=np.uint8)
    pixels[40:140, 30:80] = garment
    return pixels


def file(content, name="photo.png") -> tuple:
    """What the button holds when a file has been chosen in the page."""
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return ({"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": when},)


def steps(figure) -> list:
    return in_reading_order(axis for axis in figure.axes if axis.get_visible())[:5]


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("ground", [True, False])
def test_the_answer_is_the_networks_for_the_28_pixels_that_are_shown(name, ground):
    DEMO.at(photo=name, ground=ground)
    figure = DEMO.figure
    words_have_room(figure)
    look, grey, bright, square, small = steps(figure)
    upright = ImageOps.exif_transpose(Image.open(PHOTOS / f"{name}.jpg"))
    wanted = np.asarray(upright.resize((384, 512), Image.Resampling.BOX)) / 255
    (found,) = (np.asarray(image.get_array()) for image in look.images)
    assert np.abs(found - wanted).mean() < 0.002  # the order of turning and averaging moves a few pixels
    np.testing.assert_allclose(shown(picture(grey)), found @ [0.299, 0.587, 0.114], atol=1e-4)
    assert all(is_grey(picture(axis)) for axis in (grey, bright, square, small))
    assert all(fills(picture(axis)) for axis in (grey, square, small))
    assert shown(picture(small)).shape == (28, 28)
    (maps,) = votes(shown(picture(small))[None])
    shares = torch.tensor(maps).mean((1, 2)).softmax(0).numpy()
    first, second = np.argsort(shares)[::-1][:2]
    (chart,) = (axis for axis in figure.axes if axis.containers)
    assert rows_of(chart) == NAMES
    drawn = {row_of(chart, bar): bar for bar in bars(chart)[0]}
    np.testing.assert_allclose([drawn[n].get_width() for n in NAMES], shares, atol=1e-4)
    assert [n for n in NAMES if color(drawn[n]) == BLUE] == [NAMES[first]]
    beside = {y: (x, text) for (x, y), text in words(chart).items()}
    for k, share in enumerate(shares):
        assert beside[k][0] == pytest.approx(share + 0.01, abs=1e-4)
        assert beside[k][1] == f"{100 * share:.0f}%"
    class_map, known = axis_named(figure, "votes for "), axis_named(figure, f"{NAMES[first]} as it knows it")
    assert class_map.get_title() == f"votes for {NAMES[first]}"
    np.testing.assert_allclose(shown(picture(class_map)), maps[first], atol=1e-3)
    assert votes_for_in_orange(picture(class_map), 8)
    np.testing.assert_allclose(shown(picture(known)), IMAGES[FIRST[first]], atol=1e-6)
    (legend,) = (text for text in figure.texts)
    assert legend.get_text() == "orange: for it\npurple: against\nfull colour:\n8 or more"
    likely = f"{NAMES[first]}, {100 * shares[first]:.0f}%; then {NAMES[second]}, {100 * shares[second]:.0f}%. "
    assert DEMO.line.startswith(likely)
    assert DEMO.line.endswith(" Read: turned as its EXIF says.") == (name == GIVEN[1])
    assert (", too much to be told from it" in DEMO.line) == (name == GIVEN[2])


@pytest.mark.parametrize(
    ("changes", "way", "box", "level"),
    [
        ({}, "inverted", (5, 40, 100), (0, 1)),
        ({"margin": 0.5}, "inverted", (-45, -10, 200), (0, 1)),
        ({"margin": 0.5, "turn": 2}, "inverted", (5, 10, 200), (0, 1)),  # beyond the right and the lower edge
        ({"invert": "always"}, "inverted", (5, 40, 100), (0, 1)),
        ({"invert": "never"}, "not inverted", (-20, 0, 200), (0, 0)),
        ({"ground": False}, "inverted", (5, 40, 100), (0.2, 0.8)),
        ({"ground": False, "turn": 1}, "inverted", (40, 55, 100), (0.2, 0.8)),
        ({"ground": False, "turn": 2}, "inverted", (55, 60, 100), (0.2, 0.8)),
    ],
)
def test_a_rectangle_is_shown_on_its_way_and_the_square_stands_where_it_is_cut(changes, way, box, level):
    dark = np.rot90(scene(51, 204), changes.get("turn", 0))
    DEMO.at(**START | {"photo": "own", "own": stored(scene(51, 204))} | changes)
    look, grey, bright, square, small = steps(DEMO.figure)
    assert [axis.get_title() for axis in (look, grey, bright, square, small)] == [
        *("the picture", "grey", way),
        *(f"the square, {box[2]} px", "28 × 28"),
    ]
    np.testing.assert_allclose(np.asarray(look.images[0].get_array())[..., 0], dark / 255, atol=1e-4)
    np.testing.assert_allclose(shown(picture(grey)), dark / 255, atol=1e-4)
    np.testing.assert_allclose(shown(picture(bright)), np.where(dark == 51, level[1], level[0]), atol=1e-3)
    left, top, side = box
    assert frames(bright) == [(left - 0.5, top - 0.5, side, side)]
    high, wide = dark.shape
    assert bright.get_xlim() == (min(0, left) - 0.5, max(wide, left + side) - 0.5)
    assert bright.get_ylim() == (max(high, top + side) - 0.5, min(0, top) - 0.5)
    cut = np.pad(shown(picture(bright)), 200)[200 + top : 200 + top + side, 200 + left : 200 + left + side]
    np.testing.assert_allclose(shown(picture(square)), cut, atol=1e-6)
    assert shown(picture(small)).mean() == pytest.approx(cut.mean(), abs=0.01)


def test_what_the_ground_varies_by_is_said_and_so_is_that_nothing_stands_out():
    DEMO.at(**START | {"photo": "own", "own": stored(scene(51, 204))})
    assert "The ground varies by 0% of what the garment stands out by." in DEMO.line
    DEMO.at(**START | {"photo": "own", "own": stored(np.full((60, 60), 99, dtype=np.uint8))})
    assert DEMO.line.endswith("%. But nothing stands out, and the network got 784 black pixels.")
    noise = np.random.default_rng(0).normal(0, 20, (200, 160))
    uneven = (scene(100, 160) + noise).clip(0, 255).astype(np.uint8)
    DEMO.at(**START | {"photo": "own", "own": stored(uneven)})
    share = np.median(np.abs(noise)) / (60 * 90 * 40 / (100 * 80))
    said = int(DEMO.line.split("varies by ")[1].split("%")[0])
    assert said == pytest.approx(100 * share, abs=3)
    assert ", too much to be told from it." in DEMO.line


def test_a_file_that_is_chosen_is_shown_and_does_not_stay_in_the_button():
    demo = YourPhoto()
    assert [value for _, value in demo.controls["photo"].options] == list(GIVEN)
    demo.upload.value = file(stored(scene(51, 204)))
    assert demo.controls["photo"].options[-1] == ("your own", "own")
    assert demo.controls["photo"].value == "own"
    assert demo.upload.value == ()
    before, first = demo.text, bytes(demo.picture.value)
    demo.upload.value = file(stored(scene(204, 51)))  # another one at once
    assert "not inverted" in [axis.get_title() for axis in demo.axes]
    assert bytes(demo.picture.value) != first
    demo.controls["photo"].value = GIVEN[1]
    assert demo.text.startswith("Ankle boot")
    demo.upload.value = file(stored(scene(51, 204)))
    assert demo.text == before
    assert demo.controls["photo"].value == "own"
    assert len(demo.controls["photo"].options) == 4


def test_a_file_that_cannot_be_read_is_answered_in_words_below_an_empty_picture():
    demo = YourPhoto()
    demo.upload.value = file(b"%PDF-1.7 no picture")
    assert demo.text.startswith("This is no picture that can be read here.")
    assert not any(axis.get_visible() for axis in demo.figure.axes)
    assert not any(text.get_visible() for text in demo.figure.texts)
    demo.controls["turn"].value = 1
    assert demo.text.startswith("This is no picture that can be read here.")
    demo.controls["photo"].value = GIVEN[0]
    assert all(axis.get_visible() for axis in demo.figure.axes)
    assert all(text.get_visible() for text in demo.figure.texts)


def test_a_path_is_opened_at_once(tmp_path):
    (tmp_path / "one.png").write_bytes(stored(scene(51, 204)))
    demo = YourPhoto(tmp_path / "one.png")
    assert demo.controls["photo"].value == "own"
    assert demo.text.split(". ")[0] == _line(stored(scene(51, 204))).split(". ")[0]
    assert YourPhoto(tmp_path / "two.png").text.startswith(f"{tmp_path / 'two.png'} cannot be read: ")


def _line(content) -> str:
    DEMO.at(**START | {"photo": "own", "own": content})
    return DEMO.line


def test_what_the_instructor_is_told_is_there():
    told = {(name, ground): _answer(name, ground) for name in GIVEN for ground in (True, False)}
    assert told[GIVEN[0], True] == "T-shirt" != told[GIVEN[2], True]
    assert told[GIVEN[1], True] == "Ankle boot"
    assert told[GIVEN[0], False] != "T-shirt"


def _answer(name, ground) -> str:
    DEMO.at(**START | {"photo": name, "ground": ground})
    return DEMO.line.split(",")[0]
