"""Trials of what is told of targets: Git changes, targets are changed by hand, agents and daemons are killed, the line between them is cut, all
at random. Whatever is told as Synced has been so, in the end all is as it should be, and no command is lost (truth.py)."""
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time
import traceback

import rig
import truth
from commands import call
from driver import RefMover
from line import Line
from rig import BIN, Daemon, Site, Subscriber, UnixConnection, Vain, get, wait_for
from trees import EXECUTABLE, FOLDER, NAMES, file_value

REF = "refs/heads/main"
TARGETS = {"heal": "", "keep": "    self_heal: false\n", "manual": "    sync: manual\n", "exec": ""}
COUNTS = ("pushes", "hands", "agent_kills", "daemon_kills", "cuts", "asked", "claims", "looks", "forged")

# The same by two commands of an administrator's: $1 is the target, the current folder is the tree.
COMPARE = f"""for name in {' '.join(NAMES)}; do
  if [ -f "$name" ]; then
    [ -f "$1/$name" ] && [ ! -L "$1/$name" ] && cmp -s "$name" "$1/$name" || exit 2
    if [ -x "$name" ]; then [ -x "$1/$name" ] || exit 2; else [ ! -x "$1/$name" ] || exit 2; fi
  else
    [ ! -e "$1/$name" ] && [ ! -L "$1/$name" ] || exit 2
  fi
done
"""
APPLY = f"""set -e
mkdir -p "$1/d"
for name in {' '.join(NAMES)}; do
  if [ -f "$name" ]; then
    cp -p "$name" "$1/.new.$$"
    mv -fT "$1/.new.$$" "$1/$name"
  else
    rm -f "$1/$name"
  fi
done
"""


def look_at(path):
    """What is there: (value, began, ended)."""
    while True:
        began = time.time()
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW)) as f:
                value = file_value(f.read(), os.fstat(f.fileno()).st_mode & 0o111 != 0)
        except (FileNotFoundError, NotADirectoryError):
            value = None
        except OSError:
            try:
                value = "l:" + os.readlink(path)
            except OSError:
                continue  # it has been replaced just now
        return value, began, time.time()


