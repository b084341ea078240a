"""Chapter 02: where a convolution's window goes, which pixels enter, and which are never seen."""

import ipywidgets as widgets
import torch
import torch.nn.functional as F
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from nin_course.data import LABELS
from nin_course.demos._base import Demo, bare, garment, slider
from nin_course.demos.few_pixels import one_of_each
from nin_course.plots import BLUE, ORANGE, show_image

READABLE = 5  # the largest window whose numbers are written out


class SlidingWindow(Demo):
    """compute: the controls' values -> the map, its arithmetic, and one step of the window.

    The kernel averages its window, so the output is easy to check by eye.
    """

    title = "Sliding window"
    chapter = "02"
    try_this = "Find a stride at which nothing is dropped. Then make the window too large to fit."
    ask = "28 pixels, a window of 5, stride 2: how many steps? Which row of the image does nobody look at?"
    set = "Start as it is; press play. Then size 29; then stride 6; then size 8, kernel 11, and padding up to 2."
    see = "The floor drops what no window reaches (orange). A stride beyond the kernel leaves gaps in the middle, too."
    size = (8.4, 3.65)

    def __init__(self):
        super().__init__(
            {
                "size": slider("size", 28, 8, 32),
                "kernel": slider("kernel", 5, 1, 11),
                "stride": slider("stride", 2, 1, 8),
                "padding": slider("padding", 0, 0, 5),
                "in": slider("in_channels", 1, 1, 96),
                "out": slider("out_channels", 1, 1, 96),
                "image": garment(9),
                "step": slider("step", 78, 0, 143),
            }
        )

    def desk(self):
        step = self.controls["step"]
        play = widgets.Play(min=0, max=step.max, value=step.value, interval=250, show_repeat=False)
        self.links = [widgets.jslink((play, "value"), (step, "value")), widgets.jslink((step, "max"), (play, "max"))]
        return [*self.controls.values(), play]

    def follow(self, change):
        """A step for each output; a slider needs two."""
        outputs, step = self.compute(self.state)["outputs"] ** 2, self.controls["step"]
        step.max, step.disabled = max(outputs - 1, 1), outputs < 2

    @staticmethod
    def compute(state):
        size, kernel, stride, padding = (state[name] for name in ("size", "kernel", "stride", "padding"))
        X = F.interpolate(one_of_each()[state["image"]][None], (size, size), mode="bilinear", antialias=True)
        padded = F.pad(X, [padding] * 4)
        side = size + 2 * padding
        weights = state["in"] * state["out"] * kernel**2
        result = {
            "name": LABELS[state["image"]],
            "padded": padded[0, 0],
            "padding": padding,
            "kernel": kernel,
            "stride": stride,
            "size": size,
        }
        result |= {"numbers": state["in"] * kernel**2, "parameters": weights + state["out"], "side": side}
        if kernel > side:
            return result | {"seen": torch.zeros(side, dtype=torch.bool), "outputs": 0}
        output = F.conv2d(padded, torch.full((1, 1, kernel, kernel), 1 / kernel**2), stride=stride)[0, 0]
        outputs = len(output)
        step = state["step"] % outputs**2
        row, column = divmod(step, outputs)
        firsts = torch.arange(outputs) * stride
        seen = torch.zeros(side, dtype=torch.bool)
        seen[(firsts[:, None] + torch.arange(kernel)).flatten()] = True
        top, left = row * stride, column * stride
        return result | {
            "output": output,
            "outputs": outputs,
            "cell": (row, column),
            "place": (top, left),
            "window": padded[0, 0, top : top + kernel, left : left + kernel],
            "seen": seen,
            "macs": weights * outputs**2,
        }

    def setup(self, figure):
        wide, high = self.size
        self.input, self.window, self.output = (
            bare(figure, x, 0.14, width, width * wide / high) for x, width in ((0.01, 0.33), (0.40, 0.22), (0.68, 0.31))
        )
        blank = torch.zeros(2, 2)
        self.artists = [show_image(axis, blank) for axis in (self.input, self.window, self.output)]
        self.unseen = self.input.imshow([[(0, 0, 0, 0)]], interpolation="nearest")
        style = dict(
            fill=False, edgecolor=BLUE, linewidth=2.2, path_effects=[withStroke(linewidth=4.5, foreground="white")]
        )
        self.frames = [axis.add_patch(Rectangle((0, 0), 1, 1, **style)) for axis in (self.input, self.output)]
        self.border = self.input.add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor="white", linestyle=":"))
        self.texts = []
        self.sum = figure.text(0.01, 0.045, "", fontsize=10.5, va="center")

    def draw(self, result):
        side, padding, outputs = result["side"], result["padding"], result["outputs"]
        self._put(self.artists[0], result["padded"])
        self.border.set_bounds(padding - 0.5, padding - 0.5, result["size"], result["size"])
        seen = result["seen"][:, None] & result["seen"]
        overlay = torch.zeros(side, side, 4)
        overlay[~seen] = torch.tensor(to_rgba(ORANGE, 0.75))
        self._put(self.unseen, overlay)
        self.input.set_title(f"input, {side} × {side}" + (f" with padding {padding}" if padding else ""), fontsize=10)
        for text in self.texts:
            text.remove()
        self.texts = []
        for thing in (self.window, self.output, *self.frames):
            thing.set_visible(outputs > 0)
        if not outputs:
            problem = f"A window of {result['kernel']} does not fit into {result['size']} + 2·{padding} = {side} rows"
            self.sum.set_text(f"{problem}.")
            return f"{problem}: nn.Conv2d raises an error. Make the kernel smaller or the padding larger."
        self._put(self.artists[1], result["window"])
        self._put(self.artists[2], result["output"])
        (top, left), (row, column), kernel = result["place"], result["cell"], result["kernel"]
        self.frames[0].set_bounds(left - 0.5, top - 0.5, kernel, kernel)
        self.frames[1].set_bounds(column - 0.5, row - 0.5, 1, 1)
        self.window.set_title(f"what enters: {result['numbers']:,} numbers", fontsize=10)
        self.output.set_title(f"output, {outputs} × {outputs}", fontsize=10)
        if kernel <= READABLE:
            for i, j in ((i, j) for i in range(kernel) for j in range(kernel)):
                value = result["window"][i, j].item()
                color = "black" if value > 0.5 else "white"
                self.texts.append(
                    self.window.text(j, i, f"{value:.1f}", ha="center", va="center", color=color, fontsize=9)
                )
        exact = (side - kernel) / result["stride"]
        sum_ = f"floor(({result['size']} + 2·{padding} − {kernel}) / {result['stride']}) + 1"
        self.sum.set_text(f"{sum_} = floor({exact:.4g}) + 1 = {outputs}        {result['macs']:,} MACs")
        unseen = (~result["seen"]).nonzero().flatten().tolist()
        dropped = f"Never seen: rows and columns {_ranges(unseen)}." if unseen else "Every row is seen."
        start = f"{result['name']}: {outputs} × {outputs} outputs."
        window = (
            f"The window at row {top}, column {left} feeds output ({row}, {column}): {result['numbers']:,} numbers "
            f"enter; {result['parameters']:,} parameters in all."
        )
        return " ".join([start, dropped, window])

    @staticmethod
    def _put(artist, values) -> None:
        high, wide = values.shape[:2]
        artist.set(data=values.numpy(), extent=(-0.5, wide - 0.5, high - 0.5, -0.5))
        artist.axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))


def _ranges(numbers: list[int]) -> str:
    """[3, 4, 5, 9] -> "3–5, 9"."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and parts[-1][-1] == n - 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(f"{p[0]}–{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
