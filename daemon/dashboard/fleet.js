// The fleet: how many targets are in which state, and all of them, the worst first.
import { branch, count, fill, h, none, reorder, short, shown, slashes, when } from "./dom.js";
import { mirrorHealth } from "./mirrors.js";
import { isAway, model, rank, reasonOf, stateOf, states, targets, troubled } from "./model.js";

const rows = 100; // of one page: two thousand targets are twenty pages, and a page is drawn in a few milliseconds

export const link = (target) => `#/targets/${encodeURIComponent(target.agent.name)}/${encodeURIComponent(target.name)}`;

export function badge(name) {
  const state = states[rank[name]];
  return h(
    "span",
    { class: `badge s-${name.toLowerCase()}`, title: state.means },
    h("span", { class: "sign", "aria-hidden": "true" }, state.sign),
    name,
  );
}

// A revision, and what is there in its place.
function revisions(target) {
  const report = target.report;
  if (!report) return none("none");
  const code = (name, id) => h("code", { class: "id", title: `${name}: ${id ?? "none"}` }, short(id) || "none");
  return report.desired && report.desired === report.applied
    ? code("desired and applied", report.desired)
    : [
        code("applied", report.applied),
        h("span", { class: "to" }, h("span", { "aria-hidden": "true" }, " → "), h("span", { class: "spoken" }, " is to be ")),
        code("desired", report.desired),
      ];
}

const tag = (text) => (text ? [h("span", { class: "tag" }, text), " "] : null);

function row(target, state) {
  const cell = (label, name, ...children) => h("td", { role: "cell", "data-label": label, class: name }, children);
  const { report, commands } = target,
    same = report && report.desired === report.applied;
  return h(
    "tr",
    { role: "row", class: `s-${state.toLowerCase()}${state === "Synced" ? " well" : ""}` },
    cell("State", "c-state", badge(state)),
    h(
      "th",
      { role: "rowheader", scope: "row", "data-label": "Target", class: "c-target" },
      h(
        "a",
        { href: link(target), id: `t-${target.agent.name}/${target.name}` },
        h("span", { class: "agent" }, target.agent.name, "/"),
        target.name,
      ),
      " ",
      h(
        "span",
        { class: "side" },
        target.driver,
        target.sync === "manual" ? ", manual" : "",
        target.agent.kind === "cluster" ? ", cluster" : "",
      ),
    ),
    cell(
      "Source",
      "c-source",
      slashes(target.path ? `${target.repo}:${target.path}` : target.repo),
      " ",
      h("span", { class: "side" }, branch(target.ref)),
    ),
    cell("Revision", `c-revision${same ? " same" : ""}`, revisions(target)),
    cell(
      "What",
      "c-what",
      h(
        "span",
        { class: "what" },
        tag(commands?.length && `${commands[0].action} asked for`),
        tag(report?.suspended && state !== "Suspended" && "suspended"),
        tag(report?.pinned && "pinned"),
        reasonOf(target),
      ),
    ),
    cell("Reported", "c-time", report ? when(target.reported) : none("never")),
  );
}

// All that a row shows: it is drawn again when this is another.
const lookOf = (target, state) =>
  [
    state,
    target.agent.kind,
    target.driver,
    target.sync,
    target.repo,
    target.path,
    target.ref,
    target.report?.desired,
    target.report?.applied,
    reasonOf(target),
    target.reported,
    target.report?.suspended,
    target.report?.pinned,
    target.commands?.[0]?.action,
  ].join("\u0000");

