"""The four exercises of chapter 06: silent classes in a matrix, five faults, a repair, and the bias of a dead map."""

from functools import cache

import torch
from torch import nn

from nin_course.checks import _networks, _read
from nin_course.checks._calling import call, returned, the_function
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks._patients import Case, five_cases
from nin_course.checks.mistakes.ch06 import ACCURACY, CLASSES, GRADIENTS, missing, others
from nin_course.data import LABELS, load_data_fashion_mnist
from nin_course.diagnose import BATCH, Examiner
from nin_course.train import evaluate_accuracy, train_epoch

MATRICES = (  # made up: a class said but never rightly, none missing, several missing, a class without images, one
    # said often but not for the first row; last, among thousands of images, one said once, one twice, and one never
    [[4, 6, 0], [1, 9, 0], [3, 7, 0]],
    [[0, 5, 5, 0], [0, 8, 2, 0], [0, 10, 0, 0], [0, 1, 9, 0]],
    [[7, 1, 2], [0, 3, 5], [4, 4, 6]],
    [[5, 0, 2, 0, 1], [3, 0, 1, 0, 0], [2, 0, 6, 0, 4], [1, 0, 0, 0, 9], [0, 0, 3, 0, 2]],
    [[6, 2, 0, 0], [0, 0, 0, 0], [5, 1, 0, 1], [2, 1, 0, 0]],
    [[0, 3], [0, 7]],
    [[9, 0, 1], [2, 380, 4], [1, 290, 30]],
    [
        [5890, 0, 0, 110, 0],
        [2960, 0, 0, 3040, 0],
        [4120, 0, 1, 1878, 1],
        [95, 0, 0, 5905, 0],
        [1640, 0, 0, 4359, 1],
    ],
)


PARTS = ("classes never said", "accuracy on the others")


def _never_said(value) -> dict:
    classes, accuracy = _read.several(value, PARTS)
    classes = sorted(classes, key=str) if isinstance(classes, (set, frozenset)) else classes
    if isinstance(classes, (int, float)):
        raise Wrong(f"a list of the classes never said is wanted; this is {_read.kind(classes)}")
    found = _read.tensor(classes).flatten()
    if any(map(_read.boolean, (classes, *_items(classes)))):
        raise Wrong("the numbers of the classes never said are wanted; these are True and False, one for each class")
    return {"the classes": found.sort().values, "the accuracy": _read.number(accuracy, "one number, the accuracy,")}


def _items(value) -> list:
    return list(value) if isinstance(value, (list, tuple)) else []


@exercise(
    "A row is what the image is, a column what the network says. Which of them is empty if a word is missing?",
    "`torch.as_tensor(confusion).sum(dim=0)` counts how often each class is said.",
    "For the others: their share of the diagonal, divided by how many images they are, `confusion.sum(dim=1)`.",
)
def never_said(never_said) -> str:
    """never_said(confusion) -> (the classes never said, the accuracy on the images of all other classes)."""
    judge = Judge(
        "never_said",
        lambda confusion: (missing(confusion), others(confusion)),
        read=_never_said,
        cases=[(torch.tensor(matrix),) for matrix in MATRICES],
        mistakes={
            "The two stand in the other order: (classes, accuracy).": lambda c: (
                others(c),
                missing(c),
            )
        },
        of_part={"the classes": CLASSES, "the accuracy": ACCURACY},
        tolerance=1e-3,
        see=lambda value: {i: _read.tensor(part).flatten() for i, part in enumerate(_read.several(value, PARTS))},
        called=lambda name, _, case: f"never_said({case[0].tolist()})",
    )
    return "Right. Run it on every network that you train: two numbers that no accuracy shows." + judge(never_said)


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
    health = case.health
    falls = f"the loss goes from {case.losses[0]:.2f} to {health.loss:.2f}"
    return {
        "A": f"An exploded loss is enormous, or no number: here {falls}.",
        "B": f"The line counts {len(health.dead)} dead classes, not {health.classes}.",
        "C": f"The line counts {len(health.dead)} dead classes, not one.",
        "D": "With all classes dead there is no gradient, and no learning rate, small or large, moves anything."
        if health.hopeless
        else f"The blocks' weights have moved by {case.moved}: that is no small step.",
        "E": f"With wrong labels a network tries hard and gets nowhere. Here {falls}; weights moved: {case.moved}.",
        "F": f"A frozen block has moved by 0.0%, while others move: here {case.moved}.",
        "G": f"A healthy loss falls well below ln 10 = 2.30, and all blocks move: here {falls}; weights moved: "
        f"{case.moved}.",
    }[letter]


@exercise(
    "Begin with the loss: which is enormous, which lies still at ln 10, which falls?",
    "Three lie at ln 10. In one of them classes are dead. In the other two compare how far the weights have moved.",
    "Weights that move far and a loss that does not: they learn something that is not in the images.",
)
def name_the_faults(faults) -> str:
    """Five letters, a string or a list, for the five cases in their order."""
    if isinstance(faults, (set, frozenset)):
        raise Wrong("Five letters are wanted in the order of the cases; a set has no order.")
    letters = _read.letters(faults, FAULTS)
    if len(letters) != 5:
        raise Wrong(f"Five letters are wanted, one a case; these are {len(letters)}.")
    for number, (letter, case) in enumerate(zip(letters, five_cases(), strict=True), 1):
        if letter != case.fault:
            raise Wrong(f"Case {number} is not {letter} ({FAULTS[letter]}). {_contradiction(letter, case)}")
    return "Right, all five; and for four of them one line of health was worth more than the loss."


SEEDS, STEPS, SIZE, ENOUGH = (1, 2, 3), 120, 64, 0.37


