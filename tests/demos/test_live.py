"""The live picture, without a browser: it draws as `fit` goes on, and what it started can be stopped and waited for."""

import base64
from threading import Event
from threading import enumerate as threads

import pytest
import torch
from seeing import BLUE, GREY, ORANGE, color
from test_train import blobs, small_net

import nin_course as d2l
from nin_course.demos import LivePicture
from nin_course.history import History


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, and what was put in its place later."""
    shown = []

    class Handle:
        def update(self, content, raw):
            shown.append(content)

    monkeypatch.setattr("IPython.display.display", lambda view, display_id: shown.append(view) or Handle())
    return shown


def test_it_is_one_widget_redrawn_in_place_and_a_picture_in_the_end(shown):
    live, pictures = LivePicture(), set()
    settings = dict(epochs=2, device="cpu", progress=False)
    data = blobs(n=120, batch_size=1)
    history = d2l.fit(
        small_net(), data, data, callbacks=[live, lambda _: pictures.add(bytes(live.image.value))], **settings
    )
    assert len(pictures) == len(history.step)  # every 50 steps, and after each epoch
    assert list(live.loss.get_xdata()) == history.step
    assert list(live.valid_acc.get_ydata()) == history.valid_acc
    widget, picture = shown
    assert widget is live.view
    assert set(picture) == {"image/png", "text/plain"}
    assert "2 epochs on cpu" in picture["text/plain"]
    assert "dead classes 0" in picture["text/plain"]
    assert live.button.layout.display == "none"  # nobody could press it: the kernel is busy


def test_a_run_in_the_background_can_be_stopped_and_keeps_what_it_has(shown):
    live, data, before = LivePicture(), blobs(n=120, batch_size=1), set(threads())
    live.start(small_net(), data, data, epochs=10_000, device="cpu")
    assert [thread.daemon for thread in {*threads()} - before] == [True]  # no kernel waits for it
    assert live.button.layout.display is None
    while live.valid_acc.get_xdata() is None or len(live.valid_acc.get_xdata()) < 2:
        assert not live.over.wait(0.05)
    live.button.click()
    assert live.over.wait(60)
    history = live.wait()
    assert history.stopped
    assert 2 <= len(history.loss) == len(history.valid_acc) < 10_000
    assert "(stopped)" in shown[-1]["text/plain"]


@pytest.mark.parametrize("losses", [[2.3, 0.4], [0.2, 40.0]])
def test_the_whole_curve_is_in_the_picture_whatever_was_drawn_before(losses):
    """A run in the background is drawn for the first time when it has no loss yet."""
    live, history = LivePicture(), History("it", None)
    live._draw(history)
    for i in range(len(losses)):
        history.step, history.step_loss = [50, 100][: i + 1], losses[: i + 1]
        live._draw(history)
    axis = live.figure.axes[0]
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert left == bottom == 0
    assert 100 < right < 120
    assert max(losses) < top < 1.2 * max(losses)


def test_what_fit_raises_is_raised_by_wait(shown):
    live = LivePicture().start(torch.nn.Conv2d(1, 1, 9), blobs(), epochs=1, device="cpu")
    with pytest.raises(ValueError, match="too small for this network"):
        live.wait()
    assert live.button.description == "Failed"


def history(epochs, **more):
    """A run of so many epochs of 100 steps, its losses and accuracies read off easily."""
    steps = [50 * (i + 1) for i in range(2 * epochs)]
    run = History("cpu", None, step=steps, step_loss=[2 - step / 1000 for step in steps], **more)
    for i in range(epochs):
        run.add_epoch(2.0 - i / 10, 0.5 + i / 100, 0.4 + i / 100, 1.0, 100.0)
    return run


TICKS = {1: [1], 9: [*range(1, 10)], 10: [1, 3, 5, 7, 9], 25: [*range(1, 26, 3)]}


@pytest.mark.parametrize(("epochs", "ticks"), TICKS.items())
def test_the_picture_shows_the_losses_by_step_and_both_accuracies_by_epoch(epochs, ticks):
    live, run = LivePicture(), history(epochs, health=["first line", "last line"])
    live._draw(run)
    losses, accuracies = live.figure.axes
    ((curve,), lines) = losses.lines, {line.get_label(): line for line in accuracies.lines}
    assert losses.get_position().x1 < accuracies.get_position().x0  # side by side
    assert (losses.get_xlabel(), losses.get_ylabel()) == ("step", "training loss")
    assert (accuracies.get_xlabel(), accuracies.get_ylabel()) == ("epoch", "accuracy")
    assert (list(curve.get_xdata()), list(curve.get_ydata())) == (run.step, run.step_loss)
    drawn = {"training": (run.train_acc, GREY), "validation": (run.valid_acc, ORANGE)}
    for name, (values, colour) in drawn.items():
        assert list(lines[name].get_xdata()) == [*range(1, epochs + 1)]
        assert (list(lines[name].get_ydata()), color(lines[name])) == (values, colour)
    assert color(curve) == BLUE
    assert {text.get_text() for text in accuracies.get_legend().get_texts()} == set(drawn)
    assert accuracies.get_xticks().tolist() == ticks
    assert accuracies.get_ylim() == (0, 1.005)
    assert accuracies.get_xlim()[0] < 1 <= epochs < accuracies.get_xlim()[1]
    assert all(line.get_markersize() and line.get_marker() not in ("", "None") for line in (curve, *lines.values()))
    words = live.figure.get_suptitle()
    assert words.splitlines() == [str(run).removeprefix("History: "), "last line"]
    assert bytes(live.image.value).startswith(b"\x89PNG")
    before = bytes(live.image.value)
    live._draw(history(epochs + 1))
    assert bytes(live.image.value) != before


def test_before_the_first_loss_the_axes_are_empty_and_have_a_scale():
    live = LivePicture()
    live._draw(History("its way", None))
    (losses, accuracies) = live.figure.axes
    assert (losses.get_xlim(), losses.get_ylim()) == ((0, 50), (0, 2.5))
    assert not any(len(line.get_xdata()) for axis in (losses, accuracies) for line in axis.lines)
    assert live.figure.get_suptitle() == "no whole epoch, 0 steps on its way"


def test_one_line_tells_the_run_and_what_is_wrong_before_how_healthy_it_is():
    run = history(1)
    told = "1 epoch on cpu, last: loss 2.0000, train acc 0.500, valid acc 0.400"
    assert LivePicture.text(run) == told
    run.health = ["healthy", "still healthy"]
    assert LivePicture.text(run) == f"{told} · still healthy"
    run.findings = ["It is sick.", "Very."]
    assert LivePicture.text(run) == f"{told} · It is sick."


def test_the_button_says_that_it_was_heard(shown):
    live = LivePicture()
    assert (live.button.description, live.button.disabled, live.stop) == ("Stop", False, False)
    live.button.click()
    assert (live.button.description, live.button.disabled, live.stop) == ("Stopping…", True, True)
    assert [*live.view.children] == [live.button, live.image]
    assert (live.image.format, live.image.layout.width, live.image.layout.max_width) == ("png", "800px", "100%")
    assert live.figure.bbox.size.tolist() == [800, 350]


def test_ctrl_c_while_waiting_ends_the_run(shown):
    class Interrupted(Event):
        """Hears Ctrl-C once, as soon as someone waits."""

        heard = False

        def wait(self, timeout=None):
            if not self.heard:
                self.heard = True
                raise KeyboardInterrupt
            return super().wait(60)

    live, data, told = LivePicture(), blobs(n=120, batch_size=1), []
    live.over = Interrupted()
    live.start(small_net(), data, data, epochs=300, device="cpu", callbacks=[lambda run: told.append(len(run.step))])
    while not told:  # its own callbacks are heard as well
        assert not live.over.is_set()
    assert live.wait().stopped


def test_a_run_in_the_cell_is_shown_once_and_closed_with_its_last_picture(shown):
    live, run = LivePicture(), history(2)
    live(run)
    live(run)
    assert shown == [live.view]
    live.close(run)
    assert live.history is run
    assert shown[1]["text/plain"] == LivePicture.text(run)
    assert base64.b64decode(shown[1]["image/png"]) == bytes(live.image.value)
    unseen = LivePicture()
    unseen.close(run)  # of a run that ended before its first picture
    assert len(shown) == 2
