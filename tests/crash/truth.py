"""What was true of targets, and what was said of them: the judge of the trials of synced.py.

A claim is one sentence of an agent: "Synced at R", with the look that it comes of, which began no sooner than `began` and had ended when it was
said, at `said`. It is false when some place was other than R has it from before the look to after it. That a place was so for all that time
is known where it was seen to hold the same before and after and nobody could have put it back meanwhile, or where a hand put something there
that nobody else ever does, and it was still there afterwards."""
import bisect
import calendar
import copy
import json
import time

SLACK = 0.02  # seconds: the agent's clock counts in milliseconds


def seconds(text):
    whole, rest = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + rest)


class Seen:
    """What one place held, as often as it was looked at: runs of looks that found the same, each look with its beginning and end."""

    def __init__(self):
        self.runs = []  # [value, first look began, last look began, first look ended, last look ended]

    def add(self, value, began, ended):
        if self.runs and self.runs[-1][0] == value:
            self.runs[-1][2], self.runs[-1][4] = began, ended
        else:
            self.runs.append([value, began, began, ended, ended])

    def before(self, when):
        """(value, when its last such look began, which run of looks it is of) of the last look that had ended by then, or None."""
        at = bisect.bisect_left(self.runs, when, key=lambda run: run[3]) - 1
        if at < 0:
            return None
        run = self.runs[at]
        return run[0], (run[2] if run[4] < when else run[1]), at

    def after(self, when):
        """(value, when that look ended, which run of looks it is of) of the first look that began later, or None."""
        at = bisect.bisect_right(self.runs, when, key=lambda run: run[2])
        if at == len(self.runs):
            return None
        run = self.runs[at]
        return run[0], (run[3] if run[1] > when else run[4]), at


class Claim:
    def __init__(self, target, revision, began, said, silent=False):
        self.target, self.revision, self.began, self.said, self.silent = target, revision, began, said, silent

    def __repr__(self):
        return f"{self.target} is {'still ' if self.silent else ''}Synced at {self.revision[:8]}, looked at from {self.began} to {self.said:.3f}"


class Truth:
    """All that is known of a trial. `wishes`: (when, revision) of each place of the ref; `asked`: revisions that commands named; `hands`: of
    each target (name, value, began, ended), what somebody did to it; `seen`: target -> name -> Seen."""

    def __init__(self, trees, targets, names):
        self.trees, self.targets, self.names = trees, targets, names
        self.wishes, self.asked, self.commands = [], set(), []
        self.hands = {t: [] for t in targets}
        self.seen = {t: {n: Seen() for n in names} for t in targets}
        self.lives = []  # of the agent: what it said, line by line
        self.pictures = []  # (began, ended, target, report, connected): what the daemon's API showed
        self.reports = None  # what is journaled, in order; None where not all of it is held
        self.waiting, self.last = [], {}  # commands that still wait; target -> (content, report) when all was quiet

    def value(self, revision, name):
        return self.trees[revision].get(name)

    def first_wish(self, revision):
        return min((when for when, r in self.wishes if r == revision), default=None)


def said_by(lines):
    """(target, kind, when, line) of what a life of the agent said that matters: kind is "state", "report" or "puzzled"."""
    for line in lines:
        if line.get("component") == "target" and "target" in line:
            if line["msg"] == "state":
                yield line["target"], "state", seconds(line["time"]), line
            elif "sync" in line:
                yield line["target"], "report", seconds(line["time"]), line
            elif line["msg"].startswith("what differs cannot be shown"):
                yield line["target"], "puzzled", seconds(line["time"]), line


def claims_of(truth):
    """What the agent has said of each target, life by life: (claims, target -> what it said)."""
    claims, told = [], {t: [] for t in truth.targets}
    for life in truth.lives:
        now = {t: {"began": None, "ended": None, "last": None} for t in truth.targets}
        for target, kind, when, line in said_by(life):
            at = now[target]
            if kind == "state":
                # What differs is told once it has been fetched what it differs from; and where another look follows at once, that one tells.
                last = line["to"] == "comparing" and at["ended"] is not None and when - at["ended"] > 0.3
                still = silent_claim(truth, target, at) if last else None
                if still:
                    claims.append(still)
                if line["to"] in ("comparing", "applying"):
                    at["began"] = when
                at["ended"] = when if line["from"] == "comparing" and line["to"] == "idle" else None
                continue
            at["ended"] = None
            if kind == "puzzled":
                continue
            at["last"] = line
            told[target].append((line["sync"], line["desired"], line["operation"], line["msg"]))
            if line["sync"] == "Synced":
                claims.append(Claim(target, line["desired"], at["began"], when + SLACK))
    return claims, told


