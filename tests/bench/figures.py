#!/usr/bin/env python3
"""What was measured of streams, of idleness, of fleets of agents and of mirrors: told on the terminal, or written into docs/performance.md with its plots.

    figures.py print FIGURES streams|idle|fleet|mirrors
    figures.py write FIGURES DOCS       replaces what stands between the markers in DOCS/performance.md; DOCS/latency.svg, DOCS/memory.svg

FIGURES has a line for each measurement: what, server, streams, then numbers (tests/tools/subscribers.c tells of which).
"""

import collections
import datetime
import os
import pathlib
import platform
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plot  # noqa: E402

NAMES = {"headgate": "Headgate", "bare": "bare write loop", "nchan": "nchan", "nats": "nats-server"}
BURST, MISSED = 50, 20


class Figures:
    def __init__(self, path):
        self.rows = collections.defaultdict(list)
        for line in pathlib.Path(path).read_text().splitlines():
            what, server, n, *numbers = line.split()
            self.rows[what, server, int(n)].append([float(x) for x in numbers])

    def has(self, what, server="headgate"):
        return any(w == what and s == server for w, s, _ in self.rows)

    def levels(self, what):
        return sorted({n for w, _, n in self.rows if w == what and n})

    def most(self, what):
        return self.levels(what)[-1]

    def servers(self, what):
        """Those that were measured, Headgate last."""
        return [s for s in ("bare", "nchan", "nats", "headgate") if self.has(what, s)]

    def median(self, what, server, n, column):
        rows = self.rows.get((what, server, n))
        if not rows:
            sys.exit(f"figures.py: no {what} of {server} at {n} was measured")
        return statistics.median(row[column] for row in rows)

    def rounds(self, what, server, n):
        return len(self.rows[what, server, n])

    def spread(self, what, a, b, n, column):
        """How many times a's figure b's was, at least and at most, within a round: it measures one server after another."""
        ratios = [y[column] / x[column] for x, y in zip(self.rows[what, a, n], self.rows[what, b, n])]
        return f"{min(ratios):.2f} to {max(ratios):.2f} in a round"

    def per_stream(self, server, n, what="memory"):
        """KiB of Pss that a stream takes; of Headgate with its agent's registration, for what loading all of them has left behind in
        memory may serve the streams."""
        none = self.median(what, server, 0, 1)
        registered = 0
        if server == "headgate":
            most = self.most(what)
            registered = (none - self.median("unregistered", server, most, 1)) / most
        return (self.median(what, server, n, 1) - none) / n + registered


def number(n):
    return f"{n:,.0f}"


