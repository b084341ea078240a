"""The training desk's picture: a run's loss, accuracy and pace as far as it has come, and a lamp for its health."""

import math

from matplotlib.patches import Circle

from nin_course.plots import BLUE, GREY, ORANGE

WORST = 5.0  # the largest loss that is drawn
SHORTEST = 500  # steps: a run that has come less far does not fill the axis


class RunPicture:
    """Artists on a figure, made once; `draw` moves them to what is known of a run, and says it in one line."""

    def __init__(self, figure):
        left, middle, right = (figure.add_axes((x, 0.17, 0.235, 0.64)) for x in (0.065, 0.375, 0.685))
        left.set(xlabel="step", title="training loss (dotted: ln 10)")
        left.axhline(math.log(10), color=GREY, linestyle=":")
        middle.set(xlabel="step", title="accuracy", ylim=(0, 1))
        right.set(xlabel="step", title="images a second")
        style = dict(marker="o", markersize=3)
        (loss,) = left.plot([], [], color=BLUE, **style)
        (train_acc,) = middle.plot([], [], color=GREY, label="training", **style)
        (valid_acc,) = middle.plot([], [], color=ORANGE, label="other images", **style)
        (pace,) = right.plot([], [], color=GREY, **style)
        middle.legend(loc="lower right", fontsize=9)
        for axis in (left, middle, right):
            axis.grid(alpha=0.3)
            axis.title.set_fontsize(10)
        self.axes = left, middle, right
        self.curves = {"loss": loss, "train_acc": train_acc, "valid_acc": valid_acc, "pace": pace}
        wide, high = figure.get_size_inches()
        lamp = figure.add_axes((0.935, 0.4, 0.06, 0.06 * wide / high))
        lamp.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
        lamp.axis("off")
        self.lamp = lamp.add_patch(Circle((0, 0), 1, edgecolor="black"))
        self.lamp_text = figure.text(0.965, 0.36, "", ha="center", va="top", fontsize=9)
        self.head = figure.text(0.01, 0.97, "", va="top", fontsize=9.5)

    def draw(self, known: dict) -> str:
        """What `TrainingDesk.compute` found."""
        for name, curve in self.curves.items():
            curve.set_data([step for step, _ in known[name]], [value for _, value in known[name]])
        for axis in self.axes:
            axis.set_xlim(0, max(1.02 * known["last"], SHORTEST))
        for axis, name, most in ((self.axes[0], "loss", WORST), (self.axes[2], "pace", math.inf)):
            values = [value for _, value in known[name] if math.isfinite(value)]
            axis.set_ylim(0, min(1.1 * max(values, default=1.0), most))
        finding = known["finding"]
        color, words = (
            (GREY, "not yet\nknown") if finding is None else (ORANGE, "sick") if finding else (BLUE, "healthy")
        )
        self.lamp.set_facecolor(color)
        self.lamp_text.set_text(words)
        lr, batch_norm, relu = known["next"]
        self.head.set_text(
            f"{known['name']}    |    on the desk: learning rate {lr:g}, {'' if batch_norm else 'no '}batch norm"
            + (", ReLU on logits" if relu else "")
        )
        said = [f"{known['name'][0].upper()}{known['name'][1:]}, step {known['step']} of {known['last']}"]
        for name, words in (("loss", "loss {:.2f}"), ("valid_acc", "accuracy {:.3f}"), ("pace", "{:,.0f} images/s")):
            said += [words.format(entries[-1][1]) for entries in [known[name]] if entries]
        return " ".join([f"{', '.join(said)}.", f"Learning rate now: {lr:g}.", *([finding] if finding else [])])
