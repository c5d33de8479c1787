"""One kill trial: pushes go on while headgated is killed again and again; then everything is compared."""
import os
import random
import shutil
import subprocess
import time
import traceback

import rig
from checker import Checker
from driver import Driver
from rig import Daemon, Site, Subscriber, Vain, get, wait_for


class Killer:
    """One life of the daemon: begun with what will end it, and ended."""

    def __init__(self, site, rng):
        self.site, self.rng = site, rng
        self.way = rng.choices(["time", "call", "torn", "power"], [35, 35, 10, 20])[0]
        faults = {"FAULTS_PATH": site.state + ",socket:", "FAULTS_OPS": rig.DISK_OPS + ",send", "FAULTS_SHADOW": site.shadow}
        self.at = None
        if self.way == "torn":
            faults.update(FAULTS_OPS="write,send")
        if self.way in ("call", "torn") or (self.way == "power" and rng.random() < 0.6):
            # Most calls of a life come early; the whole of a start takes about fifty.
            self.at = int(rng.triangular(1, 220, 40))
            faults.update(FAULTS_AT=str(self.at), FAULTS_ACTION="torn" if self.way == "torn" else "kill")
        self.daemon = Daemon(site, faults)
        self.after = rng.triangular(0, 0.12, 0.03)

    def run(self, drivers, checker):
        """Until it dies by its call, or it is time."""
        until = time.monotonic() + (0.25 if self.at else self.after)
        while not self.daemon.ended() and time.monotonic() < until and any(d.is_alive() for d in drivers):
            time.sleep(0.001)
        if self.daemon.ended() and self.daemon.process.returncode != -9:
            checker.problem(f"headgated ended by itself with {self.daemon.process.returncode}")
        self.daemon.kill()
        if self.way == "power":
            for problem in rig.cut_power(self.site):
                checker.problem(problem)

    def __repr__(self):
        return f"{self.way} at call {self.at}" if self.at else f"{self.way} after {self.after * 1000:.0f} ms"


def push_for_real(site, rng):
    """`git push` into a repository, through the hook as git runs it; the values that main had there."""
    site.template.repository(site.repo("pushed"))
    ids = sorted(rng.sample(range(len(site.template.chain)), 3))
    values = [rig.ZERO]
    for i in ids:
        id = site.template.chain[i]
        env = site.environment() | {"USER": f"pushed-{i}", "LOGNAME": f"pushed-{i}"}
        done = subprocess.run(["git", "-C", site.template.path, "push", "-q", site.repo("pushed"), f"{id}:refs/heads/main"],
                              env=env, capture_output=True, text=True)
        if done.returncode != 0 or done.stderr or done.stdout:
            raise Vain(f"git push: {done.returncode} {done.stdout}{done.stderr}")
        values.append(id)
    return values


class Seen:
    """All that a trial came to: what its drivers did, and what a daemon that nobody harms says of it at the end."""

    def __init__(self, site, drivers, subscribers, pushed):
        self.site, self.subscribers, self.pushed = site, subscribers, pushed
        self.pushes = [p for d in drivers for p in d.pushes]
        self.history = {(d.repo, ref): values for d in drivers for ref, values in d.history.items()}
        names = [d.repo for d in drivers]
        if pushed:
            self.history["pushed", "refs/heads/main"] = pushed
            names.append("pushed")
        self.refs = {(name, ref): id for name in names for ref, id in site.refs(name).items()}
        self.held = rig.all_events(site)
        self.wait_for_subscribers()
        self.snapshot = get(site, "/v1/events")["snapshot"]
        for s, _, _ in subscribers:
            s.end()

    def wait_for_subscribers(self):
        head = int(self.held[-1]["id"].split(".")[1]) if self.held else 0
        for s, _, _ in self.subscribers:
            wait_for("a subscriber has caught up", lambda s=s: s.trouble or not s.is_alive() or
                     (s.cursor is not None and int(s.cursor.split(".")[-1]) >= head) or
                     s.got and s.got[-1][0] == s.last_wanted(self.held))

    def judge(self, checker):
        events = checker.all_there_was(self.held, self.subscribers)
        checker.journal(self.held, self.site.compacts)
        checker.snapshot(self.snapshot, self.refs)
        if events is None:
            checker.counts["untold"] = 1  # a beginning that nobody has any more: not all can be looked at
        else:
            checker.chains(events, self.history, self.refs)
            checker.pushes(events, self.pushes, self.history)
            actors = {e["data"]["actor"] for e in events if e["data"].get("repo") == "pushed"} - {None}
            for id in self.pushed[1:] if self.pushed else []:
                actor = f"pushed-{self.site.template.chain.index(id)}"
                if actor not in actors:
                    checker.problem(f"lost: the git push of {actor}")
        for s, name, wanted in self.subscribers:
            checker.delivered(name, s, events, wanted, self.site.compacts)


