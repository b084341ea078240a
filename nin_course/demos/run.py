"""The run at the training desk of chapter 05: a network that trains in a thread of its own, and obeys."""

import itertools
import time
import traceback
from collections.abc import Callable
from threading import Event, Thread

import torch
from torch import nn

from nin_course.demos.record import Record
from nin_course.device import find_device
from nin_course.models import nin_small
from nin_course.norm import add_batch_norm
from nin_course.recipe import load, preset
from nin_course.speed import has_bfloat16
from nin_course.train import fit

LOOK = 50  # steps between two looks at accuracy and health; `fit` takes so many for an epoch
LOOKS = 100  # after which a run that nobody stops ends


class Run:
    """`nin_small`, trained on the sample with Adam, from `start` to `end`, or to its LOOKS, or until it is beyond hope.

    What it learns stays in `net`, what was seen in `record`. `lr` may be set at any time. `changed()` is called, from
    the run's own thread, whenever the record has grown, and when the run is over.
    """

    def __init__(self, lr: float, batch_norm: bool, relu: bool, changed: Callable[[], None]):
        words = f"{'with' if batch_norm else 'without'} batch norm{', ReLU on logits' if relu else ''}"
        self.record, self.lr, self.changed = Record(f"your run, {words}"), lr, changed
        self.batch_norm, self.relu = batch_norm, relu
        self.net, self.stop, self.go_on, self.over = None, False, Event(), Event()
        self.clock, self.before = None, 0  # when the steps since the last look began, and after which
        self.go_on.set()

    def start(self) -> None:
        """Trains in the background."""
        Thread(target=self._run, daemon=True).start()

    @property
    def paused(self) -> bool:
        return not self.go_on.is_set()

    def pause(self) -> None:
        """Holds the run before its next step, or lets it go on."""
        (self.go_on.set if self.paused else self.go_on.clear)()

    def end(self) -> None:
        """Ends the run after its next step, also if it is paused."""
        self.stop = True
        self.go_on.set()

    def _run(self) -> None:
        try:
            self._train()
        except Exception as error:
            self.record.name += f", broke off: {type(error).__name__}"
            traceback.print_exc()
        finally:
            self.over.set()
            self.changed()

    def _train(self) -> None:
        torch.manual_seed(time.time_ns() % 2**31)
        self.net = nin_small()
        if self.relu:
            self.net[4].append(nn.ReLU())
        if self.batch_norm:
            self.net = add_batch_norm(self.net)
        device = find_device()
        batches, valid_iter = load(preset("laptop"), device, held_out=50)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        handed_out = _HandedOut(batches, self, optimizer.param_groups[0])
        fast = dict(channels_last=True, autocast=has_bfloat16(device))
        watched = dict(callbacks=[self], progress=False)
        fit(self.net, handed_out, valid_iter, epochs=LOOKS, optimizer=optimizer, **watched, **fast)

    def __call__(self, history) -> None:
        """What `fit` tells every LOOK steps, before the look and after it."""
        record, now, step = self.record, time.perf_counter(), history.step[-1]
        record.loss = list(zip(history.step, history.step_loss, strict=True))
        if step > self.before:
            record.pace.append((step, preset("laptop").batch_size * (step - self.before) / (now - self.clock)))
        for entries, values in ((record.train_acc, history.train_acc), (record.valid_acc, history.valid_acc)):
            entries += [(step, value) for value in values[len(entries) :]]
        if len(history.health) > len(record.health):
            record.health.append((step, " ".join(history.findings[:1])))
        self.before, self.clock = step, now
        self.changed()

    def close(self, history) -> None:
        """What `fit` calls when the run is over."""
        if history.findings:
            self.record.health.append((self.record.last, history.findings[0]))


class _HandedOut:
    """LOOK batches at a time, over the whole set again and again, at the run's rate, and none while it is paused."""

    def __init__(self, batches, run: Run, group: dict):
        self.stream, self.run, self.group = itertools.chain.from_iterable(itertools.repeat(batches)), run, group

    def __iter__(self):
        for batch in itertools.islice(self.stream, LOOK):
            if self.run.clock is None or self.run.paused:
                self.run.go_on.wait()
                self.run.clock, self.run.before = time.perf_counter(), self.run.record.last
            self.group["lr"] = self.run.lr
            yield batch