def silent_claim(truth, target, at):
    """A look of which nothing was said, since it found what the last one had: while no other revision was wished for, that is a claim too."""
    last, ended = at["last"], at["ended"]
    if ended is None or last is None or last["sync"] != "Synced" or truth.asked:
        return None
    wished = [revision for when, revision in truth.wishes if when <= ended + SLACK]
    if not wished or last["desired"] not in truth.trees or truth.trees[wished[-1]] != truth.trees[last["desired"]]:
        return None
    return Claim(target, last["desired"], at["began"], ended + SLACK, silent=True)


def could_be_put_back(truth, claim, name, value, since, until):
    """Whether somebody may have made it so again in between: a hand, or the agent on its way to another revision."""
    if any(n == name and v == value and began < until and ended > since for n, v, began, ended in truth.hands[claim.target]):
        return True
    if any(truth.value(r, name) == value for r in truth.asked):
        return True
    # A command that an agent had begun before it was killed runs on beside the next one's.
    if claim.target == "exec" and len(truth.lives) > 1 and any(truth.value(r, name) == value for _, r in truth.wishes):
        return True
    # It follows the wishes in their order: there must be one with this before that of the claim, and another behind it.
    wished = [r for when, r in truth.wishes if when < until]
    has = [i for i, r in enumerate(wished) if truth.value(r, name) == value]
    if value is None:
        has.insert(0, -1)  # as it was before there was anything
    return any(r == claim.revision and has and has[0] < i < has[-1] for i, r in enumerate(wished))


def known_since(truth, claim, name, value, until, run):
    """From when on the place has held what it held at `until`, as far as that is known; None when it is not."""
    puts = [(began, ended) for n, v, began, ended in truth.hands[claim.target] if n == name and v == value]
    unique = value is not None and not any(tree.get(name) == value for tree in truth.trees.values())
    if unique and len(puts) == 1:
        return puts[0][1]
    before = truth.seen[claim.target][name].before(claim.began)
    # Another run of looks: it was seen to hold something else in between.
    if before is None or before[2] != run or could_be_put_back(truth, claim, name, value, before[1], until):
        return None
    return before[1]


def is_foreign(truth, target, name, value):
    """What somebody else has put there, or no revision has anywhere: where a revision has nothing, the agent leaves that be."""
    return any((n, v) == (name, value) for n, v, _, _ in truth.hands[target]) or not any(tree.get(name) == value for tree in truth.trees.values())


def judge_claim(truth, claim):
    if claim.revision not in truth.trees or truth.first_wish(claim.revision) is None and claim.revision not in truth.asked:
        return [f"false: {claim}, which nobody has ever wished for"]
    wished = truth.first_wish(claim.revision)
    if wished is not None and wished > claim.said and claim.revision not in truth.asked:
        return [f"false: {claim}, which nobody wished for before {wished:.3f}"]
    if claim.began is None:
        return [f"false: {claim}: without a look"]
    found = []
    for name in truth.names:
        wanted, after = truth.value(claim.revision, name), truth.seen[claim.target][name].after(claim.said)
        if after is None or after[0] == wanted or wanted is None and is_foreign(truth, claim.target, name, after[0]):
            continue
        if wished is None:
            continue  # it was asked for alone, and may be on its way back
        since = known_since(truth, claim, name, *after)
        if since is not None and since < claim.began:
            found.append(f"false: {claim}: {name} held {after[0]!r} from {since:.3f} to {after[1]:.3f}")
    return found


