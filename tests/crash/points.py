"""A small scenario, and headgated killed at one call of it."""
import os
import shutil
import time
import traceback

import rig
from checker import Checker
from driver import Driver, Push, RefMover
from kill import compare_all, subscribe
from rig import ZERO, Daemon, Site, Vain, wait_for

CALLS = {"kill": rig.DISK_OPS + ",send", "power": rig.DISK_OPS, "torn": "write,send"}


class Scenario:
    """Spooled pushes, a start, announced and unannounced moves, a subscriber, a stop: the whole way, once."""

    def __init__(self, folder, template):
        self.site = Site(folder, template, ["a"])
        self.driver = Driver(self.site, "a", 1, 0, {"FAULTS_SHADOW": self.site.shadow, "FAULTS_PATH": self.site.state})
        self.mover = RefMover(self.site, "a")
        self.subscribers = []
        self.n = 0
        chain, side = template.chain, template.side
        self.before = [("hook", [(ZERO, chain[0], "refs/heads/main")]), ("hook", [(chain[0], chain[2], "refs/heads/main")])]
        self.during = [("hook", [(chain[2], chain[3], "refs/heads/main")]), ("direct", [(ZERO, chain[1], "refs/heads/dev")]),
                       ("hook", [(chain[3], side[0], "refs/heads/main"), (ZERO, chain[3], "refs/tags/v1")]),
                       ("silent", [(chain[1], chain[4], "refs/heads/dev")]), ("refused", None),
                       ("hook", [(chain[4], ZERO, "refs/heads/dev")])]

    def push(self, steps):
        for way, updates in steps:
            self.n += 1
            if way == "refused":
                self.driver.tell_what_is_not(way, self.n)
            else:
                self.driver.carry_out(self.mover, Push(f"a-{self.n}", "a", updates), way)

    def run(self, daemon):
        """All of it, with a daemon that has just been begun. Whether it was ready, and its exit status."""
        self.subscribers = subscribe(self.site)
        ready = daemon.wait_ready()
        self.push(self.during)
        if not daemon.ended():
            self.heard(daemon)
        if not daemon.ended():
            return ready, daemon.stop()
        return ready, daemon.process.returncode

    def heard(self, daemon):
        """Until the first subscriber has what was acknowledged, so that fan-out is a part of every run."""
        last = max([int(p.cursor.split(".")[1]) for p in self.driver.pushes if p.cursor] + [0])
        s = self.subscribers[0][0]
        wait_for("what was acknowledged comes to a subscriber",
                 lambda: daemon.ended() or s.cursor and int(s.cursor.split(".")[-1]) >= last)

    def close(self):
        self.mover.close()
        for s, _, _ in self.subscribers:
            s.end()


def told(site):
    """The calls that were met, as tests/tools/faults.c wrote them down."""
    if not os.path.exists(site.told):
        return []
    return [line.split(" ", 2) for line in open(site.told).read().splitlines()]


def name_call(site, line):
    _, op, path = line
    if path.startswith("socket:"):
        return f"{op} on a socket"
    return f"{op} {os.path.relpath(path, site.state) if path.startswith(site.state) else os.path.basename(path)}"


def look(folder, template, ops, path=",socket:"):
    """How many calls the scenario makes."""
    folder = os.path.join(folder, "look")
    scenario = Scenario(folder, template)
    site = scenario.site
    scenario.push(scenario.before)
    _, status = scenario.run(Daemon(site, {"FAULTS_OPS": ops, "FAULTS_PATH": site.state + path, "FAULTS_AT": "1", "FAULTS_COUNT": "0",
                                           "FAULTS_ACTION": "look"}))
    scenario.close()
    calls = len(told(site))
    shutil.rmtree(folder)
    if status != 0 or calls < 20:
        raise Vain(f"the scenario itself ends with {status} after {calls} calls")
    return calls


def count(action, folder, template):
    return look(folder, template, CALLS[action])


def trial(action, at, folder, template):
    scenario = Scenario(folder, template)
    site, checker, met = scenario.site, Checker(template), "not met"
    try:
        scenario.push(scenario.before)
        daemon = Daemon(site, {"FAULTS_OPS": CALLS[action], "FAULTS_PATH": site.state + ",socket:", "FAULTS_SHADOW": site.shadow,
                               "FAULTS_AT": str(at), "FAULTS_ACTION": "torn" if action == "torn" else "kill"})
        _, status = scenario.run(daemon)
        if status not in (0, -9):
            checker.problem(f"headgated ended with {status}: {daemon.said()[-500:]}")
        if action == "power":
            for problem in rig.cut_power(site):
                checker.problem(problem)
        if told(site):
            met = name_call(site, told(site)[0])
        compare_all(site, [scenario.driver], scenario.subscribers, checker, None)
    except Vain as e:
        checker.problem(str(e))
    except Exception:
        checker.problem(traceback.format_exc())
    finally:
        scenario.close()
    return {"problems": checker.problems, "met": met, "kills": int(met != "not met"), "way": action, **checker.counts}
