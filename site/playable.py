"""What the demos need to play in a page without a kernel, taken from the demos themselves: numbers, and words."""

import base64
import gzip
import io
import json
import math
import shutil
import tempfile
from pathlib import Path

import drawn
import ipywidgets as widgets
import matplotlib
import torch
import words
from network import export
from PIL import Image

from nin_course.data import LABELS
from nin_course.demos import (
    BallotBox,
    ChannelMixer,
    FewPixels,
    GuessingGame,
    Microscope,
    SlidingWindow,
    TrainingDesk,
    YourPhoto,
    inside,
    microscope,
    your_photo,
)
from nin_course.demos._base import sample_test_images
from nin_course.demos.ballot_box import STRONG, voters
from nin_course.demos.channel_mixer import CHANNELS, three_channels
from nin_course.demos.few_pixels import one_of_each
from nin_course.demos.guessing_game import HUMAN
from nin_course.demos.sliding_window import READABLE
from nin_course.photo import PHOTOS, read_picture
from nin_course.plots import DIVERGING
from nin_course.receptive import seen

ROUNDS = 20  # of the guessing game; then they begin again


def packed(values: torch.Tensor) -> str:
    """A tensor's numbers in base64, as they lie in memory; float32 or uint8."""
    return base64.b64encode(values.contiguous().numpy().tobytes()).decode()


def squeezed(content: bytes) -> str:
    """Bytes packed with gzip, in base64."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def zipped(values: torch.Tensor) -> str:
    return squeezed(values.contiguous().numpy().tobytes())


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
    return {"channels": packed(channels)}


def sliding_window() -> dict:
    return {"images": grey(one_of_each()), "readable": READABLE}


def guessing_game() -> dict:
    rounds = [GuessingGame.compute({"round": k, "guesses": ()}) for k in range(ROUNDS)]
    images = torch.cat([r["images"] for r in rounds])
    return {"images": grey(images), "truth": [r["truth"] for r in rounds], "human": HUMAN}


def microscope_() -> dict:
    images, labels, _ = voters()
    others, truth = sample_test_images()
    shown, most, peaks, views = {}, [], [], []  # shown: image -> its place among those that a page may show
    for layer, found in enumerate(inside.peaks()):
        channels, side = inside.shape(layer)
        layers, wide, step, first = inside.views()[layer]
        ranges = [seen(layers, (place, place))[0] for place in range(side)]
        views.append({"channels": channels, "side": wide, "step": step, "first": first})
        views[-1] |= {"cells": side, "seen": [[r.start, r.stop] for r in ranges]}
        peaks.append(zipped(found.values.T.sort(dim=1, descending=True).values))
        most.append([])
        for values, places in zip(found.values.T, found.places.T, strict=True):
            best = values.topk(microscope.MOST)
            rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
            most[-1].append(
                [[shown.setdefault(i, len(shown)), value, *divmod(places[i].item(), side)] for i, value in rows]
            )
    chosen = list(shown)
    return {
        "images": grey(images),
        "truth": labels.tolist(),
        "others": packed(others[chosen]),
        "othersTruth": truth[chosen].tolist(),
        "most": most,
        "peaks": peaks,
        "views": views,
        "bins": microscope.BINS,
        "among": len(others),
    }


def photos() -> dict:
    return {name: read_picture(PHOTOS / f"{name}.jpg") for _, name in your_photo.GIVEN}


def your_photo_() -> dict:
    shown = {name: picture(values) for name, (values, _) in photos().items()}
    return {"photos": shown, "known": grey(one_of_each()), "strong": STRONG}


def picture(values: torch.Tensor) -> str:
    """A picture (H, W, 3) in [0, 1] that was uint8, as the address of a lossless WebP that holds it all."""
    stream = io.BytesIO()
    Image.fromarray((255 * values).round().byte().numpy()).save(stream, "webp", lossless=True)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def network_(libraries: Path) -> dict:
    """The network and the program that runs it, from the folder where fetched.py has put it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export(path)
        weights = path.read_bytes()
    program, binary = libraries / "ort.mjs", libraries / "ort.wasm"
    return {
        "weights": squeezed(weights),
        "binary": squeezed(binary.read_bytes()),
        "program": program.read_text(encoding="utf-8"),
        "layers": inside.LAYERS,
    }


