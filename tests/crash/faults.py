"""The scenario of points.py with a disk that fails at one call, or for a while; and the hook alone with such a disk."""
import json
import os
import shutil
import traceback

import points
import rig
from checker import Checker
from kill import compare_all
from points import Scenario, name_call, told
from rig import Daemon, Vain, wait_for

ACTIONS = ("ENOSPC", "EIO", "EINTR", "short")
WHILE = ("ENOSPC", "EIO", "EROFS")
HOOK_SAYS = "headgate: warning: this push is in, but could not be announced: "


def calls(action):
    """Those that can fail so: only a write ends short."""
    return "write" if action == "short" else rig.DISK_OPS


def count(action, folder, template):
    return points.look(folder, template, calls(action), "/")


def says_trouble(text):
    return any("level=error" in line or "level=warning" in line for line in text.splitlines())


def end_of_start(daemon, checker):
    """A daemon that did not come up has said why, in one line, and with the status of trouble."""
    said = daemon.said().strip().splitlines()
    if daemon.process.returncode != 2 or not said or not said[-1].startswith("headgated: "):
        checker.problem(f"headgated ended with {daemon.process.returncode} and says: {said[-3:]}")
        return "?"
    return said[-1]


def trial(action, at, folder, template):
    scenario = Scenario(folder, template)
    site, checker, met, outcome = scenario.site, Checker(template), "not met", "as if nothing had been"
    try:
        scenario.push(scenario.before)
        daemon = Daemon(site, {"FAULTS_OPS": calls(action), "FAULTS_PATH": site.state + "/",
                               "FAULTS_AT": str(at), "FAULTS_ACTION": action})
        scenario.subscribers = points.subscribe(site)
        if not daemon.wait_ready():
            outcome = "does not start: " + end_of_start(daemon, checker)
            daemon = Daemon(site)
            if not daemon.wait_ready():
                checker.problem(f"does not start again either: {daemon.said()[-500:]}")
        scenario.push(scenario.during)
        refused = [p for p in scenario.driver.pushes if not p.handed_over]
        if refused or os.listdir(site.spool):
            outcome = "told, spooled, and taken in later"
        # The fault is over: what was spooled is taken in by this same daemon.
        wait_for("what was spooled is taken in", lambda: daemon.ended() or not os.listdir(site.spool))
        if daemon.ended():
            checker.problem(f"headgated ended with {daemon.process.returncode}: {daemon.said()[-500:]}")
        else:
            if outcome.startswith("told") and not says_trouble(daemon.said()):
                checker.problem(f"nothing is said of it: {daemon.said()[-500:]}")
            status = daemon.stop()
            if status != 0:
                checker.problem(f"headgated was told to stop and ended with {status}: {daemon.said()[-500:]}")
        if told(site):
            met = name_call(site, told(site)[0])
        compare_all(site, [scenario.driver], scenario.subscribers, checker, None)
    except Vain as e:
        checker.problem(str(e))
    except Exception:
        checker.problem(traceback.format_exc())
    finally:
        scenario.close()
    return {"problems": checker.problems, "met": met, "outcome": outcome, "way": action, **checker.counts}


def while_trial(action, both, folder, template):
    """The disk fails for as long as a file is there; with `both` for the hooks' spool too."""
    scenario = Scenario(folder, template)
    site, checker, outcome = scenario.site, Checker(template), ""
    bad = os.path.join(folder, "bad")
    # Nothing can be made on such a disk; what is there can be removed.
    disk = {"FAULTS_OPS": "write,sync,rename,truncate", "FAULTS_PATH": site.state + "/", "FAULTS_WHILE": bad, "FAULTS_ACTION": action}
    try:
        scenario.push(scenario.before)
        daemon = Daemon(site, disk)
        scenario.subscribers = points.subscribe(site)
        if not daemon.wait_ready():
            raise Vain(f"does not start: {daemon.said()}")
        if both:
            scenario.driver.hook_faults = disk
        open(bad, "w").close()
        scenario.push(scenario.during)
        announced = [p for p in scenario.driver.pushes if p.cursor and p.actor not in ("a-1", "a-2")]
        if announced:
            checker.problem(f"acknowledged, and nothing could be written: {announced}")
        hooks = [p for p in scenario.driver.pushes if p.way == "hook" and p.actor not in ("a-1", "a-2")]
        for p in hooks:
            if p.handed_over == both or (both and not (p.said.startswith(HOOK_SAYS) and p.said.count("\n") == 1)):
                checker.problem(f"the hook: {p}")
        wait_for("the daemon says so to who looks", lambda: "the journal cannot be written" in ready_text(site))
        if not says_trouble(daemon.said()):
            checker.problem(f"nothing is said of it: {daemon.said()[-500:]}")
        os.unlink(bad)
        if both:
            outcome = "the pushers are told, and the changes found later"
        else:
            wait_for("what was spooled is taken in", lambda: daemon.ended() or not os.listdir(site.spool))
            outcome = "spooled, and taken in later"
        status = daemon.stop()
        if status != 0:
            checker.problem(f"headgated was told to stop and ended with {status}: {daemon.said()[-500:]}")
        scenario.driver.hook_faults = None
        compare_all(site, [scenario.driver], scenario.subscribers, checker, None)
    except Vain as e:
        checker.problem(str(e))
    except Exception:
        checker.problem(traceback.format_exc())
    finally:
        scenario.close()
    return {"problems": checker.problems, "met": "all calls for a while", "outcome": outcome, "way": action, **checker.counts}


def ready_text(site):
    connection = rig.UnixConnection(site.admin_socket)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def one_push(folder, template, ops, action, at, count):
    """A scenario with one push that is announced by a hook alone, under these faults."""
    scenario = Scenario(folder, template)
    scenario.driver.hook_faults = {"FAULTS_OPS": ops, "FAULTS_PATH": scenario.site.state + "/", "FAULTS_AT": str(at),
                                   "FAULTS_ACTION": action, "FAULTS_COUNT": str(count)}
    scenario.push(scenario.before[:1])
    return scenario


def count_hook(action, folder, template):
    scenario = one_push(os.path.join(folder, "look"), template, calls(action), "look", 1, 0)
    scenario.close()
    n = len(told(scenario.site))
    shutil.rmtree(scenario.site.folder)
    if n < 1:
        raise Vain("the hook makes no call")
    return n


def hook_trial(action, at, folder, template):
    checker, met, outcome = Checker(template), "not met", "spooled"
    scenario = one_push(folder, template, calls(action), action, at, 1)
    site, push = scenario.site, scenario.driver.pushes[0]
    try:
        if told(site):
            met = name_call(site, told(site)[0])
        names = os.listdir(site.spool) if os.path.isdir(site.spool) else []
        whole = [name for name in names if name.endswith(".json")]
        for name in whole:
            line = json.load(open(os.path.join(site.spool, name)))
            if line["actor"]["name"] != push.actor:
                checker.problem(f"spooled as {line}")
        if push.handed_over:
            if len(whole) != 1:
                checker.problem(f"said nothing, and spooled {names}")
        else:
            outcome = push.said.strip()
            if not push.said.startswith(HOOK_SAYS) or push.said.count("\n") != 1:
                checker.problem(f"the pusher reads: {push.said}")
        scenario.subscribers = points.subscribe(site)
        compare_all(site, [scenario.driver], scenario.subscribers, checker, None)
    except Vain as e:
        checker.problem(str(e))
    except Exception:
        checker.problem(traceback.format_exc())
    finally:
        scenario.close()
    return {"problems": checker.problems, "met": met, "outcome": outcome, "way": action, **checker.counts}



