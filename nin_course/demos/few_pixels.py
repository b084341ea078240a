"""Chapter 00: the same ten garments with fewer and fewer pixels. The first slider of the course."""

from functools import cache

import ipywidgets as widgets
import torch.nn.functional as F

from nin_course.data import LABELS
from nin_course.demos._base import Demo, bare, sample_test_images, slider
from nin_course.plots import show_image


@cache
def one_of_each():
    """The first test image of each class: (10, 1, 28, 28) float in [0, 1]."""
    images, labels = sample_test_images()
    return images[[int((labels == k).nonzero()[0]) for k in range(10)]].float() / 255


ORDER = [7, 4, 9, 6, 1, 2, 5, 0, 8, 3]  # so that a place gives no class away


class FewPixels(Demo):
    """Ten garments, one a class, averaged down. compute: {"size": 1..28, "names": bool} -> {"images", "names"}."""

    title = "How few pixels?"
    chapter = "00"
    try_this = "Move the slider up until you would bet on the sneaker. Then on the shirt. Then show the names."
    ask = "At how many pixels a side can you tell the sneaker from the ankle boot? And the shirt from the coat?"
    set = "Start at 2, names hidden, then go up one step at a time; the class calls stop."
    see = (
        "Shoes and trousers show themselves early; shirt, coat and pullover stay hard at 28. Blur is not their problem."
    )
    size = (8.0, 3.5)

    def __init__(self):
        names = widgets.Checkbox(False, description="show the names", indent=False, layout={"width": "160px"})
        super().__init__({"size": slider("pixels a side", 4, 1, 28, width=420), "names": names})

    def setup(self, figure):
        self.axes = [bare(figure, 0.01 + 0.198 * (i % 5), 0.52 - 0.5 * (i // 5), 0.188, 0.395) for i in range(10)]
        self.images = [show_image(axis, one_of_each()[0, 0]) for axis in self.axes]

    @staticmethod
    def compute(state):
        images = F.adaptive_avg_pool2d(one_of_each()[ORDER], state["size"])[:, 0]
        return {"images": images, "names": [LABELS[k] if state["names"] else "?" for k in ORDER]}

    def draw(self, result):
        for axis, artist, image, name in zip(self.axes, self.images, *result.values(), strict=True):
            artist.set(data=image.numpy(), extent=(0, 1, 0, 1))
            axis.set_title(name, fontsize=11)
        size = len(result["images"][0])
        return f"{size} × {size} = {size * size} numbers an image; the data set has 28 × 28 = 784."