def short(x):
    """Three digits, or all of them before the point."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def ms(us):
    return short(us / 1000)


class Subject:
    """A row of the table of aims: what, the aim, whether it holds, and what each server was measured at."""

    def __init__(self, what, aim):
        self.what, self.aim = what, aim
        self.beside = []    # (name, text)
        self.measured = ""
        self.holds = None


def hand_over(f):
    n = f.most("handover")
    p50, p99, floor50, floor99 = (f.median("handover", "headgate", n, i) for i in (0, 1, 3, 4))
    s = Subject(f"hand-over to receipt, {number(n)} agents", "p50 under 1 ms plus the fsync, p99 under 5 ms")
    s.beside = [("4 KiB written and synced there", f"p50 {ms(floor50)} ms, p99 {ms(floor99)} ms")]
    s.measured = f"p50 {ms(p50)} ms, p99 {ms(p99)} ms"
    s.holds = p50 < 1000 + floor50 and p99 < 5000
    return s


def one_event(f):
    n = f.most("event")
    p99 = {server: f.median("event", server, n, 1) for server in f.servers("event")}
    s = Subject(f"one event to {number(n)} streams", "p99 at most 1.15 times the bare write loop, ahead of nchan")
    for server in p99:
        p50, _, most = (f.median("event", server, n, i) for i in (0, 1, 2))
        text = f"p50 {ms(p50)}, p99 {ms(p99[server])}, most {ms(most)} ms, {ms(f.median('event', server, n, 5))} ms of processor"
        if server == "headgate":
            s.measured = text + "".join(f", {p99[server] / p99[b]:.2f} times {NAMES[b]} ({f.spread('event', b, server, n, 1)})"
                                        for b in ("bare", "nchan") if b in p99)
        else:
            s.beside.append((NAMES[server], text))
    s.holds = p99["headgate"] <= 1.15 * p99["bare"] and p99["headgate"] < p99.get("nchan", float("inf"))
    return s


def burst(f):
    n = f.most("burst")
    rate = {server: BURST * n / f.median("burst", server, n, 0) * 1e6 for server in f.servers("burst")}
    s = Subject(f"burst of {BURST} events to {number(n)} streams", "at least nats-server's deliveries a second")
    s.beside = [(NAMES[server], f"{number(rate[server])}/s") for server in rate if server != "headgate"]
    s.measured = f"{number(rate['headgate'])}/s" + "".join(
        f", {rate['headgate'] / rate[b]:.2f} times {NAMES[b]} ({f.spread('burst', 'headgate', b, n, 0)})" for b in ("nats", "nchan", "bare") if b in rate)
    s.holds = rate["headgate"] >= rate["nats"] if "nats" in rate else None
    return s


def own_paths(f):
    n = f.most("path")
    s = Subject(f"{number(n)} streams on {number(n)} paths, one path changes", "one wakes; under 2 ms")
    for server in f.servers("path"):
        p50, p99, cpu = (f.median("path", server, n, i) for i in (0, 1, 5))
        text = f"p50 {ms(p50)} ms, p99 {ms(p99)} ms; {ms(cpu)} ms of processor"
        if server == "headgate":
            s.measured = "one is told: " + text
            s.holds = p50 < 2000
        else:
            s.beside.append((NAMES[server] + (", a channel each" if server == "nchan" else ", a subject each"), text))
    return s


def memory(f):
    n = f.most("memory")
    s = Subject("memory per idle stream", "at most 4 KiB plain")
    per = {server: f.per_stream(server, n) for server in f.servers("memory")}
    s.beside = [(NAMES[server], f"{per[server]:.2f} KiB") for server in per if server != "headgate"]
    s.measured = f"{per['headgate']:.2f} KiB" + "".join(
        f", 1/{per[b] / per['headgate']:.1f} of {NAMES[b]}" for b in ("nchan", "nats") if b in per)
    s.holds = per["headgate"] <= 4
    return s


def secure_memory(f):
    n = f.most("tls")
    s = Subject("the same with TLS", "at most 16 KiB")
    per = {server: f.per_stream(server, n, "tls") for server in f.servers("tls")}
    s.beside = [(NAMES[server], f"{per[server]:.2f} KiB") for server in per if server != "headgate"]
    s.measured = f"{per['headgate']:.2f} KiB" + "".join(
        f", 1/{per[b] / per['headgate']:.1f} of {NAMES[b]}" for b in ("nchan",) if b in per)
    s.holds = per["headgate"] <= 16
    return s


def reconnect(f):
    n = f.most("reconnect")
    s = Subject(f"{number(n)} agents reconnect with their cursors, {MISSED} events missed", "within 2 s, nothing lost, nothing twice")
    for server in f.servers("reconnect"):
        seconds = f.median("reconnect", server, n, 0) / 1e6
        turned_away = f.median("reconnect", server, n, 1)
        text = f"{short(seconds)} s" + (f", {number(turned_away)} connections turned away" if turned_away else "")
        if server == "headgate":
            s.measured = text + "; nothing lost, nothing twice"
            s.holds = seconds <= 2
        else:
            s.beside.append((NAMES[server], text))
    return s


def idle(f):
    n = f.most("idle")
    s = Subject(f"idle daemon with {n} repositories", "at most 8 MB, no wake-ups without cause")
    for server in f.servers("idle"):
        resident, pss, _, before, ns_before, after, ns_after, seconds = f.rows["idle", server, n][-1]
        wakings = after - before
        text = (f"{resident * 1024 / 1e6:.1f} MB resident ({pss * 1024 / 1e6:.1f} Pss), {number(wakings)} wake-ups and "
                f"{(ns_after - ns_before) / 1e6:.1f} ms of processor in {seconds:.0f} s")
        if server == "headgate":
            s.measured = text
            s.holds = resident * 1024 <= 8e6 and wakings == 0
        else:
            s.beside.append((NAMES[server] + ", nobody connected", text))
    return s


def pushed(f):
    n = f.most("fleet_own")
    p50, p99, most, told50, told99, _ = (f.median("fleet_own", "headgate", n, i) for i in range(6))
    s = Subject(f"push to applied, {number(n)} agents, a folder each", "p50 under 20 ms, p99 under 100 ms")
    s.measured = f"p50 {ms(p50)}, p99 {ms(p99)}, most {ms(most)} ms; reported: p50 {ms(told50)}, p99 {ms(told99)} ms"
    s.holds = p50 < 20000 and p99 < 100000
    return s


def all_pushed(f):
    levels = f.levels("fleet_all")
    s = Subject("the same, one folder for all: to the last", "all converge")

    def text(n):
        p50, most, told = (f.median("fleet_all", "headgate", n, i) for i in (0, 2, 5))
        return f"applied p50 {ms(p50)}, last {ms(most)} ms; reported, last {ms(told)} ms"

    s.measured = f"{number(levels[-1])} agents: {text(levels[-1])}"
    s.beside = [(f"{number(n)} agents", text(n)) for n in levels[:-1]]
    s.holds = True    # else there were no figure
    return s


def idle_agents(f):
    n = f.most("fleet_idle")
    woken, ns, marks, woken_after, ns_after, marks_after, seconds, resident, pss, private, most = f.rows["fleet_idle", "headgate", n][-1]
    woken, marks = woken_after - woken, marks_after - marks
    s = Subject(f"idle agent, of {number(n)} on this machine", "at most 4 MB, no wake-up without cause")
    s.measured = (f"{resident * 1024 / 1e6:.1f} MB resident (most {most * 1024 / 1e6:.1f}; {pss * 1024 / 1e6:.2f} Pss, {private * 1024 / 1e6:.2f} of its own); "
                  f"{number(woken)} wake-ups of all in {seconds:.0f} s for {number(marks)} signs of life of the daemon, "
                  f"{(ns_after - ns) / 1e6 / n:.2f} ms of processor each")
    s.holds = most * 1024 <= 4e6 and woken <= marks
    return s


def compare(f):
    n = f.most("fleet_compare")
    took = sorted(row[0] for row in f.rows["fleet_compare", "headgate", n])
    s = Subject(f"a look at {number(n)} files that are as they should be", "under 50 ms")
    s.measured = (f"{statistics.median(took):.0f} ms ({took[0]:.0f} to {took[-1]:.0f} in {len(took)} looks), "
                  f"{ms(f.median('fleet_compare_cpu', 'headgate', n, 0) / 1000)} ms of processor")
    s.holds = statistics.median(took) < 50
    return s


MIRROR_NAMES = {"floor": "git push by itself", "cron-push": "git push --mirror each second", "cron-pull": "git remote update each second",
                "grokmirror": "grokmirror pulling each second, by our manifest"}


def lag_of(f, what, who):
    return tuple(f.median(what, who, f.most(what), i) for i in range(3))


def lag_text(figures):
    p50, p99, most = figures
    return f"p50 {ms(p50)}, p99 {ms(p99)}, most {ms(most)} ms"


def mirror_lag(transport, name):
    def tell(f):
        what = "mirror_" + transport
        floor = lag_of(f, what, "floor")
        s = Subject(f"push accepted to mirror updated, {name}", "p99 under 1 s plus the transfer")
        s.beside = [(told, lag_text(lag_of(f, what, who))) for who, told in MIRROR_NAMES.items() if who in ("floor", "cron-push", "cron-pull") and f.has(what, who)]
        figures = lag_of(f, what, "headgate")
        s.measured = f"{lag_text(figures)}, {figures[0] / floor[0]:.2f} times git push by itself ({f.spread(what, 'floor', 'headgate', f.most(what), 0)})"
        s.holds = figures[1] < 1e6 + floor[1]
        return s
    return tell


def pull_lag(transport, name):
    def tell(f):
        what = "mirror_" + transport
        s = Subject(f"the same, pulled each second and nobody tells, {name}", "p99 under 2 s plus the transfer, ahead of grokmirror")
        s.beside = [(MIRROR_NAMES[who], lag_text(lag_of(f, what, who))) for who in ("cron-pull", "grokmirror") if f.has(what, who)]
        figures = lag_of(f, what, "pull")
        s.measured = lag_text(figures)
        if f.has(what, "of-grokmirror"):
            s.measured += "; by the manifest that grokmirror's hook writes: " + lag_text(lag_of(f, what, "of-grokmirror"))
        s.holds = None
        if f.has(what, "grokmirror"):
            s.holds = figures[1] < 2e6 + lag_of(f, what, "floor")[1] and figures[1] <= lag_of(f, what, "grokmirror")[1]
        return s
    return tell


def mirror_many(transport, name):
    def tell(f):
        what = "mirror_many_" + transport
        n = max(n for w, server, n in f.rows if w == what and server == "headgate")
        some = max(n for w, server, n in f.rows if w == what and server == "floor")
        took, told, looked, processor = (f.median(what, "headgate", n, i) for i in range(4))
        s = Subject(f"{number(n)} repositories with one change each, {name}", "all in step within 60 s")
        s.beside = [("git push of each, 8 at once", f"{short(f.median(what, 'floor', some, 0))} s for {number(some)}")]
        s.measured = (f"{short(took)} s, {short(told)} s of which the pushes were told one after another; {short(processor)} s of processor, its git included; "
                      f"the first look at all {short(looked)} s")
        s.holds = took < 60
        return s
    return tell


def idle_mirrors(f):
    n = f.most("mirror_idle")
    rows = {who: f.rows["mirror_idle", who, n][-1] for who in ("without", "headgate")}

    def text(row):
        rss, pss, _, woken, ns, woken_after, ns_after, seconds, _ = row
        return (f"{rss * 1024 / 1e6:.1f} MB resident ({pss * 1024 / 1e6:.1f} Pss), {number(woken_after - woken)} wake-ups and "
                f"{(ns_after - ns) / 1e6:.1f} ms of processor in {seconds:.0f} s")
    s = Subject(f"idle daemon with {number(n)} mirrored repositories", "no wake-ups without cause, no process")
    s.beside = [("the same daemon without mirrors", text(rows["without"]))]
    row = rows["headgate"]
    s.measured = f"{text(row)}; {number(row[8])} processes beside it; {(row[1] - rows['without'][1]) / n:.2f} KiB of Pss a mirrored repository"
    s.holds = row[5] - row[3] <= rows["without"][5] - rows["without"][3] and row[8] == 0
    return s


SUBJECTS = {
    "streams": [("handover", hand_over), ("event", one_event), ("burst", burst), ("path", own_paths), ("memory", memory), ("tls", secure_memory),
                ("reconnect", reconnect)],
    "idle": [("idle", idle)],
    "fleet": [("fleet_own", pushed), ("fleet_all", all_pushed), ("fleet_idle", idle_agents), ("fleet_compare", compare)],
    "mirrors": [("mirror_ssh", mirror_lag("ssh", "ssh")), ("mirror_http", mirror_lag("http", "HTTP")), ("mirror_ssh", pull_lag("ssh", "ssh")),
                ("mirror_http", pull_lag("http", "HTTP")), ("mirror_many_ssh", mirror_many("ssh", "ssh")), ("mirror_many_file", mirror_many("file", "a path")),
                ("mirror_idle", idle_mirrors)],
}


def subjects(f, part):
    return [tell(f) for what, tell in SUBJECTS[part] if f.has(what)]


def verdict(subject):
    return {True: "holds", False: "missed", None: "not told"}[subject.holds]


def print_part(f, part):
    for subject in subjects(f, part):
        print(subject.what)
        for name, text in subject.beside:
            print(f"  {name:<42} {text}")
        print(f"  {'Headgate':<42} {subject.measured}")
        print(f"  {'aim':<42} {subject.aim}: {verdict(subject)}")
    if part == "streams":
        for n in f.levels("event"):
            print(f"{number(n)} streams: p99 of one event, KiB per stream")
            for server in f.servers("event"):
                print(f"  {NAMES[server]:<42} {ms(f.median('event', server, n, 1))} ms, {f.per_stream(server, n):.2f} KiB")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def aims(f, part):
    rows = [[s.what, s.aim, s.measured, "; ".join(f"{name}: {text}" for name, text in s.beside), verdict(s)] for s in subjects(f, part)]
    return table(["what", "aim", "Headgate", "beside", ""], rows)


def over_streams(f, what, value, unit):
    servers = f.servers(what)
    rows = [[number(n)] + [value(server, n) for server in servers] for n in f.levels(what)]
    return table(["streams"] + [f"{NAMES[s]}, {unit}" for s in servers], rows)


def blocks(f):
    """What stands between the markers, by their names."""
    made = f"Measured on {datetime.date.today()}: {os.cpu_count()} cores, Linux {platform.release()}"
    out = {}
    if f.has("event"):
        n = f.most("event")
        out["streams"] = [f"{made}; medians of {f.rounds('event', 'headgate', n)} interleaved rounds.", ""] + aims(f, "streams")
        out["latency"] = over_streams(f, "event", lambda s, n: f"{ms(f.median('event', s, n, 1))} ({ms(f.median('event', s, n, 0))})",
                                      "p99 (p50) ms")
        out["memory"] = over_streams(f, "memory", lambda s, n: f"{f.per_stream(s, n):.2f}", "KiB a stream")
    if f.has("idle"):
        out["idle"] = [made + ".", ""] + aims(f, "idle")
    if f.has("fleet_own"):
        out["fleet"] = [f"{made}; {f.rounds('fleet_all', 'headgate', f.most('fleet_all'))} rounds.", ""] + aims(f, "fleet")
    if f.has("mirror_ssh") and f.has("mirror_idle"):
        out["mirrors"] = [f"{made}; medians of {f.rounds('mirror_ssh', 'headgate', f.most('mirror_ssh'))} rounds.", ""] + aims(f, "mirrors")
    return out


def between_markers(text, name, lines):
    begin, end = f"<!-- figures: {name} -->\n", "<!-- end of figures -->\n"
    if text.count(begin) != 1 or end not in text.split(begin)[1]:
        sys.exit(f"figures.py: performance.md has no place for {name}")
    before, rest = text.split(begin)
    return before + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1]


def write(f, docs):
    page = docs / "performance.md"
    text = page.read_text()
    for name, lines in blocks(f).items():
        text = between_markers(text, name, lines)
    page.write_text(text)
    if not f.has("event"):
        return

    def lines(what, servers, value):
        return [(NAMES[s], s, [(n, value(s, n)) for n in f.levels(what)]) for s in servers]

    (docs / "latency.svg").write_text(plot.svg(
        "One event to all streams, 99th percentile", "open streams", "milliseconds from publishing to receipt",
        lines("event", f.servers("event"), lambda s, n: f.median("event", s, n, 1) / 1000)))
    (docs / "memory.svg").write_text(plot.svg(
        "Memory of the server for each idle stream", "open streams", "KiB of Pss for each stream",
        lines("memory", [s for s in f.servers("memory") if s != "bare"], f.per_stream)))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "print" and sys.argv[3] in SUBJECTS:
        print_part(Figures(sys.argv[2]), sys.argv[3])
    elif len(sys.argv) == 4 and sys.argv[1] == "write":
        write(Figures(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        sys.exit(__doc__)


main()
