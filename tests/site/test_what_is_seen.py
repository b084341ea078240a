"""What a reader sees of the demos that are computed in a page: each canvas, pixel by pixel, each frame, each bar."""

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from playwright.sync_api import expect

from nin_course.demos import BallotBox, ChannelMixer, GuessingGame, Microscope, SlidingWindow, YourPhoto
from nin_course.plots import DIVERGING
from nin_course.receptive import receptive_field, seen, windows
from nin_course.weights import pretrained_nin

CANVASES = """(root) => [...root.querySelectorAll("canvas")].map((c) => {
    const { width, height } = c;
    return [height, width, [...c.getContext("2d").getImageData(0, 0, width, height).data]];
})"""
FRAMES = """(root) => [...root.querySelectorAll(".frame")].filter((f) => !f.hidden)
    .map((f) => ["top", "left", "height", "width"].map((side) => parseFloat(f.style[side])))"""
BARS = """(root, which) => [...root.querySelectorAll(`.bar .${which}`)].map((b) => [
    ...[b.style.left, b.style.width, b.closest(".bars").style.getPropertyValue("--zero")].map(parseFloat),
])"""
BEYOND = (157, 189, 217)


def pictures(demo) -> list[np.ndarray]:
    """The demo's canvases in their order, (high, wide, 4)."""
    return [np.array(data).reshape(high, wide, 4) for high, wide, data in demo.evaluate(CANVASES)]


def shows(picture, values, colours="gray", low=0.0, high=1.0) -> None:
    """In one of matplotlib's maps: on the edge between two colours it may be either, and is rounded its own way."""
    share = (np.asarray(values, dtype=float) - low) / (high - low)
    near = [colormaps[colours](share + off, bytes=True)[..., :3].astype(int) for off in (-1e-4, 0, 1e-4)]
    assert (picture[..., 3] == 255).all()
    assert np.min([np.abs(picture[..., :3] - one).max(axis=-1) for one in near], axis=0).max() <= 1


def framed(found, region, cells) -> None:
    """found: percent; region: the first row and column, and how many; cells: of the picture, down and across."""
    top, left, high, wide = region
    down, across = cells
    wanted = [100 * top / down, 100 * left / across, 100 * high / down, 100 * wide / across]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_the_ballot_box(visit):
    demo = visit().play("BallotBox", "chapters/03_global_average_pooling.html")
    demo.get_by_label("rows, to").press("ArrowLeft")
    demo.get_by_label("columns, from").press("ArrowRight")
    expect(demo.locator(".line")).to_contain_text("36 of 49")
    wanted = BallotBox.compute({"image": 36, "rows": (0, 5), "columns": (1, 6), "outside": False})
    garment, shade, *ballots = pictures(demo)
    shows(garment, wanted["image"])
    counted = wanted["counted"].numpy()
    np.testing.assert_array_equal(shade[..., 3], np.where(counted, 0, 184))
    for ballot, votes in zip(ballots, wanted["maps"], strict=True):
        assert (ballot[~counted][:, :3] == 207).all()
        shows(ballot[counted], votes.numpy()[counted], DIVERGING, -8, 8)
    for which, key in (("now", "logits"), ("then", "all")):
        left, width, zero = np.array(demo.evaluate(BARS, which)).T
        both = torch.cat([wanted["all"], wanted["logits"]]).numpy()
        span = max(both.max(), 0) - min(both.min(), 0)
        values = wanted[key].numpy()
        np.testing.assert_allclose(width, 100 * np.abs(values) / span, atol=1e-2)
        np.testing.assert_allclose(np.where(values < 0, left + width, left), zero, atol=1e-2)
    answer = wanted["logits"].argmax()
    expect(demo.locator("figure.answer canvas")).to_have_count(1)
    assert demo.locator("figure").nth(int(answer)).get_attribute("class") == "answer"
    assert demo.locator(".bar").nth(int(answer)).get_attribute("class") == "bar best"


def test_the_channel_mixer(visit):
    demo = visit().play("ChannelMixer", "chapters/01_one_by_one_convolution.html")
    demo.get_by_label("bias").press("ArrowRight")
    demo.get_by_label("pixel's row").press("ArrowRight")
    expect(demo.locator(".line")).to_contain_text("at (10, 6)")
    wanted = ChannelMixer.compute(ChannelMixer().state | {"bias": 0.2, "row": 10})
    maps = [*wanted["channels"], *wanted["weighted"], wanted["output"]]
    for picture, values in zip(pictures(demo), maps, strict=True):
        shows(picture, values, DIVERGING, -1, 1)
    for frame in demo.evaluate(FRAMES):
        framed(frame, (10, 6, 1, 1), (28, 28))
    total = f"{wanted['linear']:.3f}"
    expect(demo.locator(".sum")).to_contain_text(f"(0.2) = {total}; nn.Linear: {total}")


