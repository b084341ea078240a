"""What the hub's configuration says, and what is made of what was measured; tests/kit/test_hub.py starts a hub."""

import itertools
import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import hub
import pytest
import yaml
from tornado.web import HTTPError
from traitlets.config.loader import Config, PyFileConfigLoader

pwd = pytest.importorskip("pwd", reason="JupyterHub runs on Linux and macOS")
ROOT = Path(__file__).parents[2]
HUB = ROOT / "deploy" / "hub"


@pytest.fixture
def configured(monkeypatch, tmp_path):
    """The configuration with these options, as if root had started the hub; or somebody else."""
    for name in [name for name in os.environ if name.startswith("NIN_HUB_")]:
        monkeypatch.delenv(name)

    def load(user=0, **options):
        monkeypatch.setattr(os, "geteuid", lambda: user)
        for name, value in {"STATE": tmp_path / "state", **options}.items():
            monkeypatch.setenv(f"NIN_HUB_{name}", str(value))
        return PyFileConfigLoader(str(HUB / "jupyterhub_config.py")).load_config()

    return load


@pytest.fixture
def values():
    return yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("user", "spawner", "chosen"), [
    (0, {}, "localprocess"), (0, {"SPAWNER": "systemd"}, "systemd"), (1000, {}, "simple"),
])  # fmt: skip
def test_root_gives_each_student_an_account_and_limits_only_where_systemd_keeps_them(configured, user, spawner, chosen):
    c = configured(user, MEMORY="1G", CORES=1.5, **spawner)
    assert c.JupyterHub.spawner_class == chosen
    assert ("pre_spawn_hook" in c.Spawner) == (user == 0)
    assert ("mem_limit" in c.Spawner) == (chosen == "systemd")
    if chosen == "systemd":
        assert (c.Spawner.mem_limit, c.Spawner.cpu_limit, c.SystemdSpawner.isolate_tmp) == ("1G", 1.5, True)


def test_every_option_is_in_the_docs_with_what_it_is_if_it_is_not_set(configured):
    file, found = HUB / "jupyterhub_config.py", {"get_config": Config}
    configured(1000)
    found["__file__"] = str(file)
    exec(file.read_text(encoding="utf-8"), found)
    rows = re.findall(r"^\| (`NIN_HUB_.*?) \| .* \| (.*?) \|$", (ROOT / "docs" / "hub.md").read_text(), re.MULTILINE)
    options = [(re.findall(r"NIN_HUB_(\w+)", names), re.findall("`(.*?)`", default)) for names, default in rows]
    assert {name for names, _ in options for name in names} == set(re.findall(r'option\("(\w+)"', file.read_text()))
    pairs = [zip(names, defaults, strict=True) for names, defaults in options if len(names) == len(defaults)]
    plain = dict(itertools.chain(*pairs))
    assert set(plain) == {"LOGIN", "DATA", "MEMORY", "CORES", "IDLE"}
    assert {name: str(found[name]).removesuffix(".0") for name in plain} == plain


def test_students_are_kept_apart_in_all_that_systemd_can_and_a_class_is_waited_for(configured, values):
    c = configured(SPAWNER="systemd")
    found = {
        name: value for name, value in {**c.Spawner, **c.SystemdSpawner}.items() if isinstance(value, (int, float))
    }
    assert found == {
        **{"cpu_limit": 2, "isolate_tmp": True, "isolate_devices": True},
        **{"start_timeout": 180, "http_timeout": 180},
    }
    assert values["singleuser"]["startTimeout"] >= c.Spawner.start_timeout


@pytest.mark.parametrize(("user", "spawner"), [(0, "simple"), (1000, "accounts"), (1000, "systemd")])
def test_nobody_becomes_root_and_what_only_root_can_do_is_said(configured, user, spawner):
    with pytest.raises(SystemExit, match="root"):
        configured(user, SPAWNER=spawner)


def test_the_password_is_made_once_and_kept_where_only_the_hub_reads(configured, tmp_path, capsys):
    first, second = (configured().SharedPasswordAuthenticator.user_password for _ in range(2))
    assert first == second
    assert len(first) >= 8
    assert capsys.readouterr().out.count(first) == 2
    assert (tmp_path / "state" / "secret").stat().st_mode & 0o777 == 0o700
    assert configured(PASSWORD="another one").SharedPasswordAuthenticator.user_password == "another one"


