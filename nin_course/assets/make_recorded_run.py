"""Makes the recorded run, a training to look into at ever later steps: `python -m nin_course.assets.make_recorded_run`.

The laptop preset on the embedded sample; a snapshot before the first step, and then whenever the number of steps has
about trebled. In early steps batch norm's running averages have hardly begun to follow, so each snapshot's averages are
taken anew, over the training images, before they are folded.
"""

import json
from pathlib import Path

import torch
from torch.optim.swa_utils import update_bn

from nin_course.budget import notes_epochs
from nin_course.files import sample_hashes
from nin_course.models import nin_small
from nin_course.norm import fold_batch_norm
from nin_course.recipe import load, prepare, preset
from nin_course.runs import made_on, measure, save_weights, write_history, write_json
from nin_course.train import fit
from nin_course.weights import ASSETS

STEPS = (0, 3, 10, 30, 100, 300, 600)  # and the last


class Recorder:
    """Training batches that keep the network as it is before a batch whose number is in `steps`, and at the end."""

    def __init__(self, batches, net, steps):
        self.batches, self.net, self.steps, self.step, self.kept = batches, net, steps, 0, {}

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        for batch in self.batches:
            if self.step in self.steps:
                self.keep()
            yield batch
            self.step += 1

    def keep(self) -> None:
        self.kept[self.step] = {name: value.detach().clone() for name, value in self.net.state_dict().items()}


def snapshot(net, state: dict, plain_images) -> torch.nn.Module:
    """The plain network with this state, averages taken anew and folded, as float16 would store it."""
    net.load_state_dict(state)
    update_bn((X for X, _ in plain_images), net)
    plain = nin_small()
    plain.load_state_dict({k: v.half().float() for k, v in fold_batch_norm(net).state_dict().items()})
    return plain


def main(folder: Path = ASSETS / "recorded_run", seed: int = 0) -> None:
    recipe = preset("laptop")
    train_iter, test_iter = load(recipe)
    plain_images, _ = load(preset("laptop", flip=False, shift=0))
    net, train_iter, settings = prepare(recipe, train_iter, seed=seed, device="cpu")
    recorder = Recorder(train_iter, net, STEPS)
    history = fit(net, recorder, **settings)
    recorder.keep()
    snapshots = []
    for step, state in recorder.kept.items():
        plain = snapshot(net, state, plain_images)
        name = f"step_{step:05d}.pt"
        measured = measure(plain, test_iter, "test images")
        record = {key: measured[key] for key in ("accuracy", "per_class", "never_said")}
        snapshots.append({"step": step, "file": name, "sha256": save_weights(plain.half(), folder / name), **record})
    shape, images = (1, 1, recipe.size, recipe.size), recipe.epochs * len(train_iter.dataset)
    write_history(history, folder / "history.jsonl", {"recipe": vars(recipe), "seed": seed})
    write_json(
        folder / "card.json",
        {
            "what": "nin_small at ever later steps of one training run, batch norm folded, weights as float16",
            "command": "python -m nin_course.assets.make_recorded_run",
            "measured_on": measured["measured_on"],
            "batch_norm": "averages taken anew over the 10,000 training images, unaugmented, before folding",
            "recipe": vars(recipe),
            "seed": seed,
            "notes_epochs": round(notes_epochs(nin_small(), shape, images), 4),
            "made_on": made_on(settings["device"], settings["autocast"]),
            "data_sha256": sample_hashes(),
            "snapshots": snapshots,
        },
    )
    print(json.dumps([(s["step"], s["accuracy"]) for s in snapshots]))


if __name__ == "__main__":
    main()
