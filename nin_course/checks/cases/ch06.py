"""Right and wrong answers to the exercises of chapter 06, with the words that each wrong one must be told."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import nin_course as d2l
from nin_course.assets.make_stuck_runs import kaiming
from nin_course.checks.ch06 import FAULTS, bias_gradient, five_cases, name_the_faults, never_said, repaired
from nin_course.checks.mistakes.ch06 import ACCURACY, CLASSES, GRADIENTS


def _forgotten(*arguments):
    result = arguments  # noqa: F841


def _never_said(confusion):
    said = confusion.sum(dim=0) > 0
    others = confusion[said]
    classes = (~said).nonzero().flatten().tolist()
    return classes, others[:, said].diag().sum() / others.sum()


def _silent(confusion):
    return (confusion.sum(0) == 0).nonzero().flatten()


def _others(confusion):
    others = [k for k in range(len(confusion)) if confusion[:, k].any()]
    return confusion[others, others].sum() / confusion[others].sum()


def _plain(confusion):
    rows = confusion.tolist()
    empty = [k for k in range(len(rows)) if not any(row[k] for row in rows)]
    kept = [k for k in range(len(rows)) if k not in empty]
    return empty, sum(rows[k][k] for k in kept) / sum(sum(rows[k]) for k in kept)


def _counting(confusion):
    """Image by image."""
    said, right, images = set(), {}, {}
    for row, column in confusion.nonzero().tolist():
        said.add(column)
        images[row] = images.get(row, 0) + confusion[row, column]
        right[row] = right.get(row, 0) + (row == column) * confusion[row, column]
    silent = set(range(len(confusion))) - said
    return silent, sum(n for k, n in right.items() if k in said) / sum(n for k, n in images.items() if k in said)


def _by_numpy(confusion):
    table = confusion.numpy()
    said = table.any(axis=0)
    return np.flatnonzero(~said), table.diagonal()[said].sum() / table.sum(axis=1)[said].sum()


def _in_place(confusion):
    silent, right = _silent(confusion), confusion.diag().sum()
    confusion[silent] = 0
    return silent, right / confusion.sum()


def _shares(confusion):
    """Means over the images' rows, weighted."""
    weight = confusion.sum(dim=1).double() * (confusion.amax(dim=0) > 0)
    own = (confusion.diag() / confusion.sum(dim=1)).nan_to_num()
    return _silent(confusion).float(), (weight / weight.sum() * own).sum()


def _under(confusion, share):
    return (confusion.sum(dim=0) < share * confusion.sum()).nonzero().flatten()


@torch.inference_mode()
def _inferred(confusion):
    return _never_said(confusion)


def _zeroed(confusion):
    return _silent(confusion), confusion.zero_().sum().double()


never_said.right = {
    "the solution": (_never_said,),
    "tensors": (lambda c: (_silent(c), _others(c)),),
    "lists": (_plain,),
    "counted": (_counting,),
    "numpy": (_by_numpy,),
    "a weighted mean, and floats": (_shares,),
    "a set": (lambda c: [set(_silent(c).tolist()), _others(c).item()],),
    "a frozen set": (lambda c: [frozenset(_silent(c).tolist()), _others(c).item()],),
    "the last first": (lambda c: (_silent(c).flip(0), _others(c)),),
    "rows of one": (lambda c: ((c.sum(dim=0) == 0).nonzero(), _others(c).reshape(1, 1)),),
    "a generator of a generator": (lambda c: (part for part in ((k for k in _silent(c).tolist()), _others(c))),),
    "a dict's values": (lambda c: {"silent": _silent(c), "accuracy": _others(c)}.values(),),
    "a dict's keys": (lambda c: (dict.fromkeys(_silent(c).tolist()).keys(), _others(c).double()),),
    "half, with a gradient": (lambda c: (_silent(c).half(), _others(c).half().requires_grad_()),),
    "inference mode": (_inferred,),
    "in place": (_in_place,),
}

