"""The loaders: the same pixels as the usual pipeline, whole batches, and a sentence for every bad input."""

import gzip
import hashlib
import http.client
import http.server
import itertools
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST

import nin_course as d2l
from nin_course import data, fetch, files
from nin_course.__main__ import main
from nin_course.assets.make_sample import sample_files
from nin_course.recipe import load, preset

# ---- what the loaders give ------------------------------------------------------------------------------------------


def test_the_loaders_are_pytorchs_own_and_give_whole_batches():
    train_iter, test_iter = d2l.load_data_fashion_mnist(256, sample=True)
    assert type(train_iter) is type(test_iter) is DataLoader
    assert (len(train_iter), len(test_iter)) == (40, 8)
    sizes = [len(y) for _, y in test_iter]
    assert sizes == [256] * 7 + [208]
    X, y = next(iter(train_iter))
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((256, 1, 28, 28), torch.float32, (256,), torch.int64)


@pytest.mark.parametrize("size", [14, 27, 28, 72, 96, 224])
def test_images_equal_pils_resize_and_to_tensor_within_one_grey_level(size):
    _, test_iter = d2l.load_data_fashion_mnist(64, resize=size, sample=True)
    X, _ = next(iter(test_iter))
    usual = transforms.Compose([transforms.ToPILImage(), transforms.Resize(size), transforms.ToTensor()])
    expected = torch.stack([usual(image) for image in test_iter.dataset.images[:64]])
    assert (X - expected).abs().max() <= 1.001 / 255
    assert size != 28 or torch.equal(X, expected)


def test_training_images_are_shuffled_by_the_seed_and_every_one_comes_once():
    train_iter, test_iter = d2l.load_data_fashion_mnist(1000, sample=True)
    of_image = dict(zip(map(bytes, train_iter.dataset.images.numpy()), train_iter.dataset.labels.tolist(), strict=True))

    def order(seed):
        torch.manual_seed(seed)
        X, y = map(torch.cat, zip(*train_iter, strict=True))
        return list(zip(map(bytes, (255 * X).round().byte().numpy()), y.tolist(), strict=True))

    first = order(0)
    assert first == order(0) != order(1)
    assert sorted(first) == sorted(of_image.items())
    assert torch.equal(torch.cat([y for _, y in test_iter]), test_iter.dataset.labels)


def test_a_normalised_pixel_is_its_distance_from_the_mean_in_deviations():
    plain, normalised = (d2l.load_data_fashion_mnist(500, sample=True, normalize=n)[1] for n in (False, True))
    (X, _), (N, _) = next(iter(plain)), next(iter(normalised))
    torch.testing.assert_close(N * data.STD + data.MEAN, X)
    assert abs(N.mean()) < 0.05
    assert abs(N.std() - 1) < 0.05


def test_training_images_are_augmented_as_they_lie_in_the_file_and_test_images_are_not():
    given = []
    settings = dict(resize=40, sample=True, normalize=True, augment=lambda X: given.append(X) or 255 - X)
    train_iter, test_iter = d2l.load_data_fashion_mnist(50, **settings)
    X, _ = train_iter.dataset[range(50)]
    (raw,) = given
    assert torch.equal(raw, train_iter.dataset.images[:50])
    torch.testing.assert_close(X.amax((1, 2, 3)), (1 - raw.amin((1, 2, 3)) / 255 - data.MEAN) / data.STD)
    assert test_iter.dataset[range(50)][0].shape[2:] == (40, 40)
    assert test_iter.dataset[range(50)][0].min() < 0
    assert len(given) == 1
    train_iter, test_iter = load(preset("smoke"))
    assert train_iter.dataset.augment
    assert test_iter.dataset.augment is None


def test_the_classes_are_torchvisions_in_its_order():
    assert [name.split("/")[0] for name in FashionMNIST.classes] == data.LABELS


