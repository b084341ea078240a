"""Chapter 05: a training run with its hand on the lever, or a recorded one as a time-lapse."""

import asyncio
from contextlib import suppress
from threading import RLock

import ipywidgets as widgets

from nin_course.demos._base import Demo, choice, slider
from nin_course.demos.record import recorded
from nin_course.demos.run import Run
from nin_course.demos.run_picture import RunPicture

PATIENCE = 20  # seconds without a sign of life from the page, after which it is taken for closed
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0)


class TrainingDesk(Demo):
    """compute: a run's record and a step -> what was known of it by then.

    Start trains `nin_small` on the sample in the background. The learning rate may be moved while it runs. The run ends
    at Stop, after `run.LOOKS`, when its network is beyond hope, or when the page that shows it is closed.
    """

    title = "Training desk"
    chapter = "05"
    try_this = "Play the recorded run. Then start your own, and move its learning rate while it runs."
    ask = (
        "The learning rate goes from 0.003 to 1 in the middle of a run. What will the curve do, and will it come back?"
    )
    set = (
        "Play; then Start, after a minute rate 1, then back. Start again: no batch norm, ReLU on the logits, rate 0.1."
    )
    see = (
        "A jump, and with batch norm it comes back. Without, and with the ReLU, the lamp turns orange and the run ends."
    )
    size = (8.4, 3.5)

    def __init__(self):
        self.record, self.run, self.lock, self.missed = recorded(), None, RLock(), 0
        rate = choice("learning rate", [(f"{r:g}", r) for r in RATES], 3e-3)
        super().__init__(
            {
                "step": slider("step", self.record.last, 0, self.record.last),
                "lr": rate,
                "batch_norm": widgets.Checkbox(True, description="batch norm, from Start on", indent=False),
                "relu": widgets.Checkbox(False, description="ReLU on the logits, from Start on", indent=False),
            }
        )

    def desk(self):
        c = self.controls
        self.keys = {
            name: widgets.Button(description=name, layout={"width": "auto"})
            for name in ("Start", "Pause", "Stop", "Recorded run")
        }
        for key, answer in zip(self.keys.values(), (self.start, self.pause, self.end, self.recorded), strict=True):
            key.on_click(lambda _, answer=answer: answer())
        self.keys["Pause"].disabled = self.keys["Stop"].disabled = True
        play = widgets.Play(min=0, max=self.record.last, step=8, value=self.record.last, interval=60, show_repeat=False)
        step = c["step"]
        self.links = [widgets.jslink((play, "value"), (step, "value")), widgets.jslink((step, "max"), (play, "max"))]
        # A sign of life: during a run this one plays in the browser, unseen, for as long as the page is open.
        self.beat = widgets.Play(min=0, max=10**6, interval=1000, repeat=True, layout={"display": "none"})
        self.beat.observe(self._alive, names="value")
        keys = widgets.HBox([*self.keys.values()])
        return [play, c["step"], c["lr"], keys, c["batch_norm"], c["relu"], self.beat]

    # ---- what the keys do -------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.run is not None and not self.run.over.is_set()

    def start(self) -> None:
        """A new network, and a run of its own in the background."""
        if self.running:
            return
        c = self.controls
        self.run = Run(c["lr"].value, c["batch_norm"].value, c["relu"].value, self._changed)
        self.record, self.missed = self.run.record, 0
        self._changed()
        self.run.start()
        with suppress(RuntimeError):  # without a notebook there is no page to watch
            asyncio.get_running_loop().call_later(1, self._watch)

    def pause(self) -> None:
        """Holds the run before its next step, or lets it go on."""
        if self.running:
            self.run.pause()
            self._labels()

    def end(self) -> None:
        """Ends the run; what it has learned stays in `run.net`, what was seen in `record`."""
        if self.run:
            self.run.end()

    def recorded(self) -> None:
        """Shows the recorded run again."""
        if not self.running:
            self.record = recorded()
            self._show(self.record.last)

    def close(self) -> None:
        self.end()
        super().close()

    # ---- what it hears from the run, and from the page ---------------------------------------------------------------

    def _changed(self) -> None:
        """What the run calls, from its own thread."""
        self._labels()
        self._show(self.record.last)

    def _watch(self) -> None:
        """Once a second, on the kernel's own thread: while a cell runs, neither this nor a sign of life comes."""
        self.missed += 1
        if self.missed > PATIENCE:
            self.end()
        elif self.running:
            asyncio.get_running_loop().call_later(1, self._watch)

    def _alive(self, _change) -> None:
        self.missed = 0

    # ---- what is seen -----------------------------------------------------------------------------------------------

    @property
    def state(self):
        return super().state | {"record": self.record}

    def _labels(self) -> None:
        with self.lock:
            for name in ("Start", "Recorded run"):
                self.keys[name].disabled = self.running
            for name in ("Pause", "Stop"):
                self.keys[name].disabled = not self.running
            self.keys["Pause"].description = "Go on" if self.run.paused else "Pause"
            self.beat.playing = self.running

    def _show(self, step: int) -> None:
        with self.lock:
            control = self.controls["step"]
            if control.max != max(self.record.last, 1) or control.value != step:
                control.max = max(self.record.last, 1)
                control.value = step
            self.update()

    def update(self, _change=None):
        with self.lock:  # the run draws from its own thread
            if self.run:
                self.run.lr = self.controls["lr"].value
            super().update()

    @staticmethod
    def compute(state):
        return state["record"].by(state["step"]) | {"next": (state["lr"], state["batch_norm"], state["relu"])}

    def setup(self, figure):
        self.drawn = RunPicture(figure)

    def draw(self, result):
        return self.drawn.draw(result)
