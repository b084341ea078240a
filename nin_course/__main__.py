"""The course's command line: `python -m nin_course doctor | data | train | compare`; each has --help."""

import argparse
import shlex
import sys
from dataclasses import fields

from nin_course.language import say, speak_as_told

# What each field of a recipe is, for whoever changes it.
FIELDS = {
    "net": "the network: `nin_small`, `nin_wide`, `nin_notes`, or any that chapter 08 names",
    "size": "side of the images, in pixels",
    "sample": "train on the embedded sample, not on the full set",
    "epochs": "how often every image is seen",
    "batch_size": "images in a step",
    "lr": "learning rate; with one cycle it is the highest",
    "weight_decay": "AdamW's; with 0 it is Adam",
    "one_cycle": "let the learning rate rise for a quarter of the run, then fall to nothing",
    "label_smoothing": "share of the truth that is spread over all classes, from 0 to 1",
    "batch_norm": "put batch norm between each convolution and its ReLU",
    "normalize": "give the pixels mean 0 and deviation 1",
    "flip": "mirror half of the images, drawn anew in each epoch",
    "shift": "move each image at random, by up to so many of its 28 pixels",
    "erase": "cover a square of each image, so many of its 28 pixels wide",
    "fast": "channels-last, and bfloat16 where the device has it",
}


class Help(argparse.HelpFormatter):
    """Help in the language that is spoken."""

    def _get_help_string(self, action):
        return say(action.help)

    def add_text(self, text):
        super().add_text(text and say(text))

    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, say("usage") + ": " if prefix is None else prefix)

    def start_section(self, heading):
        super().start_section(say(heading))


class Parser(argparse.ArgumentParser):
    """A parser, and with it those of its commands, with such help, and such words on a bad call."""

    def __init__(self, **how):
        super().__init__(formatter_class=Help, **how)

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {say('error')}: {say(message)}\n")


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    speak_as_told()
    parser = Parser(prog="python -m nin_course", description="The course's command line.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check that everything the course needs is here")
    data = commands.add_parser("data", help="say which Fashion-MNIST is here")
    data.add_argument("--full", action="store_true", help="fetch the full set (about 30 MB) if it is not here")
    _add_train(commands)
    _add_compare(commands)
    chosen = vars(parser.parse_args(arguments))
    command = chosen.pop("command")
    if command == "doctor":
        from nin_course.doctor import doctor

        return 0 if doctor() else 1
    if command == "data":
        return show_data(fetch=chosen["full"])
    if command == "compare":
        from nin_course.compare import compare

        return compare(**chosen)
    return train(chosen, shlex.join(["python", "-m", "nin_course", *arguments]))


def _add_train(commands) -> None:
    from nin_course.lab import makers
    from nin_course.recipe import NETS, PRESETS, Recipe

    nets = [*NETS, *makers()]
    about = "train a network and write its weights, history and card into a folder"
    parser = commands.add_parser("train", help="train a network and keep a record of it", description=about)
    parser.add_argument("--preset", choices=PRESETS, help="default: `gpu` where there is one, else `laptop`")
    parser.add_argument("--out", required=True, help="the folder of the run, for example `runs/first`")
    parser.add_argument("--device", help="`cpu`, `cuda`, `mps` or `xpu`; default: the GPU where there is one")
    parser.add_argument("--seed", type=int, default=0, help="what is drawn at random follows from it; default: 0")
    about = "measure on so many training images of each class"
    parser.add_argument("--held-out", type=int, default=0, metavar="N", help=about)
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    recipe = parser.add_argument_group("recipe", "what is not named here, the preset says")
    for field in fields(Recipe):
        flag, kind, about = f"--{field.name.replace('_', '-')}", type(field.default), FIELDS[field.name]
        if kind is bool:
            recipe.add_argument(flag, action=argparse.BooleanOptionalAction, help=about)
        elif field.name == "net":
            recipe.add_argument(flag, choices=nets, metavar="NET", help=about)
        else:
            recipe.add_argument(flag, type=kind, metavar="X" if kind is float else "N", help=about)


def _add_compare(commands) -> None:
    from nin_course.frontier import AXES

    about = "measure runs once more and draw them on the course's axes; folders in folders are found"
    parser = commands.add_parser("compare", help="draw your runs beside the course's", description=about)
    parser.add_argument("paths", nargs="+", help="folders that `train` wrote, or folders of such, for example `runs/*`")
    parser.add_argument("--cost", choices=AXES, default="parameters", help="default: `%(default)s`")
    parser.add_argument("--to", default="comparison.png", help="the picture: a file, or a folder for comparison.png")


def train(chosen: dict, command: str) -> int:
    """Trains, and prints where the record is and how good the network; 1 if the run was stopped or cannot be."""
    from nin_course.lab import makers
    from nin_course.processes import rank
    from nin_course.recipe import NETS, Recipe, preset
    from nin_course.runs import run

    NETS.update({key: make for key, make in makers().items() if key not in NETS})
    named = {f.name: chosen.pop(f.name) for f in fields(Recipe)}
    try:
        recipe = preset(chosen.pop("preset"), **{name: value for name, value in named.items() if value is not None})
        card = run(recipe, chosen.pop("out"), command, **chosen)
    except (OSError, ValueError) as error:
        print(say(str(error)), file=sys.stderr)
        return 1
    if card:
        print(say(card["what"]))
        print(say(f"{card['accuracy']:.2%} right on {card['measured_on']}"))
        print(say(f"cost: {card['notes_epochs']} notes-epochs, {card['seconds']:.0f} s"))
    elif not rank():
        print(say("Stopped before the end. The same command with --resume goes on from the last whole epoch."))
    return 0 if card or rank() else 1


def show_data(*, fetch: bool) -> int:
    """Prints where the full set is, fetching it first if asked to; 1 if it was asked for and cannot be had."""
    from nin_course.fetch import fetch_full
    from nin_course.files import HOW_TO_GET_IT, find_full

    try:
        folder = fetch_full() if fetch else find_full()
    except (OSError, ValueError) as error:
        print(say(f"The full Fashion-MNIST could not be had: {error}"), file=sys.stderr)
        print(say("Try again with a network; the sample of 12,000 images carries every chapter."), file=sys.stderr)
        return 1
    if folder is None:
        print(say(f"The embedded sample (10,000 + 2,000 images) is here. {HOW_TO_GET_IT}"))
    else:
        print(say(f"The full Fashion-MNIST (60,000 + 10,000 images) is in {folder}."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
