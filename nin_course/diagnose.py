"""Why does a network not learn? Dead class maps, silent units, gradients, weights that do not move. Chapter 06.

An `Examiner` watches one network through its training; `examine()` looks at it as it is now, on a fixed batch, and
`Health.findings()` says in words what is wrong, or nothing.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn

from nin_course.data import LABELS

BATCH = 128  # images in the fixed batch


@contextmanager
def evaluation_mode(net: nn.Module) -> Iterator[None]:
    """Inside, `net` is in evaluation mode (no dropout, batch norm's running averages); then it is as it was before."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@dataclass
class Health:
    """What an examination found. Blocks are the network's top-level children that have parameters."""

    classes: int
    loss: float  # the recent training loss, if it was given; else on the fixed batch, in evaluation mode
    dead: list[int]  # classes whose logit is zero for every image
    silent: dict[str, float]  # ReLU layer -> share of its channels that are zero everywhere, for every image
    gradient: dict[str, float]  # block -> norm of the loss's gradient with respect to its parameters
    moved: dict[str, float]  # block -> |weights now - weights at first| / |weights at first|
    images_tell_labels: bool  # False if average images of the classes do no better than chance
    steps: int
    names: Sequence[str] = field(default_factory=list)

    @property
    def finite(self) -> bool:
        return math.isfinite(self.loss) and all(map(math.isfinite, self.gradient.values()))

    @property
    def hopeless(self) -> bool:
        """No number of further steps would help."""
        return not self.finite or len(self.dead) == self.classes

    def line(self) -> str:
        """One line for a log."""
        silent = max(self.silent.values(), default=0.0)
        low, high = min(self.gradient.values(), default=0.0), max(self.gradient.values(), default=0.0)
        return (
            f"dead classes {len(self.dead)}, silent units {silent:.0%} at most, gradient norms {low:.1e} to {high:.1e}"
        )

    def findings(self) -> list[str]:
        """What is wrong, most fundamental first, in one sentence each; empty for a healthy network."""
        chance = math.log(self.classes)
        if not self.finite or self.loss > 10 * chance:
            return [
                f"It has exploded: the loss is {self.loss:.3g} where guessing costs {chance:.2f}. "
                "Lower the learning rate, or warm it up, and start again."
            ]
        if len(self.dead) == self.classes:
            return [
                f"All {self.classes} class maps are zero for all images: the loss is ln {self.classes} = {chance:.4f}, "
                "no gradient flows, and it cannot learn any more. Take the ReLU off the logits and start again."
            ]
        said = [
            f"This network cannot say {self.names[k]}: the class's map is zero for every image, and a ReLU hands no "
            "gradient back. Take the ReLU off the logits."
            for k in self.dead
        ]
        still = [name for name, moved in self.moved.items() if moved == 0]
        if self.steps and still and len(still) < len(self.moved):
            said.append(
                f"Frozen: the weights of block {', '.join(still)} have not moved in {self.steps} steps. Look at "
                "requires_grad and at what the optimizer was given."
            )
        if not self.images_tell_labels:
            said.append("The labels do not go with the images: average images of the classes do no better than chance.")
        elif self.steps >= 50 and self.loss > 0.9 * chance and not said:
            most = max(self.moved.values())
            if most < 0.02:
                said.append(
                    f"The learning rate is far too small: after {self.steps} steps no block's weights have moved by "
                    f"more than {most:.1%}."
                )
            else:
                said.append(
                    f"It has not begun to learn: after {self.steps} steps the loss is {self.loss:.2f}, guessing costs "
                    f"{chance:.2f}. Try batch norm, another initialisation or another learning rate."
                )
        return said


class Examiner:
    """Remembers a network's first weights and a fixed batch of images, and examines it when asked.

    names: what the classes are called; Fashion-MNIST's names where there are ten, else their numbers.
    """

    def __init__(self, net: nn.Module, names: Sequence[str] | None = None):
        self.net, self.names = net, names
        self.first = {name: weights.clone() for name, weights in self._weights().items()}
        self.X, self.y = [], []

    def see(self, X: torch.Tensor, y: torch.Tensor) -> None:
        """Keeps the first BATCH images that it is shown: X (N, C, H, W), y (N,)."""
        room = BATCH - sum(map(len, self.y))
        if room > 0:
            self.X.append(X[:room])
            self.y.append(y[:room])

    def state_dict(self) -> dict:
        """What a checkpoint keeps: the first weights and the fixed batch."""
        return {"first": self.first, "X": self.X, "y": self.y}

    def load_state_dict(self, state: dict) -> None:
        """Takes back what `state_dict` gave."""
        vars(self).update(state)

    def examine(self, steps: int = 0, training_loss: float | None = None) -> Health:
        """The network's Health after so many steps. Neither weights, gradients nor modes are changed.

        Give the recent `training_loss` where there is one: with batch norm the loss in evaluation mode lags behind.
        """
        device = next(self.net.parameters()).device
        X, y = torch.cat(self.X).to(device), torch.cat(self.y).to(device)
        silent: dict[str, float] = {}
        relus = [(name, module) for name, module in self.net.named_modules() if isinstance(module, nn.ReLU)]
        hooks = [module.register_forward_hook(_note_silent(name, silent)) for name, module in relus]
        try:
            with evaluation_mode(self.net), torch.enable_grad():
                logits = self.net(X)
                loss = nn.functional.cross_entropy(logits, y)
                gradient = self._gradient(loss)
        finally:
            for hook in hooks:
                hook.remove()
        classes = logits.shape[1]
        names = self.names or (LABELS if classes == len(LABELS) else [f"class {k}" for k in range(classes)])
        now, was = self._weights(), {name: w.to(device) for name, w in self.first.items()}
        return Health(
            classes=classes,
            loss=loss.item() if training_loss is None else training_loss,
            dead=(logits == 0).all(dim=0).nonzero().flatten().tolist(),
            silent=silent,
            gradient=gradient,
            moved={k: ((now[k] - w).norm() / w.norm().clamp_min(1e-12)).item() for k, w in was.items()},
            images_tell_labels=_images_tell_labels(X, y, classes),
            steps=steps,
            names=names,
        )

    def _blocks(self) -> dict[str, list[nn.Parameter]]:
        blocks = {name: list(child.parameters()) for name, child in self.net.named_children()}
        return {name: parameters for name, parameters in blocks.items() if parameters}

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: torch.cat([p.detach().flatten() for p in ps]) for name, ps in self._blocks().items()}

    def _gradient(self, loss: torch.Tensor) -> dict[str, float]:
        norms = {}
        for name, parameters in self._blocks().items():
            learning = [p for p in parameters if p.requires_grad]
            found = torch.autograd.grad(loss, learning, retain_graph=True, allow_unused=True) if learning else []
            norms[name] = float(sum(g.square().sum() for g in found if g is not None)) ** 0.5
        return norms


def _note_silent(name: str, silent: dict[str, float]):
    def hook(_module, _inputs, output):
        silent[name] = (output.transpose(0, 1).flatten(1) == 0).all(dim=1).float().mean().item()

    return hook


def _images_tell_labels(X: torch.Tensor, y: torch.Tensor, classes: int) -> bool:
    """Does the nearest average image of the first half's classes beat chance clearly on the second half?"""
    X, half = X.flatten(1).float(), len(X) // 2
    present = [k for k in range(classes) if (y[:half] == k).any()]
    if len(X) < BATCH or len(present) < 2:
        return True  # too few images to tell
    means = torch.stack([X[:half][y[:half] == k].mean(dim=0) for k in present])
    guesses = torch.tensor(present, device=y.device)[torch.cdist(X[half:], means).argmin(dim=1)]
    right = (guesses == y[half:]).float().mean().item()
    return right > 1 / classes + 0.2  # in 1,000 draws: at least 0.41 with true labels, at most 0.22 with shuffled ones
