"""Is everything here that the course needs? `python -m nin_course doctor`, and the first cell of chapter 00."""

import platform
from importlib.metadata import PackageNotFoundError, requires, version

import torch

from nin_course.language import say


def doctor() -> bool:
    """Prints one line a check, [OK], [--] (works without) or [FAIL] (with the cure); True if none failed."""
    healthy = True
    for check in (_python, _packages, _training, _sample, _full_set, _accelerator):
        try:
            mark, text = check()
        except Exception as error:  # a doctor reports, whatever happened
            mark, text = "[FAIL]", f"{error}"
        healthy &= mark != "[FAIL]"
        print(f"{mark:6} {say(text)}")
    print(say("Everything is ready." if healthy else "Mend what says [FAIL], then run the doctor again."))
    return healthy


def _python():
    return "[OK]", f"Python {platform.python_version()} on {platform.system()}"


def _requirements() -> list[str]:
    names = [line.split(";")[0] for line in requires("nin-course") or [] if "extra ==" not in line]
    return [*(name.split(">=")[0].strip() for name in names), "jupyterlab", "nbval"]


def _packages():
    found, missing = [], []
    for name in _requirements():
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return "[FAIL]", f"{' and '.join(missing)} missing: pip install -r requirements.txt"
    return "[OK]", ", ".join(found)


def _training():
    from nin_course import nin_small

    net, X = nin_small(), torch.rand(2, 1, 28, 28)
    net(X).sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters()), "a gradient is not finite: reinstall torch"
    return "[OK]", "a small network takes a step forward and back"


def _sample():
    from nin_course import load_data_fashion_mnist

    train_iter, test_iter = load_data_fashion_mnist(256, sample=True)
    return "[OK]", f"embedded sample: {len(train_iter.dataset):,} training and {len(test_iter.dataset):,} test images"


def _full_set():
    from nin_course.files import FULL, HOW_TO_GET_IT, find_full, read_split

    folder = find_full()
    if folder is None:
        return "[--]", f"full Fashion-MNIST: not here; the sample carries every chapter. {HOW_TO_GET_IT}"
    sizes = [len(read_split(folder, part, FULL)[1]) for part in ("train", "t10k")]
    return "[OK]", f"full Fashion-MNIST: {sizes[0]:,} + {sizes[1]:,} images"


def _accelerator():
    from nin_course.device import device_name, find_device

    name = device_name(find_device())
    if torch.accelerator.is_available():
        return "[OK]", f"GPU: {name}"
    return "[--]", f"no GPU: every chapter also runs on the {name}"
