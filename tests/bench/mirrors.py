#!/usr/bin/env python3
"""Mirrors, measured: from an accepted push to the mirror that has it, over ssh and HTTP, beside what git itself takes and what else is in use; many
repositories that change at once; a daemon with many mirrors that has nothing to do. Run by mirrors.bash.

    mirrors.py FOLDER FIGURES       works in FOLDER, adds lines to FIGURES: what, who, how many, numbers

MIRRORS=1000 repositories, MIRROR_ROUNDS=3 rounds of MIRROR_CHANGES=20 pushes (half as many for who looks each second, a quarter for grokmirror), IDLE_SECONDS=20, GROK=the folder that has
the package grokmirror.
Times are in microseconds: p50, p99, most of a round."""
import atexit
import ctypes
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "crash"))
import rig  # noqa: E402
from remotes import Sshd, Web, children_of, own_mounts, plain_account  # noqa: E402
from rig import Daemon, Site, wait_for  # noqa: E402

MANY = int(os.environ.get("MIRRORS", "1000"))
ROUNDS = int(os.environ.get("MIRROR_ROUNDS", "3"))
CHANGES = int(os.environ.get("MIRROR_CHANGES", "20"))
IDLE = int(os.environ.get("IDLE_SECONDS", "20"))
AT_ONCE = 8  # how many `git push` of many go side by side: as many as the daemon has by default
MAIN = "refs/heads/main"
IN_MOVED_TO = 0x80

libc = ctypes.CDLL(None, use_errno=True)


class Arrivals:
    """When files come to be in folders, as the kernel tells."""

    def __init__(self):
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self.folders = {}

    def watch(self, folder):
        number = libc.inotify_add_watch(self.fd, folder.encode(), IN_MOVED_TO)
        if number < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {folder}")
        self.folders[number] = folder

    def read(self, timeout):
        """[(when, path)]"""
        if not select.select([self.fd], [], [], timeout)[0]:
            return []
        now, data, found, at = time.monotonic(), os.read(self.fd, 65536), [], 0
        while at < len(data):
            number, _, _, n = struct.unpack_from("iIII", data, at)
            found.append((now, os.path.join(self.folders[number], data[at + 16:at + 16 + n].rstrip(b"\0").decode())))
            at += 16 + n
        return found

    def close(self):
        os.close(self.fd)


def read_ref(repository, ref=MAIN):
    """As it is on the disk; "" where it is packed or not there."""
    try:
        with open(os.path.join(repository, ref)) as f:
            return f.read().strip()
    except FileNotFoundError:
        return ""


def commits(path, n):
    """A repository with main at the first of n commits, each upon the one before. Their ids."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=rig.clean_environment())
    out = []
    for i in range(n):
        text = f"name: service\nrevision: {i}\n"
        out.append(f"commit refs/made\nmark :{i + 1}\ncommitter B <b@example.org> {1700000000 + i} +0000\ndata 2\nm\n" + (f"from :{i}\n" if i else "") +
                   f"M 100644 inline service.yaml\ndata {len(text)}\n{text}\n")
    marks = path + ".marks"
    subprocess.run(["git", "-C", path, "fast-import", "--quiet", f"--export-marks={marks}"], input="".join(out), text=True, check=True,
                   env=rig.clean_environment())
    ids = {int(line.split()[0][1:]): line.split()[1] for line in open(marks)}
    return [ids[i + 1] for i in range(n)]


def bare(path, history, commit):
    """A repository of its own that has this commit at main, loose, as a server's after a push."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=rig.clean_environment())
    with open(os.path.join(path, "config"), "a") as f:
        f.write("[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n")
    subprocess.run(["git", "-C", history, "push", "-q", path, f"{commit}:{MAIN}"], check=True, env=rig.clean_environment())


def percentile(times, share):
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


