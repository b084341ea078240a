"""The benchmarks run, and compare like with like."""

import loader
import torch

import nin_course as d2l


def test_both_pipelines_of_the_loader_benchmark_give_the_same_images():
    _, ours = d2l.load_data_fashion_mnist(8, resize=96, sample=True)
    usual = loader.UsualPipeline(ours.dataset.images, ours.dataset.labels, 96)
    X, y = next(iter(ours))
    for i in range(8):
        image, label = usual[i]
        assert (image - X[i]).abs().max() <= 1.001 / 255
        assert label == y[i]


def test_the_loader_benchmark_measures_both_in_every_round():
    results = loader.measure(size=56, images=256, batch_size=64, rounds=2)
    assert len(results) == 2
    assert all(usual > 0 and ours > 0 for usual, ours in results)
    assert torch.tensor(results).isfinite().all()
