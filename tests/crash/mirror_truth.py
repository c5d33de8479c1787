"""What both sides of a mirror must have in the end, and the judge of the trials of mirrors.py.

The judge looks at a Picture: the refs of both sides and what the journal says of them; and at a Ledger: what was acknowledged to whom. A commit is
lost when it was acknowledged and no ref holds it any more, though nobody who may do so has said that it shall go. A divergence is silent when a
ref is not the same on both sides and the journal does not say so of it."""
import copy
import os
import re
import subprocess

from rig import ZERO, clean_environment

OUR_OWN = "refs/headgate/"
TOLD = ("diverged", "held", "refused")
WAITS = ("diverged", "held")


def mirrored(ref):
    return ref.startswith(("refs/heads/", "refs/tags/"))


class History:
    """Makes commits in a repository of nobody's, and knows their parents."""

    def __init__(self, path):
        self.path, self.parents, self.bad, self.n = path, {}, set(), 0
        self.git("init", "-q", "--bare", path, at=None)

    def git(self, *args, at="", text=None):
        where = [] if at is None else ["-C", at or self.path]
        return subprocess.run(["git", *where, *args], check=True, capture_output=True, text=True, input=text, env=clean_environment()).stdout

    def commit(self, parent=None, bad=None, weight=b""):
        """A commit upon `parent`; with `bad` it brings a file that no gate lets pass, or takes that away again."""
        self.n += 1
        text = f"{self.n} {os.path.basename(os.path.dirname(self.path))}\n".encode()
        lines = [b"commit refs/made\nmark :1\ncommitter A <a@example.org> %d +0000\ndata 2\nm\n" % (1700000000 + self.n)]
        if parent:
            lines.append(b"from %s\n" % parent.encode())
        lines.append(b"M 100644 inline f%d.txt\ndata %d\n%s\n" % (self.n % 9, len(text), text))
        if weight:
            lines.append(b"M 100644 inline heavy.bin\ndata %d\n%s\n" % (len(weight), weight))
        was = parent in self.bad
        if bad:
            lines.append(b"M 100644 inline bad.yaml\ndata 10\na: 1\na: 2\n\n")
        elif bad is False and was:
            lines.append(b"D bad.yaml\n")
        lines.append(b"get-mark :1\n")
        done = subprocess.run(["git", "-C", self.path, "fast-import", "--quiet", "--force"], input=b"".join(lines), check=True, capture_output=True,
                              env=clean_environment())
        made = done.stdout.decode().strip()
        self.parents[made] = [parent] if parent else []
        if bad or (was and bad is None):
            self.bad.add(made)
        return made

    def tag(self, name, commit):
        made = self.git("mktag", text=f"object {commit}\ntype commit\ntag {name}\ntagger A <a@example.org> 1700000000 +0000\n\nt\n").strip()
        self.parents[made] = [commit]
        if commit in self.bad:
            self.bad.add(made)
        return made

    def reached(self, tips):
        seen, todo = set(), [t for t in tips if t in self.parents]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += self.parents[one]
        return seen


class Ledger:
    """What was acknowledged, and to whom. `source` is who is followed: ours for push, theirs for pull; `target` is the copy."""

    def __init__(self, history, direction, on_force="keep", on_delete="keep", gated=False):
        self.history, self.direction, self.on_force, self.on_delete, self.gated = history, direction, on_force, on_delete, gated
        self.source = {}    # repo -> refs, as those who may write there have left them
        self.foreign = {}   # repo -> commits that somebody has put into the target and nobody has taken away
        self.dropped = {}   # repo -> commits that a forced or deleted ref of the source let go of, by their own will
        self.published = {}  # repo -> ids that mirrored refs of a pull copy have had

    def repo(self, name):
        for kind in (self.foreign, self.dropped, self.published):
            kind.setdefault(name, set())
        self.source.setdefault(name, {})


class Picture:
    """Of one repository, when all is quiet."""

    def __init__(self, ours, theirs, rows, state, error, diverged_told, damage):
        self.ours, self.theirs, self.rows, self.state, self.error, self.diverged_told, self.damage = ours, theirs, rows, state, error, diverged_told, damage


def refs_of(path):
    done = subprocess.run(["git", "-C", path, "for-each-ref", "--format=%(refname) %(objectname)"], check=True, capture_output=True, text=True,
                          env=clean_environment())
    return dict(line.split() for line in done.stdout.splitlines())


