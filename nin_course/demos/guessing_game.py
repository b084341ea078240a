"""Chapter 00: label twelve images yourself, then see your score beside the published human one."""

import ipywidgets as widgets
import torch

from nin_course.data import LABELS
from nin_course.demos._base import Demo, bare, sample_test_images
from nin_course.plots import BLUE, GREY, ORANGE, show_image

ROUND = 12
HUMAN = 0.835  # the data set's own README: 1,000 test images, three lay people each, majority vote


class GuessingGame(Demo):
    """Twelve test images, one at a time. compute: {"round": r, "guesses": (0..9, ...)} -> the images and the score."""

    title = "You against Fashion-MNIST"
    chapter = "00"
    try_this = "Which garment is it? Press one of the ten buttons, twelve times."
    ask = "How many of twelve will you get? Write it down first. Which two classes will cost you most?"
    set = "Let the class shout, press the button of the majority, twelve times."
    see = (
        "The published human score comes to ten of twelve. Wrong in which classes? Keep them for the confusion matrix."
    )
    size = (8.0, 3.4)

    def __init__(self):
        self.round, self.guesses = 0, ()
        self.buttons = {
            k: widgets.Button(description=label, layout={"width": "150px"}) for k, label in enumerate(LABELS)
        }
        for k, button in self.buttons.items():
            button.on_click(lambda _, k=k: self.guess(k))
        self.again = widgets.Button(description="New round", icon="refresh", layout={"width": "150px"})
        self.again.on_click(lambda _: self.new_round())
        super().__init__({})

    @property
    def state(self):
        return {"round": self.round, "guesses": self.guesses}

    def guess(self, label: int) -> None:
        if len(self.guesses) < ROUND:
            self.guesses += (label,)
            self.update()

    def new_round(self) -> None:
        self.round, self.guesses = self.round + 1, ()
        self.update()

    def desk(self):
        return [*self.buttons.values(), self.again]

    @staticmethod
    def compute(state):
        images, labels = sample_test_images()
        drawn = torch.randperm(len(labels), generator=torch.Generator().manual_seed(state["round"]))[:ROUND]
        truth = labels[drawn].tolist()
        right = [g == t for g, t in zip(state["guesses"], truth, strict=False)]
        return {
            "images": images[drawn, 0].float() / 255,
            "truth": truth,
            "guesses": state["guesses"],
            "right": right,
            "score": sum(right) / len(right) if right else None,
            "over": len(right) == ROUND,
        }

    def setup(self, figure):
        self.large = bare(figure, 0.01, 0.05, 0.38, 0.86, size=12)
        self.large_image = show_image(self.large, torch.zeros(28, 28))
        self.small = [
            bare(figure, 0.45 + 0.137 * (i % 4), 0.685 - 0.32 * (i // 4), 0.12, 0.245, size=9) for i in range(ROUND)
        ]
        self.small_images = [show_image(axis, torch.zeros(28, 28)) for axis in self.small]

    def draw(self, result):
        n = len(result["right"])
        shown = min(n, ROUND - 1)
        self.large_image.set_data(result["images"][shown].numpy())
        self.large.set_title(
            f"You said {LABELS[result['guesses'][shown]]}"
            if result["over"]
            else f"Image {n + 1} of {ROUND}: what is it?",
            fontsize=12,
        )
        for i, (axis, artist) in enumerate(zip(self.small, self.small_images, strict=True)):
            done = i < n
            artist.set_data((result["images"][i] if done else torch.full((28, 28), 0.93)).numpy())
            axis.set_title(f"{i + 1}", fontsize=9, color=GREY)
            colour = GREY
            if done:
                good = result["right"][i]
                colour = BLUE if good else ORANGE
                axis.set_title(("✓ " if good else "✗ ") + LABELS[result["truth"][i]], fontsize=9, color=colour)
            for spine in axis.spines.values():
                spine.set(color=colour, linewidth=2 if done else 0.5)
        if result["over"]:
            return (
                f"{sum(result['right'])} of {ROUND}, that is {result['score']:.3f}. People without training in "
                f"fashion: {HUMAN} on 1,000 images. With twelve images, one image more or less is 0.083."
            )
        if n == 0:
            return "Twelve images, ten buttons."
        last = LABELS[result["truth"][n - 1]]
        return (
            f"{'Right' if result['right'][-1] else 'Not quite'}: it was {last}. {sum(result['right'])} of {n} so far."
        )
