"""Images a second at 224 px: the usual pipeline (PIL, one image at a time) against the course's, in one run.

`python benchmarks/loader.py [--size 224] [--images 2000] [--batch-size 128] [--rounds 3]`. One process each (no
workers), the same images of the embedded sample, shuffled; the rounds alternate, so that a busy machine slows both.
"""

import argparse
import time

from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

import nin_course as d2l


class UsualPipeline(Dataset):
    """What torchvision's FashionMNIST does with `Compose([Resize(size), ToTensor()])`: PIL, image by image."""

    def __init__(self, images, labels, size):
        self.images, self.labels = images[:, 0], labels
        self.transform = transforms.Compose([transforms.ToPILImage(), transforms.Resize(size), transforms.ToTensor()])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.images[i]), int(self.labels[i])


def images_a_second(batches, images: int) -> float:
    seen, start = 0, time.perf_counter()
    for X, _ in batches:
        seen += len(X)
        if seen >= images:
            break
    return seen / (time.perf_counter() - start)


def measure(size=224, images=2000, batch_size=128, rounds=3) -> list[tuple[float, float]]:
    """(usual, ours) images a second, round by round."""
    ours, _ = d2l.load_data_fashion_mnist(batch_size, resize=size, sample=True)
    usual = UsualPipeline(ours.dataset.images, ours.dataset.labels, size)
    usual = DataLoader(usual, batch_size, shuffle=True)
    images_a_second(ours, batch_size), images_a_second(usual, batch_size)  # warm up both
    return [(images_a_second(usual, images), images_a_second(ours, images)) for _ in range(rounds)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("size", 224), ("images", 2000), ("batch-size", 128), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    results = measure(chosen.size, chosen.images, chosen.batch_size, chosen.rounds)
    print(f"28 -> {chosen.size} px, batches of {chosen.batch_size}, one process each, images a second")
    print("round    usual     ours    ratio")
    for i, (usual, ours) in enumerate(results, 1):
        print(f"{i:5}  {usual:7,.0f}  {ours:7,.0f}  {ours / usual:6.1f}x")
    ratios = sorted(ours / usual for usual, ours in results)
    print(f"median ratio: {ratios[len(ratios) // 2]:.1f}x")
