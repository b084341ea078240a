"""The live picture, without a browser: it draws as `fit` goes on, and what it started can be stopped and waited for."""

import pytest
import torch
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
    live, data = LivePicture(), blobs(n=120, batch_size=1)
    live.start(small_net(), data, data, epochs=10_000, device="cpu")
    assert live.button.layout.display is None
    while live.valid_acc.get_xdata() is None or len(live.valid_acc.get_xdata()) < 2:
        assert not live.over.wait(0.05)
    live.button.click()
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
