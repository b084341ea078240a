"""The four exercises of chapter 06: silent classes in a matrix, five faults, a repair, and the bias of a dead map."""

import math

import torch
from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d, nin_block
from nin_course.checks._ladder import Wrong, as_tensor, exercise, run, same
from nin_course.checks._patients import Case, five_cases
from nin_course.data import LABELS, load_data_fashion_mnist
from nin_course.diagnose import BATCH, Examiner
from nin_course.train import evaluate_accuracy, train_epoch

MATRICES = {  # two small ones, made up, and a class that is said, but never rightly
    "a matrix of three classes": [[4, 6, 0], [1, 9, 0], [3, 7, 0]],
    "a matrix of four classes": [[0, 5, 5, 0], [0, 8, 2, 0], [0, 10, 0, 0], [0, 1, 9, 0]],
}


@exercise(
    "A row is what the image is, a column what the network says. Which of them is empty if a word is missing?",
    "`torch.as_tensor(confusion).sum(dim=0)` counts how often each class is said.",
    "For the others: their share of the diagonal, divided by how many images they are, `confusion.sum(dim=1)`.",
)
def never_said(answer) -> str:
    """never_said(confusion) -> (the classes never said, the accuracy on the images of all other classes)."""
    for on, matrix in MATRICES.items():
        confusion = torch.tensor(matrix)
        result = run(answer, confusion, name="never_said", on=on)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise Wrong("Two things are wanted, (classes never said, accuracy on the others).")
        classes = sorted(int(k) for k in as_tensor(list(result[0]), name="never_said").flatten())
        want = (confusion.sum(dim=0) == 0).nonzero().flatten().tolist()
        if classes != want:
            raise Wrong(f"On {matrix} you say that {classes} are never said. {_which_classes(classes, confusion)}")
        accuracy = as_tensor(result[1], name="never_said")
        if accuracy.numel() != 1:
            raise Wrong(f"The accuracy should be one number; you returned {accuracy.numel()}.")
        others = [k for k in range(len(matrix)) if k not in want]
        share = confusion[others, others].sum() / confusion[others].sum()
        if not same(accuracy.flatten(), share[None], 1e-3):
            raise Wrong(f"The classes are right. The accuracy: {_which_accuracy(float(accuracy), confusion, others)}")
    return "Right. Run it on every network that you train: two numbers that no accuracy shows."


def _which_classes(said, confusion) -> str:
    if said == (confusion.sum(dim=1) == 0).nonzero().flatten().tolist():
        return "You added up rows: those are the images that there are. What is *said* is in the columns."
    if said == (confusion.diag() == 0).nonzero().flatten().tolist():
        return "One of them is said, though never rightly: look at the whole column, not at the diagonal alone."
    if said == (confusion.sum(dim=0) > 0).nonzero().flatten().tolist():
        return "Those are the ones that *are* said."
    return "Add up each column by hand: which sums are zero?"


def _which_accuracy(said, confusion, others) -> str:
    right = confusion[others, others].sum()
    if math.isclose(said, right / confusion.sum(), abs_tol=1e-3):
        return "that is the one on all images. Leave out the *rows* of the classes that are never said, too."
    if math.isclose(said, 100 * right / confusion[others].sum(), abs_tol=0.1):
        return "as a share, please, 0 to 1, not in per cent."
    return f"{said:.3g} is not it. On how many images of the other classes is it right, and how many are there?"


FAULTS = {
    "A": "it has exploded",
    "B": "all classes are dead",
    "C": "one class is dead",
    "D": "the learning rate is far too small",
    "E": "the labels do not go with the images",
    "F": "a block is frozen",
    "G": "nothing: it is healthy",
}


