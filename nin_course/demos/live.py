"""A training run to watch: loss, accuracy and health, redrawn in place. Chapter 05."""

import base64
from threading import Event, Thread

from nin_course.history import History
from nin_course.language import say
from nin_course.plots import BLUE, GREY, ORANGE, png
from nin_course.train import fit

DPI = 100
SIZE = (8.0, 3.5)  # of the figure, in inches


class LivePicture:
    """What a run has done so far, as a callback for `fit`, or with a run of its own in the background.

    fit(net, train_iter, valid_iter, epochs=8, callbacks=[LivePicture()], progress=False)

    draws while the cell runs, and JupyterLab's stop square ends it.

    live = LivePicture().start(net, train_iter, valid_iter, epochs=8)

    gives the notebook back at once, and draws a Stop button as well; `live.wait()` returns the History when the run is
    over. (While a cell runs, a kernel does not hear buttons: that is why the first form has none.) In the end the last
    picture takes the widget's place, so a reopened notebook shows it without a kernel.
    """

    def __init__(self):
        import ipywidgets as widgets
        from matplotlib.figure import Figure

        self.stop, self.display, self.history, self.error, self.over = False, None, None, None, Event()
        self.figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
        left, right = self.figure.subplots(1, 2)
        left.set(xlabel="step", ylabel="training loss")
        right.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.005))
        (self.loss,) = left.plot([], [], color=BLUE, marker="o", markersize=3)
        (self.train_acc,) = right.plot([], [], color=GREY, marker="o", markersize=4, label="training")
        (self.valid_acc,) = right.plot([], [], color=ORANGE, marker="s", markersize=4, label="validation")
        right.legend(loc="lower right", fontsize=9)
        for axis in (left, right):
            axis.grid(alpha=0.3)
        self.button = widgets.Button(description="Stop", icon="stop", tooltip="End the run and keep what it has")
        self.button.layout.display = "none"
        self.button.on_click(self._stop)
        width = f"{SIZE[0] * DPI:.0f}px"
        self.image = widgets.Image(format="png", layout=widgets.Layout(width=width, max_width="100%"))
        self.view = widgets.VBox([self.button, self.image])

    def start(self, net, train_iter, valid_iter=None, **settings) -> "LivePicture":
        """Trains in the background, as `fit` would with these arguments, and shows the picture and a Stop button."""
        self.button.layout.display = None
        self._draw(History("its way", None))
        self._show()
        settings = {"progress": False, **settings, "callbacks": [*settings.get("callbacks", ()), self]}
        Thread(target=self._run, args=(net, train_iter, valid_iter), kwargs=settings, daemon=True).start()
        return self

    def wait(self) -> History:
        """The History of a started run, when it is over; Ctrl-C ends it. Raises what `fit` raised."""
        while not self.over.is_set():
            try:
                self.over.wait()
            except KeyboardInterrupt:
                self._stop()
        if self.error:
            raise self.error
        return self.history

    def __call__(self, history: History) -> None:
        """Draws the run so far; shows itself the first time."""
        self._draw(history)
        if self.display is None:
            self._show()

    def close(self, history: History) -> None:
        """The run is over: a picture and its line stand where the widget stood."""
        self.history = history
        self._draw(history)
        if self.display:
            picture = {"image/png": base64.b64encode(self.image.value).decode(), "text/plain": self.text(history)}
            self.display.update(picture, raw=True)

    @staticmethod
    def text(history: History) -> str:
        """The run and its health in one line."""
        health = history.findings or history.health[-1:]
        return say(" · ".join([str(history).removeprefix("History: "), *health[:1]]))

    def _run(self, *arguments, **settings) -> None:
        try:
            fit(*arguments, **settings)
        except Exception as error:
            self.error = error
            self.button.description = "Failed"
        finally:
            self.over.set()

    def _show(self) -> None:
        from IPython.display import display

        self.display = display(self.view, display_id=True)

    def _draw(self, history: History) -> None:
        self.loss.set_data(history.step, history.step_loss)
        for line, values in ((self.train_acc, history.train_acc), (self.valid_acc, history.valid_acc)):
            line.set_data(range(1, len(values) + 1), values)
        for axis in self.figure.axes:
            axis.relim()
            axis.autoscale_view()
        empty = not history.step  # auto: the next picture has scales of its own
        self.figure.axes[0].set_xlim(0, 50 if empty else None, auto=True)
        self.figure.axes[0].set_ylim(0, 2.5 if empty else None, auto=True)
        self.figure.axes[1].set_xticks(range(1, len(history.loss) + 1, 1 + len(history.loss) // 10))
        self.figure.suptitle(self.text(history).replace(" · ", "\n"), fontsize=9, x=0.01, ha="left", wrap=True)
        self.image.value = png(self.figure)

    def _stop(self, _button=None) -> None:
        self.stop = self.button.disabled = True
        self.button.description = "Stopping…"
