"""What the demos need to play in a page without a kernel, taken from the demos themselves."""

import base64
import json
import shutil
from pathlib import Path

import ipywidgets as widgets
import matplotlib
import torch

from nin_course.data import LABELS
from nin_course.demos import BallotBox, ChannelMixer, GuessingGame, SlidingWindow
from nin_course.demos.ballot_box import STRONG, voters
from nin_course.demos.channel_mixer import CHANNELS, three_channels
from nin_course.demos.few_pixels import one_of_each
from nin_course.demos.guessing_game import HUMAN
from nin_course.demos.sliding_window import READABLE
from nin_course.plots import DIVERGING

ROUNDS = 20  # of the guessing game; then they begin again


def packed(values: torch.Tensor) -> str:
    """A tensor's numbers in base64, as they lie in memory; float32 or uint8."""
    return base64.b64encode(values.contiguous().numpy().tobytes()).decode()


def grey(images: torch.Tensor) -> str:
    """Images in [0, 1] that were uint8, packed."""
    return packed((images * 255).round().to(torch.uint8))


def colours(name: str) -> str:
    """The 256 colours of one of matplotlib's maps, (256, 3) uint8, packed."""
    table = matplotlib.colormaps[name](range(256), bytes=True)[:, :3]
    return packed(torch.tensor(table.copy()))


def described(control: widgets.Widget) -> dict:
    """What a page needs to make a control of its own."""
    found = {"text": control.description, "value": control.value}
    match control:
        case widgets.Checkbox():
            return found | {"kind": "check"}
        case widgets.SelectionSlider() | widgets.Dropdown():
            names, values = zip(*control.options, strict=True)
            return found | {"kind": "choice", "names": names, "values": values}
        case widgets.IntRangeSlider():
            return found | {"kind": "span", "min": control.min, "max": control.max}
        case widgets.IntSlider() | widgets.FloatSlider():
            return found | {"kind": "range", "min": control.min, "max": control.max, "step": control.step}
    raise TypeError(f"{type(control).__name__}: site/static/play.js has no such control")


def ballot_box() -> dict:
    images, labels, maps = voters()
    return {"images": grey(images), "truth": labels.tolist(), "maps": packed(maps), "strong": STRONG}


def channel_mixer() -> dict:
    channels = torch.stack([three_channels(label) for label in range(10)])
    return {"channels": packed(channels), "names": CHANNELS}


def sliding_window() -> dict:
    return {"images": grey(one_of_each()), "readable": READABLE}


def guessing_game() -> dict:
    rounds = [GuessingGame.compute({"round": k, "guesses": ()}) for k in range(ROUNDS)]
    images = torch.cat([r["images"] for r in rounds])
    return {"images": grey(images), "truth": [r["truth"] for r in rounds], "human": HUMAN}


# The page computes: demo -> the numbers that it computes with.
COMPUTED = {
    GuessingGame: guessing_game,
    ChannelMixer: channel_mixer,
    SlidingWindow: sliding_window,
    BallotBox: ballot_box,
}
TITLES = {demo.title: demo.__name__ for demo in COMPUTED}


def given(name: str, data: dict) -> str:
    """A script that gives a page this data: a page on a disk may not fetch a file, but may run a script."""
    return f"nin.give({json.dumps(name)}, {json.dumps(data, ensure_ascii=False)});\n"


def shared() -> dict:
    return {"labels": LABELS, "diverging": colours(DIVERGING), "magma": colours("magma")}


def data(kind: type, numbers: dict) -> dict:
    """A demo's texts, controls and numbers."""
    demo = kind()
    controls = {name: described(control) for name, control in demo.controls.items()}
    return {"title": demo.title, "try": demo.try_this, "controls": controls, **numbers}


def write(folder: Path) -> None:
    """A script for each demo, and one with what all share."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "shared.js").write_text(given("shared", shared()), encoding="utf-8")
    for kind, numbers in COMPUTED.items():
        path = folder / "data" / f"{kind.__name__}.js"
        path.write_text(given(kind.__name__, data(kind, numbers())), encoding="utf-8")
