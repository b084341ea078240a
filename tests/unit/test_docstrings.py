"""The numbers that a docstring tells, which help() shows, are those that are found; none is told that is not looked up.

So for what is read, built, measured and trained; numbers of one digit, shapes, names and sources are not looked at.
"""

import ast
import re
from itertools import count

import house
import torch
from torch import nn

import nin_course as d2l
from nin_course import budget, calibration, collage, compare, data, diagnose, files, history, lab, photo
from nin_course.receptive import receptive_field, windows
from nin_course.weights import stuck_runs

ROOMS = ("data", "networks", "measuring", "training", "drawing", "command line")
IN_WORDS = {6: "six", 16: "a sixteenth", 20: "twenty"}
EXAMPLES = r"(?s)>>>.*?(\n\n|\Z)"  # they are run elsewhere
NO_NUMBERS = [
    *(r"`[^`]*`", r'"[^"]*"', r"\[\d+, \d+\]", r"\(\w[\w']*,(?: [\w'/]+,?)*\)"),  # code, quoted, an interval, a shape
    *(r"[A-Za-z][\w.]*-?\d[\w.]*", r"\bdocs/\S+"),  # a name
    *(r"arXiv:[\d.]+", r"§[\d.]+(?: to [\d.]+)?", r"\b(?:19|20)\d\d\b", r"[Cc]hapters? \d\d(?:(?: to|,| and) \d\d)*"),
]


