"""Chapter 05: a training run with its hand on the lever, or a recorded one as a time-lapse."""

import asyncio
import itertools
import math
import time
import traceback
from contextlib import suppress
from threading import Event, RLock, Thread

import ipywidgets as widgets
import torch
from matplotlib.patches import Circle
from torch import nn

from nin_course.demos._base import Demo, choice, slider
from nin_course.demos.record import Record, recorded
from nin_course.models import nin_small
from nin_course.norm import add_batch_norm
from nin_course.plots import BLUE, GREY, ORANGE
from nin_course.recipe import load, preset
from nin_course.speed import has_bfloat16
from nin_course.train import fit

LOOK = 50  # steps between two looks at accuracy and health; `fit` takes so many for an epoch
LOOKS = 100  # after which a run that nobody stops ends
PATIENCE = 20  # seconds without a sign of life from the page, after which it is taken for closed
WORST = 5.0  # the largest loss that is drawn
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0)


class TrainingDesk(Demo):
    """compute: a run's record and a step -> what was known of it by then.

    Start trains `nin_small` on the sample in the background. The learning rate may be moved while it runs. The run ends
    at Stop, after LOOKS, when its network is beyond hope, or when the page that shows it is closed.
    """

    title = "Training desk"
    chapter = "05"
    try_this = "Play the recorded run. Then start your own, and move its learning rate while it runs."
    ask = (
        "The learning rate goes up a hundredfold in the middle of a run. What will the curve do, and will it come back?"
    )
    set = (
        "Play; then Start, after a minute rate 1, then back. Start again: no batch norm, ReLU on the logits, rate 0.1."
    )
    see = (
        "A jump, and with batch norm it comes back. Without, and with the ReLU, the lamp turns orange and the run ends."
    )
    size = (9.0, 3.5)

    def __init__(self):
        self.record, self.thread, self.stop, self.go_on, self.lock = recorded(), None, False, Event(), RLock()
        self.missed, self.group = 0, None
        rate = choice("learning rate", [(f"{r:g}", r) for r in RATES], 3e-3)
        super().__init__(
            {
                "step": slider("step", self.record.last, 0, self.record.last),
                "lr": rate,
                "batch_norm": widgets.Checkbox(True, description="batch norm, from Start on", indent=False),
                "relu": widgets.Checkbox(False, description="ReLU on the logits, from Start on", indent=False),
            }
        )

    def arrange(self):
        c = self.controls
        self.keys = {
            name: widgets.Button(description=name, layout={"width": "auto"})
            for name in ("Start", "Pause", "Stop", "Recorded run")
        }
        for key, answer in zip(self.keys.values(), (self.start, self.pause, self.end, self.recorded), strict=True):
            key.on_click(lambda _, answer=answer: answer())
        self.keys["Pause"].disabled = self.keys["Stop"].disabled = True
        play = widgets.Play(min=0, max=self.record.last, step=8, value=self.record.last, interval=60, show_repeat=False)
        widgets.jslink((play, "value"), (c["step"], "value"))
        widgets.jslink((c["step"], "max"), (play, "max"))
        # A sign of life: during a run this one plays in the browser, unseen, for as long as the page is open.
        self.beat = widgets.Play(min=0, max=10**6, interval=1000, repeat=True, layout={"display": "none"})
        self.beat.observe(self._alive, names="value")
        rows = [[play, c["step"], c["lr"]], [*self.keys.values(), c["batch_norm"], c["relu"], self.beat]]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        return [*boxes, self.picture, self.line]

    # ---- what the keys do -------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def start(self) -> None:
        """A new network, and a run of its own in the background."""
        if self.running:
            return
        words = f"{'with' if self.controls['batch_norm'].value else 'without'} batch norm"
        if self.controls["relu"].value:
            words += ", ReLU on the logits"
        self.record, self.stop, self.missed = Record(f"your run, {words}"), False, 0
        self.go_on.set()
        self._labels()
        self._show(0)
        self.thread = Thread(target=self._run, name=self.title, daemon=True)
        self.thread.start()
        self._labels()
        with suppress(RuntimeError):  # without a notebook there is no page to watch
            asyncio.get_running_loop().call_later(1, self._watch)

    def pause(self) -> None:
        """Holds the run before its next step, or lets it go on."""
        (self.go_on.clear if self.go_on.is_set() else self.go_on.set)()
        self._labels()

    def end(self) -> None:
        """Ends the run; what it has learned stays in `net`, what was seen in `record`."""
        self.stop = True
        self.go_on.set()

    def recorded(self) -> None:
        """Shows the recorded run again."""
        if not self.running:
            self.record = recorded()
            self._show(self.record.last)

    # ---- the run ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._train()
        except Exception as error:
            self.record.name += f", broke off: {type(error).__name__}"
            traceback.print_exc()
        finally:
            self.thread = None
            self._labels()
            self._show(self.record.last)

    def _train(self) -> None:
        torch.manual_seed(time.time_ns() % 2**31)
        self.net = nin_small()
        if self.controls["relu"].value:
            self.net[4].append(nn.ReLU())
        if self.controls["batch_norm"].value:
            self.net = add_batch_norm(self.net)
        batches, valid_iter = load(preset("laptop"), held_out=50)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.controls["lr"].value)
        self.group, self.clock, self.before = optimizer.param_groups[0], None, 0
        fast = dict(channels_last=True, autocast=has_bfloat16("cpu"))
        handed_out = _HandedOut(batches, self)
        fit(
            self.net,
            handed_out,
            valid_iter,
            epochs=LOOKS,
            optimizer=optimizer,
            callbacks=[self],
            progress=False,
            **fast,
        )

    def __call__(self, history) -> None:
        """What `fit` tells every LOOK steps, before the look and after it."""
        run, now = self.record, time.perf_counter()
        step = history.step[-1]
        run.loss = list(zip(history.step, history.step_loss, strict=True))
        if step > self.before:
            run.pace.append((step, preset("laptop").batch_size * (step - self.before) / (now - self.clock)))
        for entries, values in ((run.train_acc, history.train_acc), (run.valid_acc, history.valid_acc)):
            entries += [(step, value) for value in values[len(entries) :]]
        if len(history.health) > len(run.health):
            run.health.append((step, " ".join(history.findings[:1])))
        self.before, self.clock = step, now
        self._show(step)

    def close(self, history) -> None:
        """What `fit` calls when the run is over."""
        if history.findings:
            self.record.health.append((self.record.last, history.findings[0]))

    def _watch(self) -> None:
        """Once a second, on the kernel's own thread: while a cell runs, neither this nor a sign of life comes."""
        self.missed += 1
        if self.missed > PATIENCE:
            self.end()
        elif self.running:
            asyncio.get_running_loop().call_later(1, self._watch)

    def _alive(self, _change) -> None:
        self.missed = 0

    def _labels(self) -> None:
        for name in ("Start", "Recorded run"):
            self.keys[name].disabled = self.running
        for name in ("Pause", "Stop"):
            self.keys[name].disabled = not self.running
        self.keys["Pause"].description = "Pause" if self.go_on.is_set() else "Go on"
        self.beat.playing = self.running

    # ---- the picture ------------------------------------------------------------------------------------------------

    @property
    def state(self):
        return super().state | {"record": self.record}

    def _show(self, step: int) -> None:
        with self.lock:
            control = self.controls["step"]
            if control.max != max(self.record.last, 1) or control.value != step:
                control.max = max(self.record.last, 1)
                control.value = step
            self.update()

    def update(self, _change=None):
        with self.lock:  # the run draws from its own thread
            if self.group:
                self.group["lr"] = self.controls["lr"].value
            super().update()

    @staticmethod
    def compute(state):
        run, step = state["record"], state["step"]
        known = {name: [e for e in getattr(run, name) if e[0] <= step] for name in _SHOWN}
        return {
            **known,
            "name": run.name,
            "step": step,
            "last": run.last,
            "finding": known["health"][-1][1] if known["health"] else None,
            "next": (state["lr"], state["batch_norm"], state["relu"]),
        }

    def setup(self, figure):
        left, middle, right = (figure.add_axes((x, 0.17, 0.235, 0.64)) for x in (0.065, 0.375, 0.685))
        left.set(xlabel="step", title="training loss (dotted: ln 10)")
        left.axhline(math.log(10), color=GREY, linestyle=":")
        middle.set(xlabel="step", title="accuracy", ylim=(0, 1))
        right.set(xlabel="step", title="images a second")
        style = dict(marker="o", markersize=3)
        (self.loss,) = left.plot([], [], color=BLUE, **style)
        (self.train_acc,) = middle.plot([], [], color=GREY, label="training", **style)
        (self.valid_acc,) = middle.plot([], [], color=ORANGE, label="other images", **style)
        (self.pace,) = right.plot([], [], color=GREY, **style)
        middle.legend(loc="lower right", fontsize=9)
        for axis in (left, middle, right):
            axis.grid(alpha=0.3)
            axis.title.set_fontsize(10)
        self.axes = left, middle, right
        lamp = figure.add_axes((0.935, 0.4, 0.06, 0.06 * self.size[0] / self.size[1]))
        lamp.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
        lamp.axis("off")
        self.lamp = lamp.add_patch(Circle((0, 0), 1, edgecolor="black"))
        self.lamp_text = figure.text(0.965, 0.36, "", ha="center", va="top", fontsize=9)
        self.head = figure.text(0.01, 0.97, "", va="top", fontsize=9.5)

    def draw(self, result):
        for name in ("loss", "train_acc", "valid_acc", "pace"):
            getattr(self, name).set_data([e[0] for e in result[name]], [e[1] for e in result[name]])
        for axis in self.axes:
            axis.set_xlim(0, max(1.02 * result["last"], 10 * LOOK))
        for axis, name, most in ((self.axes[0], "loss", WORST), (self.axes[2], "pace", math.inf)):
            values = [value for _, value in result[name] if math.isfinite(value)]
            axis.set_ylim(0, min(1.1 * max(values, default=1.0), most))
        finding = result["finding"]
        color, words = (
            (GREY, "not yet\nexamined") if finding is None else (ORANGE, "sick") if finding else (BLUE, "healthy")
        )
        self.lamp.set_facecolor(color)
        self.lamp_text.set_text(words)
        lr, batch_norm, relu = result["next"]
        self.head.set_text(
            f"{result['name']}    |    on the desk: learning rate {lr:g}, {'' if batch_norm else 'no '}batch norm"
            + (", ReLU on the logits" if relu else "")
        )
        said = [f"{result['name'][0].upper()}{result['name'][1:]}, step {result['step']} of {result['last']}"]
        for name, words in (("loss", "loss {:.2f}"), ("valid_acc", "accuracy {:.3f}"), ("pace", "{:,.0f} images/s")):
            said += [words.format(entries[-1][1]) for entries in [result[name]] if entries]
        return ", ".join(said) + f". Learning rate now: {lr:g}." + (f" {finding}" if finding else "")


_SHOWN = ("loss", "pace", "train_acc", "valid_acc", "health")


class _HandedOut:
    """LOOK batches at a time, over the whole set again and again, and none while the run is paused."""

    def __init__(self, batches, desk: TrainingDesk):
        self.stream, self.desk = itertools.chain.from_iterable(itertools.repeat(batches)), desk

    def __iter__(self):
        for batch in itertools.islice(self.stream, LOOK):
            if self.desk.clock is None or not self.desk.go_on.is_set():
                self.desk.go_on.wait()
                self.desk.clock, self.desk.before = time.perf_counter(), self.desk.record.last
            yield batch
