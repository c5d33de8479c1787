"""What the crash trials share: repositories that cost nothing to make, the daemon as a process, its HTTP API, its streams."""
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.realpath(os.path.join(ROOT, os.environ.get("HEADGATE_BUILD", "build")))
BIN = os.path.join(BUILD, "bin")
PRELOAD = os.path.join(BUILD, "tools", "faults.so")
ZERO = "0" * 40
PATIENCE = 60  # seconds: past that a wait was in vain

DISK_OPS = "write,sync,rename,open,truncate,unlink"


class Vain(Exception):
    """Something that must happen did not."""


def wait_for(what, condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise Vain(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(0.002)


def clean_environment():
    """Of all that this process has, only what programs need to run at all."""
    env = {"PATH": BIN + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    if BUILD.endswith("/asan"):
        env["ASAN_OPTIONS"] = "detect_leaks=1:verify_asan_link_order=0"
    return env


class Template:
    """Commits that all repositories of a run borrow: `chain`, each upon the one before, and `side`, each upon the first."""

    def __init__(self, folder, chain=400, side=200):
        self.path = os.path.join(folder, "template.git")
        subprocess.run(["git", "init", "-q", "--bare", self.path], check=True, env=clean_environment())
        out = []
        for i in range(chain + side):
            base = f"from :{i}" if 0 < i < chain else "from :1" if i else ""
            out.append(f"commit refs/heads/{'chain' if i < chain else f's{i}'}\nmark :{i + 1}\n"
                       f"committer A <a@example.org> {1700000000 + i} +0000\ndata 2\nm\n{base}\n"
                       f"M 100644 inline f{i % 7}\ndata {len(str(i))}\n{i}\n")
        marks = os.path.join(folder, "marks")
        subprocess.run(["git", "-C", self.path, "fast-import", "--quiet", f"--export-marks={marks}"], input="\n".join(out),
                       text=True, check=True, env=clean_environment())
        ids = {int(line.split()[0][1:]): line.split()[1] for line in open(marks)}
        self.chain = [ids[i + 1] for i in range(chain)]
        self.side = [ids[i + 1] for i in range(chain, chain + side)]

    def repository(self, path):
        for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks"):
            os.makedirs(os.path.join(path, name))
        for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"),
                           ("objects/info/alternates", os.path.join(self.path, "objects") + "\n")):
            with open(os.path.join(path, name), "w") as f:
                f.write(text)
        os.symlink(os.path.join(BIN, "headgate-post-receive"), os.path.join(path, "hooks", "post-receive"))


class Site:
    """One installation in a folder of its own: config, state, repositories."""

    def __init__(self, folder, template, repositories, more=""):
        self.folder, self.template, self.compacts = folder, template, "keep_events" in more
        self.state = os.path.join(folder, "state")
        self.git = os.path.join(folder, "git")
        self.spool = os.path.join(self.state, "spool")
        self.hook_socket = os.path.join(folder, "hook.sock")
        self.admin_socket = os.path.join(folder, "admin.sock")
        self.shadow = os.path.join(folder, "shadow")
        self.config = os.path.join(folder, "headgate.yaml")
        self.log = os.path.join(folder, "headgated.log")
        self.told = os.path.join(folder, "told")
        os.makedirs(self.git)
        os.makedirs(self.shadow)
        for name in repositories:
            template.repository(self.repo(name))
        with open(self.config, "w") as f:
            f.write(f"site: crash\nstate: {self.state}\nrepositories: {{root: {self.git}}}\n"
                    f"sockets: {{hook: {self.hook_socket}, admin: {self.admin_socket}}}\n"
                    f"listen: [{{address: \"127.0.0.1:0\"}}]\n{more}")

    def repo(self, name):
        return os.path.join(self.git, name + ".git")

    def environment(self, faults=None):
        env = clean_environment()
        env.update(HEADGATE_CONFIG=self.config, HOME=self.folder)
        if faults is not None:
            env.update(faults, LD_PRELOAD=PRELOAD, FAULTS_TOLD=self.told)
        return env

    def refs(self, name):
        out = subprocess.run(["git", "-C", self.repo(name), "for-each-ref", "--format=%(refname) %(objectname)"], check=True,
                             capture_output=True, text=True, env=self.environment()).stdout
        return dict(line.split() for line in out.splitlines())

    def verify(self):
        """What `headgate audit verify` finds wrong, None when nothing is."""
        done = subprocess.run([os.path.join(BIN, "headgate"), "audit", "verify"], capture_output=True, text=True, env=self.environment())
        return None if done.returncode == 0 else f"audit verify ends with {done.returncode}: {done.stdout}{done.stderr}".strip()


class Daemon:
    """headgated. `faults` is the environment of tests/tools/faults.c, None for none of it."""

    def __init__(self, site, faults=None, limit=None):
        self.site = site
        self.ready = False
        path = os.path.join(site.folder, "notify")
        if os.path.exists(path):
            os.unlink(path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        self.notify.setblocking(False)
        with open(site.log, "a") as log:
            self.log_at = log.tell()
            self.process = subprocess.Popen([os.path.join(BIN, "headgated"), "-c", site.config], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=site.environment(faults) | {"NOTIFY_SOCKET": path}, preexec_fn=limit)

    def said(self):
        """What it has logged so far, of this life of it."""
        with open(self.site.log, errors="replace") as log:
            log.seek(self.log_at)
            return log.read()

    def is_ready(self):
        while not self.ready:
            try:
                self.ready = self.notify.recv(4096).startswith(b"READY=1")
            except BlockingIOError:
                break
        return self.ready

    def ended(self):
        return self.process.poll() is not None

    def wait_ready(self):
        """True when it is ready, False when it has ended instead."""
        wait_for("the daemon is ready", lambda: self.is_ready() or self.ended())
        return self.is_ready()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.notify.close()

    def stop(self):
        """Ask it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Vain("the daemon did not end when it was told to") from None
        self.notify.close()
        return self.process.returncode


def cut_power(site):
    """Leave on disk what a power cut would: of the journal what was synced last, of the spool at least that."""
    problems = []
    for folder, _, names in os.walk(site.state):
        for name in names:
            path = os.path.join(folder, name)
            # The hooks live on here, so their files are looked at instead: a whole one has been synced under its name.
            if folder == site.spool and not name.endswith(".json"):
                continue
            kept = os.path.join(site.shadow, str(os.stat(path).st_ino))
            synced = open(kept, "rb").read() if os.path.exists(kept) else b""
            if folder == site.spool:
                if open(path, "rb").read() != synced:
                    problems.append(f"spool file {name} was renamed before it was synced")
                continue
            with open(path, "r+b") as f:
                f.truncate(0)
                f.write(synced)
    # Removing a name is not synced: the file may be there again.
    for name in os.listdir(site.shadow):
        back = os.path.join(site.spool, name)
        if name.endswith(".json") and not name.startswith(".") and not os.path.exists(back):
            os.rename(os.path.join(site.shadow, name), back)
    return problems


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE):
        super().__init__("headgate", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(site, path, **query):
    connection = UnixConnection(site.admin_socket)
    try:
        connection.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise Vain(f"GET {path} {query}: {answer.status} {body[:200]!r}")
    return json.loads(body)


def all_events(site):
    """All that the journal still holds: with cursor=0 from there on."""
    events, cursor, more = [], "0", True
    while more:
        page = get(site, "/v1/events", cursor=cursor, limit=1000)
        events += page["events"]
        cursor, more = page["cursor"], page["more"]
    return events


class Subscriber(threading.Thread):
    """A stream that is opened again with its cursor whenever it breaks. `got` has (cursor, event type, data as text), in order."""

    def __init__(self, site, cursor=None, **query):
        super().__init__(daemon=True)
        self.site, self.cursor, self.query = site, cursor, query
        self.first = cursor
        self.got = []
        self.resets = 0
        self.connects = 0
        self.over = threading.Event()
        self.trouble = None
        self.socket = None

    def run(self):
        while not self.over.is_set():
            try:
                self.listen()
            except (OSError, http.client.HTTPException):
                pass
            except Exception as e:  # told by the checker, which runs in another thread
                self.trouble = repr(e)
                return
            self.over.wait(0.003)

    def listen(self):
        query = dict(self.query)
        if self.cursor is not None:
            query["cursor"] = self.cursor
        connection = UnixConnection(self.site.admin_socket, timeout=None)
        try:
            connection.connect()
            self.socket = connection.sock
            connection.request("GET", "/v1/events?" + urllib.parse.urlencode(query), headers={"Accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != 200:
                return
            self.connects += 1
            field = {}
            for line in self.lines(answer):
                if line:
                    name, _, value = line.partition(": ")
                    field[name] = value
                elif field:
                    self.take(field)
                    field = {}
        finally:
            connection.close()

    def lines(self, answer):
        rest = b""
        while not self.over.is_set():
            data = answer.read1(65536)
            if not data:
                return
            rest += data
            *whole, rest = rest.split(b"\n")
            yield from (line.rstrip(b"\r").decode() for line in whole)

    def take(self, field):
        kind = field.get("event")
        if kind == "reset":
            self.resets += 1
        if kind is not None and kind not in ("snapshot", "reset", "bookmark"):
            self.got.append((field["id"], kind, field["data"]))
        if kind == "bookmark" and self.first is None:
            self.first = field["id"]
        if "id" in field and field["id"]:
            self.cursor = field["id"]

    def end(self):
        """However long the next event would be in coming."""
        self.over.set()
        while self.is_alive():
            try:
                if self.socket:
                    self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.join(0.01)