def damage_of(path):
    """What git finds wrong with what its refs hold."""
    done = subprocess.run(["git", "-C", path, "rev-list", "--objects", "--all", "--quiet"], capture_output=True, text=True, env=clean_environment())
    return done.stderr.strip()[:300] if done.returncode else ""


def short(commit):
    return commit[:8] or "nothing"


def judge_divergence(ledger, picture, decided):
    """Refs that are not the same and not told so; with `decided` nothing may wait for a person any more."""
    found = []
    names = {ref for ref in [*picture.ours, *picture.theirs, *picture.rows] if mirrored(ref)}
    source = picture.ours if ledger.direction == "push" else picture.theirs
    waits = 0
    for ref in sorted(names):
        ours, theirs = picture.ours.get(ref, ""), picture.theirs.get(ref, "")
        state, both, their_row, our_row, note = picture.rows.get(ref, ("", "", "", "", ""))
        told = state in TOLD
        if ours == theirs:
            if told or state == "behind":
                found.append(f"{ref} is the same on both sides, {short(ours)}, and told as {state}: {note}")
            if state == "in-step" and both != ours:
                found.append(f"{ref} is in step at {short(ours)}, and told as in step at {short(both)}")
            continue
        if ledger.direction == "push" and ref not in source and not told and both == "" and (state == "" or note):
            continue  # somebody else's there, which is none of ours; it is told as that
        if ledger.direction == "pull" and ref not in source and not told and state != "in-step" and both == "":
            continue  # somebody's here, which upstream never had
        if not told:
            found.append(f"silent: {ref} is {short(ours)} here, {short(theirs)} there, and told as {state or 'nothing'} {note}")
            continue
        if (our_row, their_row) != (ours, theirs):
            found.append(f"{ref} is {short(ours)} here, {short(theirs)} there, and told as {state} with {short(our_row)} here, {short(their_row)} there")
        if not note:
            found.append(f"{ref} is told as {state} without a word why")
        waits += state in WAITS
        # Who accepts does not overrule the gate: what that refuses is not taken, and what is here waits on.
        if decided and state in WAITS and not (ledger.gated and theirs in ledger.history.bad):
            found.append(f"{ref} still waits, {state}, though it was decided: {note}")
    if waits and picture.state != "stopped":
        found.append(f"{waits} refs wait for a person, and the copy is {picture.state}")
    if waits and not picture.diverged_told:
        found.append(f"{waits} refs wait for a person, and no event has told of it")
    if picture.state in ("stopped", "failing") and not picture.error:
        found.append(f"the copy is {picture.state} and does not say why")
    if picture.state not in ("in-step", "stopped", "failing"):
        found.append(f"the copy is {picture.state} at the end")
    if picture.state == "stopped" and not waits and not decided and not any(row[0] == "refused" for row in picture.rows.values()):
        found.append(f"the copy is stopped for nothing that differs: {picture.error}")
    return found


def judge_losses(ledger, repo, picture):
    found, history = [], ledger.history
    source, target = (picture.ours, picture.theirs) if ledger.direction == "push" else (picture.theirs, picture.ours)
    wanted = ledger.source[repo]
    if {r: c for r, c in source.items() if not r.startswith(OUR_OWN)} != wanted:
        changed = sorted(r for r in {*source, *wanted} if not r.startswith(OUR_OWN) and source.get(r) != wanted.get(r))
        found.append("the side that is followed was changed: " + ", ".join(f"{r} is {short(source.get(r, ''))}, was {short(wanted.get(r, ''))}"
                                                                           for r in changed[:5]))
    held = history.reached(target.values())
    found += [f"lost: {short(c)}, which somebody had put into the copy" for c in ledger.foreign[repo] - held]
    if ledger.direction == "pull":
        free = ledger.dropped[repo] if "follow" in (ledger.on_force, ledger.on_delete) else set()
        found += [f"lost: {short(c)}, which was published here" for c in ledger.published[repo] - held - free]
        if ledger.gated:
            found += [f"{short(c)} was published here, and the gate refuses it" for c in ledger.published[repo] & history.bad]
    for side, refs in (("here", picture.ours), ("there", picture.theirs)):
        strange = [f"{r} {short(c)}" for r, c in refs.items() if c not in history.parents]
        if strange:
            found.append(f"nobody has ever made what is {side}: {strange[:5]}")
    beyond = [r for r in target if not mirrored(r) and not r.startswith(OUR_OWN)]
    if beyond:
        found.append(f"the copy has refs that are not to be mirrored: {beyond[:5]}")
    if any(r.startswith(OUR_OWN) for r in picture.theirs):
        found.append("refs of Headgate's own are on the other side")
    return found + [f"damaged: {words}" for words in picture.damage if words]


