"""The known mistakes of chapter 06: sentence -> the rule that gives just this wrong answer."""

import torch


def missing(confusion):
    return (confusion.sum(dim=0) == 0).nonzero().flatten()


def others(confusion, rows=None):
    """The accuracy on the images of all classes but those never said (or on the rows that are given)."""
    rows = [k for k in range(len(confusion)) if k not in missing(confusion)] if rows is None else rows
    return confusion[rows, rows].sum() / confusion[rows].sum()


CLASSES = {
    "You added up rows: those are the images that there are. What is *said* is in the columns.": (
        lambda c: (c.sum(dim=1) == 0).nonzero().flatten()
    ),
    "One of them is said, though never rightly: look at the whole column, not at the diagonal alone.": (
        lambda c: (c.diag() == 0).nonzero().flatten()
    ),
    "Those are the classes that *are* said.": lambda c: c.sum(dim=0).nonzero().flatten(),
    "That is a column with a zero in it; never said means that the whole column is zero.": (
        lambda c: (c == 0).any(dim=0).nonzero().flatten()
    ),
    "That is a row with a zero in it; never said means that a whole column is zero.": (
        lambda c: (c == 0).any(dim=1).nonzero().flatten()
    ),
    "That is the class that is said least often, and only one.": lambda c: c.sum(dim=0).argmin()[None],
    "A class that is said seldom *is* said: never means that its column adds up to zero.": (
        lambda c: (c.sum(dim=0) < 0.02 * c.sum()).nonzero().flatten()
    ),
    "Once or twice is seldom, not never: the column has to add up to zero.": (
        lambda c: (c.sum(dim=0) <= 2).nonzero().flatten()
    ),
    "There may be several, or none: look at every column.": lambda c: missing(c)[:1],
    "The classes are counted from 0.": lambda c: missing(c) + 1,
}


ACCURACY = {
    "The accuracy is the one on all images: leave out the *rows* of the classes never said; their columns are empty.": (
        lambda c: c.diag().sum() / c.sum()
    ),
    "The accuracy is in per cent; a share from 0 to 1 is wanted.": lambda c: 100 * others(c),
    "That is the error rate on the others, 1 − accuracy.": lambda c: 1 - others(c),
    "You averaged the classes' own accuracies; count images, a class with more of them weighs more.": (
        lambda c: (c.diag() / c.sum(dim=1))[[k for k in range(len(c)) if k not in missing(c)]].mean()
    ),
    "That is how many are right; divide by how many images of these classes there are.": (
        lambda c: c[_rows(c), _rows(c)].sum()
    ),
    "The accuracy is that of the classes never said; it is asked for all others.": lambda c: others(c, missing(c)),
    "It leaves out the classes that are never *right*; a class may be said, and always wrongly.": (
        lambda c: others(c, c.diag().nonzero().flatten())
    ),
    "The rows are left out, but not the columns: then the diagonal is no longer where the right answers are.": (
        lambda c: c[_rows(c)].diag().sum() / c[_rows(c)].sum()
    ),
    "You divided by the number of classes; divide by the number of images.": (
        lambda c: c[_rows(c), _rows(c)].sum() / len(_rows(c))
    ),
}


def _rows(confusion) -> list[int]:
    return [k for k in range(len(confusion)) if k not in missing(confusion)]


GRADIENTS = {
    "The ReLU is missing: where z is not above zero, it hands nothing back.": lambda z, g: g.sum(),
    "A bias takes part in every cell: add up, do not average.": lambda z, g: (g * (z > 0)).mean(),
    "Added up over the cells, and averaged over the images: add those up, too.": (
        lambda z, g: (g * (z > 0)).sum(dim=(1, 2)).mean()
    ),
    "Averaged over the cells, and added up over the images: add both up.": (
        lambda z, g: (g * (z > 0)).mean(dim=(1, 2)).sum()
    ),
    "Averaged over the cells where z is above zero; a bias takes part in each: add up.": (
        lambda z, g: (g * (z > 0)).sum() / (z > 0).sum().clamp(min=1)
    ),
    "Averaged over the cells where z is above zero (in a dead map there is none); add up, do not average.": (
        lambda z, g: g[z > 0].mean()
    ),
    "That counts cells. Each hands back the gradient that arrives there, g.": lambda z, g: (z > 0).sum(),
    "At exactly z = 0 PyTorch's ReLU hands back nothing, either.": lambda z, g: (g * (z >= 0)).sum(),
    "z decides *whether* a gradient passes, not how large it is: multiply g by 0 or 1.": (
        lambda z, g: (g * z.relu()).sum()
    ),
    "z decides *whether* a gradient passes; you multiply by z itself.": lambda z, g: (g * z).sum(),
    "You let through where z is below zero.": lambda z, g: (g * (z < 0)).sum(),
    "You let through where z is zero or below.": lambda z, g: (g * (z <= 0)).sum(),
    "It is the sign of z that decides, not that of g.": lambda z, g: g.relu().sum(),
    "That adds up the votes, ReLU(z). The gradient adds up g, where z is above zero.": lambda z, g: z.relu().sum(),
    "Those are the sizes of the gradients, without their signs.": lambda z, g: (g.abs() * (z > 0)).sum(),
    "It counts only gradients above zero; all count, where z is above zero.": lambda z, g: (g.relu() * (z > 0)).sum(),
    "z and g are exchanged: g is added up, where z is above zero.": lambda z, g: (z * (g > 0)).sum(),
    "Only the first cell is in it.": lambda z, g: (g * (z > 0)).flatten()[0],
    "Only the last cell is in it.": lambda z, g: (g * (z > 0)).flatten()[-1],
    "The last row of each map is left out.": lambda z, g: (g * (z > 0))[:, :-1].sum(),
    "Where z is below zero you subtract; there nothing passes.": lambda z, g: (g * z.sign()).sum(),
    "Where z is below zero a little passes, as with a LeakyReLU; with a ReLU nothing does.": (
        lambda z, g: (g * torch.where(z > 0, 1, 0.01)).sum()
    ),
    "The gradients are squared; add them up as they are.": lambda z, g: (g.square() * (z > 0)).sum(),
    "That is the norm of the gradients; their sum is wanted.": lambda z, g: (g * (z > 0)).norm(),
    "It asks whether z is above one; a ReLU passes from zero on.": lambda z, g: (g * (z > 1)).sum(),
    "A whole image passes or not, by its mean; each cell has a ReLU of its own.": (
        lambda z, g: (g * (z.mean(dim=(1, 2), keepdim=True) > 0)).sum()
    ),
    "Nothing passes unless every z is above zero; each cell has a ReLU of its own.": (
        lambda z, g: g.sum() * (z > 0).all()
    ),
    "That is the largest of the gradients that pass; add them up.": lambda z, g: (g * (z > 0)).max(),
    "The sign is turned round.": lambda z, g: -(g * (z > 0)).sum(),
    "That is one number an image: the bias is one number for all.": lambda z, g: (g * (z > 0)).sum(dim=(1, 2)),
    "That is one number a cell: the bias is one number for all images and cells.": (
        lambda z, g: (g * (z > 0)).sum(dim=0)
    ),
    "That is the gradient of z, one number a cell: the bias is in all of them, so add up.": lambda z, g: g * (z > 0),
    "Only the first image is in it; the bias is in all of them.": lambda z, g: (g * (z > 0))[0].sum(),
    "z is averaged first; each cell has a ReLU of its own.": lambda z, g: g.sum() * (z.mean() > 0),
    "It is g, added up if any z is above zero; each cell has a ReLU of its own.": lambda z, g: g.sum() * (z > 0).any(),
}
