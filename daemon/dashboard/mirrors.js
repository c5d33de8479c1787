// Mirrors: how each is, the worst first; the copies of one; one copy with the refs that are not in step, and what may be asked of it.
import { get, post } from "./api.js";
import { branch, count, h, none, refill, short, slashes, when } from "./dom.js";
import { kindOf, past } from "./events.js";
import { isScoped, mayOperate } from "./model.js";

const often = 2000, // while something moves, or is to
  seldom = 10000, // that a copy fails is no event
  page = 100;

// States of a copy, the worst first.
const states = [
  { name: "stopped", word: "Stopped", look: "failed", sign: "✕", means: "waits for a person" },
  { name: "failing", word: "Failing", look: "degraded", sign: "▾", means: "could not be brought in step, and is tried again" },
  { name: "behind", word: "Behind", look: "behind", sign: "↓", means: "something waits for its turn, or moves" },
  { name: "new", word: "New", look: "unknown", sign: "?", means: "has not been looked at yet" },
  { name: "in-step", word: "In step", look: "synced", sign: "✓", means: "both sides have the same" },
];
const refStates = {
  diverged: ["failed", "✕", "Diverged"],
  held: ["failed", "‖", "Held"],
  refused: ["degraded", "▾", "Refused"],
  behind: ["behind", "↓", "Behind"],
  "in-step": ["synced", "✓", "In step"],
};
const unwell = "stopped,failing,behind,new";
const rank = (name) => states.findIndex((state) => state.name === name);
const countsOf = (mirror) => states.map((state) => mirror[state.name.replace("-", "_")]);
const worst = (mirror) => states[countsOf(mirror).findIndex((n) => n > 0)];

const badgeOf = (look, sign, word, means) =>
  h("span", { class: `badge s-${look}`, title: means }, h("span", { class: "sign", "aria-hidden": "true" }, sign), word);
const badge = (state) =>
  state ? badgeOf(state.look, state.sign, state.word, state.means) : badgeOf("unknown", "?", "Empty", "no repository is of it");
const pausedTag = (n) => (n ? [" ", h("span", { class: "tag" }, n === true ? "paused" : `${n} paused`)] : null);

const mirrorLink = (name) => `#/mirrors/${encodeURIComponent(name)}`;
const copyLink = (copy) => `${mirrorLink(copy.mirror)}/${encodeURIComponent(copy.repo)}`;

function bytes(n) {
  if (n === null) return none("not told");
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return unit ? `${n.toFixed(1)} ${units[unit]}` : `${n} bytes`;
}

function moving(running) {
  const of = running.objects_total
    ? `, ${running.objects.toLocaleString("en")} of ${running.objects_total.toLocaleString("en")} objects`
    : "";
  return `${running.phase || "beginning"}${running.percent ? ` ${running.percent}%` : ""}${of}`;
}

// One line that says how a copy is.
function reason(copy) {
  if (copy.running) return moving(copy.running);
  if (copy.error) return copy.error;
  if (copy.waiting) return "waits for its turn";
  return states[rank(copy.state)]?.means ?? copy.state;
}

function table(name, heads, rows) {
  return h(
    "table",
    { class: `cards mirrors ${name}`, role: "table" },
    h("caption", { class: "spoken" }, name === "refs-of" ? "Refs" : "Mirrors and repositories, the worst first"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((text) => h("th", { role: "columnheader", scope: "col" }, text)))),
    h("tbody", { role: "rowgroup" }, rows),
  );
}

const cell = (label, ...children) => h("td", { role: "cell", "data-label": label }, children);
const rowHead = (label, ...children) => h("th", { role: "rowheader", scope: "row", "data-label": label }, children);

function mirrorRow(mirror) {
  return h(
    "tr",
    { role: "row" },
    cell("State", badge(worst(mirror)), pausedTag(mirror.paused)),
    rowHead(
      "Mirror",
      h("a", { href: mirrorLink(mirror.name) }, mirror.name),
      h("span", { class: "under" }, mirror.direction === "push" ? "pushed to " : "pulled from ", slashes(mirror.url)),
    ),
    cell("Repositories", mirror.copies.toLocaleString("en")),
    cell(
      "How they are",
      states
        .map((state, i) => [countsOf(mirror)[i], state.word.toLowerCase()])
        .filter(([n]) => n)
        .map(([n, word]) => `${n.toLocaleString("en")} ${word}`)
        .join(", ") || none("none yet"),
    ),
  );
}