def judge_pictures(truth, claims):
    """What the API showed as Synced has been said by the agent before."""
    found = []
    for began, ended, target, report, _ in truth.pictures:
        if not report or report["sync"] != "Synced":
            continue
        if not report["desired"] == report["applied"] == report["observed"]:
            found.append(f"{target} was shown as Synced, and its revisions are three: {report}")
        if not any(c.target == target and c.revision == report["desired"] and c.said <= ended + 2 * SLACK for c in claims):
            found.append(f"{target} was shown as Synced at {report['desired']} at {ended:.3f}, and its agent had not said so")
    return found


def judge_reports(truth, told):
    """The journal has what the agent said, in its order. What it is not sure to have handed over it tells again: so a report may be there twice
    in a row, and after a kill the last ones may come once more."""
    found = []
    for target in truth.targets:
        said, at, again = told[target], 0, len(truth.lives)
        for report in [r for r in truth.reports if r["target"] == target]:
            key = report["sync"], report["desired"] or "", report["operation"], report["message"].split("\n")[0]
            places = [i for i, line in enumerate(said) if (*line[:3], line[3].split("\n")[0]) == key]
            place = next((i for i in places if i >= at), None)
            if place is None and places and again > 0:
                place, again = places[-1], again - 1
            if place is None:
                found.append(f"the journal has a report of {target} that its agent did not make, or not then: {key}")
                break
            at = place
    return found


def judge_commands(truth):
    found = [f"a command still waits: {command}" for command in truth.waiting]
    heard = {line["id"] for life in truth.lives for line in life if line.get("component") == "command" and "id" in line}
    found += [f"lost: the command {id} for {target}" for id, target, _ in truth.commands if id not in heard]
    if truth.reports is not None:
        answered = {r["request"] for r in truth.reports if r["operation"] in ("Succeeded", "Failed")}
        found += [f"the sync {id} of {target} was never answered" for id, target, action in truth.commands if action == "sync" and id not in answered]
    return found


def judge_last(truth):
    """Nobody has done anything for a while: what is said is what is there."""
    found = []
    tip = truth.wishes[-1][1]
    for target, (content, report) in truth.last.items():
        differs = [n for n in truth.names if content[n] != truth.value(tip, n) and
                   not (truth.value(tip, n) is None and is_foreign(truth, target, n, content[n]))]
        if report["sync"] == "Synced" and (truth.trees.get(report["desired"]) != truth.trees[tip] or differs):
            found.append(f"false: {target} is Synced at {report['desired']} at the end, it should have {tip}, and {differs} differ")
        if report["sync"] != "Synced" and not differs:
            found.append(f"{target} has what it should have at the end, and is {report['sync']}: {report['message']}")
        if differs and (report["sync"], report["cause"]) != ("OutOfSync", "drift"):
            found.append(f"{target} differs in {differs} at the end and is told as {report['sync']}, {report['cause']}")
    return found


def judge(truth):
    claims, told = claims_of(truth)
    found = [problem for claim in claims for problem in judge_claim(truth, claim)]
    found += judge_pictures(truth, claims) + judge_commands(truth) + judge_last(truth)
    if truth.reports is not None:
        found += judge_reports(truth, told)
    return found, claims


# What the judge has to find. Each takes a copy of the truth of a trial in which all was well, and the last claim of it that is spoken out.

def never_seen(truth, claim):
    """All the time something was there that a hand had put there."""
    name = next(n for n in truth.names if truth.value(claim.revision, n) is not None)
    truth.hands[claim.target] = [(name, "-:forged\n", claim.began - 2, claim.began - 1)]
    truth.seen[claim.target][name] = Seen()
    truth.seen[claim.target][name].add("-:forged\n", claim.said + 1, claim.said + 2)


def missing(truth, claim):
    name = next(n for n in truth.names if truth.value(claim.revision, n) is not None)
    truth.hands[claim.target] = [(name, None, claim.began - 3, claim.began - 2)]
    truth.seen[claim.target][name] = Seen()
    truth.seen[claim.target][name].add(None, claim.began - 1, claim.began - 0.9)
    truth.seen[claim.target][name].add(None, claim.said + 1, claim.said + 2)