def test_a_list_of_students_shuts_others_out_and_only_the_named_teacher_is_admin(configured, tmp_path):
    (tmp_path / "list").write_text("anna\nberta\n")
    everybody, listed = configured(), configured(STUDENTS=tmp_path / "list", TEACHER="carla", TEACHER_PASSWORD="p" * 32)
    assert everybody.Authenticator.allow_all is True
    assert "admin_users" not in everybody.Authenticator
    assert listed.Authenticator.allowed_users == {"anna", "berta"}
    assert "allow_all" not in listed.Authenticator
    assert listed.Authenticator.admin_users == {"carla"}
    assert listed.SharedPasswordAuthenticator.admin_password == "p" * 32
    name = re.compile(everybody.Authenticator.username_pattern)
    assert [bool(name.fullmatch(n)) for n in ("anna-2", "-anna", "../anna", "Anna", "a" * 32)] == [True] + 4 * [False]


def test_with_pam_accounts_are_the_machines_own(configured):
    c = configured(LOGIN="pam")
    assert c.JupyterHub.authenticator_class == "pam"
    assert "pre_spawn_hook" not in c.Spawner
    assert "SharedPasswordAuthenticator" not in c
    c = configured(LOGIN="github")  # which has no accounts to offer
    assert "pre_spawn_hook" in c.Spawner
    assert "SharedPasswordAuthenticator" not in c


@pytest.mark.parametrize(("groups", "called"), [
    (None, ["groupadd", "useradd"]), ("anna nin-students", []), ("anna sudo", HTTPError),
])  # fmt: skip
def test_an_account_is_made_once_and_one_of_the_machines_own_is_refused(
    configured, monkeypatch, tmp_path, groups, called
):
    made = []

    def run(command, **_):
        if command[0] != "id":
            made.append(command)
        elif groups is None:
            raise subprocess.CalledProcessError(1, command)
        return SimpleNamespace(stdout=f"{groups}\n")

    hook, home = configured().Spawner.pre_spawn_hook, tmp_path / "anna"
    home.mkdir(mode=0o755)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: SimpleNamespace(pw_dir=str(tmp_path / name)))
    spawner = SimpleNamespace(user=SimpleNamespace(name="anna"))
    if called is HTTPError:
        with pytest.raises(HTTPError, match="403") as refused:
            hook(spawner)
        assert refused.value.jupyterhub_message.startswith("anna is an account of this machine.")
    else:
        hook(spawner)
        assert home.stat().st_mode & 0o777 == 0o700
    assert [command[0] for command in made] == ([] if called is HTTPError else called)
    if made:
        assert "--create-home" in made[1]
        assert made[1][-3:] == ["--groups", "nin-students", "anna"]