function matches(target, words) {
  if (!words.length) return true;
  const text =
    [`${target.agent.name}/${target.name}`, `${target.repo}:${target.path}`, target.ref, target.driver, target.agent.host]
      .join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function compare(a, b) {
  return rank[a.state] - rank[b.state] || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

export function fleetPage(args, query) {
  const want = {
    state: rank[query.get("state")] === undefined ? "" : query.get("state"),
    kind: query.get("kind") ?? "",
    text: query.get("q") ?? "",
    page: 0,
  };
  const headline = h("h1", { tabindex: "-1" });
  const lede = h("p", { class: "lede" });
  const strip = h("div", { class: "strip", role: "group", "aria-label": "Show one state" });
  const channel = h("div", { class: "channel", "aria-hidden": "true" });
  const search = h("input", {
    type: "search",
    id: "search",
    value: want.text,
    placeholder: "agent, target, repository, path",
    autocomplete: "off",
    spellcheck: "false",
  });
  const kind = h(
    "select",
    { id: "kind" },
    [
      ["", "Hosts and clusters"],
      ["host", "Hosts"],
      ["cluster", "Clusters"],
    ].map(([value, text]) => h("option", { value, selected: value === want.kind }, text)),
  );
  const body = h("tbody", { role: "rowgroup" });
  const caption = h("caption", { class: "spoken" }, "Targets, the worst first");
  const table = h(
    "table",
    { class: "cards fleet", role: "table" },
    caption,
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        ["State", "Target", "Source", "Revision", "What", "Reported"].map((text) =>
          h("th", { role: "columnheader", scope: "col" }, text),
        ),
      ),
    ),
    body,
  );
  const empty = h("p", { class: "empty" });
  const pager = h("div", { class: "pager" });
  const idle = h("p", { class: "hint" });
  const mirrors = mirrorHealth();

  const buttons = new Map(
    ["", ...states.map((state) => state.name)].map((name) => {
      const number = h("span", { class: "n" }),
        state = states[rank[name]];
      const button = h(
        "button",
        {
          type: "button",
          class: `count ${name ? `s-${name.toLowerCase()}` : "all"}`,
          title: state?.means ?? "every target",
          onclick: () => {
            want.state = want.state === name ? "" : name;
            want.page = 0;
            keep();
            draw();
          },
        },
        number,
        h("span", { class: "word" }, state ? h("span", { class: "sign", "aria-hidden": "true" }, state.sign) : null, name || "All"),
      );
      strip.append(button);
      const share = name ? h("span", { class: `s-${name.toLowerCase()}` }) : null;
      if (share) channel.append(share);
      return [name, { button, number, share }];
    }),
  );

  // What is looked for stands in the address, so that it can be handed on.
  function keep() {
    const params = new URLSearchParams();
    if (want.state) params.set("state", want.state);
    if (want.kind) params.set("kind", want.kind);
    if (want.text) params.set("q", want.text);
    history.replaceState(null, "", params.size ? `#/?${params}` : "#/");
  }

  function draw() {
    const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
    const all = targets()
      .filter((target) => !want.kind || target.agent.kind === want.kind)
      .map((target) => ({ target, state: stateOf(target), key: `${target.agent.name}/${target.name}` }));
    const found = all.filter((entry) => matches(entry.target, words));
    const counts = Object.fromEntries(states.map((state) => [state.name, 0]));
    for (const entry of found) counts[entry.state]++;
    const bad = all.filter((entry) => troubled(entry.state)).length;

    fill(
      headline,
      !all.length
        ? "No target yet"
        : bad
          ? `${count(bad, "target")} of ${all.length.toLocaleString("en")} ${bad === 1 ? "needs" : "need"} a look`
          : all.length === 1
            ? "The one target is well"
            : `All ${all.length.toLocaleString("en")} targets are well`,
    );
    const agents = [...model.agents.values()].filter((agent) => !want.kind || agent.kind === want.kind);
    const away = agents.filter((agent) => agent.targets.length && isAway(agent)).length;
    fill(
      lede,
      count(agents.length, "agent"),
      away ? `, ${away.toLocaleString("en")} away` : "",
      " · ",
      count(model.status.repositories?.length ?? 0, "repository", "repositories"),
    );
    for (const [name, { button, number, share }] of buttons) {
      const n = name ? counts[name] : found.length;
      number.textContent = n.toLocaleString("en");
      button.setAttribute("aria-pressed", String(want.state === name));
      button.classList.toggle("zero", n === 0);
      if (share) share.style.flexGrow = n;
    }
    channel.hidden = !found.length;

    const chosen = found.filter((entry) => !want.state || entry.state === want.state).sort(compare);
    const pages = Math.max(1, Math.ceil(chosen.length / rows));
    want.page = Math.min(want.page, pages - 1);
    const from = want.page * rows,
      part = chosen.slice(from, from + rows);
    reorder(
      body,
      part.map(({ target, state, key }) => ({ key, look: lookOf(target, state), build: () => row(target, state) })),
    );
    table.hidden = !part.length;
    empty.hidden = part.length > 0;
    empty.textContent = all.length
      ? "Nothing fits what is looked for."
      : "When an agent has announced itself its targets stand here: headgate agent add NAME --kind host --allow GLOB";
    pager.hidden = pages === 1;
    if (pages > 1) {
      const turn = (text, step, off) =>
        h(
          "button",
          {
            type: "button",
            id: `page${step}`,
            disabled: off,
            onclick: () => {
              want.page += step;
              draw();
              headline.scrollIntoView();
              headline.focus({ preventScroll: true });
            },
          },
          text,
        );
      fill(
        pager,
        turn("Previous", -1, want.page === 0),
        h("span", {}, `${from + 1}–${from + part.length} of ${chosen.length.toLocaleString("en")}`),
        turn("Next", 1, want.page === pages - 1),
      );
    }
    const silent = agents.filter((agent) => !agent.targets.length).map((agent) => agent.name);
    idle.hidden = !silent.length;
    idle.textContent = silent.length
      ? shown(`Without a target: ${silent.slice(0, 20).join(", ")}${silent.length > 20 ? ` and ${silent.length - 20} more` : ""}.`)
      : "";
  }

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      want.text = search.value.trim();
      want.page = 0;
      keep();
      draw();
    }, 120);
  });
  kind.addEventListener("change", () => {
    want.kind = kind.value;
    want.page = 0;
    keep();
    draw();
  });
  return {
    title: "Fleet",
    element: h(
      "div",
      { class: "page" },
      h("div", { class: "head" }, headline, lede),
      strip,
      channel,
      mirrors.element,
      h(
        "div",
        { class: "filters" },
        h("label", { for: "search" }, "Find"),
        search,
        h("label", { for: "kind", class: "spoken" }, "Kind"),
        kind,
      ),
      table,
      empty,
      pager,
      idle,
    ),
    update(events) {
      mirrors.told(events);
      draw();
    },
    leave: mirrors.leave,
  };
}