def of_an_older_one(truth, claim):
    """It has what an older revision had, all along."""
    wished = [r for _, r in truth.wishes]
    name, old = next((n, tree[n]) for tree in truth.trees.values() for n in truth.names
                     if truth.value(claim.revision, n) is not None and n in tree and all(truth.value(r, n) != tree[n] for r in wished))
    truth.hands[claim.target] = []
    truth.seen[claim.target][name] = Seen()
    truth.seen[claim.target][name].add(old, claim.began - 1, claim.began - 0.9)
    truth.seen[claim.target][name].add(old, claim.said + 1, claim.said + 2)


def not_pruned(truth, claim):
    """It still has what the revision took away."""
    text = next(value for tree in truth.trees.values() for n, value in tree.items() if n == "b")
    truth.trees = {**truth.trees, claim.revision: {n: v for n, v in truth.trees[claim.revision].items() if n != "b"}}
    truth.wishes = [(when, r) for when, r in truth.wishes if truth.value(r, "b") != text or r == claim.revision]
    truth.hands[claim.target] = []
    truth.seen[claim.target]["b"] = Seen()
    truth.seen[claim.target]["b"].add(text, claim.began - 1, claim.began - 0.9)
    truth.seen[claim.target]["b"].add(text, claim.said + 1, claim.said + 2)


def nobodys_revision(truth, claim):
    line = next(line for life in reversed(truth.lives) for line in reversed(life) if line.get("sync") == "Synced")
    line["desired"] = next(r for r in truth.trees if all(r != w for _, w in truth.wishes))


def said_by_nobody(truth, claim):
    for life in truth.lives:
        life[:] = [line for line in life if line.get("sync") != "Synced" or line["target"] != claim.target]


def without_a_look(truth, claim):
    for life in truth.lives:
        life[:] = [line for line in life if line.get("to") not in ("comparing", "applying")]


def another_at_the_end(truth, claim):
    content, report = truth.last[claim.target]
    name = next(n for n in truth.names if truth.value(truth.wishes[-1][1], n) is not None)
    truth.last[claim.target] = {**content, name: "-:forged\n"}, {**report, "sync": "Synced"}


def lost_command(truth, claim):
    truth.commands.append(("j.9999", claim.target, "sync"))


def out_of_order(truth, claim):
    first = next(r for r in truth.reports if r["sync"] == "Synced" and r["target"] == claim.target)
    truth.reports += [first, truth.reports[-1]] * (len(truth.lives) + 1)
    truth.reports.append({**first, "message": "never said"})


FORGERIES = {
    "a change by hand is not noticed": never_seen, "a file that is missing is not noticed": missing, "an older revision is there": of_an_older_one,
    "something was not pruned": not_pruned, "a revision is claimed that nobody wished for": nobodys_revision,
    "the API shows what no agent said": said_by_nobody, "a claim comes of no look": without_a_look,
    "something else is there at the end": another_at_the_end, "a command is lost": lost_command, "a report is of another time": out_of_order,
}


def prove(truth):
    """In how many forged copies of a truth in which all was well the judge had something to find, and what it did not find."""
    _, claims = judge(truth)
    spoken = [c for c in claims if not c.silent]
    if not spoken or truth.asked or truth.reports is None:
        return 0, []
    missed = []
    for name, forge in FORGERIES.items():
        forged = copy.copy(truth)
        for part in ("wishes", "commands", "hands", "lives", "reports", "last", "seen"):
            setattr(forged, part, copy.deepcopy(getattr(truth, part)))
        forge(forged, spoken[-1])
        if not judge(forged)[0]:
            missed.append(f"the judge does not find it when {name}")
    return len(FORGERIES), missed


def write(truth, path):
    """For who looks at a trial that failed."""
    with open(path, "w") as f:
        for when, revision in truth.wishes:
            f.write(f"{when:.3f} wished {revision} {truth.trees[revision]}\n")
        for target, hands in truth.hands.items():
            f.writelines(f"{began:.3f} {target} {name} by hand {value!r}\n" for name, value, began, _ in hands)
        for target, names in truth.seen.items():
            f.writelines(f"{run[1]:.3f} {target} {name} holds {run[0]!r} until {run[4]:.3f}\n" for name, seen in names.items() for run in seen.runs)
        f.writelines(f"command {command}\n" for command in truth.commands)
        f.write(json.dumps({t: r for t, (_, r) in truth.last.items()}, indent=1) + "\n")
