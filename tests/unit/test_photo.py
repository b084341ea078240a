"""A picture file on its way to 28 × 28: upright, bright on black, cut to the garment; whatever is odd, in words."""

import hashlib
import io
import json
import struct
import zlib
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

import nin_course as d2l
from nin_course.assets import make_photos
from nin_course.data import LABELS as NAMES
from nin_course.data import MEAN, STD
from nin_course.files import SAMPLE_DIR, read_split, sample_hashes
from nin_course.photo import PHOTOS, prepare, read_picture


def stored(picture, format="PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def corners(width=90, height=60):
    """Red, green, blue and white in its four corners, on black."""
    picture = Image.new("RGB", (width, height))
    ends = {(0, 0): "red", (1, 0): "lime", (0, 1): "blue", (1, 1): "white"}
    for (x, y), color in ends.items():
        picture.paste(color, (x * (width - 20), y * (height - 20), x * (width - 20) + 20, y * (height - 20) + 20))
    return picture


def as_array(picture) -> np.ndarray:
    return np.asarray(picture.convert("RGB")) / np.float32(255)


def refusal(source) -> str:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        read_picture(source)
    assert type(raised.value).__module__ in {"builtins", "nin_course.photo"}
    assert "\n" not in str(raised.value)
    return str(raised.value)


# ---- what is read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_a_picture_without_loss_is_read_as_it_is(format):
    picture, done = read_picture(stored(corners(), format, **({"lossless": True} if format == "WEBP" else {})))
    np.testing.assert_allclose(picture, as_array(corners()), atol=1e-6)
    assert done == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_as_its_exif_says(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = stored(corners(), exif=exif)
    picture, done = read_picture(content)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_allclose(picture, as_array(upright), atol=1e-6)
    assert done == ([] if orientation == 1 else ["turned as its EXIF says"])


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0what is this", b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x01a"]
)
def test_an_exif_that_says_nothing_sensible_is_passed_over(exif):
    assert read_picture(stored(corners(), exif=exif))[1] == []


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGBA", "LA", "I;16", "I", "F"])
def test_every_kind_of_pixel_becomes_red_green_and_blue(mode):
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (40, 1))
    deep = {"I;16": (ramp * 65535).astype("uint16"), "I": (ramp * 1e6).astype("int32"), "F": ramp * 3 - 1}
    grey = Image.fromarray((ramp * 255).round().astype("uint8"))
    source = Image.fromarray(deep[mode]) if mode in deep else grey.convert("RGB").convert(mode, dither=0)
    source = grey.convert("P") if mode == "P" else source  # which has a palette of greys
    assert source.mode == mode
    picture, done = read_picture(stored(source, "TIFF"))
    assert picture.shape == (40, 64, 3)
    np.testing.assert_allclose(picture, np.stack([ramp > 0.5 if mode == "1" else ramp] * 3, 2), atol=0.02)
    assert done == (["its grey values stretched to 256"] if mode in deep else [])


def test_a_deep_picture_with_numbers_that_are_none_is_read_all_the_same():
    values = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (40, 1))
    values[3, 3:6] = np.nan, np.inf, -np.inf
    picture, _ = read_picture(stored(Image.fromarray(values), "TIFF"))
    assert picture[3, 3:6].max() == 0
    assert picture[0, -1].min() == 1


def test_what_is_transparent_is_white():
    picture = corners().convert("RGBA")
    picture.paste((10, 20, 30, 0), (30, 10, 60, 40))
    picture.paste((0, 0, 0, 51), (60, 10, 70, 40))
    wanted = as_array(corners())
    wanted[10:40, 30:60], wanted[10:40, 60:70] = 1, 0.8
    for format in ("PNG", "TIFF"):
        found, done = read_picture(stored(picture, format))
        np.testing.assert_allclose(found, wanted, atol=0.005)
        assert done == ["transparent parts on white"]
    assert read_picture(stored(corners().convert("RGBA")))[1] == []  # nothing of it is transparent
    palette = corners().convert("P")
    palette = stored(palette, transparency=palette.getpixel((5, 5)))  # what was red
    np.testing.assert_allclose(read_picture(palette)[0][5, 5], [1, 1, 1])


