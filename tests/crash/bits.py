"""One bit of the journal's file is another: `headgate audit verify` names it wherever it changes what the journal says, and headgated
neither tells what was altered nor leaves it out in silence."""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import traceback

import points
import rig
from rig import BIN, Daemon, Vain, wait_for

# What verify proves. The rest is told by agents or kept for a while: no chain leads over it.
PROVEN = ("meta", "events", "refs")


def make(folder, template):
    """A site whose journal has been closed, with all of the scenario in it."""
    scenario = points.Scenario(folder, template)
    scenario.push(scenario.before)
    ready, status = scenario.run(Daemon(scenario.site))
    scenario.close()
    if not ready or status != 0:
        raise Vain(f"the scenario itself ends with {status}")
    return scenario.site


def content(path):
    """What the proven tables say, None when SQLite cannot read them."""
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        db.text_factory = bytes
        try:
            return [db.execute(f"SELECT * FROM {table}").fetchall() for table in PROVEN]
        finally:
            db.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):
        return None


def verify(site):
    return subprocess.run([os.path.join(BIN, "headgate"), "audit", "verify"], capture_output=True, text=True, env=site.environment())


def check_daemon(site, true, where, problems):
    """A start on such a journal: refused with a reason, or what is told is true, or what cannot be told is said not to be."""
    daemon = Daemon(site)
    try:
        # One that cannot read its tables stays up, says so, and tries again: it never is ready.
        wait_for("the daemon is ready, or says why not",
                 lambda: daemon.is_ready() or daemon.ended() or 'level=error' in daemon.said())
        if not daemon.is_ready() and not daemon.ended():
            return
        if not daemon.wait_ready():
            if daemon.process.returncode != 2 or "headgated: " not in daemon.said():
                problems.append(f"{where}: headgated ended with {daemon.process.returncode}: {daemon.said()[-300:]}")
            return
        try:
            told = rig.all_events(site)
        except (Vain, OSError, json.JSONDecodeError, UnicodeDecodeError):
            told = None
        if daemon.ended():
            problems.append(f"{where}: headgated ended with {daemon.process.returncode}: {daemon.said()[-300:]}")
        elif told is not None and told[:len(true)] != true and verify(site).returncode == 0:
            problems.append(f"{where}: headgated tells what never was, and verify finds nothing")
    finally:
        daemon.kill()


def trial(seed, flips, folder, template):
    problems, found, started = [], 0, 0
    try:
        site = make(folder, template)
        path = os.path.join(site.state, "journal.db")
        daemon = Daemon(site)
        daemon.wait_ready()
        true = rig.all_events(site)
        daemon.stop()
        good, says = open(path, "rb").read(), content(path)
        rng = random.Random(seed)
        # Most of a small file is free room: three of four flips are where something is written.
        written = [i for i, byte in enumerate(good) if byte]
        for n in range(flips):
            at = rng.choice(written) if rng.random() < 0.75 else rng.randrange(len(good))
            bad = bytearray(good)
            bad[at] ^= 1 << rng.randrange(8)
            for name in ("journal.db-wal", "journal.db-shm"):
                if os.path.exists(os.path.join(site.state, name)):
                    os.unlink(os.path.join(site.state, name))
            with open(path, "wb") as f:
                f.write(bad)
            where = f"byte {at} is {bad[at]:02x} in place of {good[at]:02x}"
            done = verify(site)
            altered = content(path) != says
            if done.returncode not in (0, 1, 2):
                problems.append(f"{where}: verify ends with {done.returncode}: {done.stderr}")
            elif done.returncode == 0 and altered:
                problems.append(f"{where}: verify finds nothing: {done.stdout.strip()}")
            elif done.returncode != 0 and "journal" not in done.stderr + done.stdout:
                problems.append(f"{where}: verify does not name it: {done.stdout}{done.stderr}")
            found += done.returncode != 0
            if n % 4 == 0:
                started += 1
                check_daemon(site, true, where, problems)
    except Vain as e:
        problems.append(str(e))
    except Exception:
        problems.append(traceback.format_exc())
    shutil.rmtree(os.path.join(folder, "git"), ignore_errors=True)
    return {"problems": problems, "found": found, "flips": flips, "started": started}