def test_the_data_live_on_the_device_that_was_named():
    train_iter, _ = d2l.load_data_fashion_mnist(32, resize=96, device="meta", sample=True)
    assert {train_iter.dataset.images.device.type, train_iter.dataset.labels.device.type} == {"meta"}
    X, y = next(iter(train_iter))  # on meta, one operation with a tensor from elsewhere would raise
    assert (X.device.type, y.device.type, X.shape) == ("meta", "meta", (32, 1, 96, 96))


def test_the_full_set_has_seventy_thousand_images_and_the_sample_the_first_of_each_class():
    full, sample = (d2l.load_data_fashion_mnist(128, sample=sample) for sample in (False, True))
    for part, sizes in ((0, (60_000, 10_000)), (1, (10_000, 2_000))):
        all_of_them, ours = full[part].dataset, sample[part].dataset
        assert (len(all_of_them), len(ours)) == sizes
        for k in range(10):
            first = all_of_them.images[all_of_them.labels == k][: sizes[1] // 10]
            assert torch.equal(ours.images[ours.labels == k], first)
    X = full[0].dataset.images.double() / 255
    assert round(X.mean().item(), 4) == data.MEAN
    assert round(X.std().item(), 4) == data.STD


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(2, 6), min_size=10, max_size=10), held_out=st.integers(1, 7), order=st.randoms())
def test_held_out_are_the_last_of_each_class_and_both_parts_keep_the_order_of_the_files(counts, held_out, order):
    labels = [k for k, n in enumerate(counts) for _ in range(n)]
    order.shuffle(labels)
    n = len(labels)
    images = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1, 1).expand(n, 1, 28, 28)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "read_split", lambda folder, part, hashes: (images, torch.tensor(labels)))
        if held_out >= min(counts):
            with pytest.raises(ValueError, match=f"held_out={held_out} of each class would leave nothing to train on"):
                d2l.load_data_fashion_mnist(100, sample=True, held_out=held_out)
            return
        train_iter, held = d2l.load_data_fashion_mnist(100, sample=True, held_out=held_out)
    apart = [i for i in range(n) if labels[i + 1 :].count(labels[i]) < held_out]
    kept = [i for i in range(n) if i not in apart]
    for loader, places in ((train_iter, kept), (held, apart)):
        assert loader.dataset.images[:, 0, 0, 0].tolist() == places
        assert loader.dataset.labels.tolist() == [labels[i] for i in places]


# ---- the sample -----------------------------------------------------------------------------------------------------


def test_the_sample_is_what_its_recipe_makes_of_the_full_set():
    for name, content in sample_files().items():
        assert gzip.decompress((files.SAMPLE_DIR / f"{name}.gz").read_bytes()) == content


def test_asking_for_the_sample_says_nothing_and_looks_nowhere(capsys, monkeypatch):
    monkeypatch.setattr(fetch, "full_or_sample", lambda root: pytest.fail("it was looked for"))
    d2l.load_data_fashion_mnist(128, sample=True)
    assert capsys.readouterr().out == ""


# ---- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1, 2.5, "32", True])
@pytest.mark.parametrize("name", ["batch_size", "resize", "held_out"])
def test_a_number_that_is_none_is_refused_with_what_it_means(name, number):
    if (name, number) == ("held_out", 0):
        return  # nothing held out
    meaning = {"batch_size": "images in a batch", "resize": "side of the image", "held_out": "each class kept apart"}
    words = rf"{name}={number!r} must be a whole number of at least 1: .*{meaning[name]}"
    with pytest.raises(ValueError, match=words):
        d2l.load_data_fashion_mnist(**{"batch_size": 32, "sample": True, name: number})


