"""What must hold of a trial, whatever was killed when: over what was done, acknowledged, journaled and delivered."""
import json

from rig import ZERO

UPDATED, ATTRIBUTED, SUPERSEDED, REFUSED = (f"io.headgate.{t}.v1" for t in ("ref.updated", "push.attributed", "push.superseded",
                                                                            "push.refused"))


class Checker:
    def __init__(self, template):
        self.chain = {id: i for i, id in enumerate(template.chain)}
        self.side = set(template.side)
        self.root = template.chain[0]
        self.problems = []
        self.counts = {"acknowledged": 0, "journaled": 0, "delivered": 0, "compacted": 0}

    def problem(self, text):
        self.problems.append(text)

    def descends(self, new, old):
        """Whether new comes after old, or is it."""
        if new == old:
            return True
        if new in self.chain and old in self.chain:
            return self.chain[new] >= self.chain[old]
        return new in self.side and old == self.root

    @staticmethod
    def seq(event):
        return int(event["id"].split(".")[1])

    def all_there_was(self, held, subscribers):
        """Every event from the first on: out of the journal, and those that it no longer holds as subscribers got them. None when
        nobody has them all."""
        all = {}
        for event in held + [json.loads(data) for s, _, _ in subscribers for _, _, data in s.got]:
            if all.setdefault(self.seq(event), event) != event:
                self.problem(f"{event['id']} is told in two ways: {event} and {all[self.seq(event)]}")
        complete = sorted(all) == list(range(1, len(all) + 1))
        return [all[seq] for seq in sorted(all)] if complete else None

    def journal(self, held, compacted):
        """One total order without a hole, ids as the places say; a beginning that is gone is said to be."""
        first = self.seq(held[0]) if held else 1
        self.counts["journaled"] += len(held) + first - 1
        self.counts["compacted"] += first - 1
        if first != 1 and not (compacted and any(e["type"] == "io.headgate.journal.compacted.v1" for e in held)):
            self.problem(f"the journal begins at {first}")
        for i, event in enumerate(held):
            if self.seq(event) != first + i:
                self.problem(f"event {first + i} of the journal has id {event['id']}")
                return

    def chains(self, events, history, refs):
        """Each ref's moves lead from nowhere to where it is now, through values that it had, in their order."""
        at = {}
        for event in events:
            if event["type"] != UPDATED:
                continue
            data = event["data"]
            key = data["repo"], data["ref"]
            if data["old"] != at.get(key, ZERO):
                self.problem(f"{key} is said to have come from {data['old']} and was at {at.get(key, ZERO)}: {event['id']}")
            at[key] = data["new"]
        for (repo, ref), values in history.items():
            self.subsequence(repo, ref, [ZERO] + [e["data"]["new"] for e in events if e["type"] == UPDATED and
                                                  (e["data"]["repo"], e["data"]["ref"]) == (repo, ref)], values)
        for key in at:
            if key not in history:
                self.problem(f"{key} was journaled, and nobody ever made it")
        for key in set(refs) | set(at):
            if at.get(key, ZERO) != refs.get(key, ZERO):
                self.problem(f"{key} is at {refs.get(key, ZERO)} and journaled at {at.get(key, ZERO)}")

    def subsequence(self, repo, ref, journaled, values):
        place = 0
        for value in journaled:
            try:
                place = values.index(value, place) + (value != ZERO)
            except ValueError:
                self.problem(f"{repo} {ref}: {value} is journaled and {'never was' if value not in values else 'came before'}")
                return

    def pushes(self, events, pushes, history):
        """What was handed over is there once, with its name; nothing is told that nobody did."""
        words = {}
        for event in events:
            data = event["data"]
            if data.get("repo") == "pushed":
                continue
            if event["type"] in (UPDATED, ATTRIBUTED, SUPERSEDED) and data["actor"] is not None:
                words.setdefault((data["actor"], data["repo"], data["ref"]), []).append(event)
            elif event["type"] == REFUSED:
                words.setdefault((data["actor"], data["repo"], None), []).append(event)
        known = {}
        for push in pushes:
            self.counts["acknowledged"] += push.handed_over
            for update in push.updates if push.false != "refused" else [(None, None, None)]:
                key = push.actor, push.repo, update[2]
                known[key] = push
                self.word(push, update, words.get(key, []), events, history)
        for key, found in words.items():
            if key not in known:
                self.problem(f"{key} was never pushed: {json.dumps(found[0])}")

    def word(self, push, update, found, events, history):
        if push.false == "unknown":
            if found:
                self.problem(f"an announcement of a repository that is none was journaled: {found[0]}")
            return
        if len(found) > 1:
            self.problem(f"{push} is journaled {len(found)} times for {update[2]}: {[e['id'] for e in found]}")
        if not found:
            if push.handed_over:
                self.problem(f"lost: {push}, {update[2]}")
            return
        event = found[0]
        if push.false == "refused":
            return
        old, new, ref = update
        data = event["data"]
        if (data["old"], data["new"]) != (old, new):
            self.problem(f"{push} is journaled as {data['old']} to {data['new']}")
        if push.cursor and int(event["id"].split(".")[1]) > int(push.cursor.split(".")[1]):
            self.problem(f"{push} was acknowledged at {push.cursor} and journaled at {event['id']}")
        if push.false:
            if event["type"] != SUPERSEDED:
                self.problem(f"a move that never was is journaled: {event}")
        elif event["type"] == ATTRIBUTED:
            self.explains(push, update, event, events, history[push.repo, ref])
        elif event["type"] == SUPERSEDED:
            self.may_be_superseded(push, update, events, history[push.repo, ref])

    @staticmethod
    def step(old, new, values):
        """The place in its ref's history to which a push led: no value but the zero id is there twice."""
        return values.index(old) + 1 if new == ZERO else values.index(new)

    @staticmethod
    def span(event, events, values):
        """From which to which place a ref.updated leads, as far as it may: a ref can be nowhere more than once."""
        same = [e["data"] for e in events if e["type"] == UPDATED and (e["data"]["repo"], e["data"]["ref"]) ==
                (event["data"]["repo"], event["data"]["ref"])]
        at = same.index(event["data"])
        old, new = event["data"]["old"], event["data"]["new"]
        if old == ZERO:
            begin = values.index(ZERO, values.index(same[at - 1]["old"])) if at else 0
        else:
            begin = values.index(old)
        if new == ZERO:
            before = values.index(same[at + 1]["new"]) if at + 1 < len(same) else len(values)
            end = max(i for i in range(before) if values[i] == ZERO)
        else:
            end = values.index(new)
        return begin, end

    def explains(self, push, update, event, events, values):
        seq = int(event["data"]["event"].split(".")[1])
        told = events[seq - 1]
        if told["type"] != UPDATED or seq >= int(event["id"].split(".")[1]) or told["data"]["actor"] is not None or \
                (told["data"]["repo"], told["data"]["ref"]) != (push.repo, update[2]):
            self.problem(f"{push} is attributed to {told}")
            return
        begin, end = self.span(told, events, values)
        if not begin < self.step(*update[:2], values) <= end:
            self.problem(f"{push} is attributed to a move that it is no part of: {told}")

    def may_be_superseded(self, push, update, events, values):
        """The ref has gone elsewhere since, or has never been seen there."""
        old, new, ref = update
        place = self.step(old, new, values)
        # Of one that went back it cannot be told whether the ref has been there.
        if any(not self.descends(value, new) for value in values[place + 1:]) or old != ZERO and not self.descends(new, old):
            return
        moves = [e["data"] for e in events if e["type"] == UPDATED and (e["data"]["repo"], e["data"]["ref"]) == (push.repo, ref)]
        if new != ZERO and any(data["new"] == new for data in moves) or new == ZERO and any(data["old"] == old for data in moves):
            self.problem(f"{push} is told as superseded, and the ref never left it: {values}")

    def delivered(self, name, subscriber, events, wanted, compacted):
        """From its cursor on all that it asked for, each once, in order, as journaled."""
        self.counts["delivered"] += len(subscriber.got)
        if subscriber.trouble:
            self.problem(f"{name}: {subscriber.trouble}")
        if subscriber.resets and not compacted:
            self.problem(f"{name}: was told to begin anew, and the journal is the same")
        if subscriber.resets or events is None:
            # Its cursor was no longer held. What came is in order all the same, and all_there_was has seen that it was told truly.
            places = [int(cursor.split(".")[1]) for cursor, _, _ in subscriber.got]
            if places != sorted(set(places)):
                self.problem(f"{name}: out of order, or twice: {places}")
            return
        if subscriber.first is None:
            self.problem(f"{name}: never got its first cursor")
            return
        first = int(subscriber.first.split(".")[-1])
        if compacted and first == 0 and subscriber.got:
            first = int(subscriber.got[0][0].split(".")[1]) - 1  # 0 is the beginning of what is held
        want = [(event["id"], event["type"], event) for event in events[first:] if wanted(event)]
        for i, (cursor, kind, data) in enumerate(subscriber.got):
            if i >= len(want):
                self.problem(f"{name}: got {cursor} {kind}, which the journal does not have")
                return
            if (cursor, kind) != want[i][:2]:
                self.problem(f"{name}: got {cursor} {kind} where {want[i][0]} {want[i][1]} was to come")
                return
            if json.loads(data) != want[i][2]:
                self.problem(f"{name}: {cursor} was delivered as {data} and is journaled as {json.dumps(want[i][2])}")
                return
        if len(subscriber.got) < len(want):
            self.problem(f"{name}: lacks {want[len(subscriber.got)][0]} and {len(want) - len(subscriber.got) - 1} more after "
                         f"{len(subscriber.got)}")

    def snapshot(self, snapshot, refs):
        told = {(s["repo"], s["ref"]): s["new"] for s in snapshot}
        for key in set(told) | set(refs):
            if told.get(key) != refs.get(key):
                self.problem(f"{key} is at {refs.get(key)} and told in the snapshot as {told.get(key)}")