never_said.wrong = {words: ((lambda c, rule=rule: (rule(c), _others(c)),), words) for words, rule in CLASSES.items()}
never_said.wrong |= {words: ((lambda c, rule=rule: (_silent(c), rule(c)),), words) for words, rule in ACCURACY.items()}
never_said.wrong |= {
    f"{one} {other}": ((lambda c, classes=classes, accuracy=accuracy: (classes(c), accuracy(c)),), f"{one} {other}")
    for (one, classes), (other, accuracy) in list(zip(CLASSES.items(), ACCURACY.items(), strict=False))[::3]
}
never_said.wrong |= {
    "swapped": ((lambda c: (_others(c), _silent(c)),), "other order: (classes, accuracy)"),
    "under 2%, in both": (
        (lambda c: _never_said(c * (c.sum(dim=0) >= 0.02 * c.sum())),),
        "for the classes is (1,), it should be (0,)",
    ),
    "under 1 in 10,000": (
        (lambda c: (_under(c, 1e-4), round(_others(c).item(), 2)),),
        "for the accuracy, it should be",
    ),
    "nonsense": ((lambda c: ([1], _others(c)),), "at [0] stands 1, it should be 0"),
    "constants": ((lambda c: ([0], 0.5),), "the same in all of these cases"),
    "another number": ((lambda c: (_silent(c), 0.123),), "you say 0.123 for the accuracy, it should be 1."),
    "half too much": ((lambda c: (_silent(c), _others(c) + 0.5),), "you say 1.5 for the accuracy, it should be 1."),
    "a mask": ((lambda c: (~c.numpy().any(axis=0), _others(c)),), "these are True and False"),
    "a list of masks": (
        (lambda c: (list((c.sum(0) == 0).numpy() if c.any(dim=0).all() else _silent(c)), _others(c)),),
        "4, 4, 6]]): the numbers of the classes never said are wanted",
    ),
    "names": ((lambda c: ([f"class {k}" for k in _silent(c)], _others(c)),), "this is the string 'class 0'"),
    "None for none": (
        (lambda c: (_silent(c) if len(_silent(c)) else None, _others(c)),),
        "numbers are wanted; this is None",
    ),
    "one thing": ((lambda c: _silent(c).tolist()[:1],), "Two things are wanted"),
    "the accuracy alone": ((lambda c: _others(c),), "this is a tensor of shape ()"),
    "three things": ((lambda c: (_silent(c), _others(c), c),), "this is a tuple of 3"),
    "many numbers": ((lambda c: (_silent(c), c.diag()),), "one number, the accuracy, is wanted"),
    "a string": ((lambda c: (_silent(c), f"{_others(c):.2f}"),), "this is the string '1.00'"),
    "zeroed": ((_zeroed,), "It also changes confusion in place"),
    "printed": ((lambda c: print(_silent(c), _others(c)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((([1], 0.5),), "without brackets; this is a tuple of 2"),
    "stopped": ((lambda c: (_silent(c), c.accuracy),), "stopped with AttributeError"),
    "a loop that is too long": ((lambda c: [c[k, k + 1] for k in range(len(c))],), "stopped with IndexError"),
}

KEY = "EFBDA"
CONTRADICTED = {
    "A": "An exploded loss is enormous",
    "B": "dead classes, not 10",
    "C": "dead classes, not one",
    "D": "that is no small step",
    "E": "tries hard and gets nowhere",
    "F": "while others move",
    "G": "A healthy loss falls well below ln 10 = 2.30, and all blocks move",
}


def _with(number: int, letter: str) -> tuple[str]:
    return (KEY[: number - 1] + letter + KEY[number:],)


name_the_faults.right = {
    "a string": ("EFBDA",),
    "a list": (list(KEY.lower()),),
    "with commas": (", ".join(KEY),),
    "in lines": ("\n".join(KEY),),
    "in brackets": (f"[{KEY}]",),
    "a tuple": (tuple(KEY),),
    "an array": (np.array(list(KEY)),),
    "a dict's values": (dict(enumerate(KEY)).values(),),
    "an iterator": (iter([f"({letter})" for letter in KEY]),),
}

name_the_faults.wrong = {
    f"case {number} {FAULTS[letter]}": (_with(number, letter), CONTRADICTED[letter])
    for number, fault in enumerate(KEY, 1)
    for letter in FAULTS
    if letter not in (fault, "D" if fault == "B" else None)
}
name_the_faults.wrong |= {
    "no step is a small step": (_with(3, "D"), "no learning rate, small or large, moves anything"),
    "four": ((KEY[:4],), "these are 4"),
    "six": ((KEY + "G",), "these are 6"),
    "one": ((KEY[0],), "these are 1"),
    "another letter": (_with(5, "X"), "this is the string 'EFBDX'"),
    "a set": ((set(KEY),), "a set has no order"),
    "a dict": ((dict(enumerate(KEY)),), "this is a dict of 5"),
    "numbers": (([1, 2, 3, 4, 5],), "Answer with letters, A to G, in a list or a string; this is a list of 5"),
    "names": ((list(FAULTS.values())[:5],), "a list of 5 with the string 'it has exploded' in it"),
    "the cases": ((five_cases,), "this is a function"),
    "None": ((None,), "this is None"),
}


def broken():
    """The chapter's network, and its learning rate."""
    net = nn.Sequential(
        d2l.nin_block(1, 16, kernel_size=5, stride=2, padding=2),
        d2l.nin_block(16, 32, kernel_size=3, stride=2, padding=1),
        d2l.nin_block(32, 10, kernel_size=3, stride=1, padding=1),
        d2l.GlobalAvgPool2d(),
        d2l.FlattenLayer(),
    )
    return net, 0.002


def _solution():
    net, lr = broken()
    return d2l.add_batch_norm(net), lr


def _open(net):
    """Without its last ReLU."""
    net[2] = net[2][:-1]
    return net


def _wide():
    layers = nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.LazyConv2d(32, 1), nn.ReLU(), nn.LazyConv2d(10, 1)
    return nn.Sequential(*broken()[0][:2], *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _widened():
    """Its last block replaced: of the three seeds, one is slow."""
    net, _ = broken()
    net[2] = nn.Sequential(
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 1), nn.ReLU(), nn.Conv2d(32, 10, 1))
    )
    return net


repaired.right = {
    "the solution": (_solution,),
    "no ReLU and Kaiming, frozen and in double": (
        lambda: {"net": kaiming(_open(broken()[0])).double().requires_grad_(False), "lr": np.float64(0.002)}.values(),
    ),
    "a wide and lazy head, in evaluation mode": (lambda: [_wide().eval(), torch.tensor([0.002])],),
    "a wide head in the old one's place": (lambda: (_widened(), 0.002),),
}

repaired.wrong = {
    "nothing changed": ((lambda: broken(),), "these classes are dead: T-shirt, Pullover"),
    "a larger learning rate": ((lambda: (broken()[0], 0.05),), "these classes are dead: T-shirt, Trouser"),
    "no ReLU alone": ((lambda: (_open(broken()[0]), 0.002),), "the middle one 32%; 37% are wanted"),
    "no steps": ((lambda: (_solution()[0], 1e-9),), "The learning rate is far too small"),
    "the network alone": ((lambda: _solution()[0],), "this is the network alone"),
    "the learning rate alone": ((lambda: broken()[1],), "this is the number 0.002"),
    "swapped": ((lambda: _solution()[::-1],), "the two stand in the other order"),
    "three things": ((lambda: (*_solution(), 120),), "this is a tuple of 3"),
    "an optimizer": (
        (lambda: (broken()[0], torch.optim.Adam(broken()[0].parameters())),),
        "repaired(): a learning rate, a number, is wanted",
    ),
    "a learning rate of zero": ((lambda: (_solution()[0], 0),), "above zero; it is 0."),
    "uphill": ((lambda: (_solution()[0], -0.002),), "above zero; it is -0.002"),
    "without an end": ((lambda: (_solution()[0], float("inf")),), "above zero; it is inf"),
    "no number": ((lambda: (_solution()[0], float("nan")),), "above zero; it is nan"),
    "a string": ((lambda: (_solution()[0], "0.002"),), "this is the string '0.002'"),
    "True": ((lambda: (_solution()[0], True),), "a learning rate, a number, is wanted; this is True"),
    "two learning rates": ((lambda: (_solution()[0], [0.004, 0.002]),), "this is a list of 2"),
    "no mean": ((lambda: (broken()[0][:3], 0.002),), "into (2, 10, 7, 7); ten logits each"),
    "not flat": ((lambda: (broken()[0][:4], 0.002),), "into (2, 10, 1, 1); ten logits each"),
    "the blocks alone": ((lambda: (list(broken()[0]), 0.002),), "`nn.Sequential(*layers)` makes a network"),
    "the class": ((lambda: (nn.Sequential, 0.002),), "the class Sequential itself"),
    "another size": ((lambda: (d2l.nin(), 0.002),), "The network does not take (2, 1, 28, 28): RuntimeError"),
    "channels of colour": ((lambda: (nn.Conv2d(3, 10, 28), 0.002),), "to have 3 channels"),
    "called": ((_solution(),), "without brackets; this is a tuple of 2"),
    "a network": ((_solution()[0],), "without brackets; this is a network"),
    "printed": ((lambda: print(_solution()[1]),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "an argument": ((lambda net: (d2l.add_batch_norm(net), 0.002),), "stopped with TypeError"),
    "not there": ((lambda: (d2l.add_batch_norms(broken()[0]), 0.002),), "stopped with AttributeError"),
}


def _mask(z, g):
    return (g * (z > 0)).sum()


def _autograd(z, g):
    bias = torch.zeros((), requires_grad=True)
    (z + bias).relu().backward(g)
    return bias.grad


def _of_a_layer(z, g):
    """As a 1×1 layer has it: its bias is 0, and its input z."""
    layer = nn.Conv2d(1, 1, 1)
    layer.weight.data.fill_(1.0)
    layer.bias.data.fill_(0.0)
    (layer(z[:, None]).relu() * g[:, None]).sum().backward()
    return layer.bias.grad


def _looped(z, g):
    total = 0.0
    for image, arriving in zip(z, g, strict=True):
        for i in range(image.shape[0]):
            for j in range(image.shape[1]):
                if image[i, j] > 0:
                    total += arriving[i, j].item()
    return total


def _steps(z, g):
    """By what a small change of the bias changes."""
    z, g = z.double(), g.double()
    return ((z + 1e-9).relu() - z.relu())[z != 0].mul(g[z != 0]).sum() / 1e-9


def _g_in_place(z, g):
    g[z <= 0] = 0
    return g.sum()


@torch.inference_mode()
def _threshold(z, g):
    return torch.ops.aten.threshold_backward(g, z, 0).sum()


bias_gradient.right = {
    "the solution": (_mask, "B"),
    "autograd": (_autograd, " b "),
    "a layer's": (_of_a_layer, "B."),
    "indexing": (lambda z, g: g[z > 0].sum().item(), "(B)"),
    "a loop": (_looped, "B"),
    "a small step": (_steps, "B"),
    "in two sums": (lambda z, g: sum((g * (z > 0)).sum(dim=(1, 2)).tolist()), "B"),
    "where": (lambda z, g: torch.where(z > 0, g, 0).sum(), "B"),
    "einsum": (lambda z, g: torch.einsum("nhw,nhw->", z.sign().relu(), g), "B"),
    "masked select": (lambda z, g: g.masked_select(z.gt(0)).sum().reshape(1, 1), "B"),
    "numpy": (lambda z, g: np.where(z.numpy() > 0, g.numpy(), 0).sum(), "B"),
    "double": (lambda z, g: (g.double() * F.relu(z.double()).bool()).sum(), "B"),
    "half": (lambda z, g: _mask(z, g).half(), "B"),
    "with a gradient": (lambda z, g: _mask(z, g.requires_grad_()), "B"),
    "one in a list": (lambda z, g: [_mask(z, g)], "B"),
    "a generator": (lambda z, g: (n for n in [_mask(z, g)]), "B"),
    "PyTorch's own step back": (_threshold, "B"),
    "g in place": (_g_in_place, "B"),
}

bias_gradient.wrong = {words: ((rule, "B"), words) for words, rule in GRADIENTS.items()}
bias_gradient.wrong |= {
    "a constant": ((lambda z, g: 1.0, "B"), "the same in all of these cases"),
    "zero": ((lambda z, g: 0, "B"), "you say 0, it should be"),
    "half too much": ((lambda z, g: _mask(z, g) + 0.5, "B"), "for a living map (3, 2, 2): you say -0.18"),
    "g ignored": ((lambda z, g: 3 * (z > 0).sum() - 1, "B"), "does not depend on g"),
    "z ignored": ((lambda z, g: g.sum() + 1, "B"), "does not depend on z"),
    "a string": ((lambda z, g: str(_mask(z, g).item()), "B"), "this is the string"),
    "True": ((lambda z, g: _mask(z, g) > 0, "B"), "one number, the gradient of the bias, is wanted"),
    "g emptied": ((lambda z, g: g.zero_().sum() + z.sum(), "B"), "It also changes g in place"),
    "a dead map has none": (
        (lambda z, g: _mask(z, g) if (z > 0).any() else None, "B"),
        "for a dead map (4, 3, 5) returned None",
    ),
    "no gradient asked for": ((lambda z, g: (z.relu() * g).sum().backward(), "B"), "stopped with RuntimeError"),
    "printed": ((lambda z, g: print(_mask(z, g)), "B"), "and returned None"),
    "no return": ((_forgotten, "B"), "Is the `return` missing"),
    "called": ((0.0, "B"), "without brackets; this is the number 0"),
    "patience": ((_mask, "A"), "how small is it"),
    "a mode": ((_mask, "C"), "asks for a mode"),
    "downwards": ((_mask, "D"), "which sign"),
    "another letter": ((_mask, "E"), "As for why: Answer with one letter, A, B, C or D; this is the string 'E'"),
    "two letters": ((_mask, "AB"), "this is the string 'AB'"),
    "no letter": ((_mask, "because"), "this is the string 'because'"),
    "a list": ((_mask, ["B"]), "this is a list of 1"),
    "wrong, and the letter, too": ((lambda z, g: (2 * g * (z > 0)).sum(), "A"), "you say -1.373"),
}