function copyRow(copy, named) {
  return h(
    "tr",
    { role: "row" },
    cell("State", badge(states[rank(copy.state)]), pausedTag(copy.paused)),
    rowHead(
      "Repository",
      h("a", { href: copyLink(copy) }, slashes(copy.repo)),
      named ? h("span", { class: "under" }, copy.direction === "push" ? "to " : "from ", copy.mirror) : null,
    ),
    cell("What", h("span", { class: "what" }, reason(copy))),
    cell("Behind since", copy.since ? when(copy.since) : none("—")),
    cell("Last good", copy.ok ? when(copy.ok) : none("never")),
  );
}

const copyHeads = ["State", "Repository", "What", "Behind since", "Last good"];

// Ask again and again, sooner when an event tells of mirrors; look() answers whether something moves, null: only an event is a reason to
// ask again.
const concerns = /^(mirror\.|ref\.updated$|upstream\.)/;
function follow(look) {
  let timer = 0,
    asking = null,
    planned = false,
    left = false;
  async function again() {
    clearTimeout(timer);
    planned = false;
    asking?.abort();
    const own = (asking = new AbortController());
    let soon = false;
    try {
      // Nobody sees a hidden page.
      soon = !document.hidden && (await look(own.signal));
    } catch (error) {
      if (error.name === "AbortError") return;
    }
    if (!left && asking === own && soon !== null) timer = setTimeout(again, soon ? often : seldom);
  }
  again();
  return {
    again,
    told(events) {
      if (planned || !events.some((event) => concerns.test(event.type))) return;
      planned = true;
      clearTimeout(timer);
      timer = setTimeout(again, 300);
    },
    leave() {
      left = true;
      clearTimeout(timer);
      asking?.abort();
    },
  };
}

const restless = (copies) => copies.some((copy) => copy.running || copy.waiting);

// How all mirrors are, for the overview of the fleet: nothing where there are none.
export function mirrorHealth() {
  const element = h("p", { class: "health", hidden: true });
  const line = follow(async (signal) => {
    const { mirrors } = await get("/v1/mirrors", { limit: 1 }, signal);
    const some = mirrors.some((mirror) => mirror.copies);
    element.hidden = !some;
    refill(element, mirrors, () => [
      h("a", { href: "#/mirrors" }, "Mirrors"),
      " ",
      states
        .map((state, i) => [state, mirrors.reduce((n, mirror) => n + countsOf(mirror)[i], 0)])
        .filter(([, n]) => n)
        .map(([state, n]) => h("span", { class: "fed" }, badge(state), h("span", { class: "n" }, n.toLocaleString("en")))),
    ]);
    return some ? false : null;
  });
  return {
    element,
    // A push moves copies, which tell of it.
    told: (events) => line.told(events.filter((event) => event.type.startsWith("mirror."))),
    leave: line.leave,
  };
}