@exercise(
    "Which of the six recipes helped most? One of the repairs is a single call.",
    "No single one of the others is enough here; some pairs are.",
    "`d2l.add_batch_norm(net)` returns a *new* network.",
    seconds=120,
)
def repaired(repaired) -> str:
    """repaired() -> (network for (N, 1, 28, 28), learning rate for Adam); it learns, by the middle of three seeds."""
    the_function(repaired, "repaired")
    train_iter, test_iter = _images()
    found = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        value = returned(call(repaired), "repaired()")
        net, lr = _pair(value)
        net = net.float().requires_grad_(True)
        made = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(train_iter.dataset), generator=made)[: STEPS * SIZE].split(SIZE)
        batches = [train_iter.dataset[some] for some in order]
        examiner = Examiner(net)
        examiner.see(*train_iter.dataset[range(BATCH)])
        torch.manual_seed(seed)
        loss, _ = train_epoch(net, batches, torch.optim.Adam(net.parameters(), lr=lr), "cpu")
        health = examiner.examine(STEPS, loss)
        if health.dead:
            dead = ", ".join(LABELS[k] for k in health.dead)
            raise Wrong(
                f"With seed {seed}, after {STEPS} steps, these classes are dead: {dead}. Their logit is zero for every "
                "image."
            )
        found.append((evaluate_accuracy(test_iter, net), health.findings()))
    reached, findings = sorted(found)[1]
    each = ", ".join(f"{accuracy:.0%}" for accuracy, _ in found)
    if reached < ENOUGH:
        raise Wrong(
            f"After {STEPS} steps the {len(SEEDS)} networks get {each} right, the middle one {reached:.0%}; "
            f"{ENOUGH:.0%} are wanted. No class is dead. {' '.join(findings)}".strip()
        )
    middle = f"the middle one of {len(SEEDS)} seeds gets more than {ENOUGH:.0%} right"
    return f"It learns: {middle}, and no class is dead. Is there a smaller repair?"


@cache
def _images() -> tuple:
    """The sample, read once for however many answers."""
    return load_data_fashion_mnist(SIZE, sample=True)


def _pair(value) -> tuple[nn.Module, float]:
    if isinstance(value, nn.Module):
        raise Wrong("repaired() should return two things, (network, learning rate); this is the network alone.")
    try:
        net, lr = _read.several(value, ("network", "learning rate"))
    except Wrong as wrong:
        raise Wrong(f"repaired(): {wrong}.") from None
    if isinstance(lr, nn.Module) and not isinstance(net, nn.Module):
        raise Wrong("repaired(): the two stand in the other order, (network, learning rate).")
    net = _networks.network(net, "repaired()[0]")
    try:
        lr = float(_read.number(lr, "a learning rate, a number,"))
    except Wrong as wrong:
        raise Wrong(f"repaired(): {wrong}.") from None
    if not 0 < lr < float("inf"):
        raise Wrong(f"The learning rate should be a number above zero; it is {_read.show(lr) if lr == lr else 'nan'}.")
    output = _networks.forward(net, torch.rand(2, 1, 28, 28), "The network")
    if output.shape != (2, len(LABELS)):
        raise Wrong(f"The network turns two images into {tuple(output.shape)}; ten logits each are wanted, (2, 10).")
    return net, lr


REASONS = {
    "A": "it is small but not zero, so it needs patience or a larger learning rate",
    "B": "it is exactly zero, and only layers before this one can bring the map back, if they move",
    "C": "it is zero in evaluation mode only",
    "D": "it is below zero, so every step makes the bias smaller still",
}
CONTRADICTS = {
    "A": "Call it with z = -torch.rand(4, 3, 3): how small is it?",
    "C": "Nothing in your function asks for a mode: the ReLU's rule is the same in both.",
    "D": "Call it with z = -torch.rand(4, 3, 3): which sign has it?",
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
def bias_gradient(bias_gradient, letter) -> str:
    """bias_gradient(z, g) -> the gradient of a map's bias; and the letter of why a dead map's bias never recovers."""
    made = torch.Generator().manual_seed(6)
    sizes = (4, 3, 5), (3, 2, 2)
    living = [(torch.randn(*size, generator=made), torch.randn(*size, generator=made)) for size in sizes]
    living[1][0][0].add_(0.7)  # most of its cells are above zero, with gradients of either sign
    living[0][0][0, 0, 0] = living[1][0][1, 0, 1] = 0.0  # here the ReLU's gradient is zero, too
    living[0][1][0, 0, 0] = 5.0
    z, g = living[0]
    judge = Judge(
        "bias_gradient",
        lambda z, g: _by_autograd(z, g),
        read=lambda value: {"": _read.number(value, "one number, the gradient of the bias,")},
        cases=[*living, (-z.abs(), g), (z.abs() + 0.1, g)],
        mistakes=GRADIENTS,
        tolerance=1e-3,
        called=lambda name, _, case: f"{name}(z, g) for a {_alive(case[0])} map {tuple(case[0].shape)}",
        see=lambda value: {"": _read.tensor(value)},
    )
    remark = judge(bias_gradient)
    try:
        said = _read.letter(letter, REASONS)
    except Wrong as wrong:
        raise Wrong(f"bias_gradient is right. As for why: {wrong}") from None
    if said != "B":
        raise Wrong(f"bias_gradient is right, but not {said}. {CONTRADICTS[said]}")
    praise = (
        "Right: a sum of zeros. The bias of a dead map cannot help itself. But the other maps' gradients move the "
        "layers that all maps share, and these can lift it again."
    )
    return praise + remark


def _alive(z: torch.Tensor) -> str:
    return "living" if (z > 0).any() else "dead"
