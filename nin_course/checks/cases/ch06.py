"""Right and wrong answers to the exercises of chapter 06, with the words that each wrong one must be told."""

import torch
from torch import nn

import nin_course as d2l
from nin_course.assets.make_stuck_runs import kaiming
from nin_course.checks.ch06 import bias_gradient, broken, five_cases, name_the_faults, never_said, repaired


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


never_said.right = {
    "tensors": (lambda c: (_silent(c), _others(c)),),
    "lists": (_plain,),
    "a set": (lambda c: [set(_silent(c).tolist()), _others(c).item()],),
}

never_said.wrong = {
    "rows": ((lambda c: ((c.sum(1) == 0).nonzero().flatten(), _others(c)),), "You added up rows"),
    "the diagonal": ((lambda c: ((c.diag() == 0).nonzero().flatten(), _others(c)),), "though never rightly"),
    "the said ones": ((lambda c: (c.sum(0).nonzero().flatten(), _others(c)),), "that *are* said"),
    "nonsense": ((lambda c: ([1], _others(c)),), "Add up each column by hand"),
    "accuracy on all": ((lambda c: (_silent(c), c.diag().sum() / c.sum()),), "the one on all images"),
    "per cent": ((lambda c: (_silent(c), 100 * _others(c)),), "not in per cent"),
    "another number": ((lambda c: (_silent(c), 0.123),), "0.123 is not it"),
    "one thing": ((lambda c: _silent(c).tolist()[:1],), "Two things are wanted"),
    "many numbers": ((lambda c: (_silent(c), c.diag()),), "one number"),
}

KEY = "".join(case.fault for case in five_cases())


def _with(number: int, letter: str) -> tuple[str]:
    return (KEY[: number - 1] + letter + KEY[number:],)


name_the_faults.right = {"a string": (KEY,), "a list": (list(KEY.lower()),), "with commas": (", ".join(KEY),)}

name_the_faults.wrong = {
    "shuffled labels are a small learning rate": (_with(1, "D"), "that is no small step"),
    "a frozen block is healthy": (_with(2, "G"), "A healthy loss falls, and all blocks move"),
    "a frozen block has wrong labels": (_with(2, "E"), "tries hard and gets nowhere"),
    "ten dead are one": (_with(3, "C"), "counts 10 dead classes, not one"),
    "a small learning rate is frozen": (_with(4, "F"), "while others move"),
    "a small learning rate is dead": (_with(4, "B"), "counts 0 dead classes, not 10"),
    "a small learning rate exploded": (_with(4, "A"), "An exploded loss is enormous"),
    "four": ((KEY[:4],), "these are 4"),
    "another letter": (_with(5, "X"), "none of the letters"),
    "numbers": (([1, 2, 3, 4, 5],), "five letters"),
}


def _changed(head=None, norm=False, kaimings=False, lr=0.002):
    def answer():
        net, _ = broken()
        if head == "no ReLU":
            net[2] = net[2][:-1]
        if head == "wide":
            layers = nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 1), nn.ReLU(), nn.Conv2d(32, 10, 1)
            net[2] = nn.Sequential(*layers)
        if kaimings:
            kaiming(net)
        return (d2l.add_batch_norm(net) if norm else net), lr

    return (answer,)


repaired.right = {
    "batch norm": _changed(norm=True),
    "a wide head and Kaiming": _changed(head="wide", kaimings=True),
    "everything": _changed(head="wide", norm=True, kaimings=True),
}

repaired.wrong = {
    "nothing changed": (_changed(), "dead classes"),
    "a larger learning rate": (_changed(lr=0.05), "it ends with dead classes: T-shirt"),
    "no ReLU alone": (_changed(head="no ReLU"), "60% are wanted"),
    "no steps": (_changed(norm=True, lr=1e-9), "learning rate is far too small"),
    "one thing": ((lambda: broken()[0],), "two things"),
    "a learning rate of zero": (_changed(norm=True, lr=0), "above zero"),
    "no mean": ((lambda: (broken()[0][:3], 0.002),), "ten logits each"),
    "another size": ((lambda: (d2l.nin(), 0.002),), "does not take images"),
}


def _mask(z, g):
    return (g * (z > 0)).sum()


def _autograd(z, g):
    bias = torch.zeros((), requires_grad=True)
    (z + bias).relu().backward(g)
    return bias.grad


bias_gradient.right = {
    "mask": (_mask, "B"),
    "autograd": (_autograd, " b "),
    "indexing": (lambda z, g: g[z > 0].sum().item(), "B"),
}

bias_gradient.wrong = {
    "no ReLU": ((lambda z, g: g.sum(), "B"), "The ReLU is missing"),
    "mean": ((lambda z, g: (g * (z > 0)).mean(), "B"), "do not average"),
    "a count": ((lambda z, g: (z > 0).sum(), "B"), "That counts cells"),
    "zero lets through": ((lambda z, g: (g * (z >= 0)).sum(), "B"), "At exactly z = 0"),
    "z as a factor": ((lambda z, g: (g * z.relu()).sum(), "B"), "multiply g by 0 or 1"),
    "the wrong side": ((lambda z, g: (g * (z < 0)).sum(), "B"), "below zero"),
    "something else": ((lambda z, g: 1.0, "B"), "Two cells by hand"),
    "a map": ((lambda z, g: g * (z > 0), "B"), "one number"),
    "patience": ((_mask, "A"), "how small is it"),
    "a mode": ((_mask, "C"), "asks for a mode"),
    "downwards": ((_mask, "D"), "which sign"),
    "no letter": ((_mask, "because"), "answer with one letter"),
}
