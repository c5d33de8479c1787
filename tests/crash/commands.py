"""Trials of commands: an operator asks, an agent is told and acknowledges, while headgated is killed again and again. Whatever was answered is
told until it is acknowledged, and nothing that was acknowledged is told again."""
import http.client
import json
import os
import random
import re
import shutil
import threading
import time
import traceback

import rig
from kill import Killer
from rig import Daemon, Site, UnixConnection, Vain, get, wait_for

TARGETS = ("web", "db")


def call(connection, method, path, body, token=None):
    """(status, what it says); its connection ends."""
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


class Operator(threading.Thread):
    """Asks, one thing after the other. `asked` has the ids of what was answered."""

    def __init__(self, site, seed):
        super().__init__(daemon=True)
        self.site, self.rng = site, random.Random(seed)
        self.asked, self.over, self.trouble = [], threading.Event(), None

    def run(self):
        while not self.over.is_set():
            body = {"action": self.rng.choice(["sync", "suspend", "resume"]), "target": self.rng.choice([*TARGETS, None])}
            try:
                status, said = call(UnixConnection(self.site.admin_socket, 10), "POST", "/v1/agents/w/commands", body)
                if status == 201:
                    self.asked += [command["id"] for command in said["commands"]]
                elif status != 503 and said.get("error") != "too-many-commands":
                    self.trouble = f"{status} {said}"
            except (OSError, http.client.HTTPException, ValueError):
                pass
            self.over.wait(self.rng.random() * 0.004)


