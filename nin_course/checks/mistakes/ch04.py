"""The known mistakes of chapter 04: sentence -> the rule that gives just this wrong answer."""

import itertools

FIRST = {  # the weights of the first convolution, by what they are taken for
    "": lambda i, o, k: i * o * k * k,
    "A window of k has k · k places, not k.": lambda i, o, k: i * o * k,
    "A window of k has k · k places; the first convolution has weights for each.": lambda i, o, k: i * o,
    "The first convolution has a kernel for every *pair* of an input and an output channel.": lambda i, o, k: o * k * k,
    "The first convolution has a kernel for every *pair* of channels, in and out.": lambda i, o, k: i * k * k,
    "The first convolution goes from in_channels to out_channels.": lambda i, o, k: o * o * k * k,
    "The first convolution is missing.": lambda i, o, k: 0,
}


ONES = {  # the weights of the 1×1 layers
    "": lambda i, o, k: 2 * o * o,
    "A block has *two* 1×1 layers.": lambda i, o, k: o * o,
    "Two 1×1 layers follow, and are not counted.": lambda i, o, k: 0,
    "A block has two 1×1 layers, not three.": lambda i, o, k: 3 * o * o,
    "The 1×1 layers do not see the block's input: both go from out_channels to out_channels.": (
        lambda i, o, k: 2 * i * o
    ),
    "The second 1×1 layer is right; the first, too, goes from out_channels to out_channels.": (
        lambda i, o, k: i * o + o * o
    ),
    "You counted the later two with the first one's window. Theirs is 1×1.": lambda i, o, k: 2 * o * o * k * k,
    "The 1×1 layers have a weight for every *pair* of channels.": lambda i, o, k: 2 * o,
    "The later two are not like the first: 1×1, from out_channels to out_channels.": lambda i, o, k: 2 * i * o * k * k,
}


BIASES = {
    "": lambda i, o, k: 3 * o,
    "The biases are missing: one for each output channel, in all three layers.": lambda i, o, k: 0,
    "Only the biases of one layer are counted; all three have them.": lambda i, o, k: o,
    "Only the biases of two layers are counted; all three have them.": lambda i, o, k: 2 * o,
    "Each layer has a bias for every output channel, not one in all.": lambda i, o, k: 3,
    "There is a bias for every output channel of every layer, not one in all.": lambda i, o, k: 1,
    "The first layer's biases are one for each *output* channel.": lambda i, o, k: i + 2 * o,
    "Biases belong to output channels, and there are out_channels of them in each layer.": lambda i, o, k: 3 * i,
    "There are biases in three layers, not four.": lambda i, o, k: 4 * o,
}


def parameter_counts():
    """Sentences -> the count that they explain, with the fewest mistakes first."""
    found, parts = {}, (*FIRST, *ONES, *BIASES)
    for some in itertools.product(FIRST.items(), ONES.items(), BIASES.items()):
        sentence = " ".join(words for words, _ in some if words)
        if sum(bool(words) for words, _ in some) > 2:
            continue  # three mistakes at once explain nearly every number
        found[sentence] = lambda i, o, k, some=some: sum(count(i, o, k) for _, count in some)

    def first(i, o, k):
        return i * o * k * k + o

    def one(i, o, k):
        return o * o + o

    def block(i, o, k):
        return first(i, o, k) + 2 * one(i, o, k)

    found |= {
        "The channels in and out are exchanged.": lambda i, o, k: block(o, i, k),
        "The first convolution is there once, the 1×1 layer twice: yours has it the other way round.": (
            lambda i, o, k: 2 * first(i, o, k) + one(i, o, k)
        ),
        "In and out channels multiply; they do not add up.": lambda i, o, k: (i + o) * k * k + o + 2 * one(i, o, k),
        "A ReLU has no parameters.": lambda i, o, k: block(i, o, k) + 3 * o,
        "In Python, `^` is no power; kernel_size ** 2 is.": lambda i, o, k: (i * o * k ^ 2) + o + 2 * one(i, o, k),
        "In Python `^` is no power: write kernel_size ** 2.": lambda i, o, k: i * o * (k ^ 2) + o + 2 * one(i, o, k),
        "2 · kernel_size is not kernel_size².": lambda i, o, k: i * o * 2 * k + o + 2 * one(i, o, k),
        "The window is kernel_size × kernel_size; yours is 3 × 3, always.": lambda i, o, k: block(i, o, 3),
        "Those are bytes, four a number; how many parameters?": lambda i, o, k: 4 * block(i, o, k),
        "Those are MiB; how many parameters?": lambda i, o, k: 4 * block(i, o, k) / 2**20,
        "Those are MB; how many parameters?": lambda i, o, k: 4 * block(i, o, k) / 1e6,
        "That is the first convolution alone, with its biases; two 1×1 layers follow.": first,
        "That is a 1×1 layer alone; the first convolution and another one are missing.": one,
        "That is the first convolution and *one* 1×1 layer; a block has two.": (
            lambda i, o, k: first(i, o, k) + one(i, o, k)
        ),
        "There are two blocks in yours.": lambda i, o, k: 2 * block(i, o, k),
    }
    found = dict(sorted(found.items(), key=lambda pair: sum(words in pair[0] for words in parts if words)))
    return {words: count for words, count in found.items() if words}
