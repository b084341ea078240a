"""Demos that play from pictures: a part of each one's states, drawn beforehand by the demo itself in both languages."""

import hashlib
import io
import itertools
import json
import shutil
import warnings
from contextlib import contextmanager
from pathlib import Path

import ipywidgets as widgets
import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from words import LANGUAGES

from nin_course.demos import Autopsy, Bench, FamilyTree, FewPixels, FindTheShoes, OneCell, TrainingDesk, WalkThrough
from nin_course.demos.bench import recorded
from nin_course.demos.find_the_shoes import SHOES
from nin_course.language import speak

COURSE = Path(__file__).parents[1] / "nin_course"
WIDTHS = (0.25, 0.5, 1.0, 2.0)
SIZES = (32, 48, 64, 66, 67, 80, 98, 99, 112, 128, 160, 194, 195, 224, 256, 288, 319, 320)
NO_SHOES = {"Sandal": False, "Sneaker": False, "Ankle boot": False}
# demo -> control -> the values that are drawn, or a new control: its choices -> the values that each sets.
PARTS = {
    FewPixels: {"size": range(1, 29), "names": (False, True)},
    WalkThrough: {"size": SIZES, "width": WIDTHS, "head": ("notes", "wide")},
    OneCell: {"network": ("small", "wide"), "image": (9, 1, 8), "row": range(7), "column": range(7)},
    TrainingDesk: {"step": range(0, 1257, 8)},
    Autopsy: {"recipe": None, "seed": range(5), "step": None},
    FindTheShoes: {
        "seed": (63, 3, 12, 40),
        "wanted": (SHOES, (8,)),
        "threshold": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0),
        "black": (False, True),
        "in the collage": {"all ten classes": {}, "no shoes": NO_SHOES},
    },
    Bench: {"first": tuple(recorded()["10,000 images"]), "second": ("2", "3x3@macs", "map", "twin"), "cost": None},
    FamilyTree: {"name": None, "side": (224, 320), "count": None},
}
PLAYS = {TrainingDesk: "step"}  # a key moves this control by itself


def controls(demo) -> dict[str, dict]:
    """What a page needs to make the controls of the part that is drawn. `sets`: the state's values at each choice."""
    found = {}
    for name, values in PARTS[type(demo)].items():
        if isinstance(values, dict):
            about = {"kind": "choice", "text": name, "names": list(values), "values": list(values)}
            found[name] = about | {"value": about["values"][0], "sets": list(values.values())}
            continue
        control = demo.controls[name]
        options = dict((value, label) for label, value in getattr(control, "options", ()))
        values = list(options if values is None else values)
        kind = "check" if isinstance(control, widgets.Checkbox) else "steps" if _ordered(values) else "choice"
        names = [options[value] if options else f"{value:g}" for value in values]
        found[name] = {"kind": kind, "text": control.description, "names": names, "values": values}
        found[name] |= {"value": control.value, "sets": [{name: value} for value in values]}
    return found


def _ordered(values: list) -> bool:
    return all(isinstance(value, int | float) for value in values) and values == sorted(values)


def states(demo) -> list[dict]:
    """All states that are drawn, the last control's values changing fastest."""
    return [
        demo.state | {name: value for one in chosen for name, value in one.items()}
        for chosen in itertools.product(*(about["sets"] for about in controls(demo).values()))
    ]


def webp(demo) -> bytes:
    """The demo's figure as it is, pixel by pixel."""
    canvas, stream = FigureCanvasAgg(demo.figure), io.BytesIO()
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    picture.save(stream, "webp", lossless=True, quality=60, method=2)  # method: half the time, and no larger
    return stream.getvalue()


@contextmanager
def speaking(language: str):
    """A figure that is made and drawn meanwhile has its words in this language, and a glyph for each letter."""
    speak(language)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")
        try:
            yield
        finally:
            speak("en")


def draw(kind: type, folder: Path) -> dict:
    """Draws the states of a demo's part into a folder, and says which line belongs to each, and which pictures.

    Each is computed once and drawn in every language; what has no words is the same picture.
    """
    demo, pictures = kind(), {}
    results = [demo.compute(state) for state in states(demo)]
    folder.mkdir(parents=True)
    for language in LANGUAGES:
        with speaking(language):
            demo, lines, pictures[language] = kind(), [], []
            for result in results:
                lines.append(demo.draw(result))
                content = webp(demo)
                name = hashlib.sha256(content).hexdigest()[:12]
                (folder / f"{name}.webp").write_bytes(content)
                pictures[language].append(name)
    about = {name: {key: of[key] for key in of if key != "sets"} for name, of in controls(demo).items()}
    wide, high = (round(inches * demo.figure.dpi) for inches in demo.size)
    plays = PLAYS.get(kind)
    shape = {"engine": "Drawn", "wide": wide, "high": high, "plays": plays}
    return shape | {"controls": about, "lines": lines, "pictures": pictures}


def stamp(kind: type) -> str:
    """What the pictures depend on: the package, this file, matplotlib."""
    content = hashlib.sha256(f"{kind.__name__} {PARTS[kind]} {matplotlib.__version__}".encode())
    for path in sorted(path for path in COURSE.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        content.update(path.read_bytes())
    content.update(Path(__file__).read_bytes())
    return content.hexdigest()


def kept(kind: type, folder: Path) -> dict:
    """What `draw` says, drawn again only if something that it depends on has changed."""
    mark = folder / kind.__name__ / "drawn.json"
    now = stamp(kind)
    if not mark.exists() or json.loads(mark.read_text(encoding="utf-8"))["stamp"] != now:
        print(f"Drawing {kind.__name__} …", flush=True)
        shutil.rmtree(mark.parent, ignore_errors=True)
        told = draw(kind, mark.parent)
        mark.write_text(json.dumps({"stamp": now, "told": told}, ensure_ascii=False), encoding="utf-8")
    return json.loads(mark.read_text(encoding="utf-8"))["told"]