class Transport:
    """Both sides' repositories behind one server: ours/... and theirs/..."""

    def __init__(self, name, folder, root):
        self.name = name
        self.server = (Sshd if name == "ssh" else Web)(os.path.join(folder, "server-" + name), root, 1)
        atexit.register(self.server.stop)
        # Straight to the server: no line in between.
        self.server.line.end()
        at = f"127.0.0.1:{self.server.port}"
        self.env = rig.clean_environment() | {"GIT_TERMINAL_PROMPT": "0", "HOME": folder}
        if name == "ssh":
            known = open(f"{self.server.folder}/host.pub").read().split()[:2]
            with open(f"{self.server.folder}/known_hosts", "w") as f:
                f.write(f"[127.0.0.1]:{self.server.port} {' '.join(known)}\n")
            self.base = self.server.url().split("127.0.0.1")[0] + at + root
            self.env["GIT_SSH_COMMAND"] = (f"ssh -F none -i {self.server.folder}/user -o IdentitiesOnly=yes -o UserKnownHostsFile={self.server.folder}/"
                                           "known_hosts -o BatchMode=yes")
        else:
            with open(f"{self.server.folder}/credentials", "w") as f:
                f.write(f"http://mirror:secret@{at}\n")
            self.base = f"http://{at}"
            with open(f"{self.server.folder}/gitconfig", "w") as f:
                f.write(f"[credential]\n\thelper = store --file={self.server.folder}/credentials\n")
            self.env["GIT_CONFIG_GLOBAL"] = f"{self.server.folder}/gitconfig"

    def mirror(self, name, direction, repos, url, more=""):
        return (f"  - name: {name}\n    direction: {direction}\n    repos: {repos}\n    url: \"{self.base}/{url}\"\n    retry_first: 1s\n    retry_most: 1s\n"
                f"{self.server.config()}{more}")

    def close(self):
        self.server.stop()


class Subject:
    """Somebody who keeps `target` in step with `source`. start and stop: what has to run for it, while it is measured."""

    pause = 0.0  # at most, before each change: of who looks by the clock it must not depend on when
    changes = CHANGES  # in a round

    def __init__(self, who, source, target):
        self.who, self.source, self.target = who, source, target

    def start(self):
        pass

    def stop(self):
        pass


