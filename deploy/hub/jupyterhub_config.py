"""A JupyterHub for a class on one machine: `jupyterhub -f deploy/hub/jupyterhub_config.py`. docs/hub.md says more.

JupyterHub's own options can stand behind it, `--port 443 --ssl-key … --ssl-cert …`; ours are environment variables:
NIN_HUB_SPAWNER, NIN_HUB_PASSWORD and so on, each `option` below.
"""

import os
import pwd
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

from tornado.web import HTTPError

ROOT = os.geteuid() == 0


def option(name: str, default="") -> str:
    """$NIN_HUB_<name>, or this."""
    return os.environ.get(f"NIN_HUB_{name}") or str(default)


# Who is kept apart from whom:
# accounts   each student has a Unix account: files apart, memory and processor shared
# systemd    the same accounts, and limits of memory and processor for each; where systemd runs
# simple     nothing is kept apart, everybody is the user who runs the hub: to try it out
SPAWNER = option("SPAWNER", "accounts" if ROOT else "simple")
LOGIN = option("LOGIN", "shared-password")  # whoever knows it can be any student. Or "pam": the machine's own accounts
STATE = Path(option("STATE", "/var/lib/nin-hub" if ROOT else Path.home() / ".nin-hub"))
COURSE = option("COURSE", Path(__file__).resolve().parents[2].as_uri())  # what git clones: a folder here, an address
DATA = Path(option("DATA", "/srv/nin_course/fashion-mnist"))  # the full Fashion-MNIST, once for all
STUDENTS = option("STUDENTS")  # a file with a name a line; without it, whoever knows the password
TEACHER, TEACHER_PASSWORD = option("TEACHER"), option("TEACHER_PASSWORD")  # who sees /hub/admin; 32 characters or more
MEMORY, CORES = option("MEMORY", "3G"), float(option("CORES", 2))  # a student's limits, for systemd
IDLE = int(option("IDLE", 3600))  # a server unused for so many seconds is stopped; nothing that was saved is lost
GROUP = "nin-students"  # of the accounts that the hub has made
LITTLE = {  # as in `make lab`: little memory (docs/decisions/0014)
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "8388608",
    "MALLOC_TRIM_THRESHOLD_": "16777216",
}

if SPAWNER == "simple" and ROOT:
    sys.exit("The simple spawner would make every student root. Start the hub as another user, or choose accounts.")
if SPAWNER != "simple" and not ROOT:
    sys.exit(f"The {SPAWNER} spawner starts each server as its student, which only root can do. Or choose simple.")

c = get_config()  # noqa: F821

# ---- what the hub keeps ---------------------------------------------------------------------------------------------

SECRET = STATE / "secret"
SECRET.mkdir(parents=True, exist_ok=True)
SECRET.chmod(0o700)
c.JupyterHub.db_url = f"sqlite:///{SECRET / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(SECRET / "cookie")
c.ConfigurableHTTPProxy.pid_file = str(SECRET / "proxy.pid")

# ---- who may come in ------------------------------------------------------------------------------------------------

c.JupyterHub.authenticator_class = LOGIN
c.Authenticator.username_pattern = "[a-z][a-z0-9-]{0,30}"
if STUDENTS:
    c.Authenticator.allowed_users = set(Path(STUDENTS).read_text(encoding="utf-8").split())
else:
    c.Authenticator.allow_all = True
if TEACHER:
    c.Authenticator.admin_users = {TEACHER}
    c.SharedPasswordAuthenticator.admin_password = TEACHER_PASSWORD
if LOGIN == "shared-password":
    kept = SECRET / "password"
    if not option("PASSWORD") and not kept.exists():
        kept.write_text(secrets.token_urlsafe(9), encoding="utf-8")
    c.SharedPasswordAuthenticator.user_password = option("PASSWORD") or kept.read_text(encoding="utf-8")
    print(f"The class's password is {c.SharedPasswordAuthenticator.user_password}")


def make_account(spawner) -> None:
    """Makes the student's account at the first start. One that the hub did not make, such as root, is not theirs."""
    name = spawner.user.name
    try:
        made = GROUP in subprocess.run(["id", "-Gn", name], capture_output=True, text=True, check=True).stdout.split()
    except subprocess.CalledProcessError:
        subprocess.run(["groupadd", "--force", GROUP], check=True)
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--groups", GROUP, name], check=True)
        made = True
    if not made:
        refused = HTTPError(403)
        refused.jupyterhub_message = f"{name} is an account of this machine. Please log in with another name."
        raise refused
    os.chmod(pwd.getpwnam(name).pw_dir, 0o700)


# ---- what a student gets --------------------------------------------------------------------------------------------

if SPAWNER == "systemd":
    c.JupyterHub.spawner_class = "systemd"
    c.Spawner.mem_limit, c.Spawner.cpu_limit = MEMORY, CORES
    c.SystemdSpawner.isolate_tmp = c.SystemdSpawner.isolate_devices = True
elif SPAWNER == "accounts":
    c.JupyterHub.spawner_class = "localprocess"
else:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "homes" / "{username}")
if SPAWNER != "simple" and LOGIN != "pam":
    c.Spawner.pre_spawn_hook = make_account

c.Spawner.cmd = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]  # one environment for all: the hub's own
c.Spawner.args = [  # a chapter that was closed gives its memory back after half an hour
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_interval=60",
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # a whole class comes at once
c.Spawner.environment = {**LITTLE, "OMP_NUM_THREADS": "1"}
if DATA.is_dir():
    c.Spawner.environment["NIN_COURSE_DATA"] = str(DATA)

# The course comes into the home at the first start and is merged at each later one; what a student wrote stays.
FIRST = "lab/tree/course/notebooks/00_start_here.ipynb"
c.Spawner.default_url = "/git-pull?" + urlencode({"repo": COURSE, "targetpath": "course", "urlpath": FIRST})
if COURSE.startswith("file://"):  # git reads nothing that belongs to another user, unless it is told to
    folder = COURSE.removeprefix("file://")
    trusted = STATE / "gitconfig"
    trusted.write_text(
        f"[include]\n\tpath = /etc/gitconfig\n[safe]\n\tdirectory = {folder}\n\tdirectory = {folder}/.git\n",
        encoding="utf-8",
    )
    c.Spawner.environment["GIT_CONFIG_SYSTEM"] = str(trusted)

# ---- servers that nobody uses ---------------------------------------------------------------------------------------

CULLER = "jupyterhub-idle-culler"
c.JupyterHub.services = [
    {"name": CULLER, "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}"]},
]
c.JupyterHub.load_roles = [
    {
        "name": f"{CULLER}-role",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": [CULLER],
    },
]
