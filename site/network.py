"""The shipped network for a page: in ONNX's format, with the maps of its four layers. `python site/network.py FILE`"""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn

from nin_course.data import MEAN, STD
from nin_course.demos.inside import LAYERS, stages


class Layers(nn.Module):
    """Images (N, 1, 28, 28) in [0, 1] -> what each of LAYERS makes of them: (N, 64, 28, 28) to (N, 10, 7, 7)."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList(stages())

    def forward(self, X: torch.Tensor) -> tuple[torch.Tensor, ...]:
        Y, found = (X - MEAN) / STD, []
        for part in self.parts:
            Y = part(Y)
            found.append(Y)
        return tuple(found)


def export(path: Path) -> None:
    """Writes the network to one file: input "pixels", of any number of images; outputs named as LAYERS are."""
    example = torch.zeros(2, 1, 28, 28)
    names = {"input_names": ["pixels"], "output_names": list(LAYERS)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the exporter says of its own parts
        torch.onnx.export(
            Layers().eval(),
            (example,),
            path,
            dynamo=True,
            external_data=False,
            dynamic_shapes={"X": {0: torch.export.Dim("images")}},
            verbose=False,
            **names,
        )


if __name__ == "__main__":
    export(Path(sys.argv[1]))
