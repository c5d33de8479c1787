"""Moves of refs in real repositories, and their announcement by the real hook, as a Git server makes them."""
import json
import os
import random
import socket
import subprocess
import threading
import time

from rig import BIN, ZERO


def now_text():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%03dZ" % (now % 1 * 1000)


class Push:
    """One announcement: who, which updates, and what became of handing it over."""

    def __init__(self, actor, repo, updates, false=False):
        self.actor, self.repo, self.updates, self.false = actor, repo, updates, false
        self.handed_over = False  # by the hook without a word, or acknowledged by the daemon
        self.cursor = None  # of a direct acknowledgement
        self.began = self.ended = 0.0
        self.said = ""
        self.way = ""

    def __repr__(self):
        return f"{self.actor} {self.repo} {self.way} {self.updates} handed over: {self.handed_over} {self.said!r}"


class RefMover:
    """`git update-ref --stdin`, kept running: a transaction costs no process."""

    def __init__(self, site, repo):
        self.process = subprocess.Popen(["git", "-C", site.repo(repo), "update-ref", "--stdin"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, env=site.environment())

    def move(self, updates):
        lines = ["start"]
        for old, new, ref in updates:
            lines.append(f"delete {ref} {old}" if new == ZERO else f"update {ref} {new} {old}")
        lines += ["prepare", "commit"]
        self.process.stdin.write("\n".join(lines) + "\n")
        self.process.stdin.flush()
        for want in ("start: ok", "prepare: ok", "commit: ok"):
            answer = self.process.stdout.readline().strip()
            if answer != want:
                raise RuntimeError(f"git update-ref: {answer!r} to {updates}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Driver(threading.Thread):
    """Pushes to one repository, one after the other. `history` has each ref's values in order, its first the zero id."""

    def __init__(self, site, repo, seed, pushes, hook_faults=None, pace=0.0):
        super().__init__(daemon=True)
        self.site, self.repo, self.n_pushes, self.hook_faults, self.pace = site, repo, pushes, hook_faults, pace
        self.rng = random.Random(seed)
        self.at = {}  # ref -> its place on the chain, None when it is on a side commit
        self.history = {}
        self.pushes = []
        self.trouble = None
        self.side = list(site.template.side)
        self.rng.shuffle(self.side)
        self.ways = ["hook"] * 8 + ["direct"] * 3 + ["silent", "twice", "false", "unknown", "refused"]

    def run(self):
        try:
            mover = RefMover(self.site, self.repo)
            try:
                for n in range(self.n_pushes):
                    self.push(mover, n)
                    if self.pace:
                        time.sleep(self.rng.random() * self.pace)
            finally:
                mover.close()
        except Exception as e:
            self.trouble = repr(e)

    def value(self, ref):
        return self.history.setdefault(ref, [ZERO])[-1]

    def next_move(self, ref):
        """(old, new, ref), no value but the zero id ever used twice for a ref."""
        old, at = self.value(ref), self.at.get(ref)
        used = self.history[ref]
        choice = self.rng.random()
        if old != ZERO and choice < 0.1 and ref != "refs/heads/main":
            self.at[ref] = None
            return old, ZERO, ref
        if old != ZERO and choice < 0.2 and self.side:
            self.at[ref] = None
            return old, self.side.pop(), ref
        chain = self.site.template.chain
        if at is not None and choice < 0.28:
            back = [i for i in range(max(0, at - 6), at) if chain[i] not in used]
            if back:
                self.at[ref] = self.rng.choice(back)
                return old, chain[self.at[ref]], ref
        # Forward, leaving some out, so that there is something to go back to.
        top = max((i for i in range(len(chain)) if chain[i] in used), default=-1)
        self.at[ref] = top + self.rng.randint(1, 3)
        return old, chain[self.at[ref]], ref

    def updates(self):
        refs = ["refs/heads/main"] if self.rng.random() < 0.6 else ["refs/heads/dev"]
        if self.rng.random() < 0.15:
            refs = ["refs/heads/main", "refs/heads/dev", f"refs/tags/v{len(self.pushes)}"]
        elif self.rng.random() < 0.05:
            refs = [f"refs/heads/burst/{len(self.pushes)}/{i}" for i in range(25)]
        return [self.next_move(ref) for ref in refs]

    def push(self, mover, n):
        way = self.rng.choice(self.ways)
        if way in ("false", "unknown", "refused"):
            self.tell_what_is_not(way, n)
            return
        self.carry_out(mover, Push(f"{self.repo}-{n}", self.repo, self.updates()), way)

    def carry_out(self, mover, push, way):
        """Move its refs, then tell of it that way."""
        push.way = way
        for _, _, ref in push.updates:
            self.value(ref)
        mover.move(push.updates)
        for _, new, ref in push.updates:
            self.history[ref].append(new)
        push.began = time.monotonic()
        if way == "hook":
            self.run_hook(push)
        elif way != "silent":
            self.announce(push, self.line(push), times=2 if way == "twice" else 1)
        push.ended = time.monotonic()
        if way != "silent":
            self.pushes.append(push)

    def tell_what_is_not(self, way, n):
        """A move that was none, of a repository that is none, or a push that was refused: none of them moves anything."""
        ref = "refs/heads/main"
        push = Push(f"{self.repo}-{n}", self.repo, [(self.value(ref), self.side.pop(), ref)], false=way)
        push.way = way
        line = self.line(push)
        if way == "unknown":
            line["repo"] = os.path.join(self.site.folder, "elsewhere.git")
        if way == "refused":
            line.update(type="refused", errors=1, warnings=0, findings=[])
        self.announce(push, line, 1)
        self.pushes.append(push)

    def line(self, push):
        return {"v": 1, "type": "received", "repo": self.site.repo(self.repo), "push": "%032x" % self.rng.getrandbits(128),
                "actor": {"name": push.actor, "id": None, "server": "local", "repo": None, "remote": None, "protocol": None},
                "time": now_text(), "options": [],
                "updates": [{"old": old, "new": new, "ref": ref} for old, new, ref in push.updates]}

    def run_hook(self, push):
        env = self.site.environment(self.hook_faults)
        env.update(GIT_DIR=".", USER=push.actor, LOGNAME=push.actor)
        done = subprocess.run([os.path.join(BIN, "headgate-post-receive")], cwd=self.site.repo(self.repo), env=env, text=True,
                              input="".join(f"{old} {new} {ref}\n" for old, new, ref in push.updates), capture_output=True)
        push.said = done.stdout + done.stderr
        push.handed_over = done.returncode == 0 and not push.said
        if done.returncode != 0:
            raise RuntimeError(f"headgate-post-receive ended with {done.returncode}: {push.said}")

    def announce(self, push, line, times):
        """On the socket, without a hook: what is acknowledged counts, else nobody is to rely on it."""
        text = (json.dumps(line) + "\n").encode()
        for _ in range(times):
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                    s.settimeout(10)
                    s.connect(self.site.hook_socket)
                    s.sendall(text)
                    answer = b""
                    while not answer.endswith(b"\n"):
                        more = s.recv(4096)
                        if not more:
                            break
                        answer += more
                answer = json.loads(answer) if answer.endswith(b"\n") else {"ok": False, "error": "hung up"}
            except OSError as e:
                answer = {"ok": False, "error": str(e)}
            if answer["ok"]:
                push.handed_over = True
                push.cursor = answer["cursor"]
            else:
                push.said = answer["error"]
