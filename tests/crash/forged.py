"""The checker itself: of one run in which all went well, copies in which something did not. Each must be found."""
import copy
import json
import os

from checker import ATTRIBUTED, UPDATED, Checker
from kill import compare_all
from points import Scenario
from rig import Daemon, Vain


def events_of(seen, type):
    return [e for e in seen.held if e["type"] == type]


def everywhere(seen, change):
    """The same in the journal and with every subscriber: nobody notices by comparing the two."""
    seen.held = change(seen.held)
    for s, _, _ in seen.subscribers:
        s.got = [(e["id"], e["type"], json.dumps(e)) for e in change([json.loads(data) for _, _, data in s.got])]


def lose(seen):
    """An acknowledged push is gone, and the numbers are closed up."""
    gone = next(e for e in events_of(seen, UPDATED) if e["data"]["actor"])

    def change(events):
        left = copy.deepcopy([e for e in events if e != gone])
        for e in left:
            journal, seq = e["id"].split(".")
            if int(seq) > int(gone["id"].split(".")[1]):
                e["id"] = f"{journal}.{int(seq) - 1}"
        return left

    everywhere(seen, change)


def alter(seen, key, value):
    """One word of the last announced move is another."""
    last = [e for e in events_of(seen, UPDATED) if e["data"]["actor"]][-1]["id"]

    def change(events):
        events = copy.deepcopy(events)
        for e in events:
            if e["id"] == last:
                e["data"][key] = value
        return events

    everywhere(seen, change)


def swap(seen):
    """Two moves of main have changed places."""
    a, b = [e["id"] for e in events_of(seen, UPDATED) if e["data"]["ref"] == "refs/heads/main"][:2]

    def change(events):
        events = copy.deepcopy(events)
        data = {e["id"]: e["data"] for e in events}
        for e in events:
            if e["id"] in (a, b) and a in data and b in data:
                e["data"] = data[b if e["id"] == a else a]
        return events

    everywhere(seen, change)


def tell_a_lie(seen):
    """A push that was false is told as a move that was seen."""
    seen.pushes[0].false = "false"


def attribute_wrongly(seen):
    """A word names an event of another ref."""
    told = next(e for e in events_of(seen, UPDATED) if e["data"]["ref"] == "refs/heads/main" and e["data"]["actor"])
    other = next(e for e in events_of(seen, UPDATED) if e["data"]["ref"] != "refs/heads/main")
    told["type"], told["data"]["event"] = ATTRIBUTED, other["id"]
    for s, _, _ in seen.subscribers:
        s.got = []


def hole(seen):
    del seen.held[1]


def deliver_twice(seen):
    seen.subscribers[0][0].got.insert(2, seen.subscribers[0][0].got[1])


def deliver_none(seen):
    del seen.subscribers[1][0].got[-1]


def deliver_what_is_not(seen):
    cursor, kind, data = seen.subscribers[0][0].got[-1]
    seen.subscribers[0][0].got.append((cursor.split(".")[0] + ".9999", kind, data.replace("refs/heads", "refs/tails")))


def deliver_otherwise(seen):
    cursor, kind, data = seen.subscribers[2][0].got[0]
    seen.subscribers[2][0].got[0] = (cursor, kind, data.replace("watch", "hook").replace("spool", "hook"))


def begin_anew(seen):
    seen.subscribers[0][0].resets = 1


def move_a_ref(seen):
    seen.refs["a", "refs/heads/main"] = seen.site.template.side[5]


def stale_snapshot(seen):
    seen.snapshot = seen.snapshot[1:]


FORGERIES = {
    "an acknowledged push is lost": lose, "two moves are swapped": swap, "a false push is believed": tell_a_lie,
    "a pusher's name is another": lambda seen: alter(seen, "actor", "mallory"),
    "a move ends elsewhere": lambda seen: alter(seen, "new", seen.site.template.side[7]),
    "a move begins elsewhere": lambda seen: alter(seen, "old", seen.site.template.side[7]),
    "a word is attributed to another ref's move": attribute_wrongly, "the journal has a hole": hole,
    "an event is delivered twice": deliver_twice, "an event is not delivered": deliver_none,
    "something is delivered that is not journaled": deliver_what_is_not, "an event is delivered as another": deliver_otherwise,
    "a cursor is not honoured": begin_anew, "a ref is elsewhere": move_a_ref, "a snapshot lacks a ref": stale_snapshot,
}


class Kept:
    """What the checker reads of a subscriber, without its thread."""

    def __init__(self, s):
        self.first, self.got, self.resets, self.trouble = s.first, list(s.got), s.resets, s.trouble


def trials(folder, template):
    """Yields the name of each forgery, and what is wrong when it is not found."""
    scenario = Scenario(os.path.join(folder, "forged"), template)
    scenario.push(scenario.before)
    _, status = scenario.run(Daemon(scenario.site))
    checker = Checker(template)
    seen = compare_all(scenario.site, [scenario.driver], scenario.subscribers, checker, None)
    scenario.close()
    if status != 0 or checker.problems:
        raise Vain(f"the scenario itself is not well: {status} {checker.problems}")
    for name, forge in FORGERIES.items():
        site, subscribers = seen.site, seen.subscribers
        seen.site, seen.subscribers = None, []
        copied = copy.deepcopy(seen)
        seen.site, seen.subscribers = site, subscribers
        copied.site, copied.subscribers = site, [(Kept(s), n, wanted) for s, n, wanted in subscribers]
        checker = Checker(template)
        forge(copied)
        copied.judge(checker)
        yield name, [] if checker.problems else ["the checker finds nothing"]