def test_of_a_picture_that_moves_the_first_is_taken_and_said_so():
    others = [Image.new("RGB", (90, 60), color) for color in ("white", "red", "blue")]
    for format in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if format == "WEBP" else {}
        picture, done = read_picture(stored(corners(), format, save_all=True, append_images=others, **options))
        np.testing.assert_allclose(picture, as_array(corners()), atol=0.02)
        assert done == ["the first of its 4 pictures"]


def test_a_path_is_read_like_its_content(tmp_path):
    (tmp_path / "a.png").write_bytes(stored(corners()))
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_allclose(read_picture(path)[0], as_array(corners()))


def test_a_large_picture_is_averaged_down_to_512_pixels():
    small = np.random.default_rng(0).integers(0, 256, (64, 128, 3)).astype("uint8")
    for factor in (2, 6):  # each pixel is another one
        pixels = np.random.default_rng(1).integers(0, 256, (256 * factor, 512 * factor, 3)).astype("uint8")
        means = pixels.reshape(256, factor, 512, factor, 3).mean((1, 3))
        np.testing.assert_allclose(read_picture(stored(Image.fromarray(pixels)))[0], means / 255, atol=0.01)
    for factor in (8, 24):
        big = Image.fromarray(small.repeat(factor, 0).repeat(factor, 1))
        picture, _ = read_picture(stored(big))
        assert picture.shape == (256, 512, 3)
        np.testing.assert_allclose(picture, small.repeat(4, 0).repeat(4, 1) / 255, atol=0.01)
    picture, _ = read_picture(stored(Image.new("RGB", (9000, 40), "red")))
    assert picture.shape == (28, 512, 3)


def test_a_photograph_of_100_megapixels_is_read_at_a_part_of_its_size(monkeypatch):
    sizes, really = [], Image.Image.reduce
    monkeypatch.setattr(Image.Image, "reduce", lambda self, *a: sizes.append(self.size) or really(self, *a))
    big = Image.new("L", (10_000, 10_000), 40)
    big.paste(200, (5_000, 0, 10_000, 10_000))
    picture, _ = read_picture(stored(big, "JPEG", quality=50))
    assert sizes == [(1250, 1250)]
    assert picture.shape == (512, 512, 3)
    np.testing.assert_allclose(picture[:, 10].mean(), 40 / 255, atol=0.01)
    np.testing.assert_allclose(picture[:, -10].mean(), 200 / 255, atol=0.01)


@pytest.mark.parametrize(("width", "height"), [(660, 880), (1100, 700), (3000, 4000)])
def test_a_jpeg_of_any_size_keeps_what_512_pixels_can_show(width, height):
    """64 stripes along its longer side, each 8 of these pixels with its dark neighbour."""
    across = np.arange(width) * 128 // max(width, height) % 2
    picture, _ = read_picture(stored(Image.fromarray(np.uint8(255 * across)[None].repeat(height, 0)), "JPEG"))
    assert max(picture.shape) == 512
    np.testing.assert_allclose(picture.std(), 0.5, atol=0.05)


# ---- what is refused ------------------------------------------------------------------------------------------------


