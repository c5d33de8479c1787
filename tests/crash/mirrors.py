"""Trials of mirrors: two repositories are kept in step with two others, over ssh, HTTP or in a folder, pushed or pulled, while everybody changes
them and whatever can befall them does, at random. In the end all is set right, and the judge (mirror_truth.py) holds every ref of both sides
against what was acknowledged and what the journal tells: nothing is lost, and what differs is told."""
import json
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
import traceback

import mirror_truth
import rig
from commands import call
from mirror_truth import History, Ledger, Picture, damage_of, mirrored, refs_of
from remotes import KINDS, Disk, kill_git
from rig import Daemon, Site, UnixConnection, Vain, all_events, clean_environment, get, wait_for

REPOS = ("a", "b")
BRANCHES = [f"refs/heads/{name}" for name in ("main", "next", "t1", "t2", "t3", "t4")]
TAGS = [f"refs/tags/v{n}" for n in range(4)]
COUNTS = ("changes", "strangers", "faults", "kills", "waited", "accepted", "refs", "forged")
FAULTS = {"kill_daemon": "daemons killed", "restart_daemon": "daemons started again", "kill_child": "gits killed in the midst of something",
          "harm_line": "lines cut, silent or slow", "serve_not": "servers away", "fill": "full disks", "corrupt": "damaged objects",
          "change_key": "other host keys", "swap": "other repositories under a name", "empty": "emptied upstreams",
          "decline": "hooks that decline"}
LOCK = re.compile(r"Unable to create '(/[^']+\.lock)': File exists")  # as git says it of one that is in its way
BOUND = 60  # seconds, in which all must be in step once all is set right
RULES = ("keep", "keep", "follow", "stop")