def test_a_students_server_has_the_memory_setting_of_make_lab_one_thread_and_the_data_that_are_there(
    configured, tmp_path
):
    little = re.search(r"^LITTLE = (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    wanted = dict(setting.split("=") for setting in little.split()) | {"OMP_NUM_THREADS": "1"}
    assert len(wanted) == 4
    found = configured(COURSE="https://git.example.org/c", DATA=tmp_path / "none").Spawner.environment
    assert found == wanted
    found = configured(COURSE="https://git.example.org/c", DATA=tmp_path).Spawner.environment
    assert found == wanted | {"NIN_COURSE_DATA": str(tmp_path)}


def test_the_course_comes_from_here_and_git_is_told_to_trust_just_that_folder(configured):
    c = configured()
    page, question = urlsplit(c.Spawner.default_url)[2:4]
    link = {name: values[0] for name, values in parse_qs(question).items()}
    first = link.pop("urlpath").removeprefix("lab/tree/course/")
    assert (page, link) == ("/git-pull", {"repo": ROOT.as_uri(), "targetpath": "course"})
    assert (ROOT / first).is_file()
    git = {**os.environ, "GIT_CONFIG_SYSTEM": c.Spawner.environment["GIT_CONFIG_SYSTEM"], "HOME": "/nowhere"}
    asked = ["git", "config", "--system", "--get-all", "safe.directory"]
    said = subprocess.run(asked, env=git, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(ROOT), f"{ROOT}/.git"]


def test_idle_servers_are_stopped_and_the_culler_may_do_that_and_no_more(configured):
    c = configured(IDLE=1234)
    (service,), (role,) = c.JupyterHub.services, c.JupyterHub.load_roles
    assert service["command"][-2:] == ["jupyterhub_idle_culler", "--timeout=1234"]
    assert role["services"] == [service["name"]]
    assert sorted(role["scopes"]) == ["delete:servers", "list:users", "read:servers", "read:users:activity"]


def test_a_pod_gets_what_a_server_gets(configured, values):
    c, student = configured(COURSE="https://git.example.org/nin-course", DATA="/nowhere"), values["singleuser"]
    assert student["extraEnv"] == c.Spawner.environment
    assert student["defaultUrl"] == c.Spawner.default_url
    (file,) = student["extraFiles"].values()
    args = [f"--MappingKernelManager.{name}={value}" for name, value in file["data"]["MappingKernelManager"].items()]
    assert args == c.Spawner.args
    assert values["cull"]["timeout"] == int(c.JupyterHub.services[0]["command"][-1].split("=")[1])
    assert (student["memory"]["limit"], student["cpu"]["limit"]) == ("3G", 2)
    chapters, three = ((ROOT / "benchmarks" / page).read_text(encoding="utf-8") for page in ("memory.md", "hub.md"))
    peak = max(int(most.replace(",", "")) for most in re.findall(r"^\| \w\w? \| ([\d,]+) \|", chapters, re.MULTILINE))
    own, shared = map(float, re.search(r"the same with .* \| (\S+) GB and (\S+) shared", three).groups())
    assert float(student["memory"]["guarantee"].removesuffix("G")) >= peak / 1000
    assert float(student["memory"]["limit"].removesuffix("G")) >= own + shared
    assert values["hub"]["config"]["JupyterHub"] == {"authenticator_class": c.JupyterHub.authenticator_class}
    assert "user_password" not in str(values)


def test_the_image_has_the_data_where_it_says_and_the_hubs_packages_and_nobody_in_it_is_root():
    lines = (HUB / "Dockerfile").read_text(encoding="utf-8")
    fetched, said = re.search(r"XDG_CACHE_HOME=(\S+)", lines)[1], re.search(r"NIN_COURSE_DATA=(\S+)", lines)[1]
    assert said == f"{fetched}/nin_course/fashion-mnist"
    last = lines.split("USER ")[-1]
    assert "useradd" in lines.split("USER ")[-2]
    assert last.startswith("jovyan\n")  # and what is done with root's rights is done before
    assert "RUN" not in last
    assert "CMD" in last
    needed = (HUB / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert next(line for line in needed if line.startswith("nbgitpuller")) in lines
    kit = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("kit = [")[1].split("]")[0]
    assert len(needed) == 4
    assert set(needed) <= set(re.findall(r'"(.*?)"', kit))


# ---- what a class costs ---------------------------------------------------------------------------------------------


@pytest.fixture
def begun(monkeypatch):
    """The hub that would have been started: its command, its environment and what was done with it."""
    found = SimpleNamespace(done=[], code=None)

    def popen(command, env, stdout, **_):
        found.command, found.environment = command, env
        stdout.write("what the hub says")
        acts = {name: lambda *_, name=name: found.done.append(name) for name in ("terminate", "wait")}
        return SimpleNamespace(poll=lambda: found.code, **acts)

    monkeypatch.setattr(subprocess, "Popen", popen)

    def get(*_, **__):
        if found.early:
            raise found.early.pop()
        return SimpleNamespace(ok=found.code is None)

    found.early = [hub.requests.ConnectionError(), hub.requests.Timeout()]  # nobody listens yet
    monkeypatch.setattr(hub.requests, "get", get)
    monkeypatch.setattr(hub.time, "sleep", lambda _: None)
    return found


def test_a_hub_is_started_apart_and_stopped_however_the_trial_ends(begun, monkeypatch, tmp_path):
    def trial(address, password):
        options = dict(word.removeprefix("--").split("=", 1) for word in begun.command if "=" in word)
        assert Path(options["config"]).samefile(HUB / "jupyterhub_config.py")
        assert address == f"http://{options['ip']}:{options['port']}"
        proxy = urlsplit(options["ConfigurableHTTPProxy.api_url"]).port
        assert len({options["port"], options["JupyterHub.hub_port"], str(proxy)}) == 3
        wanted = {"HOME": str(tmp_path), "NIN_HUB_SPAWNER": "accounts", "NIN_HUB_PASSWORD": password}
        assert (wanted | {"NIN_HUB_COURSE": tmp_path.as_uri()}).items() <= begun.environment.items()
        assert Path(begun.environment["NIN_HUB_STATE"]).parent == tmp_path
        assert "JUPYTER_PATH" not in begun.environment
        assert begun.done == []
        raise KeyError

    monkeypatch.setenv("JUPYTER_PATH", "mine")
    with pytest.raises(KeyError), hub.running(tmp_path, "accounts", course=tmp_path) as told:
        trial(*told)
    assert begun.done == ["terminate", "wait"]
    begun.code = 1
    with pytest.raises(RuntimeError, match="what the hub says"), hub.running(tmp_path, "simple"):
        pass
    assert begun.done == ["terminate", "wait"] * 2


def test_after_a_class_its_accounts_are_gone_with_their_homes_and_nobody_elses(monkeypatch):
    killed, commands, names = [], [], [f"{hub.PREFIX}{n}" for n in range(2)]
    people = [
        SimpleNamespace(info={"username": who}, kill=lambda who=who: killed.append(who)) for who in ("root", *names)
    ]
    monkeypatch.setattr(hub.psutil, "process_iter", lambda _: people)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    with pytest.raises(KeyError), hub.class_of(names):
        raise KeyError
    assert killed == names
    assert commands[:2] == [["userdel", "--remove", name] for name in names]
    assert commands[2:] == [["groupdel", "nin-students"]] * ("nin-students:" not in Path("/etc/group").read_text())
    with pytest.raises(AssertionError), hub.class_of(["root"]):
        pass


def test_a_students_processes_are_found_whatever_ends_meanwhile_or_is_closed_to_us(monkeypatch):
    def of(answer):
        def environ():
            if isinstance(answer, Exception):
                raise answer
            return {"JUPYTERHUB_USER": answer}

        return SimpleNamespace(environ=environ)

    gone, closed, hers, his = map(of, (hub.psutil.NoSuchProcess(1), hub.psutil.AccessDenied(2), "anna", "ben"))
    monkeypatch.setattr(hub.psutil, "process_iter", lambda: [gone, closed, hers, his])
    assert hub.Student("http://x", "anna").processes() == [hers]


def process(own, all_of_it, pss):
    return SimpleNamespace(memory_full_info=lambda: SimpleNamespace(uss=own * 1e9, rss=all_of_it * 1e9, pss=pss * 1e9))


def test_what_students_share_is_there_once_and_a_tenth_of_a_machine_is_kept_free(monkeypatch):
    monkeypatch.setattr(hub, "version", lambda package: "1.0")
    student = hub.Memory.of([process(0.1, 0.2, 0.15), process(0.8, 1.1, 0.9)])
    assert (student.own, student.shared, student.pss) == pytest.approx((0.9, 0.3, 1.05))
    of_hub = hub.Memory(0.6, 0.0, 0.6)
    assert hub.carries(8, student, of_hub) == 5  # 7.2 - 1 - 0.6 - 0.3 = 5.3, and 6 times 0.9 is 5.4
    assert hub.carries(128, student, of_hub) == 125
    assert hub.needs(200, student, of_hub) == pytest.approx(202.1, abs=0.1)  # (1 + 0.6 + 0.3 + 180) / 0.9
    assert [hub.cores(n, 45) for n in (6, 7, 200)] == [1, 2, 30]
    found = hub.Measured({1: 4.4}, {1: (50.0, 40.0, 2.0), 3: (99.6, 45.0, 3.0)}, of_hub, student, student, student)
    page = hub.page("03_x", ["01_y", "05_z"], found)
    assert "| 1 at once log in: until the last one's server is there | 4 s |" in page
    assert "100 s, 45 processor seconds each (load before: 3.0) |" in page
    assert "| 128 GB | 125 | 19 | 125 |" in page
    assert "200 students need 202 GB with 03 open, 202 GB with 3 chapters, and 30 cores" in page
    assert max(len(line) for line in page.splitlines() if not line.startswith("|")) <= 120


def test_the_hub_and_a_students_server_are_each_asked_with_their_own_token(monkeypatch):
    """Both set a cookie of one name, and refuse the other's."""
    student, asked = hub.Student("http://here", "ana"), []
    for path, token in {"/hub/": "the hub's", "/user/ana/": "the server's", "/user/anna/": "another's"}.items():
        student.web.cookies.set("_xsrf", token, path=path)
    answer = SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"content": "a book", "servers": {}})
    monkeypatch.setattr(
        student.web, "request", lambda how, where, headers, **_: asked.append((how, where, headers)) or answer
    )
    monkeypatch.setattr(student, "processes", list)
    assert student.read("00.ipynb") == "a book"
    student.leave()
    assert [(how, where, *headers.values()) for how, where, headers in asked] == [
        ("GET", "http://here/user/ana/api/contents/00.ipynb", "the server's"),
        ("DELETE", "http://here/hub/api/users/ana/server", "the hub's"),
        ("GET", "http://here/hub/api/users/ana", "the hub's"),
    ]


def test_a_message_with_pictures_is_read_up_to_them():
    text, picture = b'{"a": "\xc3\xa9"}', b"\x89PNG"
    places = [2, 12, 12 + len(text)]
    message = b"".join(n.to_bytes(4, "big") for n in places) + text + picture
    assert hub.text_of(message) == hub.text_of('{"a": "é"}') == '{"a": "é"}'


def test_the_docs_quote_what_was_measured():
    measured = (ROOT / "benchmarks" / "hub.md").read_text(encoding="utf-8").splitlines()
    quoted = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in measured if " GB | " in line and line.startswith(("| memory", "| 8", "| 32", "| 128"))]
    assert len(table) == 3
    assert set(table) <= set(quoted)
    (need,) = [line for line in measured if line.startswith("200 students need")]
    assert need in quoted