# ---- where the full set is looked for -------------------------------------------------------------------------------


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine with no full set: an empty cache, no system copy, no download, no apt."""
    monkeypatch.setattr(files, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(files, "SYSTEM_DIR", tmp_path / "system")
    monkeypatch.delenv("NIN_COURSE_DATA", raising=False)
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: refused at once
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")  # on every system
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("nobody asked for apt"))
    return tmp_path / "cache"


def contents():
    """Two images and their labels of each part, in the format of LeCun's MNIST page, written by hand."""
    for part in ("train", "t10k"):
        pixels = bytes(range(256)) * 6 + bytes(32)
        yield f"{part}-images-idx3-ubyte", bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + pixels
        yield f"{part}-labels-idx1-ubyte", bytes([0, 0, 8, 1, 0, 0, 0, 2, 9, 200])


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A folder of four small files that pass for the full set."""
    monkeypatch.setattr(files, "FULL", {name: hashlib.sha256(content).hexdigest() for name, content in contents()})
    (tmp_path / "whole").mkdir()
    for name, content in contents():
        (tmp_path / "whole" / f"{name}.gz").write_bytes(gzip.compress(content))
    return tmp_path / "whole"


def leftovers(folder):
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


def lay(folder, how):
    """Files without content under the names of the full set; returns their folder, or None if one is missing."""
    place = folder / "FashionMNIST" / "raw" if how == "torchvision's" else folder
    place.mkdir(parents=True)
    missing = sorted(files.FULL).index(how) if how in files.FULL else None
    for i, name in enumerate(sorted(files.FULL)):
        if i != missing:
            (place / (name if how == "plain" or (how == "both kinds" and i % 2) else f"{name}.gz")).touch()
    return None if missing is not None else place


WHOLE = ["plain", "packed", "both kinds", "torchvision's"]


def test_the_full_set_is_looked_for_in_root_then_the_environment_then_the_cache_then_debians_folder(
    nowhere, tmp_path, monkeypatch
):
    """Whatever is where: the first place that was named by hand counts alone; the others count if they are whole."""
    for case, kinds in enumerate(itertools.product([None, WHOLE, list(files.FULL)], repeat=4)):
        base = tmp_path / str(case)
        places = [base / "root", base / "environment", base / "cache" / "fashion-mnist", base / "system"]
        how = [kind and kind[(case + i) % 4] for i, kind in enumerate(kinds)]
        holds = [lay(place, h) if h else None for place, h in zip(places, how, strict=True)]
        monkeypatch.setattr(files, "cache_dir", lambda base=base: base / "cache")
        monkeypatch.setattr(files, "SYSTEM_DIR", base / "system")
        monkeypatch.setenv("NIN_COURSE_DATA", str(places[1]) if how[1] else "")
        root = str(places[0]) if how[0] else None
        if how[0] or how[1]:
            first, name = (0, "root") if how[0] else (1, "NIN_COURSE_DATA")
            if holds[first] is None:
                with pytest.raises(FileNotFoundError, match=f"^{name}='{places[first]}' holds .* leave {name} out"):
                    files.find_full(root)
            else:
                assert files.find_full(root) == holds[first]
        else:
            # In the cache and in Debian's folder it is the folder itself that is told.
            expected = [place for place, found in zip(places[2:], holds[2:], strict=True) if found]
            assert files.find_full() == (expected[0] if expected else None)


def test_a_folder_that_holds_the_files_itself_is_taken_before_torchvisions_below_it(tmp_path, monkeypatch):
    lay(tmp_path / "data", "torchvision's")
    (tmp_path / "both").mkdir()
    lay(tmp_path / "both" / "here", "plain")
    shutil.copytree(tmp_path / "data", tmp_path / "both" / "here", dirs_exist_ok=True)
    assert files.folder_with_data(tmp_path / "both" / "here") == tmp_path / "both" / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.find_full("~/data") == tmp_path / "data" / "FashionMNIST" / "raw"


def test_what_cannot_be_read_counts_as_not_there(tmp_path, monkeypatch):
    really, place = os.access, lay(tmp_path / "data", "both kinds")
    for closed in place.iterdir():
        monkeypatch.setattr(os, "access", lambda p, mode, closed=closed: p != closed and really(p, mode))
        with pytest.raises(FileNotFoundError, match="holds no Fashion-MNIST that can be read"):
            files.find_full(place)


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_cache_and_debians_folder_are_where_the_system_has_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert files.cache_dir() == tmp_path / "nin_course"
    assert Path("/usr/share/datasets/fashion-mnist") == files.SYSTEM_DIR


# ---- what a file holds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("part", ["train", "t10k"])
def test_images_and_labels_are_read_from_behind_their_headers(part, packed, whole):
    if not packed:
        for name, content in contents():
            (whole / f"{name}.gz").unlink()
            (whole / name).write_bytes(content)
    images, labels = files.read_split(whole, part, files.FULL)
    assert (images.shape, images.dtype) == ((2, 1, 28, 28), torch.uint8)
    assert images.flatten().tolist() == [*range(256)] * 6 + [0] * 32
    assert (labels.tolist(), labels.dtype) == ([9, 200], torch.int64)


@pytest.mark.parametrize("place", [0, 5, 63])
def test_one_wrong_digit_of_a_hash_is_enough(place, whole):
    for name, right in files.FULL.items():
        wrong = right[:place] + ("0" if right[place] != "0" else "1") + right[place + 1 :]
        with pytest.raises(ValueError, match=rf"{name}.* is damaged.*is {right[:12]}…, it should be {wrong[:12]}…"):
            files.read_split(whole, name.split("-")[0], files.FULL | {name: wrong})


@pytest.mark.parametrize("damage", ["truncated", "altered", "flipped", "not gzip", "empty"])
@pytest.mark.parametrize("name", files.FULL)
def test_a_damaged_file_is_named_and_never_used(damage, name, whole):
    path = whole / f"{name}.gz"
    content = path.read_bytes()
    unpacked, flipped = bytearray(gzip.decompress(content)), bytearray(content)
    unpacked[-1] ^= 1
    flipped[10:] = b"\xff" * 40  # no block of a gzip file begins so
    path.write_bytes(
        {
            "truncated": content[:-3],
            "altered": gzip.compress(unpacked, 1),
            "flipped": flipped,
            "not gzip": b"<html>",
            "empty": b"",
        }[damage]
    )
    with pytest.raises(ValueError, match=rf"{name}\.gz is damaged or not Fashion-MNIST.* Delete it; .*data --full"):
        d2l.load_data_fashion_mnist(32, root=whole)


# ---- fetching -------------------------------------------------------------------------------------------------------


def test_a_root_is_used_and_nothing_is_said(nowhere, whole, capsys):
    train_iter, _ = d2l.load_data_fashion_mnist(32, root=whole)
    assert len(train_iter.dataset) == 2
    with pytest.raises(FileNotFoundError, match=r"root=.* holds no Fashion-MNIST"):
        d2l.load_data_fashion_mnist(32, root=nowhere)
    assert capsys.readouterr().out == ""


def test_without_the_full_set_the_sample_is_used_and_one_line_says_so(nowhere, capsys):
    train_iter, test_iter = d2l.load_data_fashion_mnist(128)
    assert len(train_iter.dataset) == 10_000
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    images = f"{len(train_iter.dataset):,} training and {len(test_iter.dataset):,} test images"
    assert f"using the embedded sample, {images}" in said.out
    assert "python -m nin_course data --full" in said.out
    assert leftovers(nowhere) == []


@pytest.fixture
def mirror(monkeypatch):
    """A web server on this machine that plays torchvision's download host; it has what is put into the dictionary."""
    has = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            promised, body = has[self.path.strip("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(FashionMNIST, "resources", [(f"{name}.gz", None) for name in files.FULL])
    yield has
    server.shutdown()


def serve(mirror, folder):
    for name in files.FULL:
        body = (folder / f"{name}.gz").read_bytes()
        mirror[f"{name}.gz"] = (len(body), body)


def test_a_whole_download_is_checked_and_kept_in_the_place_of_a_broken_one(nowhere, mirror, whole):
    serve(mirror, whole)
    (nowhere / "fashion-mnist").mkdir(parents=True)
    (nowhere / "fashion-mnist" / "train-images-idx3-ubyte.gz").touch()  # one file of four, from an older attempt
    folder = fetch.fetch_full()
    assert folder == nowhere / "fashion-mnist" == files.find_full()
    assert [p.name for p in nowhere.iterdir()] == ["fashion-mnist"]
    assert fetch.fetch_full() == folder
    assert len(d2l.load_data_fashion_mnist(32)[0].dataset) == 2


def test_what_is_here_but_damaged_is_refused_and_not_fetched_again(nowhere, whole, monkeypatch):
    (whole / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
    monkeypatch.setenv("NIN_COURSE_DATA", str(whole))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz is damaged"):
        fetch.fetch_full()


@pytest.mark.parametrize("name", files.FULL)
def test_a_download_with_other_content_is_refused(name, nowhere, mirror, whole):
    serve(mirror, whole)
    other = gzip.compress(dict(contents())[name][:-1] + b"?")
    mirror[f"{name}.gz"] = (len(other), other)
    with pytest.raises(OSError, match=rf"torchvision's download: .*{name}(\.gz)? is damaged or not Fashion-MNIST"):
        fetch.fetch_full(apt=False)
    assert leftovers(nowhere) == []


def test_a_download_cut_in_the_middle_leaves_nothing_behind(nowhere, mirror):
    mirror.update({f"{name}.gz": (1_000_000, b"\x1f\x8b" + bytes(1000)) for name in files.FULL})
    with pytest.raises(OSError, match="torchvision's download: "):
        fetch.fetch_full(apt=False)
    assert leftovers(nowhere) == []


class Torchvision:
    """Plays torchvision's FashionMNIST: `act` is what its download does in its folder."""

    act = staticmethod(lambda folder: None)

    def __init__(self, folder, download):
        assert download
        self.act(folder)


@pytest.fixture
def downloading(monkeypatch):
    monkeypatch.setattr("torchvision.datasets.FashionMNIST", Torchvision)
    return lambda act: monkeypatch.setattr(Torchvision, "act", staticmethod(act))


@pytest.mark.parametrize(("error", "words"), [
    (None, "it arrived incomplete"),
    (OSError("timed out"), "timed out"),
    (http.client.BadStatusLine("hello"), "hello"),  # what a hotel's network answers to everything
    (TimeoutError(), "TimeoutError"),
])  # fmt: skip
def test_a_silent_network_is_given_less_than_a_minute_and_what_was_set_before_comes_back(
    nowhere, downloading, error, words
):
    limits, before = [], socket.getdefaulttimeout()

    def act(folder):
        limits.append(socket.getdefaulttimeout())
        if error:
            raise error

    downloading(act)
    try:
        socket.setdefaulttimeout(77)
        with pytest.raises(OSError, match=f"torchvision's download: {words}$"):
            fetch.fetch_full(apt=False)
        assert socket.getdefaulttimeout() == 77
    finally:
        socket.setdefaulttimeout(before)
    assert 5 <= limits[0] <= 60


def test_an_interrupted_download_leaves_nothing_behind_and_never_was_outside_of_the_cache(nowhere, downloading):
    def interrupt(folder):
        folder.mkdir()
        (folder / "half").touch()
        assert nowhere in folder.parents  # the same disk, so that it can be moved in one step
        raise KeyboardInterrupt

    downloading(interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch.fetch_full(apt=False)
    assert leftovers(nowhere) == []


def test_a_cache_that_cannot_be_written_is_said(nowhere):
    nowhere.write_text("a file stands where the folder should be")
    with pytest.raises(OSError, match=rf"the cache {nowhere} cannot be written: File exists"):
        fetch.fetch_full()


@pytest.fixture
def debian(nowhere, monkeypatch, whole):
    """apt and dpkg, played by a fake; `make test` itself uses the real ones where needed. Returns their calls."""
    calls = []

    def fake(command, cwd, timeout, **_):
        calls.append(command)
        assert nowhere in cwd.parents
        assert 60 <= timeout <= 600
        if command[0] == "apt-get":
            (cwd / "dataset-fashion-mnist_1_all.deb").write_text("")
        else:
            shutil.copytree(whole, cwd / command[3] / "usr/share/datasets/fashion-mnist")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", fake)
    return calls


def test_debians_package_is_unpacked_without_being_installed(nowhere, debian):
    assert fetch.fetch_full() == nowhere / "fashion-mnist"
    package, into = "dataset-fashion-mnist_1_all.deb", "unpacked"
    assert debian == [("apt-get", "download", "dataset-fashion-mnist"), ("dpkg", "-x", package, into)]
    assert [p.name for p in nowhere.iterdir()] == ["fashion-mnist"]


def test_apt_is_not_asked_where_the_download_worked_or_it_was_not_wanted(nowhere, debian, downloading, whole):
    downloading(lambda folder: None)
    with pytest.raises(OSError, match=r"^torchvision's download: it arrived incomplete$"):
        fetch.fetch_full(apt=False)
    came = []

    def bring(folder):
        place = shutil.copytree(whole, folder / "FashionMNIST" / "raw")
        came.extend(p.stat().st_ino for p in sorted(place.iterdir()))

    downloading(bring)
    folder = fetch.fetch_full()
    assert folder == nowhere / "fashion-mnist"
    assert [p.stat().st_ino for p in sorted(folder.iterdir())] == came  # moved in one step, not copied
    assert debian == []


@pytest.mark.parametrize("missing", ["apt-get", "dpkg"])
def test_without_a_network_and_without_apt_both_reasons_are_given(missing, nowhere, debian, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else f"/usr/bin/{name}")
    with pytest.raises(OSError, match=r"^torchvision's download: .*; Debian's package .*: there is no apt-get here$"):
        fetch.fetch_full()
    assert leftovers(nowhere) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ((100, "out", "E: one\nE: no such package\n"), "E: no such package$"),
        ((100, "only out", ""), "apt-get download said only out$"),
        ((7, "", ""), "apt-get download said 7$"),
        ((0, "", ""), "it arrived incomplete$"),  # it says that all is well, and brings nothing
        (subprocess.TimeoutExpired("apt-get", 300), "Command 'apt-get' timed out after 300 seconds$"),
        (PermissionError("not allowed"), "not allowed$"),
    ],
)
def test_apts_failure_is_said_in_its_last_line(nowhere, monkeypatch, outcome, words):
    def fail(command, **_):
        if isinstance(outcome, Exception):
            raise outcome
        return subprocess.CompletedProcess(command, *outcome)

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(OSError, match=f"; Debian's package dataset-fashion-mnist: {words}"):
        fetch.fetch_full()
    assert leftovers(nowhere) == []


def test_the_command_line_says_what_is_here_and_fetches_only_if_asked(nowhere, capsys, downloading, whole):
    assert main(["data"]) == 0
    assert capsys.readouterr().out.startswith("The embedded sample (10,000 + 2,000 images) is here. `python -m nin_c")
    nowhere.write_text("a file stands where the folder should be")
    assert main(["data", "--full"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0].startswith("The full Fashion-MNIST could not be had: the cache ")
    assert said.err.splitlines()[1] == "Try again with a network; the sample of 12,000 images carries every chapter."
    nowhere.unlink()
    downloading(lambda folder: shutil.copytree(whole, folder / "FashionMNIST" / "raw"))
    for arguments in (["data", "--full"], ["data"]):
        assert main(arguments) == 0
        assert (
            capsys.readouterr().out
            == f"The full Fashion-MNIST (60,000 + 10,000 images) is in {nowhere / 'fashion-mnist'}.\n"
        )
    (nowhere / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
    assert main(["data", "--full"]) == 1
    assert "is damaged" in capsys.readouterr().err
