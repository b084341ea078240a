"""Your own photograph, made into what the network knows: 28 × 28 pixels, a bright garment on black. Chapter 07.

Fashion-MNIST was made from a shop's photographs, each on a near-white ground (Xiao, Rasul, Vollgraf 2017,
arXiv:1708.07747, §2): edges as bright as the corners trimmed, the longer side subsampled to 28 pixels, sharpened,
centred, negated, made grey. At home a table lies under the garment and light falls from one side, so here the ground's
brightness is a plane fitted to the picture's border, and is taken off; areas are averaged, and nothing is sharpened.
"""

import io
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

PHOTOS = Path(__file__).parent / "assets" / "photos"  # three that come with the course
SIDE = 28
LONGEST = 512  # pixels of the longer side, at which a picture is worked on
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")
MOST, MOST_IN_JPEG = 40, 120  # megapixels; a JPEG can be read at an eighth of its size
MOST_BYTES = 60_000_000
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}  # EXIF's orientation
TURNS |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}
GREY = torch.tensor([0.299, 0.587, 0.114])  # how much red, green and blue count (ITU-R BT.601, as in Pillow)


@dataclass(frozen=True)
class Steps:
    """From a picture to 28 × 28 pixels, each step kept; all values in [0, 1]."""

    picture: torch.Tensor  # (H, W, 3)
    grey: torch.Tensor  # (H, W)
    bright: torch.Tensor  # (H, W): inverted if need be, the ground black if it was taken off
    box: tuple[int, int, int]  # (top, left, side) of the square, which may reach beyond the picture
    square: torch.Tensor  # (side, side), black where it reaches beyond
    small: torch.Tensor  # (28, 28)
    inverted: bool
    contrast: float  # by how much the middle is brighter (below 0: darker) than the ground
    uneven: float  # by how much the border differs from a plane, typically (the median)


def read_picture(source: bytes | str | os.PathLike) -> tuple[torch.Tensor, list[str]]:
    """A picture file's content, or its path -> (picture (H, W, 3) in [0, 1], longer side at most 512; what was done).

    It is turned upright as its EXIF says; of several pictures it is the first; what is transparent shows white. Raises
    ValueError, in words, for whatever cannot be read: no picture, damaged, cut off, too large, smaller than 28 pixels.
    """
    content = source if isinstance(source, bytes) else _read_file(Path(source))
    if not content:
        raise ValueError("This file is empty.")
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file; too large is judged below
            Image.init()
            with Image.open(io.BytesIO(content), formats=[f for f in FORMATS if f in Image.OPEN]) as image:
                _check_size(image)
                return _pixels(image)
    except _Refused:
        raise
    except Image.DecompressionBombError:
        raise ValueError(_too_large("more than 178", MOST_IN_JPEG)) from None
    except Image.UnidentifiedImageError:
        raise ValueError(_no_picture(content)) from None
    except Exception as error:  # a damaged file can make a decoder raise anything
        raise ValueError(f"This picture is damaged or cut off, and cannot be read to its end ({error}).") from error


