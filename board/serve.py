"""Serves the board, all demos on one page, until Ctrl-C: `make board`. docs/board.md tells what it is for.

Arguments are Voilà's: `python board/serve.py --Voila.ip=0.0.0.0 --port=8000 --no-browser`.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
SETTINGS = {
    "Voila": {"ip": "127.0.0.1"},
    "VoilaConfiguration": {
        "template": "board",
        "extension_language_mapping": {".py": "python"},
        "extension_denylist": ["jupyterlab-jupytext", "jupyterlab_pygments", "@jupyter-notebook/lab-extension"],
        "preheat_kernel": True,  # so that a page does not wait for Python, torch and the networks
        "default_pool_size": 2,
        "multi_kernel_manager_class": "kernels.Kernels",
    },
    "MappingKernelManager": {"cull_interval": 5, "cull_idle_timeout": 20},  # seconds; a closed page costs nothing then
}


def main(arguments: list[str]) -> None:
    from traitlets.config import Config
    from voila.app import Voila

    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(HERE), os.environ.get("JUPYTER_PATH"))))
    Voila.launch_instance([str(HERE / "page.py"), *arguments], config=Config(SETTINGS))


if __name__ == "__main__":
    main(sys.argv[1:])