def docstrings():
    """module.function, or module for what stands at its top -> docstring."""
    for name in (name for room in ROOMS for name in house.rooms()[room]):
        for node in ast.walk(ast.parse(house.modules()[name].read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
                yield f"{name}.{getattr(node, 'name', '')}".rstrip("."), ast.get_docstring(node)


def maps(net, size):
    """The side of the class map."""
    return d2l.summary(net, (1, 1, size, size)).layers[-3].output_shape[2]


def sizes(net, low, high):
    """The smallest and the largest side of an image that it takes, looked for from two that it takes."""
    fits = lambda n: budget._fits(net, (1, 1, n, n))  # noqa: E731
    assert fits(low)
    return next(n for n in count(low, -1) if not fits(n - 1)), next(n for n in count(high) if not fits(n + 1))


def millions(*layers):
    return round(sum(p.numel() for layer in layers for p in layer.parameters()) / 1e6)


def widths(net):
    return [m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d)][::3]


def found() -> dict[str, list[str]]:
    """What is to stand in a docstring, with the numbers that are found."""
    with torch.device("meta"):
        nin, small, dense = d2l.nin(), d2l.nin_small(), d2l.nin_small(head="dense")
        alexnet, vgg, plan = d2l.alexnet(), d2l.vgg11(), lab.small()
    (trained, tested), (whole, tested_whole) = ((n, tested) for tested, (n, _) in compare.TRAINED_ON.items())
    sample = (len(files.read_split(files.SAMPLE_DIR, part, files.sample_hashes())[1]) for part in ("train", "t10k"))
    first, second, third, _ = widths(nin)
    macs = d2l.summary(nin).macs, d2l.summary(small, (1, 1, 28, 28)).macs
    sees, _ = receptive_field(windows(small, (1, 1, 28, 28)))
    lowest, highest = (calibration.temperature(torch.eye(2), torch.tensor(right)) for right in ([0, 1], [1, 0]))
    recorded = stuck_runs()
    seeds, recipes = (len({str(run[what]) for run in recorded}) for what in ("seed", "recipe"))
    side, steps = f"{photo.SIDE} × {photo.SIDE}", f"every {history.READ_EVERY} steps"
    return {
        "data": [f"same sums {whole:,} times an epoch"],
        "data.FashionMNIST": [f"about {-data.MEAN / data.STD:.1f} to {(1 - data.MEAN) / data.STD:.0f} if normalize"],
        "data.load_data_fashion_mnist": [
            *(f"The full set ({whole:,} + {tested_whole:,})", "the embedded sample ({:,} + {:,})".format(*sample)),
            *("H = W = `resize` or 28;", "within 1/255."),
        ],
        "photo": [f"{side} pixels", f"the longer side subsampled to {photo.SIDE} pixels"],
        "photo.Steps": [f"to {side} pixels"],
        "photo.read_picture": [f"longer side at most {photo.LONGEST};", f"smaller than {photo.SIDE} pixels"],
        "photo.prepare": [f"its way to {side}."],
        "photo._box": [f"at least {photo.SIDE} pixels"],
        "models.nin": [
            *(f"H and W at least {d2l.smallest_input(nin)}.", f"is {maps(nin, 224)}×{maps(nin, 224)} at 224 px and"),
            f"only 1×1 below {next(n for n in count(98) if maps(nin, n) > 1)} px.",
            *(f"{third} channels squeezed to 10 at once, then two 10-wide layers", f"keeps its {third} channels"),
            f"the first three blocks, {first}, {second} and {third}",
        ],
        "models.nin_small": [
            *(f"H and W at least {d2l.smallest_input(small)}.", "At 28 px nothing is upsampled"),
            *(f"the class map is {maps(small, 28)}×{maps(small, 28)}", f"costs {round(macs[1] / 1e6)} million"),
            *(f"{IN_WORDS[round(macs[0] / macs[1])]} of `nin()` at 224 px", f"the last {widths(small)[-1]} maps"),
            f"{sum(p.numel() for p in small.parameters()):,} parameters.",
            "It takes {} px (to {}) only.".format(*sizes(dense, 28, 31)),
        ],
        "models.alexnet": [
            "It takes {} to {} px, no more.".format(*sizes(alexnet, 195, 226)),
            f"hold {millions(*alexnet[-7:])} of its {millions(alexnet)} million parameters",
        ],
        "models.vgg11": ["It takes {} to {} px.".format(*sizes(vgg, 224, 255))],
        "weights.pretrained_nin": [f"it takes {sizes(dense, 28, 31)[0]} px only."],
        "weights.stuck_runs": [
            f"{len(stuck_runs())} recorded",
            f"{IN_WORDS[seeds]} seeds of {IN_WORDS[recipes]} recip",
        ],
        "budget.notes_epochs": [f"{whole:,} images of 1×224×224", f"{whole * macs[0] / 1e12:.1f} T MACs forward"],
        "budget.smallest_input": [f"up to {budget.LARGEST_INPUT:,} px."],
        "collage": [f"{collage.CELL} × {collage.CELL} pixels, its own; it sees {sees} × {sees}."],
        "collage.Collage": [f"{collage.GARMENT} × {collage.GARMENT} box"],
        "collage.lit": [f"of its own {collage.CELL**2} pixels"],
        "calibration.temperature": [f"between {lowest:.2f} and {highest:.0f} for which"],
        "lab": [
            "blocks of {}, {} and {} channels".format(*widths(plan)),
            f"a {maps(plan, 28)}×{maps(plan, 28)} class map from 28 px, {round(lab.costs(plan).macs / 1e6)} M MACs.",
        ],
        "lab.small": ["10 channels from its first layer on"],
        "results.paired": ["its 95% interval"],
        "modern.named": ["for 1,000 classes"],
        "compare": [
            f"the sample's {trained:,}, measured on its {tested:,} test images, or all {whole:,}, measured on all "
            f"{tested_whole:,}."
        ],
        "history.History": [f"one {steps}"],
        "train.fit": [f"so far {steps}", f"examined on {diagnose.BATCH} images"],
        "runs": [f"a line {steps}"],
    }


def test_every_number_in_a_docstring_is_the_one_that_is_found():
    wanted, rest = found(), {}
    for name, text in docstrings():
        text = " ".join(re.sub(EXAMPLES, "", text).split())
        for sentence in wanted.pop(name, []):
            assert sentence in text, name
            text = text.replace(sentence, "")
        text = re.sub("|".join(NO_NUMBERS), "", text)
        if numbers := re.findall(r"\d[\d.,]*\d", text):
            rest[name] = numbers
    assert (rest, wanted) == ({}, {})