def claims(width, height) -> bytes:
    """A PNG of a few bytes that says it is as large as that."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_too_many_pixels_are_refused_by_the_header_alone(monkeypatch):
    def unpack(*_):
        raise AssertionError("it was unpacked")

    cases = [(claims(9_000, 9_000), "81", 40), (claims(60_000, 60_000), "more than 178", 120)]
    cases += [(claims(2**31 - 1, 2**31 - 1), "more than 178", 120)]
    cases += [(stored(Image.new("L", (12_100, 10_000)), "JPEG"), "121", 120)]
    cases += [(stored(Image.new("L", (7_000, 6_000)), "JPEG", progressive=True), "42", 40)]
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", unpack)
    for content, has, most in cases:
        said = f"This picture has {has} megapixels; up to {most} are read here. Save it smaller: 1 is plenty."
        assert refusal(content) == said


@pytest.mark.parametrize("format", ["JPEG", "MPO", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM"])
def test_each_format_is_read_and_one_that_comes_in_parts_also_if_it_is_large(format, monkeypatch):
    """What phones write, too: MPO, which is two JPEGs in one, and AVIF, where Pillow has it."""
    Image.init()
    if format not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {format}")
    content = stored(corners(), format, **dict(save_all=True, append_images=[corners()]) if format == "MPO" else {})
    assert Image.open(io.BytesIO(content)).format == format
    assert np.abs(read_picture(content)[0].numpy() - as_array(corners())).mean() < 0.02
    monkeypatch.setattr("nin_course.photo.MOST", 0.001)
    if format in ("JPEG", "MPO"):
        assert read_picture(content)
    else:
        assert refusal(content).endswith("up to 0.001 are read here. Save it smaller: 1 is plenty.")


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (27, 27), (400, 27)])
def test_too_few_pixels_are_refused(size):
    said = f"This picture has {size[0]} × {size[1]} pixels; the network needs 28 each way."
    assert refusal(stored(Image.new("RGB", size))) == said


def test_what_is_no_picture_is_told_what_would_be():
    said = "This is no picture that can be read here. Take a JPEG, PNG, WebP, GIF, TIFF or BMP file."
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n"
    for content in (b"\0", b"a text\n" * 99, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", postscript):
        assert refusal(content) == said
    assert refusal(b"") == "This file is empty."
    for brand in (b"heic", b"heix", b"mif1", b"hevc"):
        assert refusal(b"\0\0\0\x18ftyp" + brand + bytes(40)).startswith("This is a HEIC picture, as iPhones take them")


DAMAGED = "This picture is damaged or cut off, and cannot be read to its end ("


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_what_is_cut_off_is_refused(format):
    whole = stored(Image.effect_noise((90, 60), 90).convert("RGB"), format)
    assert read_picture(whole)
    for share in (0.3, 0.6, 0.9):
        said = refusal(whole[: int(share * len(whole))])
        assert said.startswith((DAMAGED, "This is no"))
        assert share == 0.3 or said.startswith(DAMAGED)


@pytest.mark.parametrize("error", [KeyError, ZeroDivisionError, MemoryError, SyntaxError, struct.error, ValueError])
def test_whatever_a_decoder_raises_is_told_in_words(error, monkeypatch):
    def load(_):
        raise error("what now?")

    content = stored(corners())
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert refusal(content).startswith(DAMAGED)
    assert "what now?" in refusal(content)


def test_a_path_that_cannot_be_read_is_named(tmp_path):
    assert refusal(tmp_path / "none.png").startswith(f"{tmp_path / 'none.png'} cannot be read: ")
    assert refusal(tmp_path).startswith(f"{tmp_path} cannot be read: ")
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(60_000_001)
    assert refusal(large) == f"{large} has more than 60 MB. Save it smaller, as JPEG."


WHOLE = [stored(corners(), f) for f in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM")]
WHOLE += [stored(corners().convert("P"), "PNG", transparency=3), stored(corners().convert("CMYK"), "JPEG")]
WHOLE += [stored(corners(), "GIF", save_all=True, append_images=[Image.new("RGB", (90, 60))])]


def answered(content):
    """A picture in [0, 1], or a sentence."""
    try:
        picture, done = read_picture(content)
    except ValueError:
        return
    assert picture.shape[2] == 3
    assert 28 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= 512
    assert 0 <= picture.min() <= picture.max() <= 1
    assert prepare(picture).small.isfinite().all()
    assert all(isinstance(words, str) for words in done)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(content):
    answered(content)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6), st.data())
def test_a_picture_with_wrong_bytes_in_it_is_answered(content, changes, data):
    content = bytearray(content)
    for place, value in changes:
        content[int(place * len(content))] = value
    answered(bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))]))


# ---- on its way to 28 × 28 ------------------------------------------------------------------------------------------


@cache
def net():
    return d2l.pretrained_nin()


def answer(small) -> str:
    with torch.no_grad():
        return NAMES[net()(((small - MEAN) / STD)[None, None]).argmax()]


def scene(garment, ground, *, height=200, width=160, top=40, left=30, high=100, wide=50):
    """A grey rectangle on a grey ground, (H, W, 3)."""
    picture = torch.full((height, width, 3), float(ground))
    picture[top : top + high, left : left + wide] = garment
    return picture


@pytest.mark.parametrize(("garment", "ground", "inverted"), [(0.2, 0.8, True), (0.8, 0.2, False), (0.5, 0.55, True)])
def test_a_garment_becomes_bright_on_black_and_fills_the_square(garment, ground, inverted):
    steps = prepare(scene(garment, ground))
    assert steps.inverted == inverted
    wanted = torch.zeros(200, 160)
    wanted[40:140, 30:80] = 1
    torch.testing.assert_close(steps.bright, wanted, atol=1e-3, rtol=0)
    assert steps.box == (40, 5, 100)  # as high as the garment, which stands in its middle
    torch.testing.assert_close(steps.square, wanted[40:140, 5:105], atol=1e-3, rtol=0)
    columns = torch.zeros(28)
    columns[7:21] = 1  # the middle half
    torch.testing.assert_close(steps.small, columns.expand(28, 28), atol=1e-3, rtol=0)
    middle = wanted[50:150, 40:120].mean().item()
    assert steps.contrast == pytest.approx((garment - ground) * middle, abs=1e-4)
    assert steps.uneven < 1e-4


def test_green_counts_most_and_blue_least_for_grey():
    picture = torch.eye(3).reshape(1, 3, 3).repeat_interleave(40, 0).repeat_interleave(40, 1)
    np.testing.assert_allclose(prepare(picture).grey[0, ::40], [0.299, 0.587, 0.114], atol=1e-6)


def test_light_from_one_side_is_taken_off_whatever_lies_across_the_border():
    y, x = torch.linspace(-1, 1, 200)[:, None, None], torch.linspace(-1, 1, 160)[:, None]
    picture = scene(0.1, 0.6) - 0.1 * scene(0, 1) * (x + 0.5 * y)
    picture[:9, 60:90] = 0  # something else, at the edge
    steps = prepare(picture)
    ground = torch.ones(200, 160, dtype=torch.bool)
    ground[40:140, 30:80] = ground[:9, 60:90] = False
    assert steps.bright[ground].max() < 1e-3
    assert steps.bright[45:135, 35:75].min() > 0.8
    assert steps.uneven < 1e-3


def test_what_varies_as_much_as_the_ground_does_is_black_but_stripes_are_too_much():
    noise = torch.randn(200, 160, 1, generator=torch.Generator().manual_seed(0))
    even = prepare(scene(0.2, 0.7) + 0.02 * noise)
    assert even.uneven == pytest.approx(0.02 * 0.674, rel=0.1)  # the median of a normal distribution, off its middle
    ground = torch.ones(200, 160, dtype=torch.bool)
    ground[40:140, 30:80] = False
    assert (even.bright[ground] > 0).float().mean() < 0.01
    assert even.box[2] in range(99, 103)
    striped = scene(0.1, 0.8)
    striped[:, torch.arange(160) % 20 < 8] = 0.3
    striped[40:140, 30:80] = 0.1
    striped = prepare(striped)
    assert striped.uneven > 0.1
    assert striped.box[2] == 200
    assert striped.small[:3].max() > 0.2


@pytest.mark.parametrize("turn", range(4))
def test_it_is_turned_to_the_left_by_quarters(turn):
    picture = torch.rand(40, 60, 3, generator=torch.Generator().manual_seed(0))
    found = prepare(picture, turn=turn).picture
    np.testing.assert_array_equal(found, np.rot90(picture, turn))


def test_what_is_asked_for_is_done():
    picture = scene(0.2, 0.8)
    assert [prepare(picture, invert=i).inverted for i in (None, True, False)] == [True, True, False]
    assert prepare(picture, invert=False).small.max() == 0  # nothing is brighter than this ground
    as_it_is = prepare(picture, ground=False)
    torch.testing.assert_close(as_it_is.bright, 1 - picture[..., 0])
    torch.testing.assert_close(prepare(picture, ground=False, invert=False).bright, picture[..., 0])
    assert as_it_is.box == (40, 5, 100)
    for margin, box in ((0.1, (30, -5, 120)), (0.5, (-10, -45, 200))):
        steps = prepare(picture, margin=margin)
        assert steps.box == box
        assert steps.square.shape == (box[2], box[2])
        assert steps.square.sum() == pytest.approx(5000, abs=5)
        assert steps.small.mean() * box[2] ** 2 == pytest.approx(5000, rel=0.02)


def test_a_speck_is_no_garment_and_nothing_at_all_is_black():
    speck = scene(0.2, 0.8)
    speck[190:192, 150:152] = 0
    assert prepare(speck).box == (40, 5, 100)
    for value in (0.0, 0.5, 1.0):
        blank = prepare(torch.full((60, 90, 3), value))
        assert blank.small.abs().max() == 0
        assert blank.box == (-15, 0, 90)
        assert blank.contrast == pytest.approx(0, abs=1e-6)
    tiny = prepare(scene(0.2, 0.8, high=10, wide=10))
    assert tiny.box == (31, 21, 28)


@pytest.mark.parametrize("black_on_white", [True, False])
def test_a_picture_of_fashion_mnist_itself_comes_back(black_on_white):
    """Whether as it is or as a shop would show it, in the middle of a large white ground."""
    same, right = 0, 0
    images, labels = read_split(SAMPLE_DIR, "t10k", sample_hashes())
    for image, label in zip(images[:60, 0].float() / 255, labels, strict=False):
        pixels = Image.fromarray((255 * (1 - image if black_on_white else image)).byte().numpy())
        if black_on_white:
            canvas = Image.new("L", (600, 600), 255)
            canvas.paste(pixels.resize((420, 420), Image.Resampling.BOX), (90, 90))
            pixels = canvas
        small = prepare(read_picture(stored(pixels))[0]).small
        same += answer(small) == answer(image)
        right += answer(small) == NAMES[label]
    assert min(same, right) >= 54


# ---- the three that come with the course ----------------------------------------------------------------------------


def test_the_cards_hashes_are_those_of_the_files_and_they_are_small():
    card = json.loads((PHOTOS / "card.json").read_text())
    files = {path.name: path.read_bytes() for path in PHOTOS.glob("*.jpg")}
    assert card["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert sum(map(len, files.values())) < 300_000
    assert len(files) == 3


@pytest.mark.parametrize("name", make_photos.SCENES)
def test_a_photograph_is_rendered_again_as_it_is(name):
    """Upright as its EXIF says, and not to the byte: another encoder packs otherwise."""
    both = [Image.open(io.BytesIO(content)) for content in (make_photos.photograph(name), stored_photo(name))]
    now, then = (as_array(ImageOps.exif_transpose(image)) for image in both)
    assert np.abs(now - then).mean() < 0.01


def stored_photo(name) -> bytes:
    return (PHOTOS / f"{name}.jpg").read_bytes()


def test_the_maker_writes_the_files_and_their_card(tmp_path):
    make_photos.main(tmp_path / "photos")
    made = {path.name for path in (tmp_path / "photos").iterdir()}
    assert made == {path.name for path in PHOTOS.iterdir()}
    cards = [json.loads((folder / "card.json").read_text()) for folder in (tmp_path / "photos", PHOTOS)]
    for name, sha in cards[0].pop("sha256").items():
        assert hashlib.sha256((tmp_path / "photos" / name).read_bytes()).hexdigest() == sha
    cards[1].pop("sha256")
    assert cards[0] == cards[1]


def test_two_are_seen_rightly_and_the_same_shirt_on_stripes_is_not():
    said = {name: answer(prepare(read_picture(PHOTOS / f"{name}.jpg")[0]).small) for name in make_photos.SCENES}
    assert said == {
        "T-shirt_on_a_table": "T-shirt",
        "boot_on_the_floor": "Ankle boot",
        "T-shirt_on_stripes": "Pullover",
    }