class Loop(Subject):
    """What a cron job does, but each second."""

    pause, changes = 1.0, max(1, CHANGES // 2)

    def __init__(self, who, source, target, folder, transport, command):
        super().__init__(who, source, target)
        self.folder, self.env, self.command, self.process = folder, transport.env, command, None

    def start(self):
        self.process = subprocess.Popen(["sh", "-c", f"while :; do {self.command}; sleep 1; done"], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Pulling(Subject):
    """A daemon of ours that looks at upstream each second."""

    pause, changes = 1.0, max(1, CHANGES // 2)

    def __init__(self, who, source, target, site):
        super().__init__(who, source, target)
        self.site, self.daemon = site, None

    def start(self):
        self.daemon = start(self.site)

    def stop(self):
        end(self.daemon)


def grok_environment(env):
    """With which a module of grokmirror's runs. GIT_CONFIG_NOSYSTEM it takes for its own."""
    return {k: v for k, v in env.items() if k != "GIT_CONFIG_NOSYSTEM"} | {"PYTHONPATH": os.environ["GROK"], "PYTHONDONTWRITEBYTECODE": "1"}


class Grok(Subject):
    """grokmirror, which reads the manifest that our daemon writes, each second: it knows no shorter time."""

    pause, changes = 1.0, max(1, CHANGES // 4)

    def __init__(self, source, target, folder, transport, manifest):
        super().__init__("grokmirror", source, target)
        self.folder, self.env, self.process = folder, grok_environment(transport.env), None
        with open(os.path.join(folder, "grok.conf"), "w") as f:
            f.write(f"[core]\ntoplevel = {folder}/mirror\nmanifest = ${{toplevel}}/manifest.js.gz\nlog = {folder}/log\nloglevel = info\n\n"
                    f"[remote]\nsite = {transport.base}/ours\nmanifest = file://{manifest}\n\n[pull]\nrefresh = 1\npull_threads = 2\n"
                    f"include = /{os.path.basename(source)}\n")

    def start(self):
        with open(os.path.join(self.folder, "out.log"), "a") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "grokmirror.pull", "-c", os.path.join(self.folder, "grok.conf"), "-o"], env=self.env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(site):
    daemon = Daemon(site)
    atexit.register(lambda: daemon.ended() or daemon.kill())
    if not daemon.wait_ready():
        sys.exit(f"headgated does not start: {daemon.said()}")
    return daemon


def end(daemon):
    if daemon.stop() != 0:
        sys.exit(f"headgated did not end well: {daemon.said()[-2000:]}")


class Lag:
    """From a push that is accepted to the mirror that has it."""

    def __init__(self, folder, figures):
        self.folder, self.figures = folder, figures
        self.root = os.path.join(folder, "git")
        self.site = Site(folder, None, [])
        os.rmdir(self.site.git)
        os.makedirs(os.path.join(self.root, "ours"))
        self.site.git = os.path.join(self.root, "ours")
        self.history = os.path.join(folder, "history.git")
        self.transports = [Transport(name, folder, self.root) for name in ("ssh", "http")]
        self.ids = commits(self.history, 2 + 2 * 7 * ROUNDS * (CHANGES + 1))
        self.at, self.seen = 0, {}

    def repository(self, *names):
        path = os.path.join(self.root, *names) + ".git"
        bare(path, self.history, self.ids[0])
        if names[0] == "ours":
            os.symlink(os.path.join(rig.BIN, "headgate-post-receive"), os.path.join(path, "hooks", "post-receive"))
        return path

    def next(self, path):
        """A push of somebody's; when it was begun."""
        self.at += 1
        began = time.monotonic()
        subprocess.run(["git", "-C", self.history, "push", "-q", path, f"{self.ids[self.at]}:{MAIN}"], check=True,
                       env=self.site.environment() | {"USER": "w", "LOGNAME": "w"}, stderr=subprocess.DEVNULL)
        return began

    def arrive(self, arrivals, path):
        """When main of that repository is what was pushed last."""
        deadline, wanted = time.monotonic() + 30, os.path.join(path, MAIN)
        while True:
            for when, what in arrivals.read(0.05):
                self.seen.setdefault((what, self.at), when)
                if what == wanted and read_ref(path) == self.ids[self.at]:
                    return when
            if read_ref(path) == self.ids[self.at]:
                return self.seen.get((wanted, self.at), time.monotonic())
            if time.monotonic() > deadline:
                sys.exit(f"waited in vain for {path}")

    def subjects(self, t):
        n = t.name
        yield Subject("headgate", self.repository("ours", "headgate-" + n), self.repository("theirs", "headgate-" + n))
        source, target = self.repository("ours", "cron-push-" + n), self.repository("theirs", "cron-push-" + n)
        yield Loop("cron-push", source, target, source, t, f"git push -q --mirror {t.base}/theirs/cron-push-{n}.git")
        source, target = self.repository("ours", "cron-pull-" + n), os.path.join(self.root, "theirs", f"cron-pull-{n}.git")
        subprocess.run(["git", "clone", "-q", "--mirror", f"{t.base}/ours/cron-pull-{n}.git", target], check=True, env=t.env)
        yield Loop("cron-pull", source, target, target, t, "git remote update")
        site = Site(os.path.join(self.folder, "pull-" + n), None, [])
        with open(site.config, "a") as f:
            f.write("mirrors:\n" + t.mirror("m", "pull", f"[pull-{n}]", f"ours/pull-{n}.git", "    every: 1s\n"))
        source, target = self.repository("ours", "pull-" + n), site.repo("pull-" + n)
        bare(target, self.history, self.ids[0])
        yield Pulling("pull", source, target, site)
        if os.environ.get("GROK"):
            folder = os.path.join(self.folder, "grok-" + n)
            os.makedirs(folder + "/mirror")
            yield Grok(self.repository("ours", "grok-" + n), f"{folder}/mirror/grok-{n}.git", folder, t, self.folder + "/manifest.js.gz")
            yield self.of_grok(t)

    def of_grok(self, t):
        """A daemon of ours that reads, each second, the manifest that grokmirror's hook writes upstream."""
        top, n = os.path.join(self.root, "grok"), t.name
        source, manifest = os.path.join(top, f"upstream-{n}.git"), os.path.join(self.folder, f"upstream-{n}.js.gz")
        bare(source, self.history, self.ids[0])
        hook, site = os.path.join(source, "hooks", "post-receive"), Site(os.path.join(self.folder, "of-grok-" + n), None, [])
        env = " ".join(f"{k}={v}" for k, v in grok_environment({}).items())
        with open(hook, "w") as f:
            f.write(f"#!/bin/sh\nunset GIT_DIR GIT_CONFIG_NOSYSTEM\nexec env {env} {sys.executable} -m grokmirror.manifest -m {manifest} -t {top} -n {source} "
                    f">>{self.folder}/upstream.log 2>&1\n")
        os.chmod(hook, 0o755)
        with open(site.config, "a") as f:
            f.write("mirrors:\n" + t.mirror("m", "pull", f"[upstream-{n}]", "grok/{repo}.git", f"    every: 1s\n    manifest: {manifest}\n"))
        target = site.repo("upstream-" + n)
        bare(target, self.history, self.ids[0])
        return Pulling("of-grokmirror", source, target, site)

    def measure(self):
        plan = [(t, s) for t in self.transports for s in self.subjects(t)]
        floors = {t: (self.repository("ours", "floor-" + t.name), self.repository("theirs", "floor-" + t.name)) for t in self.transports}
        with open(self.site.config, "r+") as f:
            text = f.read().replace(f"{self.folder}/git}}", f"{self.root}/ours}}")
            f.seek(0)
            f.write(text)
            if os.environ.get("GROK"):
                f.write(f"manifest: {{file: {self.folder}/manifest.js.gz}}\n")
            f.write("mirrors:\n" + "".join(t.mirror(t.name, "push", f"[headgate-{t.name}]", f"theirs/headgate-{t.name}.git") for t in self.transports))
        daemon = start(self.site)
        for _ in range(ROUNDS):
            for t, subject in plan:
                try:
                    self.write(t, subject.who, self.round(subject))
                except rig.Vain as problem:
                    if subject.who != "grokmirror":
                        raise
                    print(f"left out: a round of grokmirror, {t.name}: {problem}")
            for t in self.transports:
                self.write(t, "floor", self.floor(t, *floors[t]))
        end(daemon)
        for t in self.transports:
            t.close()

    def write(self, t, who, times):
        us = [1e6 * x for x in times]
        with open(self.figures, "a") as f:
            f.write(f"mirror_{t.name} {who} {CHANGES} {percentile(us, 0.5):.0f} {percentile(us, 0.99):.0f} {max(us):.0f}\n")

    def round(self, subject):
        arrivals, took, rng = Arrivals(), [], random.Random(self.at)
        subject.start()
        try:
            self.next(subject.source)
            wait_for(f"{subject.who} has caught up", lambda: read_ref(subject.target) == self.ids[self.at])
            for path in (subject.source, subject.target):
                arrivals.watch(os.path.join(path, "refs/heads"))
            for _ in range(subject.changes):
                time.sleep(0.02 + rng.random() * subject.pause)
                arrivals.read(0)
                self.next(subject.source)
                accepted = self.arrive(arrivals, subject.source)
                took.append(max(0.0, self.arrive(arrivals, subject.target) - accepted))
        finally:
            arrivals.close()
            subject.stop()
        return took

    def floor(self, t, source, target):
        """The same change by `git push`, which begins once it has been accepted: what carrying it takes at least."""
        arrivals, took = Arrivals(), []
        arrivals.watch(os.path.join(target, "refs/heads"))
        name = os.path.basename(target)
        for _ in range(CHANGES):
            self.next(source)
            began = time.monotonic()
            subprocess.run(["git", "-C", source, "push", "-q", f"{t.base}/theirs/{name}", f"{MAIN}:{MAIN}"], check=True, env=t.env, stderr=subprocess.DEVNULL)
            took.append(self.arrive(arrivals, target) - began)
        arrivals.close()
        return took


def memory(pid):
    """KiB resident, Pss, anonymous."""
    kib = dict.fromkeys(("Rss:", "Pss:", "Anonymous:"), 0)
    for line in open(f"/proc/{pid}/smaps_rollup"):
        name, *rest = line.split()
        if name in kib:
            kib[name] += int(rest[0])
    return kib["Rss:"], kib["Pss:"], kib["Anonymous:"]


def wakings(pid):
    """How often its threads were woken, and their processor time in ns."""
    n = ns = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        for line in open(f"/proc/{pid}/task/{task}/status"):
            if line.startswith("voluntary_ctxt_switches:"):
                n += int(line.split()[1])
        ns += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
    return n, ns


class Many:
    """So many repositories with one change each, and the same daemon when nothing happens."""

    def __init__(self, folder, figures, kind):
        self.folder, self.figures, self.kind = folder, figures, kind
        self.site = Site(folder, None, [])
        self.root = os.path.join(folder, "theirs")
        self.history = os.path.join(folder, "history.git")
        self.ids = commits(self.history, 3)
        os.makedirs(self.root)
        first = os.path.join(folder, "first.git")
        bare(first, self.history, self.ids[0])
        shutil.rmtree(os.path.join(first, "hooks"))
        self.names = [f"group-{i // 100}/repository-{i}" for i in range(MANY)]
        for name in self.names:
            shutil.copytree(first, os.path.join(self.root, name + ".git"))
        for commit in self.ids[1:]:
            subprocess.run(["git", "-C", self.history, "push", "-q", first, f"{commit}:refs/made/{commit}"], check=True, env=rig.clean_environment())
        shutil.rmtree(os.path.join(first, "refs/made"))
        for name in self.names:
            shutil.copytree(first, self.site.repo(name))
        self.transport = Transport("ssh", folder, self.root) if kind == "ssh" else None
        with open(self.site.config) as f:
            self.plain = f.read()

    def config(self, mirrors):
        text = self.plain
        if mirrors and self.transport:
            text += "mirrors:\n" + self.transport.mirror("m", "push", '["**"]', "{repo}.git")
        elif mirrors:
            text += f"mirrors:\n  - name: m\n    direction: push\n    url: \"{self.root}/{{repo}}.git\"\n"
        with open(self.site.config, "w") as f:
            f.write(text)

    def in_step(self):
        db = sqlite3.connect(f"file:{self.site.state}/journal.db?mode=ro", uri=True, timeout=10)
        try:
            return db.execute("SELECT count(*) FROM mirror_copies WHERE state = 'in-step'").fetchone()[0] == MANY
        finally:
            db.close()

    def change(self, to):
        """As a server's git and the hook do: the ref, then the word at the socket."""
        for i, name in enumerate(self.names):
            path = self.site.repo(name)
            old = read_ref(path)
            with open(os.path.join(path, MAIN + ".lock"), "w") as f:
                f.write(to + "\n")
            os.rename(os.path.join(path, MAIN + ".lock"), os.path.join(path, MAIN))
            line = (f'{{"v":1,"type":"received","repo":"{path}","push":"{i:032x}","actor":{{"name":"w","id":null,"server":"local","repo":null,"remote":null,'
                    f'"protocol":null}},"time":"{time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())}","options":[],'
                    f'"updates":[{{"old":"{old}","new":"{to}","ref":"{MAIN}"}}]}}\n')
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.site.hook_socket)
                s.sendall(line.encode())
                if not s.recv(4096).startswith(b'{"ok":true'):
                    sys.exit(f"{name}: the push was not taken")

    def wait(self, what, commit, patience):
        left = [os.path.join(self.root, name + ".git") for name in self.names]

        def done():
            left[:] = [path for path in left if read_ref(path) != commit]
            return not left and self.in_step()
        deadline = time.monotonic() + patience
        while not done():
            if time.monotonic() > deadline:
                sys.exit(f"waited in vain until {what}: {len(left)} refs are not there")
            time.sleep(0.05)

    def measure(self):
        self.config(True)
        began = time.monotonic()
        daemon = start(self.site)
        self.wait("all have been looked at", self.ids[0], 600)
        looked = time.monotonic() - began
        before = self.processor(daemon)
        began = time.monotonic()
        self.change(self.ids[1])
        told = time.monotonic() - began
        self.wait("all are in step", self.ids[1], 600)
        took = time.monotonic() - began
        self.write(f"mirror_many_{self.kind} headgate {MANY} {took:.3f} {told:.3f} {looked:.3f} {self.processor(daemon) - before:.3f}")
        end(daemon)

    @staticmethod
    def processor(daemon):
        """Seconds, its children's that have ended among them."""
        fields = open(f"/proc/{daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def beside(self):
        """`git push`, so many at once, of a tenth of them."""
        some = self.names[:max(1, MANY // 10)]
        for name in some:
            with open(os.path.join(self.site.repo(name), MAIN), "w") as f:
                f.write(self.ids[2] + "\n")
        base = self.transport.base if self.transport else self.root
        env = self.transport.env if self.transport else rig.clean_environment()
        began = time.monotonic()
        subprocess.run(["xargs", "-P", str(AT_ONCE), "-I{}", "git", "-C", f"{self.site.git}/{{}}.git", "push", "-q", f"{base}/{{}}.git", f"{MAIN}:{MAIN}"],
                       input="\n".join(some), text=True, check=True, env=env, stderr=subprocess.DEVNULL)
        self.write(f"mirror_many_{self.kind} floor {len(some)} {time.monotonic() - began:.3f}")

    def idle(self, who):
        self.config(who == "headgate")
        daemon = start(self.site)
        pid = daemon.process.pid
        quiet = [wakings(pid)[0], time.monotonic()]

        def rests():
            n = wakings(pid)[0]
            if n != quiet[0]:
                quiet[:] = [n, time.monotonic()]
            return time.monotonic() - quiet[1] > 3
        wait_for("it has come to rest", rests)
        before = wakings(pid)
        children = len(children_of(pid))
        time.sleep(IDLE)
        after = wakings(pid)
        self.write(f"mirror_idle {who} {MANY} {' '.join(map(str, memory(pid)))} {before[0]} {before[1]} {after[0]} {after[1]} {IDLE} {children}")
        end(daemon)

    def write(self, line):
        with open(self.figures, "a") as f:
            f.write(line + "\n")

    def close(self):
        if self.transport:
            self.transport.close()


def main():
    folder, figures = sys.argv[1:]
    parts = os.environ.get("MIRROR_PARTS", "lag many idle").split()
    if not own_mounts() or not plain_account(folder):
        print("the account has a person's shell, whose start is measured with each connection")
    if "lag" in parts:
        Lag(os.path.join(folder, "l"), figures).measure()
    for kind in ("file", "ssh"):
        if "many" in parts or (kind == "file" and "idle" in parts):
            many = Many(os.path.join(folder, kind[0]), figures, kind)
            many.measure()
            if kind == "file" and "idle" in parts:
                for who in ("without", "headgate"):
                    many.idle(who)
            many.beside()
            many.close()


main()