def _contradiction(letter: str, case: Case) -> str:
    health, moved = case.health, case.health.moved
    falls = f"the loss goes from {case.losses[0]:.2f} to {health.loss:.2f}"
    return {
        "A": f"An exploded loss is enormous, or no number: here {falls}.",
        "B": f"The line counts {len(health.dead)} dead classes, not {health.classes}.",
        "C": f"The line counts {len(health.dead)} dead classes, not one.",
        "D": f"The weights of a block have moved by up to {max(moved.values()):.1%}: that is no small step.",
        "E": f"With wrong labels a network tries hard and gets nowhere. Here {falls}, and the weights moved by "
        f"{min(moved.values()):.1%} to {max(moved.values()):.1%}.",
        "F": f"A frozen block has moved by 0.0%, while others move: here {min(moved.values()):.1%} to "
        f"{max(moved.values()):.1%}.",
        "G": f"A healthy loss falls, and all blocks move: here {falls}, and the weights moved by "
        f"{min(moved.values()):.1%} to {max(moved.values()):.1%}.",
    }[letter]


@exercise(
    "Begin with the loss: which is enormous, which lies still at ln 10, which falls?",
    "Three lie at ln 10. In one of them classes are dead. In the other two compare how far the weights have moved.",
    "Weights that move far and a loss that does not: they learn something that is not in the images.",
)
def name_the_faults(answer) -> str:
    """Five letters, a string or a list, for the five cases in their order."""
    if not isinstance(answer, str | list | tuple) or not all(isinstance(letter, str) for letter in answer):
        raise Wrong('Answer with five letters, like "ABCDE" (or a list of them), case 1 first.')
    letters = [letter.upper() for letter in "".join(answer) if letter.isalpha()]
    if len(letters) != 5:
        raise Wrong(f"Five letters are wanted, one a case; these are {len(letters)}.")
    if unknown := [letter for letter in letters if letter not in FAULTS]:
        raise Wrong(f"{unknown[0]} is none of the letters A to G.")
    for number, (letter, case) in enumerate(zip(letters, five_cases(), strict=True), 1):
        if letter != case.fault:
            raise Wrong(f"Case {number} is not {letter} ({FAULTS[letter]}). {_contradiction(letter, case)}")
    return "Right, all five; and for four of them one line of health was worth more than the loss."


SEEDS, ENOUGH = (0, 1, 2), 0.6


def broken() -> tuple[nn.Module, float]:
    """The network of the third exercise, for images (N, 1, 28, 28), and its learning rate."""
    net = nn.Sequential(
        nin_block(1, 16, kernel_size=5, stride=2, padding=2),
        nin_block(16, 32, kernel_size=3, stride=2, padding=1),
        nin_block(32, 10, kernel_size=3, stride=1, padding=1),
        GlobalAvgPool2d(),
        FlattenLayer(),
    )
    return net, 0.002


@exercise(
    "Which of the six recipes helped most? One of the repairs is a single call.",
    "No single one of the others is enough here; some pairs are.",
    "`d2l.add_batch_norm(net)` returns a *new* network.",
)
def repaired(answer) -> str:
    """repaired() -> (network for (N, 1, 28, 28), learning rate for Adam); it has to learn with three seeds."""
    train_iter, test_iter = load_data_fashion_mnist(64, sample=True)
    X, y = train_iter.dataset[range(BATCH)]
    for seed in SEEDS:
        torch.manual_seed(seed)
        result = run(answer, name="repaired", on="no arguments")
        if not isinstance(result, tuple | list) or len(result) != 2 or not isinstance(result[0], nn.Module):
            raise Wrong("repaired() should return two things: the network and the learning rate.")
        net, lr = result
        if not isinstance(lr, float | int) or isinstance(lr, bool) or not lr > 0:
            raise Wrong(f"The learning rate should be a number above zero; it is {lr!r}.")
        _takes_the_images(net, X)
        torch.manual_seed(seed)
        examiner = Examiner(net)
        examiner.see(X, y)
        loss, _ = train_epoch(net, train_iter, torch.optim.Adam(net.parameters(), lr=lr), "cpu")
        reached = evaluate_accuracy(test_iter, net)
        health = examiner.examine(len(train_iter), loss)
        if health.dead:
            dead = ", ".join(LABELS[k] for k in health.dead)
            raise Wrong(f"With seed {seed} it ends with dead classes: {dead}. A ReLU on the logits may do that.")
        if reached < ENOUGH:
            also = " ".join(health.findings())
            raise Wrong(
                f"With seed {seed} it gets {reached:.0%} right; {ENOUGH:.0%} are wanted, with each of three seeds. "
                f"{also or 'It learns, but slowly: does the image get through, past the narrow layers?'}"
            )
    return f"It learns, with each of {len(SEEDS)} seeds, and all ten classes are alive. Is there a smaller repair?"