# The page computes: demo -> the numbers that it computes with.
COMPUTED = {
    GuessingGame: guessing_game,
    ChannelMixer: channel_mixer,
    SlidingWindow: sliding_window,
    BallotBox: ballot_box,
}
# What a page says of a demo of which it has a part; all of FewPixels is drawn.
NOTES = {kind: "Some of its settings, drawn beforehand. In JupyterLab you have all." for kind in drawn.PARTS}
NOTES |= {FewPixels: "", TrainingDesk: "Here the recorded run plays. A run of your own starts in JupyterLab."}
# And the network runs in the page, too.
WITH_NETWORK = {Microscope: microscope_, YourPhoto: your_photo_}
TITLES = {  # in each language: what a stored cell calls a demo -> the demo
    words.say(demo.title, language): demo.__name__
    for demo in (*COMPUTED, *drawn.PARTS, *WITH_NETWORK)
    for language in words.LANGUAGES
}


def given(name: str, data: dict) -> str:
    """A script that gives a page this data: a page on a disk may not fetch a file, but may run a script."""
    return f"nin.give({json.dumps(name)}, {json.dumps(data, ensure_ascii=False)});\n"


def texts(kind: type, controls: dict, language: str) -> dict:
    """A demo's words in a language, and with them its controls; controls: as `described`."""

    def said(some):
        return [words.say(text, language) for text in some]

    found = dict(zip(("title", "try", "note"), said((kind.title, kind.try_this, NOTES.get(kind, ""))), strict=True))
    found["controls"] = {
        name: about | {"text": words.say(about["text"], language), "names": said(about.get("names", ()))}
        for name, about in controls.items()
    }
    if kind is ChannelMixer:
        found |= {"names": said(CHANNELS), "short": said(name.split()[0] for name in CHANNELS)}
    if kind is Microscope:
        found["layers"] = said(inside.LAYERS)
    if kind is YourPhoto:
        found["done"] = {name: words.say(", ".join(done), language) for name, (_, done) in photos().items()}
    return found


def parted(kind: type, pictures: Path) -> tuple[dict, dict[str, dict]]:
    """A demo's numbers, and by language its words; what is drawn beforehand is kept in the folder of pictures."""
    of = drawn.kept(kind, pictures) if kind in drawn.PARTS else (COMPUTED | WITH_NETWORK)[kind]()
    controls = of.pop("controls", None) or {name: described(control) for name, control in kind().controls.items()}
    lines, shown = of.pop("lines", ()), of.pop("pictures", {})
    said = {language: texts(kind, controls, language) for language in words.LANGUAGES}
    for language, names in shown.items():
        in_words = [words.say(line, language) for line in lines]
        said[language]["frames"] = list(zip(names, in_words, strict=True))
    return of | {"name": kind.__name__}, said


def shared(language: str) -> dict:
    return {"labels": [words.say(label, language) for label in LABELS]} | words.spoken(language)


def write(folder: Path, pictures: Path, libraries: Path) -> None:
    """Scripts with numbers and scripts with words, of each demo and of what all share; the network, the libraries, and
    the drawn pictures.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(libraries, folder, ignore=shutil.ignore_patterns("ort.mjs", "ort.wasm"))
    numbers = {"shared": {"diverging": colours(DIVERGING), "magma": colours("magma")}, "network": network_(libraries)}
    scripts = {"data": numbers, **{f"data/{language}": {"shared": shared(language)} for language in words.LANGUAGES}}
    for kind in (*COMPUTED, *WITH_NETWORK, *drawn.PARTS):
        numbers[kind.__name__], said = parted(kind, pictures)
        for language, of in said.items():
            scripts[f"data/{language}"][kind.__name__] = of
    for place, given_there in scripts.items():
        (folder / place).mkdir()
        for name, of in given_there.items():
            (folder / place / f"{name}.js").write_text(given(name, of), encoding="utf-8")
    shutil.copytree(pictures, folder / "drawn", ignore=shutil.ignore_patterns("*.json"))


def megabytes(folder: Path) -> dict[str, int]:
    """What a page has to fetch before one of the demos with a network plays: name -> MB, rounded up."""
    common = sum((folder / path).stat().st_size for path in ("data/network.js", "ort.js"))
    sizes = {kind.__name__: (folder / "data" / f"{kind.__name__}.js").stat().st_size for kind in WITH_NETWORK}
    return {name: math.ceil((size + common) / 1e6) for name, size in sizes.items()}
