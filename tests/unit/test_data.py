"""The loaders: the same pixels as the usual pipeline, whole batches, and a sentence for every bad input."""

import gzip
import http.server
import os
import shutil
import socket
import subprocess
import threading

import pytest
import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST

import nin_course as d2l
from nin_course import data, fetch, files
from nin_course.__main__ import main
from nin_course.assets.make_sample import sample_files


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine with no full set: an empty cache, no system copy, no download."""
    monkeypatch.setattr(files, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(files, "SYSTEM_DIR", tmp_path / "system")
    monkeypatch.delenv("NIN_COURSE_DATA", raising=False)
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: refused at once
    return tmp_path / "cache"


@pytest.fixture
def sample_copy(tmp_path):
    return shutil.copytree(files.SAMPLE_DIR, tmp_path / "copy")


def leftovers(folder):
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


# ---- what the loaders give ------------------------------------------------------------------------------------------


def test_the_loaders_are_pytorchs_own_and_give_whole_batches():
    train_iter, test_iter = d2l.load_data_fashion_mnist(256, sample=True)
    assert type(train_iter) is type(test_iter) is DataLoader
    assert (len(train_iter), len(test_iter)) == (40, 8)
    sizes = [len(y) for _, y in test_iter]
    assert sizes == [256] * 7 + [208]
    X, y = next(iter(train_iter))
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((256, 1, 28, 28), torch.float32, (256,), torch.int64)
    assert X.min() == 0
    assert X.max() == 1


@pytest.mark.parametrize("size", [14, 28, 72, 96, 224])
def test_images_equal_pils_resize_and_to_tensor_within_one_grey_level(size):
    _, test_iter = d2l.load_data_fashion_mnist(64, resize=size, sample=True)
    X, _ = next(iter(test_iter))
    usual = transforms.Compose([transforms.ToPILImage(), transforms.Resize(size), transforms.ToTensor()])
    expected = torch.stack([usual(image) for image in test_iter.dataset.images[:64]])
    assert (X - expected).abs().max() <= 1.001 / 255


def test_training_images_are_shuffled_by_the_seed_and_every_one_comes_once():
    train_iter, test_iter = d2l.load_data_fashion_mnist(1000, sample=True)

    def order(seed):
        torch.manual_seed(seed)
        return torch.cat([y for _, y in train_iter])

    assert torch.equal(order(0), order(0))
    assert not torch.equal(order(0), order(1))
    assert order(2).bincount().tolist() == [1000] * 10
    assert torch.equal(torch.cat([y for _, y in test_iter]), test_iter.dataset.labels)


def test_normalized_images_have_mean_zero_and_deviation_one():
    train_iter, _ = d2l.load_data_fashion_mnist(10_000, sample=True, normalize=True)
    X, _ = next(iter(train_iter))
    assert abs(X.mean()) < 0.01
    assert abs(X.std() - 1) < 0.01


def test_the_data_live_on_the_device_that_was_named():
    train_iter, _ = d2l.load_data_fashion_mnist(32, resize=96, device="meta", sample=True)
    assert {train_iter.dataset.images.device.type, train_iter.dataset.labels.device.type} == {"meta"}
    X, y = next(iter(train_iter))  # on meta, one operation with a tensor from elsewhere would raise
    assert (X.device.type, y.device.type, X.shape) == ("meta", "meta", (32, 1, 96, 96))


# ---- the sample -----------------------------------------------------------------------------------------------------


def test_the_sample_is_what_its_recipe_makes_of_the_full_set():
    for name, content in sample_files().items():
        assert gzip.decompress((files.SAMPLE_DIR / f"{name}.gz").read_bytes()) == content


def test_every_image_of_the_sample_is_in_the_full_set_under_the_same_label():
    full, hashes = fetch.fetch_full(), files.sample_hashes()
    for part, n in (("train", 10_000), ("t10k", 2_000)):
        images, labels = files.read_split(files.SAMPLE_DIR, part, hashes)
        everything = {
            (i.numpy().tobytes(), int(k)) for i, k in zip(*files.read_split(full, part, files.FULL), strict=True)
        }
        assert len(labels) == n
        assert all((i.numpy().tobytes(), int(k)) in everything for i, k in zip(images, labels, strict=True))


# ---- where the full set is looked for -------------------------------------------------------------------------------


def test_the_full_set_has_seventy_thousand_images():
    train_iter, test_iter = d2l.load_data_fashion_mnist(128)
    assert (len(train_iter.dataset), len(test_iter.dataset)) == (60_000, 10_000)


def test_the_mean_and_deviation_are_those_of_the_training_images():
    images, _ = files.read_split(fetch.fetch_full(), "train", files.FULL)
    X = images.double() / 255
    assert round(X.mean().item(), 4) == data.MEAN
    assert round(X.std().item(), 4) == data.STD


def test_a_root_in_torchvisions_layout_is_understood(tmp_path, sample_copy, monkeypatch):
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.parent.mkdir(parents=True)
    sample_copy.rename(raw)
    assert files.find_full(tmp_path / "data") == raw
    monkeypatch.setenv("NIN_COURSE_DATA", str(raw))
    assert files.find_full() == raw


def test_without_the_full_set_the_sample_is_used_and_one_line_says_so(nowhere, capsys):
    train_iter, _ = d2l.load_data_fashion_mnist(128)
    assert len(train_iter.dataset) == 10_000
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert "using the embedded sample" in said.out
    assert "python -m nin_course data --full" in said.out
    assert leftovers(nowhere) == []


def test_asking_for_the_sample_says_nothing(capsys):
    d2l.load_data_fashion_mnist(128, sample=True)
    assert capsys.readouterr().out == ""


# ---- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "32", True, None])
def test_a_batch_size_that_is_none_is_refused(batch_size):
    with pytest.raises(ValueError, match=r"batch_size=.* must be a whole number of at least 1"):
        d2l.load_data_fashion_mnist(batch_size, sample=True)


@pytest.mark.parametrize("resize", [0, -5, "big", 96.0])
def test_a_size_that_is_none_is_refused(resize):
    with pytest.raises(ValueError, match=r"resize=.* must be a whole number of at least 1"):
        d2l.load_data_fashion_mnist(32, resize=resize, sample=True)


@pytest.mark.parametrize("damage", ["truncated", "altered", "not gzip", "empty"])
def test_a_damaged_file_is_named_and_never_used(damage, sample_copy, monkeypatch):
    path = sample_copy / "t10k-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    labels = bytearray(gzip.decompress(content))
    labels[-1] ^= 1
    path.write_bytes(
        {"truncated": content[:-20], "altered": gzip.compress(labels), "not gzip": b"<html>", "empty": b""}[damage]
    )
    monkeypatch.setattr(files, "FULL", files.sample_hashes())
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz is damaged or not Fashion-MNIST.* Delete it"):
        d2l.load_data_fashion_mnist(32, root=sample_copy)


def test_an_empty_root_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"root=.* holds no Fashion-MNIST that can be read"):
        d2l.load_data_fashion_mnist(32, root=tmp_path)


def test_an_empty_folder_in_the_environment_is_refused_under_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("NIN_COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="NIN_COURSE_DATA="):
        d2l.load_data_fashion_mnist(32)


def test_a_root_that_cannot_be_read_is_refused(sample_copy, monkeypatch):
    really = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: sample_copy not in getattr(p, "parents", []) and really(p, mode))
    with pytest.raises(FileNotFoundError, match="holds no Fashion-MNIST that can be read"):
        d2l.load_data_fashion_mnist(32, root=sample_copy)


# ---- fetching -------------------------------------------------------------------------------------------------------


def test_no_network_and_no_apt_is_said_with_both_reasons(nowhere, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(OSError, match=r"torchvision's download: .*; Debian's package .*: there is no apt-get here"):
        fetch.fetch_full()
    assert leftovers(nowhere) == []


def test_a_cache_that_cannot_be_written_is_said(nowhere):
    nowhere.write_text("a file stands where the folder should be")
    with pytest.raises(OSError, match=r"the cache .* cannot be written"):
        fetch.fetch_full()
    assert main(["data", "--full"]) == 1


@pytest.fixture
def mirror(monkeypatch):
    """A web server on this machine that plays torchvision's download host; `files` is what it has."""
    files = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            promised, body = files[self.path.strip("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    yield files
    server.shutdown()


def test_a_download_cut_in_the_middle_leaves_nothing_behind(nowhere, mirror):
    mirror.update({f"{name}.gz": (1_000_000, b"\x1f\x8b" + bytes(1000)) for name in files.FULL})
    with pytest.raises(OSError, match="torchvision's download"):
        fetch.fetch_full(apt=False)
    assert leftovers(nowhere) == []
    assert socket.getdefaulttimeout() is None


def test_a_whole_download_is_checked_and_kept(nowhere, mirror, sample_copy, monkeypatch):
    monkeypatch.setattr(files, "FULL", files.sample_hashes())
    monkeypatch.setattr(files, "FULL", files.sample_hashes())
    monkeypatch.setattr(FashionMNIST, "resources", [(f"{name}.gz", None) for name in files.FULL])
    for name in files.FULL:
        body = (sample_copy / f"{name}.gz").read_bytes()
        mirror[f"{name}.gz"] = (len(body), body)
    folder = fetch.fetch_full(apt=False)
    assert folder == nowhere / "fashion-mnist"
    assert files.find_full() == folder
    assert [p.name for p in nowhere.iterdir()] == ["fashion-mnist"]
    assert len(d2l.load_data_fashion_mnist(32)[0].dataset) == 10_000


def test_a_download_with_other_content_is_refused(nowhere, mirror, sample_copy, monkeypatch):
    monkeypatch.setattr(FashionMNIST, "resources", [(f"{name}.gz", None) for name in files.FULL])
    for name in files.FULL:  # the sample's files under the full set's names
        body = (sample_copy / f"{name}.gz").read_bytes()
        mirror[f"{name}.gz"] = (len(body), body)
    with pytest.raises(OSError, match="is damaged or not Fashion-MNIST"):
        fetch.fetch_full(apt=False)
    assert leftovers(nowhere) == []


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt-get here")
def test_debians_package_is_unpacked_without_being_installed(nowhere, monkeypatch, sample_copy):
    """apt and dpkg are played by a fake that does what they do; `make test` itself uses the real ones where needed."""
    monkeypatch.setattr(files, "FULL", files.sample_hashes())
    commands = []

    def fake(command, cwd, **_):
        commands.append(command[:2])
        if command[0] == "apt-get":
            (cwd / "dataset-fashion-mnist_1_all.deb").write_text("")
        else:
            shutil.copytree(sample_copy, cwd / "unpacked/usr/share/datasets/fashion-mnist")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", fake)
    assert fetch.fetch_full() == nowhere / "fashion-mnist"
    assert commands == [("apt-get", "download"), ("dpkg", "-x")]
    assert [p.name for p in nowhere.iterdir()] == ["fashion-mnist"]


def test_the_command_line_says_what_is_here(nowhere, capsys):
    assert main(["data"]) == 0
    assert "embedded sample" in capsys.readouterr().out
