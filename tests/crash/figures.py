"""What a run comes to, and how it is told in docs/reliability.md."""
import os
import platform
import re
import subprocess
import time

import mirrors
import rig
import synced

PAGE = os.path.join(rig.ROOT, "docs", "reliability.md")
COUNTS = ("acknowledged", "journaled", "delivered", "compacted")
COMMAND_COUNTS = ("kills", "asked", "acknowledged", "waiting", "streams")


def begin(run, part):
    run.figures[part] = {"trials": 0, "ways": {}, "began": time.monotonic(), "ended": 0.0, **{c: 0 for c in COUNTS}}


def add(run, part, result):
    f = run.figures[part]
    f["trials"] += 1
    for way in result.get("ways", [result.get("way")]):
        f["ways"][way] = f["ways"].get(way, 0) + 1
    for c in COUNTS:
        f[c] += result[c]
    f["ended"] = time.monotonic()


def begin_commands(run):
    run.figures["commands"] = {"trials": 0, "began": time.monotonic(), "ended": 0.0, **{c: 0 for c in COMMAND_COUNTS}}


def add_commands(run, result):
    f = run.figures["commands"]
    f["trials"] += 1
    for c in COMMAND_COUNTS:
        f[c] += result[c]
    f["ended"] = time.monotonic()


def begin_synced(run):
    run.figures["synced"] = {"trials": 0, "began": time.monotonic(), "ended": 0.0, **{c: 0 for c in synced.COUNTS}}


def add_synced(run, result):
    f = run.figures["synced"]
    f["trials"] += 1
    for c in synced.COUNTS:
        f[c] += result[c]
    f["ended"] = time.monotonic()


def begin_mirrors(run):
    run.figures["mirrors"] = {"trials": 0, "began": time.monotonic(), "ended": 0.0, "ways": {}, "befell": {}, **{c: 0 for c in mirrors.COUNTS}}


def add_mirrors(run, result):
    f = run.figures["mirrors"]
    f["trials"] += 1
    way = " over ".join(result["about"].split(",")[0].split())
    f["ways"][way] = f["ways"].get(way, 0) + 1
    for kind, n in result["befell"].items():
        f["befell"][kind] = f["befell"].get(kind, 0) + n
    for c in mirrors.COUNTS:
        f[c] += result[c]
    f["ended"] = time.monotonic()


WAYS = {"time": "at a random time", "call": "at a random call", "kill": "before the call", "torn": "in mid-write",
        "power": "with the power"}


def row(name, f, ways):
    counts = " | ".join(f"{f[c]:,}" for c in COUNTS)
    return f"| {name} | {f['trials']:,} | {ways} | {counts} | 0 |"


def commit():
    """Asked before the first trial."""
    done = subprocess.run(["git", "-C", rig.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "a tree without Git"


def table(run):
    lines = ["| what | trials | of which | acknowledged | journaled | delivered | compacted | lost, invented, out of order, twice |",
             "|---|---|---|---|---|---|---|---|"]
    stride = int(os.environ.get("STRIDE", "1"))
    each = "each" if stride == 1 else f"every {stride}{ {2: 'nd', 3: 'rd'}.get(stride, 'th')}"
    names = {"kill": "killed while pushes go on", "points": f"killed at {each} call of a small scenario",
             "faults": f"the disk fails at {each} call of it", "hook": "the hook's disk fails at each of its calls"}
    for part, name in names.items():
        f = run.figures[part]
        ways = ", ".join(f"{n:,} {WAYS.get(way, way)}" for way, n in sorted(f["ways"].items()))
        lines.append(row(name, f, ways))
    f = run.figures["bits"]
    lines += ["", f"Of {f['flips']:,} flipped bits {f['found']:,} were found, and each of the others changed nothing that the journal says; "
              f"{f['started']:,} times a daemon was started on the result."]
    f = run.figures["commands"]
    lines += ["", f"In {f['trials']:,} trials with {f['kills']:,} kills {f['asked']:,} commands were asked for, {f['acknowledged']:,} of which were "
              f"acknowledged and {f['waiting']:,} waited at the end, over {f['streams']:,} streams: none was lost, told twice on one stream, or told "
              "again after its acknowledgement was answered."]
    f = run.figures["synced"]
    lines += ["", f"In {f['trials']:,} trials with {f['pushes']:,} changes in Git, {f['hands']:,} on targets, {f['agent_kills']:,} kills of agents and "
              f"{f['daemon_kills']:,} of daemons, {f['cuts']:,} lines cut or silent and {f['asked']:,} commands, targets were found Synced {f['looks']:,} times, "
              f"{f['claims']:,} times with a report: never falsely. In the end each was as it should be, and no command was lost. Of {f['forged']:,} forged "
              "outcomes the judge found each."]
    seconds = sum(f["ended"] - f["began"] for part, f in run.figures.items() if part != "mirrors")
    lines += ["", where_and_when(run.commit, seconds)]
    return "\n".join(lines)


def mirrors_told(run):
    f = run.figures["mirrors"]
    ways = ", ".join(f"{n:,} {way}" for way, n in sorted(f["ways"].items()))
    befell = ", ".join(f"{f['befell'].get(kind, 0):,} {words}" for kind, words in mirrors.FAULTS.items())
    told = (f"In {f['trials']:,} trials of mirrors ({ways}) with {f['changes']:,} changes on the side that is followed and {f['strangers']:,} by somebody in "
            f"the copy, and {f['faults']:,} faults ({befell}), {f['refs']:,} refs were compared on both sides: no commit was lost, and none differed in "
            f"silence. {f['waited']:,} refs waited for a person and were told; what was then accepted ({f['accepted']:,} times) was in step after it. Of "
            f"{f['forged']:,} forged outcomes the judge found each.")
    return told + "\n\n" + where_and_when(run.commit, f["ended"] - f["began"])


def where_and_when(at, seconds):
    return (f"From {time.strftime('%Y-%m-%d')}, at {at}, on {os.cpu_count()} processors, "
            f"{platform.system()} {platform.release().split('-')[0]}, in {seconds:.0f} s.")


def put(mark, told):
    """Into the page, between its marks."""
    text = open(PAGE).read()
    begin_mark, end_mark = f"<!-- BEGIN {mark} -->", f"<!-- END {mark} -->"
    text = re.sub(f"{begin_mark}.*{end_mark}", lambda _: f"{begin_mark}\n{told}\n{end_mark}", text, flags=re.S)
    with open(PAGE, "w") as f:
        f.write(text)


def write(run):
    if "kill" in run.figures:
        put("FIGURES", table(run))
    put("MIRRORS", mirrors_told(run))