class AgentProcess:
    """headgate-agent, life after life; what each said is in a file of its own."""

    def __init__(self, site, line, token, targets):
        self.site, self.lives, self.process = site, 0, None
        self.config = os.path.join(site.folder, "agent.yaml")
        token_file = os.path.join(site.folder, "token")
        with open(os.open(token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(token + "\n")
        with open(self.config, "w") as f:
            f.write(f"server: http://127.0.0.1:{line.port}\ntoken_file: {token_file}\nstate: {site.folder}/agent\ntargets:\n")
            for name in targets:
                f.write(f"  - name: {name}\n    repo: a\n    path: {FOLDER}\n    compare_every: 1s\n{TARGETS[name]}{self.driver(name)}")

    def driver(self, name):
        into = os.path.join(self.site.folder, name)
        if name != "exec":
            return f"    driver: files\n    options: {{into: {into}}}\n"
        for command, script in (("compare", COMPARE), ("apply", APPLY)):
            with open(os.path.join(self.site.folder, command), "w") as f:
                f.write(script)
        return f"    driver: exec\n    options: {{compare: [sh, {self.site.folder}/compare, {into}], apply: [sh, {self.site.folder}/apply, {into}]}}\n"

    def log(self, life):
        return os.path.join(self.site.folder, f"agent.{life}.log")

    def start(self, faults=None):
        self.lives += 1
        with open(self.log(self.lives), "w") as log:
            self.process = subprocess.Popen([os.path.join(BIN, "headgate-agent"), "-c", self.config, "--log-level", "debug", "--log-format", "json"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.site.environment(faults))

    def kill(self):
        """Its status, where it has ended by itself."""
        status = self.process.poll()
        self.process.kill()
        self.process.wait()
        return status

    def said(self):
        """Of each life the lines, of which the last may be cut short."""
        out = []
        for life in range(1, self.lives + 1):
            lines = []
            with open(self.log(life)) as log:
                for line in log:
                    try:
                        lines.append(json.loads(line))
                    except ValueError:
                        pass
            out.append(lines)
        return out


class Watcher(threading.Thread):
    """Looks at the targets all the time, and at what the daemon's API shows of them now and then."""

    def __init__(self, site, known):
        super().__init__(daemon=True)
        self.site, self.known, self.over, self.trouble = site, known, threading.Event(), None

    def run(self):
        turn = 0
        try:
            while not self.over.is_set():
                if turn % 4 == 0:
                    self.look_at_api()
                self.look()
                turn += 1
                self.over.wait(0.012)
        except Exception:
            self.trouble = traceback.format_exc()

    def look(self):
        for target, names in self.known.seen.items():
            for name, seen in names.items():
                seen.add(*look_at(os.path.join(self.site.folder, target, name)))

    def look_at_api(self):
        began = time.time()
        try:
            connection = UnixConnection(self.site.admin_socket, 10)
            try:
                connection.request("GET", "/v1/agents")
                agent = json.loads(connection.getresponse().read())["agents"][0]
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError):
            return  # it has just been killed
        for target in agent["targets"]:
            self.known.pictures.append((began, time.time(), target["name"], target["report"], agent["connected"]))


class World:
    """A daemon, a line, an agent, its targets, and somebody who does things to them."""

    def __init__(self, site, trees, rng):
        self.site, self.trees, self.rng = site, trees, rng
        self.counts = dict.fromkeys(COUNTS, 0)
        self.problems, self.did = [], []
        self.at = rng.randrange(40)
        self.hand = 0
        targets = rng.choices([["heal", "keep"], ["heal", "manual"], ["heal", "keep", "manual"], ["heal", "exec"]], [30, 25, 20, 25])[0]
        self.known = truth.Truth(trees.trees, targets, NAMES)
        self.daemon = self.agent = self.mover = self.line = self.watcher = self.subscriber = None

    def port(self):
        with open(self.site.log, errors="replace") as log:
            ports = re.findall(r"address=127\.0\.0\.1:([1-9][0-9]*)", log.read())
        if not ports:
            raise OSError("there is no door yet")
        return int(ports[-1])

    def begin(self):
        self.mover = RefMover(self.site, "a")
        self.push()
        self.start_daemon()
        status, said = call(UnixConnection(self.site.admin_socket), "POST", "/v1/agents", {"name": "w", "kind": "host", "allow": ["**"]})
        if status != 201:
            raise Vain(f"no agent: {status} {said}")
        self.line = Line(self.port, self.rng.random())
        self.line.start()
        self.agent = AgentProcess(self.site, self.line, said["token"], self.known.targets)
        self.subscriber = Subscriber(self.site, "0")
        self.subscriber.start()
        self.watcher = Watcher(self.site, self.known)
        self.watcher.start()
        self.agent.start(self.faults())
        if self.rng.random() < 0.8:
            wait_for("the agent has begun", lambda: self.agent.process.poll() is not None or
                     all(os.path.isdir(os.path.join(self.site.folder, target)) for target in self.known.targets if target != "manual"))

    def start_daemon(self):
        self.daemon = Daemon(self.site)
        if not self.daemon.wait_ready():
            raise Vain(f"the daemon does not start: {self.daemon.said()[-1000:]}")

    def faults(self):
        """Now and then a life of the agent ends at one of its calls, in the midst of whatever it does."""
        if self.rng.random() < 0.5:
            return None
        return {"FAULTS_OPS": rig.DISK_OPS + ",send", "FAULTS_PATH": self.site.folder + ",socket:", "FAULTS_ACTION": "kill",
                "FAULTS_AT": str(int(self.rng.triangular(1, 260, 70)))}

    # What is done.

    def push(self):
        """Forward, past some, or now and then back; told by the hook or found by the daemon itself."""
        commits, old = self.trees.commits, self.known.wishes[-1][1] if self.known.wishes else rig.ZERO
        if self.known.wishes and self.rng.random() < 0.12:
            new = self.rng.choice([r for _, r in self.known.wishes])
        else:
            self.at += self.rng.randint(1, 2)
            new = commits[self.at]
        if new == old:
            return
        self.move_to(new)
        if self.rng.random() < 0.8:
            self.tell()
        self.counts["pushes"] += 1

    def move_to(self, new):
        old = self.known.wishes[-1][1] if self.known.wishes else rig.ZERO
        self.known.wishes.append((time.time(), new))
        self.mover.move([(old, new, REF)])

    def tell(self):
        """As the hook of the last push does."""
        old, new = [rig.ZERO, *(r for _, r in self.known.wishes)][-2:]
        subprocess.run([os.path.join(BIN, "headgate-post-receive")], cwd=self.site.repo("a"), input=f"{old} {new} {REF}\n", text=True,
                       env=self.site.environment() | {"GIT_DIR": ".", "USER": "w", "LOGNAME": "w"}, capture_output=True)

    def change_by_hand(self):
        target, name = self.rng.choice(list(self.known.targets)), self.rng.choice(NAMES)
        path = os.path.join(self.site.folder, target, name)
        now = look_at(path)[0]
        self.hand += 1
        text = f"{name} by hand, {self.hand}\n"
        way = self.rng.choice(["write", "write", "replace", "remove", "link", "mode", "undo"])
        began = time.time()
        try:
            value = self.put(path, way, text, now, name)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return  # its folder is not there
        self.known.hands[target].append((name, value, began, time.time()))
        self.counts["hands"] += 1

    def put(self, path, way, text, now, name):
        """Do that; what is there then."""
        if way == "remove":
            os.unlink(path)
            return None
        if way == "mode" and now is not None and now[0] in "-x":
            os.chmod(path, 0o644 if now[0] == "x" else 0o755)
            return ("-" if now[0] == "x" else "x") + now[1:]
        aside = os.path.join(self.site.folder, f"aside.{self.hand}")
        if way == "link":
            os.symlink(text.strip(), aside)
            os.rename(aside, path)
            return "l:" + text.strip()
        if way == "undo":
            wished = self.known.value(self.known.wishes[-1][1], name)
            text = wished[2:] if wished else text
        if way == "write" and now is not None and now[0] in "-x":
            with open(path, "r+") as f:
                f.truncate(0)
                f.write(text)
            return now[:2] + text
        with open(aside, "w") as f:
            f.write(text)
        os.chmod(aside, 0o755 if name == EXECUTABLE else 0o644)
        os.rename(aside, path)
        return file_value(text, name == EXECUTABLE)

    def kill_agent(self):
        status = self.agent.kill()
        if status is not None and status != -9:
            self.problems.append(f"headgate-agent ended by itself with {status}")
        self.counts["agent_kills"] += 1
        if self.rng.random() < 0.5:
            self.step(alone=True)
        self.agent.start(self.faults())

    def kill_daemon(self):
        self.daemon.kill()
        self.counts["daemon_kills"] += 1
        if self.rng.random() < 0.6:
            self.step(alone=True)
        self.start_daemon()

    def harm_line(self):
        self.line.mode = self.rng.choice(["cut", "stall", "slow", "pass", "pass"])
        self.counts["cuts"] += self.line.mode in ("cut", "stall")

    def ask(self):
        body = {"action": self.rng.choice(["sync", "sync", "sync", "suspend", "resume"]), "target": self.rng.choice([*self.known.targets, None])}
        if body["action"] == "sync" and self.rng.random() < 0.15:
            body["revision"] = self.rng.choice([r for _, r in self.known.wishes])
            self.known.asked.add(body["revision"])
        self.order(body)

    def order(self, body):
        try:
            status, said = call(UnixConnection(self.site.admin_socket, 10), "POST", "/v1/agents/w/commands", body)
        except (OSError, http.client.HTTPException, ValueError):
            return
        if status == 201:
            self.known.commands += [(c["id"], c["target"], body["action"]) for c in said["commands"]]
            self.counts["asked"] += len(said["commands"])
        elif status not in (404, 503):
            self.problems.append(f"a command is answered with {status}: {said}")

    def step(self, alone=False):
        ways = {"push": 30, "change_by_hand": 40, "ask": 12}
        if not alone:
            ways.update(kill_agent=10, kill_daemon=8, harm_line=14)
        way = self.rng.choices(list(ways), list(ways.values()))[0]
        self.did.append((time.time(), way))
        getattr(self, way)()

    # The end.

    def revive_agent(self):
        """One whose last call was the one that it was to end at."""
        if self.agent.process.poll() is not None:
            self.kill_agent()

    def is_quiet(self):
        """Whether all that is told of the targets is what can be told when nothing goes on, and has been for two looks."""
        agent = get(self.site, "/v1/agents")["agents"][0]
        if not agent["connected"] or len(agent["targets"]) < len(self.known.targets):
            return False
        for target in agent["targets"]:
            report = target["report"]
            if not self.is_of_tip(report) or report["operation"] == "Running" or target["commands"]:
                return False
            if report["sync"] != "Synced" and (target["name"] != "keep" or report["cause"] != "drift"):
                return False
        return True

    def has_told_of_all(self):
        """It may not have announced anything yet."""
        targets = get(self.site, "/v1/agents")["agents"][0]["targets"]
        return len(targets) == len(self.known.targets) and all(self.is_of_tip(t["report"]) for t in targets)

    def is_of_tip(self, report):
        """A change of what is elsewhere is not told to who has nothing of it."""
        return report and self.trees.trees.get(report["desired"]) == self.trees.trees[self.known.wishes[-1][1]]

    def content(self, target):
        return {name: look_at(os.path.join(self.site.folder, target, name))[0] for name in NAMES}

    def quieten(self):
        """Nobody does anything any more, and nothing is in the way."""
        self.line.mode = "pass"
        self.agent.kill()
        self.agent.start()
        if self.known.asked or self.rng.random() < 0.6:
            self.at += 1
            self.move_to(self.trees.commits[self.at])
        # Where inotify has run out, which others on this machine can bring about, a move that nobody tells of is seen after minutes only.
        self.tell()
        # A revision that was asked for holds until the ref moves, or a sync without one is asked for.
        if self.known.asked:
            self.order({"action": "sync", "target": None})
        wait_for("the agent knows of the last change", self.has_told_of_all)
        if "manual" in self.known.targets or self.known.commands:
            for action in ("resume", "sync"):
                for target in self.known.targets if action == "resume" else [t for t in self.known.targets if t == "manual"]:
                    self.order({"action": action, "target": target})
        wait_for(lambda: f"the targets come to rest: {get(self.site, '/v1/agents')['agents'][0]}", self.is_quiet)
        # A claim of before somebody's last change is not one of now: a look of after it has to have ended.
        self.wait_for_looks()
        wait_for(lambda: f"the targets come to rest again: {get(self.site, '/v1/agents')['agents'][0]}", self.is_quiet)
        agent = get(self.site, "/v1/agents")["agents"][0]
        self.known.last = {t["name"]: (self.content(t["name"]), t["report"]) for t in agent["targets"]}
        self.known.waiting = [c for t in agent["targets"] for c in t["commands"]]

    def wait_for_looks(self):
        since = time.time()
        wanted = set(self.known.targets)

        def looked():
            last = self.agent.said()[-1]
            done = {target for target, kind, when, line in truth.said_by(last) if kind == "state" and line["from"] == "comparing" and
                    when > since + 1.2}
            return done >= wanted
        wait_for("each target has been looked at", looked)

    def finish(self):
        self.quieten()
        head = get(self.site, "/v1/events")["cursor"]
        wait_for("the subscriber has all", lambda: self.subscriber.trouble or
                 self.subscriber.cursor and int(self.subscriber.cursor.split(".")[-1]) >= int(head.split(".")[-1]))
        self.watcher.look()
        self.end()
        self.known.lives = self.agent.said()
        if not self.subscriber.resets:
            self.known.reports = [json.loads(data)["data"] for _, kind, data in self.subscriber.got if kind == "io.headgate.agent.reported.v1"]
        found, claims = truth.judge(self.known)
        self.problems += found
        self.counts["claims"] = sum(not c.silent for c in claims)
        self.counts["looks"] = len(claims)
        if not self.problems:
            self.counts["forged"], missed = truth.prove(self.known)
            self.problems += missed
        if self.daemon.stop() != 0:
            self.problems.append(f"the last daemon ended with {self.daemon.process.returncode}")
        verified = self.site.verify()
        if verified:
            self.problems.append(verified)

    def end(self):
        """The threads and the agent."""
        for thread in (self.watcher, self.subscriber, self.line):
            if thread and thread.is_alive():
                thread.over.set() if thread is self.watcher else thread.end()
                thread.join(rig.PATIENCE)
            if thread and thread.trouble:
                self.problems.append(f"{type(thread).__name__}: {thread.trouble}")
        if self.agent and self.agent.process:
            self.agent.kill()
        if self.mover:
            self.mover.close()
            self.mover = None


def trial(seed, folder, trees):
    """{"seed", "problems", counts}; what was left behind stays in the folder when there are problems."""
    rng = random.Random(seed)
    site = Site(folder, trees, ["a"], "journal: {keep_events: 12}\n" if rng.random() < 0.2 else "")
    world = World(site, trees, rng)
    try:
        world.begin()
        for _ in range(rng.randint(6, 16)):
            world.revive_agent()
            world.step()
            time.sleep(rng.triangular(0, 0.25, 0.02))
        world.finish()
    except Vain as e:
        world.problems.append(str(e))
    except Exception:
        world.problems.append(traceback.format_exc())
    finally:
        world.end()
        if world.daemon and not world.daemon.ended():
            world.daemon.kill()
    if world.problems:
        if world.agent and not world.known.lives:
            world.known.lives = world.agent.said()
        truth.write(world.known, os.path.join(folder, "truth"))
        with open(os.path.join(folder, "did"), "w") as f:
            f.writelines(f"{when:.3f} {way}\n" for when, way in world.did)
    else:
        shutil.rmtree(folder)
    return {"seed": seed, "problems": world.problems, **world.counts}
