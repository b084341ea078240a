"""The helper package of *Network in Network, a course you can run*.

`import nin_course as d2l` runs the cells of the original notes unchanged. Importing it costs no more than torch:
matplotlib, ipywidgets and torchvision are loaded by what needs them.
"""

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d, nin_block
from nin_course.budget import smallest_input, summary
from nin_course.data import load_data_fashion_mnist
from nin_course.history import History
from nin_course.models import alexnet, nin, nin_small, vgg11
from nin_course.norm import add_batch_norm, fold_batch_norm
from nin_course.plots import get_fashion_mnist_labels, show_fashion_mnist
from nin_course.train import evaluate_accuracy, fit, train_ch5, train_epoch
from nin_course.weights import pretrained_nin

__all__ = [
    "FlattenLayer",
    "GlobalAvgPool2d",
    "History",
    "add_batch_norm",
    "alexnet",
    "evaluate_accuracy",
    "fit",
    "fold_batch_norm",
    "get_fashion_mnist_labels",
    "load_data_fashion_mnist",
    "nin",
    "nin_block",
    "nin_small",
    "pretrained_nin",
    "show_fashion_mnist",
    "smallest_input",
    "summary",
    "train_ch5",
    "train_epoch",
    "vgg11",
]