def judge(ledger, pictures, decided=False):
    found = []
    for repo, picture in pictures.items():
        found += [f"{repo}: {p}" for p in judge_divergence(ledger, picture, decided) + judge_losses(ledger, repo, picture)]
    return found


def same_on_both(picture):
    return [r for r, c in picture.ours.items() if mirrored(r) and picture.theirs.get(r) == c and picture.rows.get(r, ("",))[0] == "in-step"]


# What the judge has to find. Each is given copies of the ledger and of the picture of a repository in which all is well, and says whether it could
# forge anything.

def a_ref_is_behind(ledger, repo, picture):
    target = picture.theirs if ledger.direction == "push" else picture.ours
    ref = next((r for r in same_on_both(picture) if ledger.history.parents[target[r]]), None)
    if ref:
        target[ref] = ledger.history.parents[target[ref]][0]
    return ref


def a_ref_is_missing(ledger, repo, picture):
    target = picture.theirs if ledger.direction == "push" else picture.ours
    ref = next(iter(same_on_both(picture)), None)
    if ref:
        del target[ref]
    return ref


def it_is_not_told(ledger, repo, picture):
    ref = next((r for r, row in picture.rows.items() if row[0] in TOLD), None)
    if ref:
        picture.rows[ref] = ("in-step", *picture.rows[ref][1:])
    return ref


def the_copy_hides_it(ledger, repo, picture):
    picture.state = "in-step"
    return any(row[0] in WAITS for row in picture.rows.values())


def nothing_is_kept(ledger, repo, picture):
    kept = [r for r in picture.ours if r.startswith(OUR_OWN + "kept/")]
    for ref in kept:
        del picture.ours[ref]
    held = ledger.history.reached(picture.ours.values())
    return ledger.direction == "pull" and any(c not in held and c not in ledger.dropped[repo] for c in ledger.published[repo] | ledger.foreign[repo])


def somebodys_commit_is_gone(ledger, repo, picture):
    ledger.foreign[repo].add(ledger.history.commit())
    return True


def the_source_was_changed(ledger, repo, picture):
    (picture.ours if ledger.direction == "push" else picture.theirs)["refs/heads/main"] = ledger.history.commit()
    return True


def it_is_told_of_the_past(ledger, repo, picture):
    ref = next((r for r, row in picture.rows.items() if row[0] == "in-step"), None)
    if ref:
        picture.rows[ref] = ("in-step", ZERO, *picture.rows[ref][2:])
    return ref


FORGERIES = {"a ref is behind": a_ref_is_behind, "a ref is missing": a_ref_is_missing, "a ref that differs is not told": it_is_not_told,
             "the copy hides that it waits": the_copy_hides_it, "nothing is kept": nothing_is_kept, "somebody's commit is gone": somebodys_commit_is_gone,
             "the source was changed": the_source_was_changed, "a ref is told with another id": it_is_told_of_the_past}


def prove(ledger, pictures):
    """In how many forged outcomes the judge had something to find, and what it did not find."""
    n, missed = 0, []
    for name, forge in FORGERIES.items():
        for repo in pictures:
            false = copy.copy(ledger)
            for part in ("source", "foreign", "dropped", "published"):
                setattr(false, part, copy.deepcopy(getattr(ledger, part)))
            picture = copy.deepcopy(pictures[repo])
            if forge(false, repo, picture):
                n += 1
                if not judge(false, {repo: picture}):
                    missed.append(f"the judge does not find it when {name}")
    return n, missed


def published_by(log):
    """Ids that a reference-transaction hook of a repository has seen mirrored refs get."""
    if not os.path.exists(log):
        return set()
    with open(log) as f:
        return {m[1] for m in re.finditer(r"^\S+ ([0-9a-f]{40}) (refs/(?:heads|tags)/.*)$", f.read(), re.M) if m[1] != ZERO}