class World:
    """A site with a mirror, the other side, and all who change either."""

    def __init__(self, seed, folder, template):
        self.rng = rng = random.Random(seed)
        self.problems, self.did, self.counts, self.befell = [], [], dict.fromkeys(COUNTS, 0), dict.fromkeys(FAULTS, 0)
        self.direction = rng.choice(["push", "pull"])
        self.kind = rng.choices(["ssh", "http", "file"], [45, 30, 25])[0]
        self.gated = self.direction == "pull" and rng.random() < 0.4
        self.rules = {key: rng.choice(RULES) for key in ("on_force", "on_delete")}
        self.guard = rng.choice([20, 20, 50, 100])
        self.verify_every = rng.choice(["1s", "1h"])  # how soon it sees by itself what strangers do to a copy that is pushed
        self.folder = folder
        self.site = Site(folder, template, [], "policies: [{refs: [\"refs/**\"], push: {force: allow, delete: allow}}]\n")
        os.rmdir(self.site.git)
        self.disks = {name: Disk(os.path.join(folder, name)) for name in ("git", "far", "state")}
        self.root = os.path.join(folder, "far", "r")
        os.makedirs(self.root)
        self.history = History(os.path.join(folder, "made.git"))
        self.ledger = Ledger(self.history, self.direction, self.rules["on_force"], self.rules["on_delete"], self.gated)
        self.ways = {}  # what is wrong now: name -> how it is put right
        self.swapped, self.emptied = {}, {}  # repo -> what to put back
        self.daemon = self.server = None
        self.doomed = False  # the daemon will end by itself

    # The beginning.

    def ours(self, repo):
        return self.site.repo(repo)

    def theirs(self, repo):
        return os.path.join(self.root, repo + ".git")

    def source(self, repo):
        return self.ours(repo) if self.direction == "push" else self.theirs(repo)

    def target(self, repo):
        return self.theirs(repo) if self.direction == "push" else self.ours(repo)

    def repository(self, path):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=clean_environment())
        with open(os.path.join(path, "config"), "a") as f:
            f.write("[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n")
        self.watch(path)

    @staticmethod
    def watch(path):
        """Each ref that moves there is written down, by git itself."""
        hook = os.path.join(path, "hooks", "reference-transaction")
        os.makedirs(os.path.dirname(hook), exist_ok=True)
        with open(hook, "w") as f:
            f.write('#!/bin/sh\n[ "$1" != committed ] || exec cat >>"$GIT_DIR/moved"\n')
        os.chmod(hook, 0o755)

    def begin(self):
        for repo in REPOS:
            self.ledger.repo(repo)
            for path in (self.ours(repo), self.theirs(repo)):
                self.repository(path)
            hook = os.path.join(self.ours(repo), "hooks", "post-receive")
            os.path.lexists(hook) or os.symlink(os.path.join(rig.BIN, "headgate-post-receive"), hook)
            first = self.history.commit()
            self.write(self.source(repo), *(f"{first}:{ref}" for ref in BRANCHES[:self.rng.randint(1, 4)]), f"{first}:{TAGS[0]}")
            self.note(repo)
        self.server = KINDS[self.kind](os.path.join(self.folder, "server"), self.root, self.rng.random())
        with open(self.site.config, "a") as f:
            f.write(self.mirror())
        self.start_daemon()
        if self.rng.random() < 0.8:
            wait_for("the mirror has been in step at first", lambda: not self.differing(), BOUND)

    def mirror(self):
        text = (f"mirrors:\n  - name: m\n    direction: {self.direction}\n    repos: [{', '.join(REPOS)}]\n    url: \"{self.server.url()}\"\n"
                f"    silence: 3s\n    timeout: 20s\n    retry_first: 1s\n    retry_most: 2s\n    verify_every: {self.verify_every}\n{self.server.config()}")
        if self.direction == "pull":
            text += (f"    every: 1s\n    gate: {'true' if self.gated else 'false'}\n    guard: {self.guard}\n"
                     f"    on_force: {self.rules['on_force']}\n    on_delete: {self.rules['on_delete']}\n")
        return text

    def start_daemon(self):
        self.daemon, self.doomed = Daemon(self.site), False
        if not self.daemon.wait_ready():
            raise Vain(f"the daemon does not start: {self.daemon.said()[-1000:]}")

    # Who changes what.

    def write(self, path, *refspecs):
        """A push of somebody's. Whether it was acknowledged, all of it."""
        done = subprocess.run(["git", "-C", self.history.path, "push", "-q", "--atomic", path, *refspecs], capture_output=True, text=True,
                              env=self.site.environment() | {"USER": "w", "LOGNAME": "w"})
        self.did.append((time.time(), f"push {os.path.relpath(path, self.folder)} {' '.join(refspecs)}: {done.returncode} {done.stderr[-200:]}"))
        return done.returncode == 0

    def note(self, repo):
        """Nobody but we writes to the side that is followed, so what is there after each of our moves is what must be there in the end."""
        was, now = self.ledger.source[repo], refs_of(self.source(repo))
        gone = self.history.reached(was.values()) - self.history.reached(now.values())
        self.ledger.dropped[repo] |= gone
        # Who let a commit go where all is followed from may do so, though somebody else had put it into the copy as well.
        self.ledger.source[repo] = now

    def there(self, repo):
        """Whether somebody can do something there now."""
        return repo not in self.swapped and not os.path.exists(self.root + ".away")

    def change(self):
        repo = self.rng.choice(REPOS)
        if not self.there(repo):
            return
        refs = {r: c for r, c in refs_of(self.source(repo)).items() if mirrored(r)}
        how = self.rng.choices([self.go_on, self.begin_ref, self.force, self.delete, self.many, self.beyond], [45, 15, 14, 10, 8, 3])[0]
        specs = how(refs)
        if specs and self.write(self.source(repo), *specs):
            self.counts["changes"] += 1
        self.note(repo)

    def weight(self):
        """Now and then so much that a push takes its time."""
        return self.rng.randbytes(self.rng.choice([200_000, 1_000_000, 3_000_000])) if self.rng.random() < 0.25 else b""

    def next(self, commit):
        bad = None
        if self.gated:
            bad = self.rng.choices([None, True, False], [6, 2, 5 if commit in self.history.bad else 0])[0]
        return self.history.commit(commit, bad, self.weight())

    def branch_of(self, refs):
        names = [r for r in refs if r.startswith("refs/heads/")]
        return self.rng.choice(names) if names else None

    def go_on(self, refs):
        ref = self.branch_of(refs)
        if ref is None:
            return [f"{self.next(None)}:refs/heads/main"]
        commit = refs[ref]
        for _ in range(self.rng.randint(1, 3)):
            commit = self.next(commit)
        return [f"{commit}:{ref}"]

    def begin_ref(self, refs):
        ref, base = self.rng.choice(BRANCHES + TAGS), self.branch_of(refs)
        if ref in refs or base is None:
            return []
        made = self.next(refs[base]) if self.rng.random() < 0.5 else refs[base]
        return [f"{self.history.tag(ref[10:], made) if ref.startswith('refs/tags/') and self.rng.random() < 0.5 else made}:{ref}"]

    def force(self, refs):
        ref = self.rng.choice(sorted(refs)) if refs else None
        if ref is None:
            return []
        base = (self.history.parents[refs[ref]] or [None])[0]
        if base is None or (ref.startswith("refs/heads/") and self.rng.random() < 0.6):
            return [f"+{self.history.commit(base)}:{ref}"]
        return [f"+{base}:{ref}"]

    def delete(self, refs):
        names = sorted(r for r in refs if r != "refs/heads/main")
        return [f":{ref}" for ref in self.rng.sample(names, min(len(names), self.rng.choice([1, 1, 2])))]

    def many(self, refs):
        base = self.branch_of(refs)
        if base is None:
            return []
        start, n = self.rng.randrange(100), self.rng.randint(5, 25)
        return [f"+{self.history.commit(refs[base]) if i % 5 == 0 else refs[base]}:refs/heads/many/{start + i:03}" for i in range(n)]

    def beyond(self, refs):
        base = self.branch_of(refs)
        return [f"+{refs[base]}:refs/notes/n"] if base else []

    def stranger(self):
        """Somebody pushes into the copy."""
        repo = self.rng.choice(REPOS)
        if not self.there(repo):
            return
        refs = {r: c for r, c in refs_of(self.target(repo)).items() if mirrored(r)}
        ref = self.branch_of(refs)
        way = self.rng.random()
        if ref is None or way < 0.35:
            ref = self.rng.choice(BRANCHES)
        made = self.history.commit(refs.get(ref) or next(iter(refs.values()), None))
        if self.write(self.target(repo), f"{made}:{ref}"):
            self.ledger.foreign[repo].add(made)
            self.counts["strangers"] += 1

    def race(self):
        """Somebody pushes into the copy while what was changed where it is followed from is on its way there."""
        repo = self.rng.choice(REPOS)
        if not self.there(repo):
            return
        there = refs_of(self.target(repo))
        refs = [r for r, c in refs_of(self.source(repo)).items() if r.startswith("refs/heads/") and there.get(r) == c]
        if not refs:
            return
        ref = self.rng.choice(refs)
        below, forced = self.history.parents[there[ref]], self.rng.random() < 0.5
        forced = forced and below != []
        ours, strangers = self.next(below[0] if forced else there[ref]), self.history.commit(there[ref])
        later = threading.Timer(self.rng.random() * 0.4, lambda: self.ledger.foreign[repo].update(
            {strangers} if self.write(self.target(repo), f"{strangers}:{ref}") else ()))
        later.start()
        if self.rng.random() < 0.4:
            later.join()
        self.write(self.source(repo), f"{'+' if forced else ''}{ours}:{ref}")
        later.join()
        self.note(repo)
        self.counts["changes"] += 1
        self.counts["strangers"] += strangers in self.ledger.foreign[repo]

    # What befalls them. Each that lasts puts into self.ways how it ends.

    def fault(self):
        how = self.rng.choices(list(FAULTS), [14, 4, 16, 14, 8, 12, 8, 7, 7, 6, 6])[0]
        self.did.append((time.time(), how))
        if getattr(self, how)():
            self.counts["faults"] += 1
            self.befell[how] += 1

    def kill_daemon(self):
        self.daemon.kill()
        self.counts["kills"] += 1
        for _ in range(self.rng.randint(0, 2)):
            self.rng.choice([self.change, self.change, self.stranger])()
        self.start_daemon_if_it_can(self.rng.random() < 0.5)
        return True

    def start_daemon_if_it_can(self, doomed=False):
        """A daemon with a full disk for its state may refuse to start; it is started again when that is over. One that is doomed ends at one of its
        calls, in the midst of whatever it does."""
        faults = {"FAULTS_OPS": rig.DISK_OPS, "FAULTS_PATH": self.folder, "FAULTS_ACTION": "kill", "FAULTS_AT": str(int(self.rng.triangular(1, 300, 60)))}
        self.daemon, self.doomed = Daemon(self.site, faults if doomed else None), doomed
        if not self.daemon.wait_ready() and not self.disks["state"].full and not doomed:
            raise Vain(f"the daemon does not start: {self.daemon.said()[-1000:]}")

    def restart_daemon(self):
        if not self.daemon.ended() and self.daemon.stop() != 0 and not self.doomed:
            self.problems.append(f"headgated was told to stop and ended with {self.daemon.process.returncode}: {self.daemon.said()[-500:]}")
        self.start_daemon_if_it_can()
        return True

    def kill_child(self):
        """Git, on either side, in the midst of something if there is anything to be in the midst of."""
        folder = self.site.git if self.rng.random() < 0.5 else os.path.join(self.folder, "far")
        if self.rng.random() < 0.7:
            self.change()
        until = time.monotonic() + self.rng.triangular(0.05, 2.5, 0.4)
        met = 0
        while met == 0 and time.monotonic() < until:
            if self.rng.random() < 0.2:
                time.sleep(self.rng.random() * 0.02)
            met = kill_git(folder)
        self.counts["kills"] += met > 0
        return met > 0

    def harm_line(self):
        if self.server.line is None:
            return False
        self.server.line.mode = self.rng.choice(["cut", "stall", "slow", "slow"])
        self.ways["line"] = self.mend_line
        return True

    def mend_line(self):
        self.server.line.mode = "pass"

    def serve_not(self):
        if "server" in self.ways:
            return False
        self.server.stop()
        self.ways["server"] = self.server.start
        return True

    def change_key(self):
        if self.kind != "ssh" or "server" in self.ways:
            return False
        self.server.line.mode = "cut"
        time.sleep(0.03)
        self.server.stop()
        self.server.start("other")
        self.server.line.mode = "pass"
        self.ways["server"] = self.restore_key
        return True

    def restore_key(self):
        self.server.stop()
        self.server.start()

    def fill(self):
        name = self.rng.choice(["git", "git", "far", "far", "state"])
        if not self.disks[name].mounted:
            return self.limit(name)
        if self.disks[name].full or not self.disks[name].fill():
            return False
        self.ways["disk " + name] = lambda: self.make_room(name)
        return True

    def limit(self, name):
        """Where no file system of one's own can be had: who would write there can write no file that is larger than a page."""
        if "limit" in self.ways or (name != "far" and self.daemon.ended()):
            return False
        there = name == "far" and self.server.line is not None
        pids = self.server.processes if there else [self.daemon.process.pid]
        self.doomed = self.doomed or not there
        self.set_limits(pids, 4096)
        self.ways["limit"] = lambda: self.lift(pids, there)
        return True

    @staticmethod
    def set_limits(pids, most):
        for pid in pids:
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            except ProcessLookupError:
                pass

    def lift(self, pids, there):
        self.set_limits(pids, resource.RLIM_INFINITY)
        if there:
            # Who serves a connection that was made meanwhile has it still.
            mode, self.server.line.mode = self.server.line.mode, "cut"
            time.sleep(0.05)
            self.server.line.mode = mode

    def make_room(self, name):
        self.disks[name].empty()
        if self.daemon.ended() and not self.disks["state"].full:
            self.start_daemon()

    def decline(self):
        """A hook of the other side's lets two of the branches be neither moved nor made."""
        if self.direction == "pull" or "hooks" in self.ways or "server" in self.ways or self.swapped or self.disks["far"].full:
            return False
        hooks = [os.path.join(self.theirs(repo), "hooks", "update") for repo in REPOS]
        for hook in hooks:
            with open(hook, "w") as f:
                f.write('#!/bin/sh\ncase $1 in */main|*/t2) echo "not $1, not today" >&2; exit 1 ;; esac\n')
            os.chmod(hook, 0o755)
        self.ways["hooks"] = lambda: [os.unlink(os.path.join(self.theirs(repo), "hooks", "update")) for repo in REPOS]
        return True

    def corrupt(self):
        """An object of the side that is followed is another for a while."""
        repo = self.rng.choice(REPOS)
        if not self.there(repo) or "rot" in self.ways:
            return False
        files = [os.path.join(at, name) for at, _, names in os.walk(os.path.join(self.source(repo), "objects")) for name in names
                 if name.endswith(".pack") or len(name) == 38]
        if not files:
            return False
        path = max(files, key=os.path.getmtime) if self.rng.random() < 0.7 else self.rng.choice(sorted(files))
        good = open(path, "rb").read()
        at = self.rng.randrange(len(good) // 2, len(good))
        mode = os.stat(path).st_mode & 0o777
        os.chmod(path, 0o644)
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(bytes([good[at] ^ 0x55]))

        def heal():
            with open(path, "r+b") as f:
                f.write(good)
            os.chmod(path, mode)
        self.ways["rot"] = heal
        return True

    def swap(self):
        """Another repository is served under the name; maybe for good."""
        repo = self.rng.choice(REPOS)
        if not self.there(repo) or repo in self.emptied or self.disks["far"].full or not {"rot", "hooks"}.isdisjoint(self.ways):
            return False
        path, first = self.theirs(repo), self.history.commit()
        os.rename(path, path + ".aside")
        self.repository(path)
        other = {"refs/heads/main": first, "refs/heads/other": self.history.commit(first)}
        if not self.write(path, *(f"{c}:{r}" for r, c in other.items())):
            other = refs_of(path)
        self.swapped[repo] = (self.ledger.foreign[repo], self.ledger.source[repo], other)
        if self.direction == "push":
            self.ledger.foreign[repo] = self.history.reached(other.values())
        else:
            self.note(repo)
        self.ways["swapped " + repo] = lambda: self.swap_back(repo)
        return True

    def swap_back(self, repo):
        foreign, source, other = self.swapped[repo]
        path = self.theirs(repo)
        lost = self.history.reached(other.values()) - self.history.reached(refs_of(path).values())
        if lost:
            self.problems.append(f"{repo}: of another repository under its name {len(lost)} commits were lost: {sorted(lost)[:3]}")
        os.rename(path, path + ".gone")  # a git may be at work in it
        os.rename(path + ".aside", path)
        shutil.rmtree(path + ".gone", ignore_errors=True)
        del self.swapped[repo]
        if self.direction == "push":
            self.ledger.foreign[repo] = foreign
        else:
            self.note(repo)
            # What a stranger put into the copy meanwhile stays the stranger's.

    def empty(self):
        repo = self.rng.choice(REPOS)
        if not self.there(repo) or repo in self.emptied or self.direction == "push":
            return False
        refs = refs_of(self.theirs(repo))
        self.move_by_hand(self.theirs(repo), "".join(f"delete {ref}\n" for ref in refs))
        self.note(repo)
        self.emptied[repo] = refs
        self.ways["emptied " + repo] = lambda: self.fill_again(repo)
        return True

    def fill_again(self, repo):
        refs = self.emptied.pop(repo)
        now = refs_of(self.theirs(repo))
        self.move_by_hand(self.theirs(repo), "".join(f"update {ref} {commit}\n" for ref, commit in refs.items() if ref not in now))
        self.note(repo)

    def move_by_hand(self, path, lines):
        done = subprocess.run(["git", "-C", path, "update-ref", "--stdin"], input=lines, text=True, capture_output=True, env=clean_environment())
        self.did.append((time.time(), f"by hand {path}: {done.returncode} {done.stderr[-200:]}"))

    # The trial, and its end.

    def step(self):
        way = self.rng.random()
        if way < 0.4:
            self.change()
        elif way < 0.49:
            self.race()
        elif way < 0.57:
            self.stranger()
        elif way < 0.9:
            self.fault()
        elif self.ways:
            name = self.rng.choice(sorted(self.ways))
            self.put_right("server" if "server" in self.ways else name)  # without it there may be nothing that could be put right
        if self.daemon.ended() and self.doomed:
            self.start_daemon_if_it_can()
        if self.daemon.ended() and not self.disks["state"].full:
            self.problems.append(f"headgated ended by itself with {self.daemon.process.returncode}: {self.daemon.said()[-1000:]}")
            self.start_daemon()

    def put_right(self, name):
        self.did.append((time.time(), f"set right: {name}"))
        self.ways.pop(name)()

    def set_right(self):
        """All but, now and then, another repository under a name, or an upstream that is empty: that is for a person to decide."""
        # First what the others need: that the folder is there, and room in it.
        for name in sorted(self.ways, key=lambda name: (name != "server", not name.startswith("disk"), name)):
            if name.startswith(("swapped", "emptied")) and self.direction == "pull" and self.rng.random() < 0.4:
                continue
            self.put_right(name)
        if self.doomed and not self.daemon.ended():
            self.daemon.kill()
        if self.daemon.ended():
            self.start_daemon()

    def rows(self):
        """repo -> (state, error), repo -> ref -> row: what the journal says."""
        db = sqlite3.connect(f"file:{self.site.state}/journal.db?mode=ro", uri=True, timeout=10)
        try:
            copies = {repo: (state, error) for repo, state, error in db.execute("SELECT repo, state, error FROM mirror_copies")}
            refs = {repo: {} for repo in REPOS}
            for repo, ref, *row in db.execute("SELECT repo, ref, state, id, theirs, ours, note FROM mirror_refs"):
                refs.setdefault(repo, {})[ref] = tuple(row)
            return copies, refs
        finally:
            db.close()

    def differing(self):
        return [r for r in REPOS if {k: v for k, v in refs_of(self.ours(r)).items() if mirrored(k)} != {k: v for k, v in refs_of(self.theirs(r)).items()
                                                                                                       if mirrored(k)}]

    def take_locks_away(self):
        """As the notes of refs say: a lock that a killed git has left there."""
        for refs in self.rows()[1].values():
            for lock in {lock for *_, note in refs.values() for lock in LOCK.findall(note)}:
                if lock.startswith(self.root) and os.path.exists(lock) and time.time() - os.stat(lock).st_mtime > 5:
                    os.unlink(lock)

    def pictures(self, thorough=False):
        copies, rows = self.rows()
        told = {}
        if any(row[0] in mirror_truth.WAITS for refs in rows.values() for row in refs.values()):
            events = get(self.site, "/v1/events", cursor="0", limit=1000, type="io.headgate.mirror.diverged.v1")["events"]
            told = {e["data"]["repo"] for e in events}
        found = {}
        for repo in REPOS:
            ours, theirs = refs_of(self.ours(repo)), refs_of(self.theirs(repo))
            damage = [damage_of(self.ours(repo)), damage_of(self.theirs(repo))] if thorough else []
            found[repo] = Picture(ours, theirs, rows[repo], *copies.get(repo, ("unknown", "")), repo in told, damage)
        return found

    def settle(self, decided=False):
        """Wait until there is nothing to find fault with, twice with more than a look of the mirror's in between; what there was in the end."""
        deadline, clean_since, found, asked = time.monotonic() + BOUND, None, [], 0.0
        while time.monotonic() < deadline:
            if self.verify_every != "1s" and time.monotonic() - asked > 4:
                self.take_locks_away()
                self.act("verify")
                asked = time.monotonic()
            pictures = self.pictures()
            found = [f"{r}: {p}" for r, picture in pictures.items() for p in mirror_truth.judge_divergence(self.ledger, picture, decided)]
            if found:
                clean_since = None
            elif clean_since is None:
                clean_since = time.monotonic()
            elif time.monotonic() - clean_since > 1.3:
                return self.pictures(thorough=True), []
            if self.daemon.ended():
                return pictures, [f"headgated ended by itself with {self.daemon.process.returncode}: {self.daemon.said()[-1000:]}"]
            time.sleep(0.05)
        return self.pictures(thorough=True), [f"after {BOUND} s: {p}" for p in found]

    def count(self, pictures):
        waits = sum(row[0] in mirror_truth.WAITS for p in pictures.values() for row in p.rows.values())
        self.counts["waited"] += waits
        self.counts["refs"] += sum(mirrored(r) for p in pictures.values() for r in {*p.ours, *p.theirs})
        return waits

    def judge(self, decided=False):
        pictures, found = self.settle(decided)
        if self.direction == "pull":
            for repo in REPOS:
                self.ledger.published[repo] |= mirror_truth.published_by(os.path.join(self.ours(repo), "moved"))
            events = all_events(self.site)
            for e in events:
                if e["type"] == "io.headgate.ref.updated.v1" and e["data"]["new"] != rig.ZERO and mirrored(e["data"]["ref"]):
                    self.ledger.published[e["data"]["repo"]].add(e["data"]["new"])
            found += [f"an event tells of {e['data']['ref']}" for e in events if e["data"].get("ref", "").startswith(mirror_truth.OUR_OWN)]
        found = found or mirror_truth.judge(self.ledger, pictures, decided)
        self.problems += found
        return pictures, not found

    def act(self, action):
        for repo in REPOS:
            body = {"mirror": "m", "repo": repo, "action": action, "actor": "w"}
            status, said = call(UnixConnection(self.site.admin_socket, 20), "POST", "/v1/mirrors/act", body)
            if status not in (200, 202):
                raise Vain(f"{action} is answered with {status}: {said}")

    def accept(self):
        self.act("accept")
        self.counts["accepted"] += 1
        for repo in REPOS:
            if self.direction == "push":
                self.ledger.foreign[repo].clear()  # it has been decided that they go

    def finish(self):
        self.set_right()
        pictures, good = self.judge()
        if good:
            self.counts["forged"], missed = mirror_truth.prove(self.ledger, pictures)
            self.problems += missed
        if self.count(pictures) and good and self.rng.random() < 0.6:
            self.accept()
            self.judge(decided=True)
        if self.daemon.stop() != 0:
            self.problems.append(f"the last daemon ended with {self.daemon.process.returncode}: {self.daemon.said()[-500:]}")
        wrong = self.site.verify()
        if wrong:
            self.problems.append(wrong)

    def about(self):
        policy = f", {self.rules['on_force']} {self.rules['on_delete']} guard {self.guard}{' gated' if self.gated else ''}" if self.direction == "pull" else ""
        return f"{self.direction} {self.kind}{policy}"

    def end(self):
        if self.daemon and not self.daemon.ended():
            self.daemon.kill()
        if self.server:
            if self.kind == "file":
                self.server.start()
            self.server.close()
        for folder in (self.site.git, os.path.join(self.folder, "far")):
            wait_for("the last git of the trial has ended", lambda: kill_git(folder) == 0)


def trial(seed, folder, template):
    """{"seed", "problems", "about", counts}; what was left behind stays in the folder when there are problems."""
    world = World(seed, folder, template)
    try:
        world.begin()
        for _ in range(world.rng.randint(8, 20)):
            world.step()
            time.sleep(world.rng.triangular(0, 0.6, 0.05))
        world.finish()
    except Vain as e:
        world.problems.append(str(e))
    except Exception:
        world.problems.append(traceback.format_exc())
    finally:
        world.end()
        for disk in world.disks.values():
            disk.close(keep=bool(world.problems))
    if world.problems:
        with open(os.path.join(folder, "did"), "w") as f:
            f.writelines(f"{when:.3f} {what}\n" for when, what in world.did)
        with open(os.path.join(folder, "ledger"), "w") as f:
            json.dump({"source": world.ledger.source, "foreign": {r: sorted(c) for r, c in world.ledger.foreign.items()}}, f, indent=1)
    else:
        shutil.rmtree(folder)
    return {"seed": seed, "problems": world.problems, "about": world.about(), "befell": world.befell, **world.counts}
