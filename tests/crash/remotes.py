"""The other side of mirrors: repositories behind a real sshd, behind nginx and git-http-backend, or in a folder; what can befall them; and
disks of their own that can be filled."""
import ctypes
import getpass
import os
import random
import signal
import subprocess

import rig
from line import Line
from rig import clean_environment, wait_for

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
DISK = 64 << 20

libc = ctypes.CDLL(None, use_errno=True)


def own_mounts():
    """From here on this process sees mounts that nobody else does. False where the machine does not let it."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNS if uid == 0 else CLONE_NEWNS | CLONE_NEWUSER) != 0:
        return False
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as f:
                f.write(text)
    return libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0


def plain_account(folder):
    """Where mounts are our own: the account's shell is /bin/sh, as that of a Git server's is no person's. What a person's shell does at its start
    would be measured with each connection else."""
    uid = str(os.getuid())
    with open("/etc/passwd") as f:
        lines = [line.rstrip("\n").split(":") for line in f]
    with open(f"{folder}/passwd", "w") as f:
        f.writelines(":".join(fields[:6] + ["/bin/sh"] if len(fields) == 7 and fields[2] == uid else fields) + "\n" for fields in lines)
    return libc.mount(f"{folder}/passwd".encode(), b"/etc/passwd", None, MS_BIND, None) == 0


class Disk:
    """A folder that is a file system of its own where that can be had. `full`: whether nothing more goes onto it."""

    able = None  # of this process; not yet known

    def __init__(self, path):
        self.path, self.full = path, False
        os.makedirs(path)
        if Disk.able is None:
            Disk.able = own_mounts()
        self.mounted = Disk.able and libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, f"size={DISK},mode=0755".encode()) == 0

    def fill(self):
        """To the last page. Where it is no file system of its own nothing is filled."""
        if not self.mounted:
            return False
        self.full = True
        with open(os.path.join(self.path, "ballast"), "wb", buffering=0) as f:
            piece = b"\0" * 65536
            try:
                while True:
                    piece = piece if f.write(piece) == len(piece) else piece[:4096]
            except OSError:
                pass
        return True

    def empty(self):
        self.full = False
        try:
            os.unlink(os.path.join(self.path, "ballast"))
        except FileNotFoundError:
            pass

    def close(self, keep):
        """Nobody uses it any more. With `keep` what is on it stays in its folder, for who looks."""
        if not self.mounted:
            return
        self.mounted = False
        if keep:
            subprocess.run(["cp", "-a", self.path, self.path + ".kept"], check=False)
        libc.umount2(self.path.encode(), MNT_DETACH)
        if keep:
            os.rmdir(self.path)
            os.rename(self.path + ".kept", self.path)


def processes_in(*folders):
    """(pid, name) of each process whose current folder is in one of these."""
    found = []
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            at = os.readlink(f"/proc/{pid}/cwd")
            if any(at == f or at.startswith(f + "/") for f in folders):
                found.append((int(pid), open(f"/proc/{pid}/comm").read().strip()))
        except OSError:
            continue
    return found


def kill_git(folder):
    """Those that work for a mirror there, and no others: actors of a trial have theirs elsewhere, and wait for them. How many it met."""
    n = 0
    for pid, name in processes_in(folder):
        if name.startswith("git") or name == "ssh":
            try:
                os.kill(pid, signal.SIGKILL)
                n += 1
            except ProcessLookupError:
                pass
    return n


class Server:
    """What serves a folder of repositories at a port of its own, behind a line that has always the same. Subclasses say how."""

    def __init__(self, folder, root, seed):
        self.folder, self.root, self.port, self.processes = folder, root, None, []
        os.makedirs(folder)
        self.line = Line(self.port_now, seed)
        self.line.start()

    def port_now(self):
        if self.port is None:
            raise OSError("nobody serves")
        return self.port

    def stop(self):
        self.port = None
        for pid in self.processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in list(getattr(self, "children", [])):
            process.wait()
        self.processes, self.children = [], []

    def close(self):
        self.line.end()
        self.stop()


class Sshd(Server):
    """One account; two host keys, one of which the mirror knows."""

    def __init__(self, folder, root, seed):
        super().__init__(folder, root, seed)
        self.rng, self.children = random.Random(seed), []
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host", "other", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"], check=True)
        key = open(f"{folder}/user.pub").read()
        with open(f"{folder}/authorized_keys", "w") as f:
            f.write(f'restrict,command="GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 exec git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" {key}')
        with open(f"{folder}/known_hosts", "w") as f:
            f.write(f"[127.0.0.1]:{self.line.port} {' '.join(open(f'{folder}/host.pub').read().split()[:2])}\n")
        self.start()

    def url(self):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.line.port}{self.root}/{{repo}}.git"

    def config(self):
        return f"    identity_file: {self.folder}/user\n    known_hosts_file: {self.folder}/known_hosts\n"

    def start(self, key="host"):
        with open(f"{self.folder}/config", "w") as f:
            f.write(f"ListenAddress 127.0.0.1\nHostKey {self.folder}/{key}\nAuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\n"
                    "UsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\nMaxSessions 100\n")
        for _ in range(20):
            # It takes no port 0: a random one, until one is free.
            port, said = self.rng.randrange(20000, 60000), f"{self.folder}/sshd.log"
            with open(said, "w") as log:
                process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.folder}/config", "-p", str(port)],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment())
            wait_for("sshd listens", lambda: process.poll() is not None or "Server listening" in open(said).read())
            if process.poll() is None:
                self.port, self.processes, self.children = port, [process.pid], [process]
                return
        raise rig.Vain(f"sshd does not start: {open(said).read()}")


class Web(Server):
    """nginx, fcgiwrap and git-http-backend, with a user and a password."""

    def __init__(self, folder, root, seed):
        super().__init__(folder, root, seed)
        self.lives = 0
        self.start()
        with open(os.open(f"{folder}/credentials", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(f"http://mirror:secret@127.0.0.1:{self.line.port}\n")

    def url(self):
        return f"http://127.0.0.1:{self.line.port}/{{repo}}.git"

    def config(self):
        return f"    credentials_file: {self.folder}/credentials\n    insecure: true\n"

    def start(self, key=None):
        self.lives += 1
        folder = f"{self.folder}/{self.lives}"
        script = ('. "$1/contrib/quickstart/web.bash"; web_start "$2" "$3" "$4" mirror:secret >&2 || exit 1; echo "$WEB_PORT ${WEB_PIDS[*]}"')
        done = subprocess.run(["bash", "-c", script, "web", rig.ROOT, folder, self.root, rig.BUILD], stdout=subprocess.PIPE, text=True,
                              stderr=open(f"{self.folder}/web.log", "a"), env=clean_environment())
        if done.returncode != 0:
            raise rig.Vain("nginx does not start: " + open(f"{self.folder}/web.log").read()[-500:])
        self.port, *self.processes = map(int, done.stdout.split())
        # Its worker is the one who knows of a request that goes on; it ends when the first one does.

    def stop(self):
        for pid in self.processes:
            self.processes = self.processes + [c for c in children_of(pid) if c not in self.processes]
        super().stop()


def children_of(pid):
    try:
        return [int(c) for c in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


class Folder:
    """No server: a path."""

    line = None

    def __init__(self, folder, root, seed):
        self.root, self.scheme = root, "file://" if seed < 0.5 else ""

    def url(self):
        return f"{self.scheme}{self.root}/{{repo}}.git"

    def config(self):
        return ""

    def stop(self):
        os.rename(self.root, self.root + ".away")

    def start(self, key=None):
        if os.path.exists(self.root + ".away"):
            os.rename(self.root + ".away", self.root)

    def close(self):
        pass


KINDS = {"ssh": Sshd, "http": Web, "file": Folder}
