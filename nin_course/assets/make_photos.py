"""Renders the three photographs of chapter 07, as a phone might take them: `python -m nin_course.assets.make_photos`.

A garment is an outline, filled, bulged and creased, with a soft shadow on its ground; light falls from one side, the
lens is a little soft, the sensor noisy, and the phone tilted. The third is the first once more, on another ground.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from nin_course.checkpoint import write_whole
from nin_course.runs import write_json
from nin_course.weights import ASSETS

HIGH, WIDE = 880, 660


# Half a T-shirt, the other half is its mirror image; a boot from its side. (x, y), y down; a corner stands there twice.
SHIRT = [(0.09, -0.44), (0.09, -0.44), (0.26, -0.39), (0.34, -0.33), (0.54, -0.03), (0.54, -0.03), (0.38, 0.07)]
SHIRT += [(0.38, 0.07), (0.28, -0.10), (0.28, -0.10), (0.285, 0.2), (0.29, 0.49), (0.29, 0.49), (0.12, 0.50)]
COLLAR = [(0.09, -0.44), (0.09, -0.44), (0.06, -0.37), (0.0, -0.345)]
BOOT = [(-0.33, -0.46), (-0.33, -0.46), (-0.1, -0.44), (0.03, -0.46), (0.03, -0.46), (0.02, -0.2), (0.08, -0.05)]
BOOT += [(0.22, 0.03), (0.40, 0.09), (0.475, 0.17), (0.48, 0.26), (0.48, 0.26), (0.1, 0.275), (-0.33, 0.27)]
BOOT += [(-0.33, 0.27), (-0.345, 0.1), (-0.31, -0.1)]
SOLE = [(-0.34, 0.26), (-0.34, 0.26), (0.1, 0.265), (0.49, 0.24), (0.49, 0.24), (0.485, 0.31), (0.44, 0.325)]
SOLE += [(0.12, 0.32), (-0.06, 0.32), (-0.06, 0.32), (-0.08, 0.37), (-0.08, 0.37), (-0.34, 0.37), (-0.34, 0.37)]
LACES = [((-0.02, -0.36), (0.05, -0.31)), ((-0.03, -0.24), (0.05, -0.19)), ((-0.01, -0.12), (0.08, -0.08))]


def curve(points: list[tuple[float, float]], steps: int = 12) -> list[tuple[float, float]]:
    """A smooth closed line through the points (Catmull and Rom 1974); a point that stands there twice is a corner."""
    n, found = len(points), []
    for i in range(n):
        at = [i - 1, i, i + 1, i + 2]
        p = torch.tensor([points[j % n] for j in at])
        if torch.equal(p[1], p[2]):
            continue
        t = (torch.arange(steps) / steps)[:, None]
        bent = 2 * p[1] + (p[2] - p[0]) * t + (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * t**2
        found += ((bent + (3 * p[1] - p[0] - 3 * p[2] + p[3]) * t**3) / 2).tolist()
    return [tuple(point) for point in found]


def mirrored(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return points + [(-x, y) for x, y in reversed(points)]


def filled(outline: list[tuple[float, float]], scale: float = 500, turn: float = 0.0) -> torch.Tensor:
    """1 inside of the outline, 0 outside, (HIGH, WIDE); its units are `scale` pixels, the origin is in the middle."""
    c, s = torch.cos(torch.tensor(turn)).item(), torch.sin(torch.tensor(turn)).item()
    big = Image.new("L", (2 * WIDE, 2 * HIGH))
    places = [(WIDE + 2 * scale * (c * x - s * y), HIGH + 2 * scale * (s * x + c * y)) for x, y in outline]
    ImageDraw.Draw(big).polygon(places, fill=255)
    return F.avg_pool2d(tensor_of(big)[None], 2)[0]


def tensor_of(image) -> torch.Tensor:
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(image.height, -1).float() / 255


def blur(field: torch.Tensor, sigma: float) -> torch.Tensor:
    """A Gaussian over the last two axes, edges repeated."""
    reach = int(3 * sigma) + 1
    window = torch.exp(-((torch.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    window, shape = window / window.sum(), field.shape
    field = field.reshape(-1, 1, *shape[-2:])
    field = F.conv2d(F.pad(field, (reach, reach, 0, 0), mode="replicate"), window[None, None, None])
    return F.conv2d(F.pad(field, (0, 0, reach, reach), mode="replicate"), window[None, None, :, None]).reshape(shape)


def rough(random: torch.Generator, down: float, across: float) -> torch.Tensor:
    """Noise with a grain of so many pixels down and across; mean 0, deviation 1."""
    small = torch.randn(1, 1, max(2, int(HIGH / down)), max(2, int(WIDE / across)), generator=random)
    field = F.interpolate(small, (HIGH, WIDE), mode="bicubic", align_corners=False)[0, 0]
    return (field - field.mean()) / field.std()


def painted(ground: torch.Tensor, shape: torch.Tensor, color: tuple, creases: torch.Tensor, bulge: float):
    """The ground (3, HIGH, WIDE) with a coloured shape on it: its shadow, its bulge and creases lit from the left."""
    shadow = blur(shape.roll((10, 16), (0, 1)), 14)
    ground = ground * (1 - 0.5 * shadow * (1 - shape))
    relief = bulge * (blur(shape, 7) + blur(shape, 22)) + creases
    slope_y, slope_x = torch.gradient(relief)
    light = (0.92 + 1.1 * slope_x + 0.6 * slope_y).clamp(0.35, 1.5)
    return ground * (1 - shape) + torch.tensor(color)[:, None, None] * light * shape


def taken(scene: torch.Tensor, random: torch.Generator, tilt: float) -> Image.Image:
    """The scene (3, HIGH, WIDE) through a phone: light from the upper left, a tilt, a soft lens, a noisy sensor."""
    y, x = torch.linspace(-1, 1, HIGH)[:, None], torch.linspace(-1, 1, WIDE)
    scene = scene * (1 - 0.16 * x - 0.06 * y) * (1 - 0.05 * (x**2 + y**2))
    across, down = x * (1 + tilt * y) * 0.95, (y + 0 * x) * 0.95
    scene = F.grid_sample(scene[None], torch.stack([across, down], 2)[None], padding_mode="border", align_corners=True)
    scene = blur(scene[0], 0.8)
    scene = scene + 0.022 * scene.clamp(min=0.05).sqrt() * torch.randn(scene.shape, generator=random)
    pixels = (255 * scene.clamp(0, 1)).round().byte().permute(1, 2, 0).contiguous()
    return Image.frombytes("RGB", (WIDE, HIGH), pixels.numpy().tobytes())


def boards(random: torch.Generator, color: tuple, each: int, grain: float) -> torch.Tensor:
    """A wooden ground: boards of `each` pixels across, each a little darker or brighter, with a grain along them."""
    number = torch.arange(WIDE) // each
    tone = 1 + 0.03 * torch.randn(int(number[-1]) + 1, generator=random)[number]
    gap = 1 - 0.35 * (torch.arange(WIDE) % each < 3)
    wood = (1 + grain * rough(random, 160, 3) + 0.5 * grain * rough(random, 60, 12)) * tone * gap
    return torch.tensor(color)[:, None, None] * wood


def table(random: torch.Generator) -> torch.Tensor:
    return boards(random, (0.80, 0.71, 0.58), 1000, 0.025)


def floor(random: torch.Generator) -> torch.Tensor:
    return boards(random, (0.24, 0.19, 0.16), 1000, 0.07)


def stripes(random: torch.Generator) -> torch.Tensor:
    """A striped cloth, its stripes running down and a little wavy."""
    x = torch.arange(WIDE) + 6 * rough(random, 300, 300) + 0.06 * torch.arange(HIGH)[:, None]
    dark = blur(((x % 110) < 48).float(), 1.2)
    white, red = torch.tensor((0.86, 0.84, 0.80)), torch.tensor((0.45, 0.13, 0.14))
    weave = 1 + 0.02 * rough(random, 2, 2)
    return (white[:, None, None] * (1 - dark) + red[:, None, None] * dark) * weave


def shirt(ground: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A dark blue T-shirt, its collar and the seams of its sleeves."""
    turn = 0.05
    whole = filled(curve(mirrored(SHIRT)), turn=turn)
    creases = 3.0 * rough(random, 240, 70) * blur(whole, 9) + 1.2 * rough(random, 90, 40)
    scene = painted(ground, whole, (0.13, 0.20, 0.38), creases, 5.0)
    inside = filled(curve(mirrored(COLLAR)), turn=turn) * whole
    return painted(scene, inside, (0.07, 0.10, 0.19), 0 * creases, -2.0)


