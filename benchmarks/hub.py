"""What a class costs: `python benchmarks/hub.py` starts the hub, lets students run chapters, and writes hub.md.

As root (the hub makes an account for each student, removed at the end), with deploy/hub/requirements.txt installed in
an environment that other accounts can read, and configurable-http-proxy on the PATH: docs/hub.md.
"""

import contextlib
import json
import math
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import requests
import websocket

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "deploy" / "hub" / "jupyterhub_config.py"
PAGE = Path(__file__).parent / "hub.md"
NOTEBOOKS = "course/notebooks"
PREFIX = "nin-try-"  # of the accounts that are made here, and removed


def free_ports(n: int) -> list[int]:
    """So many ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


@contextlib.contextmanager
def running(folder: Path, spawner: str, course: Path | None = None, user: str | None = None):
    """A hub with our configuration that keeps its things in `folder`: yields (address, password). Afterwards it is
    stopped, with its students' servers. `course` is the repository that students get, instead of this one; `user`, who
    runs the hub. Raises RuntimeError with what the hub has said if it does not come up.
    """
    port, inner, proxy = free_ports(3)
    password, log = secrets.token_urlsafe(9), folder / "hub.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    environment |= {
        "HOME": str(folder),
        "NIN_HUB_STATE": str(folder / "state"),
        "NIN_HUB_SPAWNER": spawner,
        "NIN_HUB_PASSWORD": password,
    }
    if course:
        environment["NIN_HUB_COURSE"] = course.as_uri()
    command = [sys.executable, "-m", "jupyterhub", f"--config={CONFIGURATION}", "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--JupyterHub.hub_port={inner}", f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy}"]
    with log.open("w", encoding="utf-8") as out:
        hub = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out, user=user)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                if requests.get(f"{address}/hub/health", timeout=10).ok:
                    break
            if hub.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.5)
        else:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        yield address, password
    finally:
        hub.terminate()
        hub.wait(120)


class Student:
    """Somebody in front of a browser: logs in, gets the course, and runs chapters in real kernels."""

    def __init__(self, address: str, name: str):
        self.address, self.name = address, name
        self.web = requests.Session()
        self.base = f"{address}/user/{name}"

    def log_in(self, password: str, patience: float = 300) -> float:
        """Until their server is there: the seconds that it took. Raises requests.HTTPError, TimeoutError."""
        start = time.perf_counter()
        self.web.cookies.clear()
        self.web.get(f"{self.address}/hub/login").raise_for_status()
        who = {"username": self.name, "password": password, "_xsrf": self.web.cookies["_xsrf"]}
        self.web.post(f"{self.address}/hub/login?next=/hub/spawn", data=who).raise_for_status()
        while time.perf_counter() - start < patience:
            with contextlib.suppress(requests.ConnectionError):
                came = self.web.get(f"{self.base}/lab")
                if came.ok and came.url.startswith(self.base):
                    return time.perf_counter() - start
            time.sleep(0.2)
        raise TimeoutError(f"no server for {self.name} after {patience} s")

    def leave(self, patience: float = 60) -> None:
        """Stops their server, as the button on the hub's page does. Raises TimeoutError if it or a kernel stays."""
        self._hub("DELETE", f"users/{self.name}/server")
        start = time.perf_counter()
        while self._hub("GET", f"users/{self.name}").json()["servers"] or self.processes():
            if time.perf_counter() - start > patience:
                raise TimeoutError(f"{self.name} still has {self.processes()}")
            time.sleep(0.5)

    def get_course(self) -> str:
        """What the page does that a student is sent to after the log-in, and what git said."""
        asked = self.web.get(f"{self.base}/", allow_redirects=False).headers["Location"]
        link = parse_qs(urlsplit(asked).query)
        question = {name: link[name][0] for name in ("repo", "targetpath")}
        said = self.web.get(f"{self.base}/git-pull/api", params=question).text
        if '"phase": "finished"' not in said:
            raise RuntimeError(said)
        return said

    def read(self, path: str) -> dict:
        """The notebook at this path of their home."""
        return self._server("GET", f"contents/{path}").json()["content"]

    def write(self, path: str, notebook: dict) -> None:
        """Saves a notebook, as Ctrl-S does."""
        self._server("PUT", f"contents/{path}", json={"type": "notebook", "format": "json", "content": notebook})

    def run_all(self, path: str) -> float:
        """Opens a notebook and runs all its cells: the seconds. Raises RuntimeError with a cell's error."""
        start = time.perf_counter()
        cells = [cell["source"] for cell in self.read(path)["cells"] if cell["cell_type"] == "code"]
        self.execute(path, cells)
        return time.perf_counter() - start

    def execute(self, path: str, cells: list[str]) -> str:
        """Runs cells in the notebook's kernel, one after the other: what they have printed."""
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self._server("POST", "sessions", json=wanted).json()["kernel"]["id"]
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies())
        address = f"{self.base.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        line = websocket.create_connection(address, cookie=cookies, timeout=900)
        with contextlib.closing(line):
            return "".join(self._cell(line, code) for code in cells)

    def _cell(self, line, code: str) -> str:
        number, printed = secrets.token_hex(8), ""
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        asked = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        line.send(json.dumps(asked))
        while True:
            told = json.loads(text_of(line.recv()))
            if told["parent_header"].get("msg_id") != number:
                continue
            kind, content = told["msg_type"], told["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                raise RuntimeError("\n".join([code, *content["traceback"]]))
            elif kind == "status" and content["execution_state"] == "idle":
                return printed

    def close_all(self) -> None:
        """Shuts all kernels down."""
        for session in self._server("GET", "sessions").json():
            self._server("DELETE", f"sessions/{session['id']}")

    def processes(self) -> list[psutil.Process]:
        """Their server and its kernels, on this machine."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("JUPYTERHUB_USER") == self.name:
                    found.append(process)
        return found

    def _cookies(self):
        return [cookie for cookie in self.web.cookies if f"/user/{self.name}/".startswith(cookie.path)]

    def _server(self, method: str, path: str, **what) -> requests.Response:
        return self._ask(method, f"{self.base}/api/{path}", f"/user/{self.name}/", **what)

    def _hub(self, method: str, path: str) -> requests.Response:
        return self._ask(method, f"{self.address}/hub/api/{path}", "/hub/")

    def _ask(self, method: str, address: str, of: str, **what) -> requests.Response:
        token = next(cookie.value for cookie in self.web.cookies if cookie.name == "_xsrf" and cookie.path == of)
        answer = self.web.request(method, address, headers={"X-XSRFToken": token}, timeout=300, **what)
        answer.raise_for_status()
        return answer


def text_of(message: str | bytes) -> str:
    """The JSON of a message to a browser: all of it, or what stands before the pictures in Jupyter's binary form."""
    if isinstance(message, str):
        return message
    begin, end = (int.from_bytes(message[place : place + 4], "big") for place in (4, 8))
    return message[begin:end].decode()


@contextlib.contextmanager
def class_of(names: list[str]):
    """Afterwards the accounts that a hub has made for these students are gone, with their homes and the group."""
    assert all(name.startswith(PREFIX) for name in names), names
    groups = Path("/etc/group").read_text(encoding="utf-8")
    try:
        yield
    finally:
        for process in psutil.process_iter(["username"]):
            if process.info["username"] in names:
                process.kill()  # a kernel notices a second late that its server is gone
        for name in names:
            subprocess.run(["userdel", "--remove", name], capture_output=True)
        if "nin-students:" not in groups:
            subprocess.run(["groupdel", "nin-students"], capture_output=True)


@cache
def why_no_accounts() -> str:
    """Why the hub cannot start servers under accounts of their own here; "" if it can."""
    if os.geteuid() or not shutil.which("useradd"):
        return "only root can make accounts, with useradd"
    try:
        subprocess.run([sys.executable, "-c", "import jupyterhub"], user="nobody", check=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return f"other accounts cannot run {sys.executable}"
    return ""


@dataclass
class Memory:
    """Of some processes, in GB: their own pages, those shared with others, and PSS, which splits the latter."""

    own: float
    shared: float
    pss: float

    @classmethod
    def of(cls, processes: list[psutil.Process]) -> "Memory":
        found = [process.memory_full_info() for process in processes]
        shared = max(info.rss - info.uss for info in found)  # the same libraries, mapped once for all
        return cls(*(n / 1e9 for n in (sum(info.uss for info in found), shared, sum(info.pss for info in found))))


def processor_seconds(processes: list[psutil.Process]) -> float:
    """What these processes have used up to now."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def run_at_once(students: list[Student], path: str) -> tuple[float, float]:
    """They all run this chapter in fresh kernels: the seconds of the slowest, and the processor seconds of each."""
    for student in students:
        student.close_all()
    before = [processor_seconds(student.processes()) for student in students]
    with ThreadPoolExecutor(len(students)) as pool:
        slowest = max(pool.map(lambda student: student.run_all(path), students))
    used = [processor_seconds(s.processes()) - b for s, b in zip(students, before, strict=True)]
    return slowest, sum(used) / len(used)


@dataclass
class Measured:
    """One trial: who waited how long, and what it took."""

    starts: dict[int, float]  # students who log in at once -> seconds until the last one's server is there
    runs: dict[int, tuple[float, float, float]]  # students at once -> seconds, processor seconds of each, load before
    hub: Memory
    none: Memory  # a student who has logged in
    one: Memory  # a student with one chapter open and run, while the others have one, too
    three: Memory  # the same with three


def measure(chapter: str, others: list[str], groups: tuple[int, ...] = (1, 3, 6)) -> Measured:
    """Starts a hub and has so many students log in and run the chapter at once; the first then opens others, too."""
    names = [f"{PREFIX}{n}" for n in range(max(groups))]
    students, starts, runs = [], {}, {}
    with tempfile.TemporaryDirectory(prefix="nin-hub-") as folder, class_of(names):
        os.chmod(folder, 0o755)
        with running(Path(folder), "accounts") as (address, password):
            for n in groups:
                new = [Student(address, name) for name in names[len(students) : n]]
                with ThreadPoolExecutor(len(new)) as pool:
                    starts[len(new)] = max(pool.map(lambda student: student.log_in(password), new))
                for student in new:
                    student.get_course()
                students += new
                none = Memory.of(new[-1].processes())
                load = os.getloadavg()[0]
                runs[n] = (*run_at_once(students, f"{NOTEBOOKS}/{chapter}.ipynb"), load)
                print(n, "at once:", runs[n], flush=True)
            one = Memory.of(students[0].processes())
            for other in others:
                students[0].run_all(f"{NOTEBOOKS}/{other}.ipynb")
            three = Memory.of(students[0].processes())
            everybody = {process.pid for student in students for process in student.processes()}
            of_hub = [p for p in psutil.Process().children(recursive=True) if p.pid not in everybody]
            return Measured(starts, runs, Memory.of(of_hub), none, one, three)


SYSTEM = 1.0  # GB that are left to the operating system
FULL = 0.9  # so much of a machine is used: a chapter takes more while it runs than in the end (memory.md)
PATIENCE = 300  # seconds that a class waits when all press Run All at once


def carries(gigabytes: float, student: Memory, hub: Memory) -> int:
    """How many such students a machine has room for; what they share is there once."""
    return int((FULL * gigabytes - SYSTEM - hub.own - student.shared) / student.own)


def needs(students: int, student: Memory, hub: Memory) -> float:
    """The gigabytes that so many of them need."""
    return (SYSTEM + hub.own + student.shared + students * student.own) / FULL


def cores(students: int, seconds: float) -> int:
    """So that all have it within PATIENCE if they press Run All at once and a run takes so many processor seconds."""
    return math.ceil(students * seconds / PATIENCE)


def page(chapter: str, others: list[str], found: Measured) -> str:
    """hub.md."""
    name, several = chapter[:2], 1 + len(others)
    seconds = max(used for _, used, _ in found.runs.values())
    lines = ["|  | measured |", "| -- | -- |"]
    for n, slowest in found.starts.items():
        lines.append(f"| {n} at once log in: until the last one's server is there | {slowest:.0f} s |")
    for n, (slowest, used, load) in found.runs.items():
        took = f"{slowest:.0f} s, {used:.0f} processor seconds each (load before: {load:.1f})"
        lines.append(f"| {n} at once Run All of {name}: until the last one has it | {took} |")
    for who, memory in {
        "the hub and its proxy": found.hub,
        "a student who has logged in": found.none,
        f"a student with {name} open and run": found.one,
        f"the same with {' and '.join(other[:2] for other in others)}, too": found.three,
    }.items():
        lines.append(f"| {who} | {memory.own:.2f} GB and {memory.shared:.2f} shared; PSS {memory.pss:.2f} |")
    so = (
        f"So a machine carries, if a tenth of it is kept free, {SYSTEM:.0f} GB is the operating system's, and what "
        f"students share is there once; with the cores that it takes until all who have {name} open, and press Run "
        f"All at once, have it in {PATIENCE // 60} minutes:"
    )
    lines += ["", *textwrap.wrap(so, 119), ""]
    lines += [
        f"| memory | students, {name} open | cores | students, {several} chapters open |",
        "| -- | -- | -- | -- |",
    ]
    for gigabytes in (8, 32, 128):
        n, fewer = (carries(gigabytes, student, found.hub) for student in (found.one, found.three))
        lines.append(f"| {gigabytes} GB | {n} | {cores(n, seconds)} | {fewer} |")
    one, three = (needs(200, student, found.hub) for student in (found.one, found.three))
    two_hundred = (
        f"200 students need {one:.0f} GB with {name} open, {three:.0f} GB with {several} chapters, and "
        f"{cores(200, seconds)} cores, on one machine or on several."
    )
    lines += ["", *textwrap.wrap(two_hundred, 119)]
    first = (
        f"Written by `python benchmarks/hub.py`: {os.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB, "
        f"JupyterHub {version('jupyterhub')}, PyTorch {version('torch')}, {time.strftime('%Y-%m-%d')}. Seconds depend "
        "on what else the machine does (load); memory and processor seconds hardly do."
    )
    return "\n".join(["# What a class costs", "", *textwrap.wrap(first, 119), "", *lines, ""])


def main() -> None:
    if reason := why_no_accounts():
        sys.exit(f"Nothing was measured: {reason}.")
    chapter, *others = ("03_global_average_pooling", "01_one_by_one_convolution", "05_training")
    found = measure(chapter, others)
    PAGE.write_text(page(chapter, others, found), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
