"""What a chapter writes in full and what the package exports under that name are the same function.

A cell tagged `teaches-NAME` defines NAME (or, for a network, `net`); it is run with the cells before it that it needs.
"""

import itertools

import build
import nbformat
import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course import calibration, collage
from nin_course.assets import make_stuck_runs
from nin_course.checks import ch00

TAG = "teaches-"


def taught():
    """(chapter, name) -> the code that defines it there, with all taught code before it in the same chapter."""
    found = {}
    for chapter in build.chapters():
        notebook = build.assemble(chapter, solved=True)
        code = ["import torch\nfrom torch import nn\nimport torch.nn.functional as F\nimport nin_course as d2l"]
        for cell in notebook.cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith(TAG):
                    code.append(cell.source)
                    found[chapter.stem[:2].strip("_"), tag.removeprefix(TAG)] = "\n\n".join(code)
    return found


def defined(chapter, name):
    namespace = {}
    exec(taught()[chapter, name], namespace)
    return namespace


def same_network(one, other, *shapes):
    """Weights so large that each layer matters, and both modes, so that dropout does."""
    for p in one.parameters():
        torch.nn.init.normal_(p, std=(2 / p[0].numel()) ** 0.5)
    other.load_state_dict(dict(zip(other.state_dict(), one.state_dict().values(), strict=True)), strict=True)
    for shape, training in itertools.product(shapes, (False, True)):
        X, outputs = torch.randn(shape), []
        for net in (one, other):
            torch.manual_seed(1)
            outputs.append(net.train(training)(X))
        torch.testing.assert_close(*outputs)
        assert (outputs[0][0] - outputs[0][1]).abs().max() > 0.01  # it tells images apart


def check_nin_block(namespace):
    for args in ((1, 6, 11, 4, 0), (3, 5, 3, 1, 1), (2, 2, 5, 2, 2)):
        same_network(namespace["nin_block"](*args), d2l.nin_block(*args), (2, args[0], 23, 30))


def check_global_avg_pool(namespace):
    for shape in ((1, 10, 5, 5), (2, 3, 7, 4), (3, 1, 1, 1)):
        X = torch.randn(shape)
        torch.testing.assert_close(namespace["GlobalAvgPool2d"]()(X), d2l.GlobalAvgPool2d()(X))


def check_nin(namespace):
    same_network(namespace["net"], d2l.nin(), (2, 1, 100, 131))


def check_train_epoch(namespace):
    ends = []
    for train_epoch in (namespace["train_epoch"], d2l.train_epoch):
        torch.manual_seed(0)
        net = d2l.nin_small()
        batches = [(torch.randn(n, 1, 12, 12), torch.randint(10, (n,))) for n in (8, 8, 3)]
        found = train_epoch(net, batches, torch.optim.SGD(net.parameters(), lr=0.1), "cpu")
        ends.append((found, torch.cat([p.detach().flatten() for p in net.parameters()])))
    assert ends[0][0] == ends[1][0]
    assert torch.equal(ends[0][1], ends[1][1])


CHECKS = {
    "nin_block": check_nin_block,
    "GlobalAvgPool2d": check_global_avg_pool,
    "nin": check_nin,
    "train_epoch": check_train_epoch,
}


@pytest.mark.parametrize(("chapter", "name"), sorted(taught()))
def test_what_a_chapter_writes_is_what_the_package_exports(chapter, name):
    torch.manual_seed(0)
    CHECKS[name](defined(chapter, name))


def test_every_part_is_taught_somewhere():
    assert set(CHECKS) == {name for _, name in taught()}


def test_a_different_definition_would_be_noticed():
    namespace = defined("02", "nin_block")
    package = d2l.nin_block
    namespace["nin_block"] = lambda *args: package(*args)[:4]  # one 1×1 layer fewer
    with pytest.raises((AssertionError, RuntimeError, ValueError)):
        check_nin_block(namespace)


@pytest.mark.parametrize("layer", [1, 3, 5, 6])
def test_a_different_pooling_or_dropout_would_be_noticed(layer):
    torch.manual_seed(0)
    other = [nn.Dropout(0.05)] if layer == 6 else [nn.AvgPool2d(3, 2)]
    net = d2l.nin()
    with pytest.raises(AssertionError):
        check_nin({"net": nn.Sequential(*net[:layer], *other, *net[layer + 1 :])})


def test_the_accuracy_of_the_first_exercise_is_what_evaluate_accuracy_gives():
    notebook = build.assemble(build.SOURCE / "00_start_here.md", solved=True)
    namespace = {}
    exec(next(c.source for c in notebook.cells if c.source.startswith("def accuracy")), namespace)
    logits, labels = ch00.example(20, right=13, second=4, seed=0)
    ours = d2l.evaluate_accuracy([(logits, labels)], torch.nn.Identity())
    assert namespace["accuracy"](logits, labels).item() == pytest.approx(ours)


def test_every_stored_notebook_is_valid():
    for chapter in build.chapters():
        for path in build.targets(chapter):
            nbformat.validate(nbformat.read(path, as_version=4))


def check_kaiming(namespace):
    networks = []
    for function in (namespace["kaiming"], make_stuck_runs.kaiming):
        torch.manual_seed(1)
        networks.append(function(d2l.nin(width=0.25)))
    same, other = (dict(net.named_parameters()) for net in networks)
    assert all(torch.equal(same[name], other[name]) for name in same)


CHECKS["kaiming"] = check_kaiming


def check_leads(namespace):
    for counted in (None, torch.rand(2, 8, 5) < 0.6):
        maps = torch.randn(2, 10, 8, 5)
        for wanted in ([3], [5, 7, 9]):
            assert torch.equal(namespace["leads"](maps, wanted, counted), collage.leads(maps, wanted, counted))


def check_stands_out(namespace):
    for lead in (torch.randn(27, 27), torch.zeros(4, 6), torch.arange(40.0).reshape(5, 8)):
        for threshold in (-1.0, 0.0, 1.5):
            assert namespace["stands_out"](lead, threshold) == collage.stands_out(lead, threshold)


def check_lit(namespace):
    image = torch.rand(3, 1, 12, 20) * (torch.rand(3, 1, 12, 20) < 0.25)
    assert torch.equal(namespace["lit"](image), collage.lit(image))
    assert 0 < namespace["lit"](image).float().mean() < 1


def check_reliability(namespace):
    confidence, right = torch.cat([torch.rand(50), torch.tensor([0.0, 0.1, 1.0])]), torch.rand(53) < 0.7
    for bins in (1, 10, 15):
        found = [
            reliability(confidence, right, bins) for reliability in (namespace["reliability"], calibration.reliability)
        ]
        torch.testing.assert_close(*found, rtol=0, atol=0, equal_nan=True)


CHECKS |= {"leads": check_leads, "stands_out": check_stands_out, "lit": check_lit, "reliability": check_reliability}