export function mirrorsPage() {
  const headline = h("h1", { tabindex: "-1" }, "Mirrors"),
    body = h("div", {}),
    problem = h("p", { class: "hint", role: "status" }, "Looking");

  const line = follow(async (signal) => {
    try {
      const copies = [];
      let mirrors = [],
        more = false;
      for (const state of unwell.split(",")) {
        if (copies.length >= page) break;
        const answer = await get("/v1/mirrors", { state, limit: page - copies.length }, signal);
        mirrors = answer.mirrors;
        copies.push(...answer.copies);
        more ||= answer.after !== null;
      }
      problem.textContent = "";
      draw(mirrors, copies, more);
      return restless(copies);
    } catch (error) {
      if (error.name !== "AbortError") problem.textContent = `The mirrors cannot be read: ${error.message}.`;
      throw error;
    }
  });

  function draw(mirrors, copies, more) {
    const all = mirrors.reduce((n, mirror) => n + mirror.copies, 0);
    const bad = mirrors.reduce((n, mirror) => n + mirror.stopped + mirror.failing, 0);
    headline.textContent = !mirrors.length
      ? "No mirror"
      : bad
        ? `${count(bad, "repository", "repositories")} of ${all.toLocaleString("en")} ${bad === 1 ? "needs" : "need"} a look`
        : copies.length
          ? "Being brought in step"
          : `All ${count(all, "repository", "repositories")} in step`;
    refill(body, [mirrors, copies, more], () =>
      mirrors.length
        ? [
            table(
              "all",
              ["State", "Mirror", "Repositories", "How they are"],
              [...mirrors]
                .sort((a, b) => rank(worst(a)?.name ?? "in-step") - rank(worst(b)?.name ?? "in-step") || (a.name < b.name ? -1 : 1))
                .map(mirrorRow),
            ),
            copies.length
              ? h(
                  "section",
                  {},
                  h("h2", {}, "Not in step"),
                  table(
                    "copies",
                    copyHeads,
                    copies.map((copy) => copyRow(copy, true)),
                  ),
                  more ? h("p", { class: "hint" }, "There are more; each mirror has all of its own.") : null,
                )
              : null,
          ]
        : [h("p", { class: "empty" }, "The config names no mirror, or none of a repository that is yours to see.")],
    );
  }

  return {
    title: "Mirrors",
    element: h(
      "div",
      { class: "page" },
      h("div", { class: "head" }, headline, h("p", { class: "lede" }, "Repositories that are kept in step with others.")),
      problem,
      body,
    ),
    update: line.told,
    leave: line.leave,
  };
}

// Buttons anew, where they are others; what had the focus has it again, or that which takes its place.
function rebutton(actions, key, build) {
  const had = actions.contains(document.activeElement) ? document.activeElement.id : "";
  refill(actions, key, build);
  if (had && !actions.contains(document.activeElement)) (document.getElementById(had) ?? actions.firstElementChild)?.focus();
}

// Buttons by which an operator asks for something; told is where the answer is said.
function orders(mirror, repo, told, after) {
  async function order(action, button) {
    button.disabled = true;
    told.textContent = "";
    try {
      await post("/v1/mirrors/act", { mirror, repo, action });
      told.textContent = {
        sync: "A sync is asked for.",
        verify: "The other side is asked for its refs.",
        pause: "Paused: hands off until somebody resumes it.",
        resume: "It goes on.",
        accept: "Accepted; it is brought in step.",
      }[action];
      after();
    } catch (error) {
      told.textContent = `That was not taken: ${error.message}.`;
    }
    button.disabled = false;
    document.getElementById(button.id)?.focus();
  }
  const make = (text, action, main) => {
    const button = h(
      "button",
      { type: "button", class: main ? "main" : null, id: `do-${action}`, onclick: () => order(action, button) },
      text,
    );
    return button;
  };
  return { make, order };
}

// Of a mirror whose other side is a Headgate too: whether it is followed, and which of two peers leads.
function upstreamLine({ server, following, error, peer }) {
  const live = following
    ? ["Followed live: what moves at ", server, " is here at once."]
    : ["Not followed live: ", error ?? "it is being dialled", ". The clock finds what moves there."];
  if (!peer) return h("p", { class: following ? "lede" : "problem" }, live);
  const handover = peer.handover
    ? h("p", {}, `Hand-over, ${peer.handover.step}: ${peer.handover.left} of ${count(peer.handover.repositories, "repository", "repositories")} left.`)
    : null;
  return [
    h("p", { class: "lede" }, peer.role === "leader" ? "This side leads, and takes pushes" : ["This side follows ", server, ", which takes the pushes"], ` (term ${peer.term}).`),
    peer.role === "leader" ? null : h("p", { class: following ? "lede" : "problem" }, live),
    handover,
    peer.trouble ? h("p", { class: "problem" }, peer.trouble) : null,
  ];
}