def compare_all(site, drivers, subscribers, checker, pushed):
    """Nobody pushes any more: start once more, unharmed, and look at everything."""
    daemon = Daemon(site)
    if not daemon.wait_ready():
        raise Vain(f"the daemon does not start again: {daemon.said()[-1000:]}")
    wait_for("the spool is empty", lambda: not os.listdir(site.spool))
    seen = Seen(site, drivers, subscribers, pushed)
    seen.judge(checker)
    if daemon.stop() != 0:
        checker.problem(f"the last daemon ended with {daemon.process.returncode}")
    verified = site.verify()
    if verified:
        checker.problem(verified)
    return seen


class FilteredSubscriber(Subscriber):
    def __init__(self, site, wanted, cursor=None, **query):
        super().__init__(site, cursor, **query)
        self.wanted = wanted

    def last_wanted(self, events):
        return next((e["id"] for e in reversed(events) if self.wanted(e)), None)


def subscribe(site):
    def all(event):
        return True

    def of_a(event):
        return event["data"].get("repo") == "a"

    out = [(FilteredSubscriber(site, all, "0"), "from the beginning", all), (FilteredSubscriber(site, all), "from a snapshot", all),
           (FilteredSubscriber(site, of_a, "0", repo="a"), "of repository a", of_a)]
    for s, _, _ in out:
        s.start()
    return out


def trial(seed, folder, template):
    """{"seed", "problems", "about", counts}; what was left behind stays in the folder when there are problems."""
    rng = random.Random(seed)
    compacting = rng.random() < 0.3
    site = Site(folder, template, ["a", "b"], "journal: {keep_events: 12}\n" if compacting else "")
    checker = Checker(template)
    lives, drivers, subscribers = [], [], []
    began = time.monotonic()
    try:
        shadow = {"FAULTS_SHADOW": site.shadow, "FAULTS_PATH": site.state}
        subscribers = subscribe(site)
        drivers = [Driver(site, name, rng.random(), rng.randint(6, 14), shadow) for name in ("a", "b")]
        if rng.random() < 0.5:
            drivers[0].start()  # before the daemon has ever run
        pushed = []
        for i in range(rng.randint(1, 3)):
            life = Killer(site, rng)
            lives.append(life)
            for d in drivers:
                if not d.ident:
                    d.start()
            life.run(drivers, checker)
        if rng.random() < 0.1:
            daemon = Daemon(site)
            pushed = push_for_real(site, rng)
            daemon.kill()
        for d in drivers:
            d.join(rig.PATIENCE)
            if d.trouble or d.is_alive():
                raise Vain(f"driver of {d.repo}: {d.trouble or 'still runs'}")
        compare_all(site, drivers, subscribers, checker, pushed)
    except Vain as e:
        checker.problem(str(e))
    except Exception:
        checker.problem(traceback.format_exc())
    finally:
        for s, _, _ in subscribers:
            s.end()
        for life in lives:
            if not life.daemon.ended():
                life.daemon.kill()
    if checker.problems:
        with open(os.path.join(folder, "pushes"), "w") as f:
            f.writelines(f"{p.began - began:.4f} {p}\n" for d in drivers for p in d.pushes)
    else:
        shutil.rmtree(folder)
    return {"seed": seed, "problems": checker.problems, "about": "; ".join(map(repr, lives)), "kills": len(lives),
            "ways": [life.way for life in lives], **checker.counts}
