"""A demo in a page computes what the course's own `compute` computes, and says the same words, in both languages."""

import base64
import io
import itertools
import random

import drawn
import numpy as np
import playable
import pytest
import torch
from in_chinese import CHINESE
from matplotlib.image import imread
from PIL import Image

from nin_course.demos import (
    ALL,
    BallotBox,
    ChannelMixer,
    GuessingGame,
    Microscope,
    SlidingWindow,
    YourPhoto,
    inside,
)
from nin_course.demos._base import sample_test_images
from nin_course.plots import png

CHAPTERS = {
    GuessingGame: "chapters/00_start_here.html",
    ChannelMixer: "chapters/01_one_by_one_convolution.html",
    SlidingWindow: "chapters/02_the_nin_block.html",
    BallotBox: "chapters/03_global_average_pooling.html",
    Microscope: "chapters/07_inside_a_trained_nin.html",
    YourPhoto: "chapters/07_inside_a_trained_nin.html",
}
COMPARED = {
    GuessingGame: "images truth guesses right score over",
    ChannelMixer: "channels weight weighted output pixel place bias linear",
    SlidingWindow: "padded window output seen outputs cell place macs numbers parameters side",
    BallotBox: "image label maps counted all logits",
    Microscope: "picture label values cell value stronger",
    YourPhoto: "small box inverted contrast uneven maps shares",
}
WITHIN = {Microscope: 1e-4, YourPhoto: 2e-4}  # 200,000 pixels are rounded otherwise, and what is pale is stretched
ASK = """async ([name, states, kept]) => {
    const data = nin.given[name], demo = nin.demos[name](data), found = [];
    for (const state of states) {
        const result = await demo.compute(state), all = { ...result, ...result.steps };
        found.push([demo.line(result), Object.fromEntries(kept.map((key) => [key, all[key]]))]);
    }
    return JSON.parse(JSON.stringify(found, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v)));
}"""


def states(demo, number: int) -> list[dict]:
    """So many states of a demo's controls, drawn at random, and the one that it opens with."""
    if isinstance(demo, GuessingGame):
        return [
            {"round": k % playable.ROUNDS, "guesses": tuple(draw.choices(range(10), k=k % 13))}
            for k, draw in enumerate(random.Random(k) for k in range(number))
        ]
    draw = random.Random(number)
    found = [demo.state] + [
        {name: value(control, draw) for name, control in demo.controls.items()} for _ in range(number - 1)
    ]
    if isinstance(demo, Microscope):
        for state in found:
            channels, side = inside.shape(state["layer"])
            state |= {"channel": draw.randrange(channels), "row": draw.randrange(side), "column": draw.randrange(side)}
    if isinstance(demo, YourPhoto):
        found = [state | {"own": None} for state in found]
    return found


def value(control, draw):
    if options := getattr(control, "options", None):
        return draw.choice(options)[1]
    if isinstance(control.value, bool):
        return draw.random() < 0.5
    if isinstance(control.value, tuple):
        return tuple(sorted(draw.choices(range(control.min, control.max + 1), k=2)))
    if isinstance(control.value, int):
        return draw.randint(control.min, control.max)
    return round(draw.randint(0, round((control.max - control.min) / control.step)) * control.step + control.min, 6)


@pytest.mark.parametrize("kind", list(CHAPTERS), ids=lambda kind: kind.__name__)
def test_the_page_computes_and_says_what_the_notebook_does(visit, kind):
    demo, one, kept = kind(), visit(), COMPARED[kind].split()
    some = states(demo, 60)
    one.play(kind.__name__, CHAPTERS[kind])
    within = WITHIN.get(kind, 1e-5)
    for state, (line, found) in zip(some, one.page.evaluate(ASK, [kind.__name__, some, kept]), strict=True):
        wanted = demo.compute(state)
        assert line == demo.draw(wanted), state
        if kind is YourPhoto:  # what the network makes of just the pixels that the page gave it
            X = torch.tensor(found["small"]).reshape(1, 1, 28, 28)
            maps = inside.maps_of(X)[-1][0]
            wanted = {**vars(wanted["steps"]), "maps": maps, "shares": maps.mean(dim=(1, 2)).softmax(0)}
        for key in kept:
            assert (key in found) == (key in wanted), f"{state}: {key}"
            if key in wanted:
                same(found[key], wanted[key], within, f"{state}: {key}")
    one.play(kind.__name__, f"zh/{CHAPTERS[kind]}")
    some = some[:20] if kind in WITHIN else some
    for state, (line, _) in zip(some, one.page.evaluate(ASK, [kind.__name__, some, []]), strict=True):
        assert line == CHINESE.translate(demo.draw(demo.compute(state))), state
    assert not one.errors