def prepare(picture: torch.Tensor, *, turn: int = 0, invert: bool | None = None, ground=True, margin=0.0) -> Steps:
    """A picture (H, W, 3) in [0, 1] -> its way to 28 × 28.

    turn: quarter turns to the left. invert: None inverts if the middle is darker than the ground. ground: whether the
    ground's brightness is taken off, and what remains stretched to white. margin: black left around the garment, as a
    share of its longer side.
    """
    picture = picture.rot90(turn)
    grey = picture @ GREY
    plane, uneven = _ground(grey)
    rise = grey - plane
    height, width = grey.shape
    middle = rise[height // 4 : height - height // 4, width // 4 : width - width // 4]
    contrast = middle.mean().item()
    inverted = contrast < 0 if invert is None else invert
    stands_out = ((-rise if inverted else rise) - min(3 * uneven, 0.1) - 0.02).clamp(min=0)
    stands_out = (stands_out / stands_out.quantile(0.98).clamp(min=0.02)).clamp(max=1)
    bright = stands_out if ground else 1 - grey if inverted else grey
    box = _box(stands_out, margin)
    square = _cut(bright, box)
    small = F.adaptive_avg_pool2d(square[None], SIDE)[0]
    return Steps(picture, grey, bright, box, square, small, inverted, contrast, uneven)


# ---- reading --------------------------------------------------------------------------------------------------------


class _Refused(ValueError):
    """What a header says is enough to refuse a picture."""


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size <= MOST_BYTES:
            return path.read_bytes()
    except (OSError, ValueError) as error:  # a path with a zero in it is a ValueError
        raise ValueError(f"{path} cannot be read: {error}") from error
    raise ValueError(f"{path} has more than {MOST_BYTES // 10**6} MB. Save it smaller, as JPEG.")


def _no_picture(content: bytes) -> str:
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return "This is a HEIC picture, as iPhones take them; it cannot be read here. Save or export it as JPEG."
    return "This is no picture that can be read here. Take a JPEG, PNG, WebP, GIF, TIFF or BMP file."


def _too_large(megapixels, most: int) -> str:
    return f"This picture has {megapixels} megapixels; up to {most} are read here. Save it smaller: 1 is plenty."


def _check_size(image) -> None:
    """Judges by the header, before anything is unpacked: a few bytes can claim to be a picture of gigabytes."""
    width, height = image.size
    in_parts = image.format in ("JPEG", "MPO") and not image.info.get("progressive")
    most = MOST_IN_JPEG if in_parts else MOST
    if width * height > most * 10**6:
        raise _Refused(_too_large(round(width * height / 1e6), most))
    if min(width, height) < SIDE:
        raise _Refused(f"This picture has {width} × {height} pixels; the network needs {SIDE} each way.")


def _pixels(image) -> tuple[torch.Tensor, list[str]]:
    """An opened picture -> what `read_picture` returns."""
    from PIL import Image

    done, opened = [], image
    image.draft(None, (2 * LONGEST, 2 * LONGEST))  # unpacks a large JPEG at a half, a quarter, an eighth of its size
    if image.mode[0] in "IF":  # 16 bits and more
        image = _eight_bits(image)
        done.append("its grey values stretched to 256")
    elif "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
    else:
        image = image.convert("RGB")
    image = image.reduce(max(1, max(image.size) // (2 * LONGEST)))
    share = min(1, LONGEST / max(image.size))
    size = [max(SIDE, round(side * share)) for side in image.size]
    if image.mode == "RGBA":
        if image.getextrema()[3][0] < 255:
            done.append("transparent parts on white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    image = image.resize(size, Image.Resampling.BOX if share < 1 else Image.Resampling.NEAREST)
    with suppress(Exception):  # what else is in the file may be damaged, the picture has been read
        if turned := TURNS.get(opened.getexif().get(0x0112)):
            image = image.transpose(Image.Transpose[turned])
            done.append("turned as its EXIF says")
        if getattr(opened, "is_animated", False):
            done.append(f"the first of its {opened.n_frames} pictures")
    data = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return data.reshape(image.height, image.width, 3).float() / 255, done


def _eight_bits(image):
    """A grey picture of any depth -> RGB, its darkest value black, its brightest white."""
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    values = (values - values.min()) / max(np.ptp(values), 1e-9)
    return Image.fromarray((255 * values).round().astype(np.uint8)).convert("RGB")


# ---- preparing ------------------------------------------------------------------------------------------------------


def _ground(grey: torch.Tensor) -> tuple[torch.Tensor, float]:
    """A plane through the border's brightness, fitted three times, each time without what lies far off it."""
    height, width = grey.shape
    y, x = torch.linspace(-1, 1, height)[:, None].expand_as(grey), torch.linspace(-1, 1, width).expand_as(grey)
    places = torch.stack([torch.ones_like(grey), x, y], dim=2)
    edge = max(2, min(height, width) // 16)
    border = torch.ones_like(grey, dtype=torch.bool)
    border[edge:-edge, edge:-edge] = False
    at, values = places[border], grey[border]
    kept = torch.ones_like(values, dtype=torch.bool)
    for _ in range(3):
        plane = torch.linalg.lstsq(at[kept], values[kept, None]).solution[:, 0]
        off = (values - at @ plane).abs()
        kept = off <= 3 * off.median() + 1e-3
    return places @ plane, off.median().item()


def _box(bright: torch.Tensor, margin: float) -> tuple[int, int, int]:
    """(top, left, side) of the square round what stands out, of at least 28 pixels; a speck does not count."""
    ends = []
    for across in (1, 0):
        enough = (bright > 0.15).sum(dim=across) >= 0.015 * bright.shape[across]
        found = enough.nonzero().flatten().tolist() or [0, bright.shape[1 - across] - 1]
        ends.append((found[0], found[-1] + 1))
    side = max(SIDE, round(max(last - first for first, last in ends) * (1 + 2 * margin)))
    top, left = ((first + last - side) // 2 for first, last in ends)
    return top, left, side


def _cut(bright: torch.Tensor, box: tuple[int, int, int]) -> torch.Tensor:
    top, left, side = box
    height, width = bright.shape
    return F.pad(bright, (-left, left + side - width, -top, top + side - height))