class Agent(threading.Thread):
    """The agent's stream, opened again whenever it breaks. `streams` has for each what it was told, in order; `sure` the ids whose
    acknowledgement was answered, with the number of streams that there were then; `tried` all that it ever acknowledged."""

    def __init__(self, site, token, seed):
        super().__init__(daemon=True)
        self.site, self.token, self.rng = site, token, random.Random(seed)
        self.streams, self.sure, self.tried = [], {}, set()
        self.over, self.trouble = threading.Event(), None

    def door(self, timeout):
        with open(self.site.log, errors="replace") as log:
            ports = re.findall(r"address=127\.0\.0\.1:([1-9][0-9]*)", log.read())
        if not ports:
            raise OSError("there is no door yet")
        return http.client.HTTPConnection("127.0.0.1", int(ports[-1]), timeout=timeout)

    def announce(self):
        targets = [{"name": name, "repo": "a", "ref": "refs/heads/main", "path": name, "driver": "files"} for name in TARGETS]
        status, said = call(self.door(10), "PUT", "/v1/agents/self", {"instance": "i", "targets": targets}, self.token)
        if status != 200:
            raise Vain(f"the agent cannot announce itself: {status} {said}")

    def acknowledge(self, id):
        self.tried.add(id)
        status, said = call(self.door(10), "POST", "/v1/agents/self/commands", {"id": id}, self.token)
        if status == 200:
            self.sure.setdefault(id, len(self.streams))
        elif status != 503:
            self.trouble = f"acknowledgement of {id}: {status} {said}"

    def run(self):
        while not self.over.is_set():
            try:
                self.listen()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            self.over.wait(0.003)

    def listen(self):
        connection = self.door(0.05)
        told, rest = [], b""
        try:
            connection.request("GET", "/v1/agents/self/events?instance=i", headers={"Authorization": f"Bearer {self.token}",
                                                                                  "Accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != 200:
                return
            self.streams.append(told)
            while not self.over.is_set():
                try:
                    data = answer.read1(65536)
                except TimeoutError:
                    return  # which also makes for many streams
                if not data:
                    return
                *whole, rest = (rest + data).split(b"\n\n")
                for frame in whole:
                    self.take(frame.decode().split("\n"), told)
        finally:
            connection.close()

    def take(self, lines, told):
        if "event: command" not in lines:
            return
        command = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
        told.append(command)
        if self.rng.random() < 0.4:
            self.acknowledge(command["id"])


class Outcome:
    """What was done, and what an unharmed daemon says of it at the end."""

    def __init__(self, operator, agent, site):
        self.asked, self.streams, self.sure, self.tried = operator.asked, agent.streams, agent.sure, agent.tried
        self.events = [e for e in rig.all_events(site) if e["type"] == "io.headgate.sync.requested.v1"]
        targets = get(site, "/v1/agents")["agents"][0]["targets"]
        self.waiting = [command for target in targets for command in target["commands"]]

    def problems(self):
        def seq(id):
            return int(id.split(".")[1])

        waiting = {command["id"] for command in self.waiting}
        found = [f"lost: {id}" for id in self.asked if id not in self.tried and id not in waiting]
        found += [f"acknowledged, and it still waits: {id}" for id in self.sure if id in waiting]
        if len(waiting) != len(self.waiting):
            found.append("one waits twice")
        events = {e["id"]: e["data"] for e in self.events}
        for command in self.waiting:
            data = events.get(command["id"], {})
            if any(data.get(key) != command[key] for key in ("target", "action", "revision", "actor")):
                found.append(f"{command} waits, and its event is {data}")
        for n, told in enumerate(self.streams):
            places = [seq(command["id"]) for command in told]
            if places != sorted(set(places)):
                found.append(f"out of order or twice on one stream: {places}")
            found += [f"told after it was acknowledged: {c['id']}" for c in told if self.sure.get(c["id"], n + 1) <= n]
            found += [f"told, and never asked for: {c['id']}" for c in told if c["id"] not in events]
        if self.streams and {c["id"] for c in self.streams[-1]} != waiting:
            found.append("the last stream was not told of all that waits, and of that alone")
        return found

    def forged(self):
        """What the judge has to find: (what, how to bring it about); each undoes itself."""
        id = self.waiting[0]["id"]
        first = self.streams[-1][0]
        yield "one that waits is lost", lambda: self.waiting.pop(0), lambda gone: self.waiting.insert(0, gone)
        yield "one that was acknowledged waits", lambda: self.sure.update({id: 0}), lambda _: self.sure.pop(id)
        yield "one is told twice", lambda: self.streams[-1].append(first), lambda _: self.streams[-1].pop()
        yield "one was never journaled", lambda: self.events.pop(), lambda gone: self.events.append(gone)


def prove(outcome, checker_problems):
    """That the judge would have found what was not there."""
    for what, harm, undo in outcome.forged():
        kept = harm()
        if not outcome.problems():
            checker_problems.append(f"the judge does not find it when {what}")
        undo(kept)


class Life(Killer):
    def run(self, threads, problems):
        until = time.monotonic() + (0.4 if self.at else self.after + 0.05)
        while not self.daemon.ended() and time.monotonic() < until:
            time.sleep(0.001)
        if self.daemon.ended() and self.daemon.process.returncode != -9:
            problems.append(f"headgated ended by itself with {self.daemon.process.returncode}")
        self.daemon.kill()
        if self.way == "power":
            problems += rig.cut_power(self.site)


def begin(site):
    """An agent of a daemon that nobody harms; its token."""
    daemon = Daemon(site, {"FAULTS_SHADOW": site.shadow, "FAULTS_PATH": site.state})
    if not daemon.wait_ready():
        raise Vain(f"the daemon does not start: {daemon.said()}")
    status, said = call(UnixConnection(site.admin_socket), "POST", "/v1/agents", {"name": "w", "kind": "host", "allow": ["**"]})
    if status != 201:
        raise Vain(f"no agent: {status} {said}")
    Agent(site, said["token"], 0).announce()
    daemon.kill()
    return said["token"]


def finish(site, operator, agent, problems):
    """Nobody asks any more: start once more, and look at everything."""
    daemon = Daemon(site)
    if not daemon.wait_ready():
        raise Vain(f"the daemon does not start again: {daemon.said()[-1000:]}")
    status, said = call(UnixConnection(site.admin_socket), "POST", "/v1/agents/w/commands", {"action": "sync", "target": None})
    if status == 201:
        operator.asked += [command["id"] for command in said["commands"]]
    waiting = len(get(site, "/v1/agents")["agents"][0]["targets"][0]["commands"])
    last = Agent(site, agent.token, 0)
    last.rng.random = lambda: 1.0  # it acknowledges nothing
    total = sum(len(t["commands"]) for t in get(site, "/v1/agents")["agents"][0]["targets"])
    last.start()
    wait_for("the last stream is told of all", lambda: last.streams and len(last.streams[-1]) >= total)
    last.over.set()
    last.join(rig.PATIENCE)
    agent.streams += [max(last.streams, key=len)]
    outcome = Outcome(operator, agent, site)
    problems += outcome.problems()
    if not problems and waiting:
        prove(outcome, problems)
    if daemon.stop() != 0:
        problems.append(f"the last daemon ended with {daemon.process.returncode}")
    verified = site.verify()
    if verified:
        problems.append(verified)
    return total


def trial(seed, folder, template):
    """{"seed", "problems", "about", counts}; what was left behind stays in the folder when there are problems."""
    rng = random.Random(seed)
    site = Site(folder, template, ["a"])
    problems, lives, threads, waiting = [], [], [], 0
    try:
        token = begin(site)
        operator, agent = threads = [Operator(site, rng.random()), Agent(site, token, rng.random())]
        for thread in threads:
            thread.start()
        for _ in range(rng.randint(2, 5)):
            lives.append(Life(site, rng))
            lives[-1].run(threads, problems)
        for thread in threads:
            thread.over.set()
            thread.join(rig.PATIENCE)
            if thread.trouble or thread.is_alive():
                raise Vain(f"{type(thread).__name__}: {thread.trouble or 'still runs'}")
        waiting = finish(site, operator, agent, problems)
    except Vain as e:
        problems.append(str(e))
    except Exception:
        problems.append(traceback.format_exc())
    finally:
        for thread in threads:
            thread.over.set()
        for life in lives:
            if not life.daemon.ended():
                life.daemon.kill()
    if not problems:
        shutil.rmtree(folder)
    asked, acknowledged = (len(threads[0].asked), len(threads[1].sure)) if threads else (0, 0)
    return {"seed": seed, "problems": problems, "about": "; ".join(map(repr, lives)), "kills": len(lives), "asked": asked, "acknowledged": acknowledged,
            "waiting": waiting, "streams": len(threads[1].streams) if threads else 0}