export function mirrorPage([name], query) {
  const told = h("p", { class: "told", role: "status" }),
    problem = h("p", { class: "hint", role: "status" }, "Looking"),
    state = h("div", { class: "state" }),
    actions = h("div", { class: "actions" }),
    facts = h("p", { class: "lede" }),
    upstream = h("div", {}),
    strip = h("div", { class: "strip", role: "group", "aria-label": "Show one state" }),
    body = h("div", {});
  const further = h("button", { type: "button", hidden: true, onclick: () => ((most += page), line.again()) }, "Show more");
  let most = page,
    only = rank(query.get("state")) < 0 ? "" : query.get("state");

  const line = follow(async (signal) => {
    try {
      const copies = [];
      let mirror = null,
        more = false;
      // The worst first: one state after the other, each in order of name.
      for (const { name: wanted } of states) {
        if ((only && wanted !== only) || more) continue;
        let after = null;
        do {
          const answer = await get("/v1/mirrors", { mirror: name, state: wanted, after, limit: Math.max(1, Math.min(1000, most - copies.length)) }, signal);
          mirror = answer.mirrors[0];
          copies.push(...answer.copies);
          after = answer.after;
        } while (after && copies.length < most);
        more = after !== null || copies.length >= most;
      }
      // It tells of mirrors as a whole, so whoever has a scope is not told.
      const { upstreams } = isScoped() ? { upstreams: [] } : await get("/v1/mirrors/upstreams", {}, signal);
      const other = upstreams.find((entry) => entry.mirror === name) ?? null;
      problem.textContent = "";
      refill(upstream, other, () => (other ? upstreamLine(other) : []));
      draw(mirror, copies);
      return restless(copies);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      problem.textContent = error.status === 404 ? "There is no such mirror, or it is not yours to see." : `The mirror cannot be read: ${error.message}.`;
      throw error;
    }
  });
  const { make } = orders(name, null, told, () => line.again());

  function draw(mirror, copies) {
    refill(state, mirror, () => [badge(worst(mirror)), pausedTag(mirror.paused)]);
    // Whoever sees some repositories alone acts on each of them.
    rebutton(actions, [mirror.paused === mirror.copies, mirror.paused > 0], () =>
      mayOperate() && !isScoped() && mirror.copies
        ? [
            ...(mirror.paused < mirror.copies
              ? [make("Sync all", "sync", true), make("Verify all", "verify"), make("Pause all", "pause")]
              : []),
            mirror.paused ? make("Resume all", "resume", mirror.paused === mirror.copies) : null,
          ]
        : [],
    );
    refill(facts, mirror, () => [mirror.direction === "push" ? "Pushed to " : "Pulled from ", slashes(mirror.url)]);
    refill(strip, [countsOf(mirror), mirror.copies, only], () =>
      [{ name: "", word: "All", look: "" }, ...states].map((entry, i) => {
        const n = entry.name ? countsOf(mirror)[i - 1] : mirror.copies;
        return h(
          "button",
          {
            type: "button",
            id: `only-${entry.name || "all"}`,
            class: `count ${entry.name ? `s-${entry.look}` : "all"}${n ? "" : " zero"}`,
            title: entry.means ?? "every repository",
            "aria-pressed": String(only === entry.name),
            onclick: () => {
              only = only === entry.name ? "" : entry.name;
              most = page;
              history.replaceState(null, "", only ? `${mirrorLink(name)}?state=${only}` : mirrorLink(name));
              line.again();
            },
          },
          h("span", { class: "n" }, n.toLocaleString("en")),
          h("span", { class: "word" }, entry.sign ? h("span", { class: "sign", "aria-hidden": "true" }, entry.sign) : null, entry.word),
        );
      }),
    );
    const total = only ? countsOf(mirror)[rank(only)] : mirror.copies;
    further.hidden = copies.length >= total;
    refill(body, copies, () =>
      copies.length
        ? [
            table(
              "copies",
              copyHeads,
              copies.map((copy) => copyRow(copy, false)),
            ),
          ]
        : [h("p", { class: "empty" }, mirror.copies ? "None is so." : "None of the repositories here is one of this mirror; its `repos` in the config say which are.")],
    );
  }

  return {
    title: name,
    element: h(
      "div",
      { class: "page" },
      h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/mirrors" }, "Mirrors")),
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, name), state, actions),
      facts,
      upstream,
      told,
      problem,
      strip,
      body,
      further,
    ),
    update: line.told,
    leave: line.leave,
  };
}

