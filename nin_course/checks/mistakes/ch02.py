"""The known mistakes of chapter 02: sentence -> the rule that gives just this wrong answer."""

SIZES = {  # what a mistake does to the sides of an image
    "Without padding, a window of k costs k − 1 rows and columns; kernel_size // 2 keeps them.": lambda k, n: 1 - k,
    "A 1×1 has nothing to pad: each of the n layers makes it grow by two.": lambda k, n: 2 * n,
    "A padding of 1 is right for a window of 3 alone; kernel_size // 2 is, for every odd one.": lambda k, n: 3 - k,
    "A padding of kernel_size is too much; kernel_size // 2 keeps the size.": lambda k, n: k + 1,
    "A padding of kernel_size − 1 is twice as much as is needed; kernel_size // 2 keeps the size.": lambda k, n: k - 1,
    "kernel_size // 2 belongs to the first convolution only: a 1×1 has nothing to pad.": lambda k, n: 2 * n * (k // 2),
}


WINDOWS = {  # how wide an output pixel's view is, by what the n layers are taken for
    "It is as if the n layers were 3×3: theirs should be 1×1.": lambda k, n: k + 2 * n,
    "The n layers have the first one's window: theirs should be 1×1.": lambda k, n: k + n * (k - 1),
    "It looks at no neighbour: the first convolution has the window of kernel_size.": lambda k, n: 1,
    "Its window is 3 × 3, whatever kernel_size is.": lambda k, n: 3,
}


COUNTS = {
    "That is one too few for every n above 0: n counts the 1×1 layers, and the convolution comes on top.": (
        lambda n: max(n - 1, 0)
    ),
    "That is one too many every time: n counts the 1×1 layers.": lambda n: n + 1,
    "That is two every time, whatever n is.": lambda n: 2,
    "That is one every time, whatever n is.": lambda n: 1,
    "That is none every time, whatever n is.": lambda n: 0,
    "That is twice as many every time.": lambda n: 2 * n,
}


def _side(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def rows_unseen(size, layers, *, side=_side, clip=True, plus=-1, pads=True, shift=0, back=reversed, stop=0):
    """Rows at the bottom of `size` that no output sees; the keywords make the known mistakes."""
    sides = [size]
    for layer in layers:
        sides.append(side(sides[-1], *layer))
    last = sides[-1] - 1 + shift
    for (kernel, stride, padding), before in list(zip(back(layers), back(sides[:-1]), strict=True))[
        : len(layers) - stop
    ]:
        last = last * stride + kernel + plus - (padding if pads else 0)
        if clip:
            last = min(last, before - 1)
    return max(size - 1 - last, 0) if clip else size - 1 - last


def _one_by_one(size, layers):
    """What each layer drops of its own map, added up as if all were pixels."""
    total = 0
    for layer in layers:
        total += rows_unseen(size, [layer])
        size = _side(size, *layer)
    return total


def _in_pixels(size, layers):
    """The same, each layer's in pixels of the image."""
    total, step = 0, 1
    for layer in layers:
        total += step * rows_unseen(size, [layer])
        size, step = _side(size, *layer), step * layer[1]
    return total


UNSEEN = {
    "You add up what each layer drops; but a row of the second layer's map is several rows of the image.": _one_by_one,
    "Those are the rows that each layer drops, in pixels of the image, added up. But a row that one layer drops may be "
    "seen by its neighbour's window: walk back from the last row of the last map.": _in_pixels,
    "That is what the first layer drops. The later ones drop more.": lambda n, ls: rows_unseen(n, ls[:1]),
    "That is what the last layer drops of its own map; the question is about rows of the image.": (
        lambda n, ls: rows_unseen([n, *_sides(n, ls)][-2], ls[-1:]) if ls else 0
    ),
    "It is one too many: the last row that is seen is counted as unseen.": (lambda n, ls: rows_unseen(n, ls) + 1),
    "It is one too few, unless it is 0: rows are counted from 0, so the last one is size − 1.": (
        lambda n, ls: max(rows_unseen(n, ls) - 1, 0)
    ),
    "It is one too few: rows are counted from 0, so the last one is size − 1.": lambda n, ls: rows_unseen(n, ls) - 1,
    "On the way back, a window reaches kernel − 1 rows further than where it begins, not kernel.": (
        lambda n, ls: rows_unseen(n, ls, plus=0)
    ),
    "On the way back, the padding is missing: a window of row r begins at r · stride − padding.": (
        lambda n, ls: rows_unseen(n, ls, pads=False)
    ),
    "What lies in the padding is no row: on the way back, a map ends at its own last row.": (
        lambda n, ls: rows_unseen(n, ls, clip=False)
    ),
    "What lies in the padding is no row of the map: on the way back, stop at each map's own last row, not only at the "
    "image's.": lambda n, ls: max(rows_unseen(n, ls, clip=False), 0),
    "The + 1 is missing in the sizes: the window's first place counts.": (
        lambda n, ls: rows_unseen(n, ls, side=lambda n, k, s, p: (n + 2 * p - k) // s)
    ),
    "In the sizes, the padding is counted once; it is added on both sides.": (
        lambda n, ls: rows_unseen(n, ls, side=lambda n, k, s, p: (n + p - k) // s + 1)
    ),
    "In the sizes, the padding is left out.": (
        lambda n, ls: rows_unseen(n, ls, side=lambda n, k, s, p: (n - k) // s + 1)
    ),
    "The last row of the last map is its side − 1: rows are counted from 0.": lambda n, ls: rows_unseen(n, ls, shift=1),
    "That is the last row that is seen. How many lie below it?": lambda n, ls: n - 1 - rows_unseen(n, ls),
    "That is how many rows are seen; the question is how many are not.": lambda n, ls: n - rows_unseen(n, ls),
    "That is the side of the last map. Now walk back from its last row.": lambda n, ls: [n, *_sides(n, ls)][-1],
    "Those are the sides after each layer. Now walk back from the last row of the last.": lambda n, ls: _sides(n, ls),
    "The layers are taken in the wrong order.": lambda n, ls: rows_unseen(n, ls[::-1]),
    "The padding is left out, in the sizes and on the way back.": (
        lambda n, ls: rows_unseen(n, [(k, s, 0) for k, s, _ in ls])
    ),
    "The way back goes through the layers from the first to the last; it has to begin with the last.": (
        lambda n, ls: rows_unseen(n, ls, back=lambda steps: steps)
    ),
    "The way back ends one layer too early: it has to reach the image.": lambda n, ls: rows_unseen(n, ls, stop=1),
    "That is the remainder of the first layer's steps, with the padding's rows in it.": (
        lambda n, ls: (n + 2 * ls[0][2] - ls[0][0]) % ls[0][1] if ls else 0
    ),
    "You add up the remainders of the layers' steps, each in rows of its own map.": (
        lambda n, ls: sum((side + 2 * p - k) % s for side, (k, s, p) in zip([n, *_sides(n, ls)], ls, strict=False))
    ),
}


def _sides(size, layers):
    found = []
    for layer in layers:
        size = _side(size, *layer)
        found.append(size)
    return found


WEIGHT = {
    "The weight is transposed: nn.Linear and nn.Conv2d keep (out, in).": lambda A, a, B, b: (B @ A).T,
    "The order is the other one: first A, then B, and in a product what comes first stands right: B @ A.": (
        lambda A, a, B, b: A @ B
    ),
    "The weights are added. One layer works on what the other put out: a product.": lambda A, a, B, b: A + B,
    "`*` multiplies number by number; two layers, one after the other, are a matrix product, @.": (
        lambda A, a, B, b: B * A
    ),
    "B is transposed in your weight, and should not be.": lambda A, a, B, b: B.T @ A,
    "A is transposed in your weight, and should not be.": lambda A, a, B, b: B @ A.T,
    "That is the weight with the bias in it: what the two layers give for one channel alone, minus nothing.": (
        lambda A, a, B, b: B @ A + (B @ a + b)[:, None]
    ),
    "A has a bias in it in your weight; weights multiply weights alone.": lambda A, a, B, b: B @ (A + a[:, None]),
    "There is a ReLU between; here nothing bends.": lambda A, a, B, b: B @ A.relu(),
    "That is the second layer's weight alone.": lambda A, a, B, b: B,
    "That is the first layer's weight alone.": lambda A, a, B, b: A,
}


BIAS = {
    "In the bias, a is missing: the second layer multiplies it too.": lambda A, a, B, b: b,
    "In the bias, b is missing: the second layer adds it at the end.": lambda A, a, B, b: B @ a,
    "In the bias, a goes *through* B before b is added.": lambda A, a, B, b: a + b,
    "That is the first layer's bias alone.": lambda A, a, B, b: a,
    "b does not go through B: it is added after it.": lambda A, a, B, b: B @ (a + b),
    "b is subtracted in the bias; it is added.": lambda A, a, B, b: B @ a - b,
    "The bias has A in it: the first bias goes through the *second* layer.": lambda A, a, B, b: A @ a + b,
    "It is b that went through a layer; a should, through B.": lambda A, a, B, b: B @ b + a,
    "B is transposed in your bias, and should not be.": lambda A, a, B, b: B.T @ a + b,
    "`(B * a).sum()` adds up all rows of B; each row has a sum of its own: B @ a.": lambda A, a, B, b: (
        (B * a).sum() + b
    ),
    "b goes through A in your bias; it is a that goes through B.": lambda A, a, B, b: A @ b + a,
    "b goes through A in your bias, and a is missing; it is a that goes through B.": lambda A, a, B, b: A @ b,
    "In the bias, a goes through B alone, not through B @ A: A has been there already.": lambda A, a, B, b: (
        B @ A @ a + b
    ),
    "B @ a is subtracted in the bias; it is added.": lambda A, a, B, b: b - B @ a,
    "b is added once for every middle channel; it is added once.": lambda A, a, B, b: B @ a + len(a) * b,
    "The sum of a is added to every b; each row of B weighs a in its own way.": lambda A, a, B, b: b + a.sum(),
    "There is a ReLU on a; between the two layers nothing bends.": lambda A, a, B, b: B @ a.relu() + b,
    "There is a ReLU on the bias; nothing bends here.": lambda A, a, B, b: (B @ a + b).relu(),
    "The bias is a column, (D, 1); (D,) is wanted.": lambda A, a, B, b: (B @ a + b)[:, None],
    "The bias is (D, D): a column and a row were added, and both were spread out.": lambda A, a, B, b: (
        (B @ a)[:, None] + b
    ),
    "The bias is that of the second layer for y = a, and then a again.": lambda A, a, B, b: B @ a + b + a,
    "B @ a is counted twice in the bias.": lambda A, a, B, b: 2 * (B @ a) + b,
    "b is counted twice in the bias.": lambda A, a, B, b: B @ a + 2 * b,
}