def _takes_the_images(net: nn.Module, X: torch.Tensor) -> None:
    try:
        with torch.no_grad():
            shape = tuple(net(X[:2]).shape)
    except RuntimeError as error:
        raise Wrong(f"The network does not take images of shape (2, 1, 28, 28): {error}") from error
    if shape != (2, len(LABELS)):
        raise Wrong(f"It turns two images into {shape}; ten logits each are wanted, (2, 10).")


WHY = {
    "A": "it is small but not zero, so it needs patience or a larger learning rate",
    "B": "it is exactly zero, and only layers before this one can bring the map back, if they move",
    "C": "it is zero in evaluation mode only",
    "D": "it is below zero, so every step makes the bias smaller still",
}


def _by_autograd(z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    bias = torch.zeros((), dtype=z.dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad((z + bias).relu(), bias, grad_outputs=g)
    return gradient


@exercise(
    "The bias is added in every cell of every image: its gradient is a sum over all of them.",
    "A cell counts in that sum only if the ReLU lets its gradient through: where is that?",
    "`(g * (z > 0)).sum()`. And if no z is above zero, what is the sum?",
)
def bias_gradient(answer, letter) -> str:
    """bias_gradient(z, g) -> the gradient of a map's bias; and the letter of why a dead map's bias never recovers."""
    made = torch.Generator().manual_seed(6)
    z, g = torch.randn(4, 3, 3, generator=made), torch.randn(4, 3, 3, generator=made)
    z[0, 0, 0] = 0.0  # here the ReLU's gradient is zero, too
    g[0, 0, 0] = 5.0
    for on, before in (("a living map", z), ("a dead map", -z.abs())):
        want = _by_autograd(before, g)
        got = as_tensor(run(answer, before, g, name="bias_gradient", on=on), name="bias_gradient")
        if got.numel() != 1:
            raise Wrong(f"The bias is one number, and so is its gradient; you returned shape {tuple(got.shape)}.")
        if not same(got.flatten(), want[None], 1e-4):
            raise Wrong(f"For {on} you return {float(got):.4g}, PyTorch {float(want):.4g}. {_what(got, before, g)}")
    said = letter.strip().upper() if isinstance(letter, str) else letter
    if said not in WHY:
        raise Wrong('bias_gradient is right. As for why: answer with one letter, "A", "B", "C" or "D".')
    if said != "B":
        raise Wrong(f"bias_gradient is right, but not {said}. {CONTRADICTS[said]}")
    return "Right: a sum of zeros. The bias of a dead map cannot help itself; it can only be lifted from below."


CONTRADICTS = {
    "A": "Call it with z = -torch.rand(4, 3, 3): how small is it?",
    "C": "Nothing in your function asks for a mode: the ReLU's rule is the same in both.",
    "D": "Call it with z = -torch.rand(4, 3, 3): which sign has it?",
}


def _what(got, z, g) -> str:
    mistakes = {
        "The ReLU is missing: where z is not above zero, it hands nothing back.": g.sum(),
        "A bias takes part in every cell: add up, do not average.": (g * (z > 0)).mean(),
        "That counts cells. Each hands back the gradient that arrives there, g.": (z > 0).sum(),
        "At exactly z = 0 PyTorch's ReLU hands back nothing, either.": (g * (z >= 0)).sum(),
        "z decides *whether* a gradient passes, not how large it is: multiply g by 0 or 1.": (g * z.relu()).sum(),
        "You let through where z is below zero.": (g * (z < 0)).sum(),
    }
    for words, value in mistakes.items():
        if same(got.flatten(), value[None].double(), 1e-4):
            return words
    return "Two cells by hand: z = (1, −1), g = (3, 5). What reaches the bias?"