const id = (text) => (text ? h("code", { class: "id", title: text }, short(text)) : none("none"));

function refRow(ref) {
  const [look, sign, word] = refStates[ref.state] ?? ["unknown", "?", ref.state];
  return h(
    "tr",
    { role: "row" },
    cell("State", badgeOf(look, sign, word)),
    rowHead("Ref", h("code", { class: "ref", title: ref.ref }, branch(ref.ref))),
    cell("Ours", id(ref.ours)),
    cell("Theirs", id(ref.theirs)),
    cell("Since", ref.since ? when(ref.since) : none("—")),
    cell("Why", h("span", {}, ref.note ?? "")),
  );
}

// What accepting does to a ref, in one line; null where it does nothing.
function consequence(ref, push) {
  if (ref.state !== "diverged" && ref.state !== "held") return null;
  const name = h("code", {}, branch(ref.ref));
  if (push)
    return ref.theirs
      ? ref.ours
        ? [name, ": ", id(ref.theirs), " there is overwritten with ", id(ref.ours)]
        : [name, ": ", id(ref.theirs), " there is deleted, as it is here"]
      : [name, ": made there again, at ", id(ref.ours)];
  return ref.ours
    ? [
        name,
        ": ",
        id(ref.ours),
        " here is kept under refs/headgate/kept/, and upstream followed to ",
        ref.theirs ? id(ref.theirs) : "its deletion",
      ]
    : [name, ": made here, at ", id(ref.theirs)];
}