def same(found, wanted, within: float, where: str) -> None:
    """Numbers this close, in whatever shape they come; words and truths exactly."""
    if isinstance(wanted, torch.Tensor | list | tuple | float):
        np.testing.assert_allclose(flat(found), flat(wanted), atol=within, rtol=within, err_msg=where)
    else:
        assert found == wanted, where


def flat(values) -> np.ndarray:
    if isinstance(values, list | tuple):
        return np.concatenate([flat(value) for value in values]) if values else np.zeros(0)
    return np.asarray(values, dtype=float).ravel()


@pytest.mark.parametrize("kind", list(drawn.PARTS), ids=lambda kind: kind.__name__)
def test_the_drawn_pictures_are_the_demos_own_and_so_are_their_lines(visit, site, kind):
    """Fifty states, half of them in Chinese, too: the picture pixel by pixel, though each is drawn after another one
    than it was then.
    """
    wanted = drawn.states(kind())
    some = random.Random(0).sample(range(len(wanted)), 50)
    results = {k: kind.compute(wanted[k]) for k in some}
    for page, language, asked in (("index.html", "en", some), ("zh/index.html", "zh", some[::2])):
        one = visit()
        one.open(page)
        data = one.page.evaluate("async (name) => (await nin.loadData(name), nin.given[name])", kind.__name__)
        assert len(wanted) == len(data["frames"])
        with drawn.speaking(language):
            demo = kind()
            for k in asked:
                name, line = data["frames"][k]
                said = demo.draw(results[k])
                assert line == (said if language == "en" else CHINESE.translate(said)), wanted[k]
                mine = imread(io.BytesIO(png(demo.figure)))[..., :3]
                shown = np.asarray(Image.open(site / "_static" / "drawn" / kind.__name__ / f"{name}.webp")) / 255
                np.testing.assert_allclose(shown, mine, atol=1e-3)


@pytest.mark.parametrize("kind", list(drawn.PARTS), ids=lambda kind: kind.__name__)
def test_the_state_that_a_demo_opens_with_is_among_those_that_are_drawn(kind):
    demo = kind()
    for about in drawn.controls(demo).values():
        assert about["value"] in about["values"]
        assert len(about["names"]) == len(about["values"]) == len(about["sets"]) > 1
    assert demo.state in drawn.states(demo)


def test_the_page_chooses_the_picture_of_its_state(visit):
    """The order in which the frames lie is that of the controls: every choice is asked for by its own value."""
    one = visit()
    one.open("index.html")
    for kind in drawn.PARTS:
        demo, name = kind(), kind.__name__
        ask = """async ([name, states]) => {
            await Promise.all([nin.loadData(name), nin.load("demos/Drawn.js")]);
            const demo = nin.demos.Drawn(nin.given[name]);
            return states.map((state) => demo.compute(state).line);
        }"""
        about = drawn.controls(demo)
        for_page = [
            dict(zip(about, chosen, strict=True))
            for chosen in itertools.product(*(a["values"] for a in about.values()))
        ]
        some = random.Random(1).sample(range(len(for_page)), 25)
        told = one.page.evaluate(ask, [name, [for_page[k] for k in some]])
        states = drawn.states(demo)
        assert told == [demo.draw(demo.compute(states[k])) for k in some], name


def test_every_demo_is_compared_here():
    assert set(CHAPTERS) == set(playable.COMPUTED | playable.WITH_NETWORK)
    assert set(CHAPTERS) | set(drawn.PARTS) == set(ALL)
    assert set(COMPARED) == set(CHAPTERS)


def test_the_network_in_the_page_is_the_one_that_pytorch_runs(visit):
    """Two hundred images: all maps of the four layers within 1e-4."""
    one = visit()
    one.play("Microscope", CHAPTERS[Microscope])
    ask = """async (text) => {
        const maps = await nin.network(Array.from(nin.bytes(text), (v) => v / 255));
        return Promise.all(maps.map((map) => new Promise((done) => {
            const reader = new FileReader();
            reader.onload = () => done(reader.result.split(",")[1]);
            reader.readAsDataURL(new Blob([map]));
        })));
    }"""
    images = sample_test_images()[0][torch.randperm(2000, generator=torch.Generator().manual_seed(0))[:200]]
    for X in images.split(20):
        found = one.page.evaluate(ask, playable.packed(X))
        for text, wanted in zip(found, inside.maps_of(X.float() / 255), strict=True):
            maps = np.frombuffer(base64.b64decode(text), dtype=np.float32).reshape(wanted.shape)
            assert np.abs(maps - wanted.numpy()).max() < 1e-4
    assert not one.errors