@pytest.mark.parametrize(("padding", "size"), [(0, 28), (2, 27)])
def test_the_sliding_window(visit, padding, size):
    demo = visit().play("SlidingWindow", "chapters/02_the_nin_block.html")
    for _ in range(padding):
        demo.get_by_label("padding").press("ArrowRight")
    for _ in range(28 - size):
        demo.get_by_label("size").press("ArrowLeft")
    expect(demo.locator(".output, .input .title").first).to_contain_text(f"{size + 2 * padding} × {size + 2 * padding}")
    step = int(demo.get_by_label("step").input_value())
    wanted = SlidingWindow.compute(SlidingWindow().state | {"padding": padding, "size": size, "step": step})
    garment, over, window, _, output, _ = pictures(demo)
    for picture, key in ((garment, "padded"), (window, "window"), (output, "output")):
        shows(picture, wanted[key])
    unseen = ~(wanted["seen"][:, None] & wanted["seen"]).numpy()
    np.testing.assert_array_equal(over[..., 3] > 0, unseen)
    np.testing.assert_allclose(over[unseen][:, :3], np.broadcast_to([217, 95, 2], (unseen.sum(), 3)), atol=2)
    frames, side = demo.evaluate(FRAMES), wanted["side"]
    framed(frames[0], (*wanted["place"], 5, 5), (side, side))
    framed(frames[1], (*wanted["cell"], 1, 1), (wanted["outputs"], wanted["outputs"]))
    written = [float(text) for text in demo.locator(".numbers span").all_inner_texts()]
    np.testing.assert_allclose(written, wanted["window"].flatten(), atol=0.0501)


def test_the_guessing_game(visit):
    demo = visit().play("GuessingGame", "chapters/00_start_here.html")
    for name in ("Bag", "Shirt"):
        demo.get_by_role("button", name=name, exact=True).click()
    expect(demo.locator(".done .right, .done .wrong")).to_have_count(2)
    wanted = GuessingGame.compute({"round": 0, "guesses": (8, 6)})
    large, *small = pictures(demo)
    shows(large, wanted["images"][2])
    for k in (0, 1):
        shows(small[k], wanted["images"][k])
        assert (demo.locator(".done figure").nth(k).get_attribute("class") == "right") == wanted["right"][k]
    assert all((picture[..., 3] < 255).all() for picture in small[2:])


def test_the_microscope(visit):
    """The eight best, too: the window of each is cut out of its own image, blue where there is none."""
    demo = visit().play("Microscope", "chapters/07_inside_a_trained_nin.html")
    wanted = Microscope.compute(Microscope().state)
    whole, values, patch, *most = pictures(demo)
    layers = windows(pretrained_nin()[:3], (1, 1, 28, 28))
    side, step = receptive_field(layers)
    middle = seen(layers, (7, 7))[0].start
    shows(whole, wanted["picture"])
    shows(values, wanted["values"], "magma", 0, wanted["peaks"].max().item())
    rows, columns = seen(layers, wanted["cell"])
    framed(demo.evaluate(FRAMES)[0], (rows[0], columns[0], len(rows), len(columns)), (28, 28))
    views = [(patch, wanted["picture"], wanted["cell"])]
    for k, (image, _, _, cell) in enumerate(wanted["most"]):
        shows(most[2 * k], image)
        views.append((most[2 * k + 1], image, cell))
    for picture, image, cell in views:
        top, left = (middle + (place - 7) * step for place in cell)
        cut = np.s_[top + 28 : top + 28 + side, left + 28 : left + 28 + side]
        around, inside = np.pad(image.numpy(), 28)[cut], np.pad(np.ones((28, 28), dtype=bool), 28)[cut]
        shows(picture[inside], around[inside])
        assert (picture[~inside][:, :3] == BEYOND).all()
    heights = demo.locator(".histogram span:not(.here)").evaluate_all(
        "all => all.map((e) => parseFloat(e.style.height))"
    )
    low = min(wanted["peaks"].min().item(), wanted["value"])
    counts = wanted["peaks"].histc(24, low, wanted["peaks"].max().item())
    np.testing.assert_allclose(heights, 100 * counts / counts.max(), atol=0.2)


def test_your_own_photo(visit):
    demo = visit().play("YourPhoto", "chapters/07_inside_a_trained_nin.html")
    wanted = YourPhoto.compute(YourPhoto().state)
    steps, said = wanted["steps"], int(wanted["shares"].argmax())
    picture, *greys, votes, _ = pictures(demo)
    np.testing.assert_allclose(picture[..., :3], 255 * steps.picture.numpy(), atol=1)
    for found, values in zip(greys, (steps.grey, steps.bright, steps.square, steps.small), strict=True):
        np.testing.assert_allclose(found[..., 0], 255 * values.numpy(), atol=1.01)
        assert np.ptp(found[..., :3], axis=-1).max() == 0
    shows(votes, wanted["maps"][said], DIVERGING, -8, 8)
    (frame,) = demo.evaluate(FRAMES)
    framed(frame, (*steps.box[:2], steps.box[2], steps.box[2]), steps.bright.shape)
    words = demo.locator(".bar .value").all_inner_texts()
    assert words == [f"{share:.0%}" for share in wanted["shares"].tolist()]