def boot(ground: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A light leather boot from its side."""
    creases = 2.0 * rough(random, 60, 120)
    scene = painted(ground, filled(curve(BOOT)), (0.72, 0.58, 0.40), creases, 9.0)
    for (x1, y1), (x2, y2) in LACES:
        lace = filled([(x1, y1), (x2, y2), (x2 + 0.01, y2 - 0.025), (x1 + 0.01, y1 - 0.025)])
        scene = painted(scene, lace, (0.93, 0.90, 0.84), 0 * creases, 3.0)
    return painted(scene, filled(curve(SOLE)), (0.50, 0.46, 0.42), 0 * creases, 4.0)


SCENES: dict[str, tuple[Callable, Callable, int, float]] = {  # garment, ground, seed, tilt
    "T-shirt_on_a_table": (shirt, table, 1, 0.05),
    "boot_on_the_floor": (boot, floor, 2, -0.04),
    "T-shirt_on_stripes": (shirt, stripes, 1, 0.05),
}


def photograph(name: str) -> bytes:
    """A JPEG file's content. The boot's is stored lying on its side, and its EXIF says how to turn it."""
    garment, ground, seed, tilt = SCENES[name]
    surface = ground(torch.Generator().manual_seed(seed))
    image = taken(garment(surface, torch.Generator().manual_seed(seed)), torch.Generator().manual_seed(seed), tilt)
    exif = Image.Exif()
    if name.startswith("boot"):
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=82, exif=exif)
    return stream.getvalue()


def main(folder: Path = ASSETS / "photos") -> None:
    """Writes the three files and their card."""
    folder.mkdir(exist_ok=True)
    files = {f"{name}.jpg": photograph(name) for name in SCENES}
    for name, content in files.items():
        write_whole(folder / name, content)
    write_json(
        folder / "card.json",
        {
            "what": "three pictures like a phone's: a T-shirt on a table, a boot on a floor, the T-shirt on stripes",
            "rights": "rendered from numbers by the course itself; its licence, MIT",
            "command": "python -m nin_course.assets.make_photos",
            "pixels": f"{WIDE} x {HIGH}; the boot's are stored lying, with EXIF orientation 6",
            "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        },
    )


if __name__ == "__main__":
    main()