// Names what will be overwritten before anything is.
function confirmation(copy, refs, more, accept) {
  const push = copy.direction === "push";
  const lines = refs.map((ref) => consequence(ref, push)).filter(Boolean);
  const cancel = h("button", { type: "button", id: "accept-cancel", onclick: () => dialog.close() }, "Leave it as it is");
  const dialog = h(
    "dialog",
    { class: "ask", "aria-labelledby": "ask-title" },
    h("h2", { id: "ask-title" }, push ? `Overwrite what is at ${copy.mirror}?` : `Follow what ${copy.mirror} has now?`),
    lines.length
      ? h("ul", { class: push ? "lost" : "lost kept" }, lines.map((line) => h("li", {}, line)))
      : h("p", {}, "No ref is listed as diverged or held; what the turn finds to be so is decided the same way."),
    more ? h("p", { class: "hint" }, "And more refs, which the page does not list.") : null,
    h(
      "p",
      { class: "hint" },
      push
        ? "What is there and not here is lost, unless somebody has it elsewhere. Only what was seen there is overwritten; what comes meanwhile stops it again."
        : "Nothing is lost here: what a ref was stays under refs/headgate/kept/.",
    ),
    h(
      "div",
      { class: "actions" },
      cancel,
      h(
        "button",
        {
          type: "button",
          class: "main",
          id: "accept-do",
          onclick: () => {
            dialog.close();
            accept();
          },
        },
        push ? "Overwrite it" : "Follow it",
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  return {
    open() {
      document.body.append(dialog);
      dialog.showModal();
      cancel.focus();
    },
  };
}

export function copyPage([name, repo]) {
  const told = h("p", { class: "told", role: "status" }),
    problem = h("p", { class: "hint", role: "status" }, "Looking"),
    state = h("div", { class: "state" }),
    actions = h("div", { class: "actions" }),
    top = h("div", {}),
    body = h("div", {});
  const list = past(
    { repo, type: "io.headgate.mirror.*.v1" },
    { limit: 20, repo, empty: "Nothing has happened yet.", fits: (event) => event.data.mirror === name },
  );
  let copy = null,
    refs = [],
    more = false;

  const line = follow(async (signal) => {
    try {
      const [copies, answer] = await Promise.all([
        get("/v1/mirrors", { mirror: name, repo: repo.replace(/[\\*?[\]]/g, "\\$&") }, signal),
        get("/v1/mirrors/refs", { mirror: name, repo, limit: 500 }, signal),
      ]);
      copy = copies.copies[0] ?? null;
      refs = answer.refs;
      more = answer.after !== null;
      problem.textContent = copy ? "" : "There is no such repository in this mirror, or it is not yours to see.";
      if (copy) draw();
      return copy !== null && restless([copy]);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      problem.textContent =
        error.status === 404 ? "There is no such repository in this mirror, or it is not yours to see." : `It cannot be read: ${error.message}.`;
      throw error;
    }
  });
  const { make, order } = orders(name, repo, told, () => line.again());

  function buttons() {
    if (!mayOperate()) return [];
    const ask = h(
      "button",
      {
        type: "button",
        id: "do-accept",
        "aria-haspopup": "dialog",
        onclick: () => confirmation(copy, refs, more, () => order("accept", ask)).open(),
      },
      copy.direction === "push" ? "Overwrite there…" : "Follow upstream…",
    );
    return copy.paused
      ? [make("Resume", "resume", true)]
      : [
          make("Sync now", "sync", copy.state !== "stopped"),
          make("Verify", "verify"),
          make("Pause", "pause"),
          copy.state === "stopped" ? ask : null,
        ];
  }

  function draw() {
    const now = states[rank(copy.state)];
    refill(state, [copy.state, copy.paused], () => [badge(now), pausedTag(copy.paused)]);
    rebutton(actions, [copy.state, copy.paused, copy.direction], buttons);
    refill(top, copy, () => [
      copy.error || copy.running
        ? h("div", { class: `reason s-${now?.look ?? "unknown"}` }, h("p", {}, copy.running ? moving(copy.running) : copy.error))
        : null,
      copy.running?.percent
        ? h("progress", { max: "100", value: copy.running.percent, "aria-label": copy.running.phase || "progress" })
        : null,
      h(
        "dl",
        { class: "facts" },
        [
          [copy.direction === "push" ? "Pushed to" : "Pulled from", h("span", {}, slashes(copy.url))],
          ["Behind since", copy.since ? when(copy.since) : none("it is not")],
          ["Last good", copy.ok ? when(copy.ok) : none("never")],
          ["Last try", copy.tried ? when(copy.tried) : none("never")],
          copy.next ? ["Next try", [when(copy.next), copy.attempts ? `, ${count(copy.attempts, "attempt")} failed` : ""]] : null,
          ["Verified", copy.verified ? when(copy.verified) : none("never")],
          copy.refs === null ? null : ["Refs", `${copy.refs.toLocaleString("en")}, ${copy.out_of_step ? `${copy.out_of_step.toLocaleString("en")} not in step` : "all in step"}`],
          copy.bytes === null ? null : ["Moved", bytes(copy.bytes)],
        ]
          .filter(Boolean)
          .map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]),
      ),
    ]);
    refill(body, [refs, more, copy.state], () =>
      refs.length
        ? [
            table("refs-of", ["State", "Ref", "Ours", "Theirs", "Since", "Why"], refs.map(refRow)),
            more ? h("p", { class: "hint" }, "There are more; `headgate mirror show` lists them all.") : null,
          ]
        : [h("p", { class: "hint" }, copy.state === "new" ? "None has been looked at yet." : "Every ref that is known and yours to see is in step.")],
    );
  }

  return {
    title: `${repo} in ${name}`,
    element: h(
      "div",
      { class: "page" },
      h(
        "nav",
        { class: "crumbs", "aria-label": "Where this is" },
        h("a", { href: "#/mirrors" }, "Mirrors"),
        " / ",
        h("a", { href: mirrorLink(name) }, name),
      ),
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, slashes(repo)), state, actions),
      told,
      problem,
      top,
      h("section", {}, h("h2", {}, "Not in step"), body),
      h("section", {}, h("h2", {}, "History"), list.element),
    ),
    update(events) {
      line.told(events);
      for (const event of events)
        if (kindOf(event.data).startsWith("mirror.") && event.data.data?.repo === repo && event.data.data.mirror === name) list.put(event.data);
    },
    leave() {
      line.leave();
      list.leave();
    },
  };
}
