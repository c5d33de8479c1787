// One target: what it should have and what it has, how they differ, what it consists of, and what has happened to it.
import { get, post } from "./api.js";
import { branch, commit, count, fill, h, none, refill, took, when, who } from "./dom.js";
import { diffView } from "./diff.js";
import { past } from "./events.js";
import { badge } from "./fleet.js";
import { findTarget, isAway, isScoped, mayOperate, reasonOf, stateOf } from "./model.js";

const cleared = /^(Synced|Healthy)$/;

function fact(name, ...value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}

const word = (text) => h("span", { class: `word-${String(text).toLowerCase()}` }, text);

function facts(target, report) {
  const { agent } = target;
  return h(
    "dl",
    { class: "facts" },
    fact(
      "Agent",
      h("strong", {}, agent.name),
      ` (${agent.kind})`,
      agent.host ? [" on ", agent.host] : "",
      ", ",
      agent.connected ? "connected" : [isAway(agent) ? "away, last here " : "last here ", when(agent.seen)],
      agent.version ? h("span", { class: "none" }, ` version ${agent.version}`) : "",
    ),
    fact(
      "Source",
      h("a", { href: `#/repositories/${encodeURIComponent(target.repo)}` }, target.repo),
      target.path ? h("code", {}, ` ${target.path}`) : "",
      " on ",
      h("code", {}, branch(target.ref)),
    ),
    fact(
      "Driver",
      target.driver,
      report?.tool ? h("span", { class: "none" }, ` ${report.tool} ${report.version ?? ""}`) : "",
      target.sync === "manual" ? ", applies when told" : ", applies by itself",
    ),
    report
      ? [
          fact(
            "Sync",
            word(report.sync),
            {
              pending: ": Git has moved on",
              drift: ": changed on the target",
              both: ": Git has moved on, and it was changed on the target",
            }[report.cause] ?? "",
          ),
          fact("Health", word(report.health)),
          fact(
            "Operation",
            word(report.operation),
            report.exit_status !== null ? ` (exit status ${report.exit_status})` : "",
            report.finished
              ? [
                  ", ",
                  when(report.finished),
                  took(report.started, report.finished) ? `, took ${took(report.started, report.finished)}` : "",
                ]
              : report.started
                ? [", began ", when(report.started)]
                : "",
          ),
          report.changes && report.changes.added + report.changes.modified + report.changes.removed > 0
            ? fact(
                "Changes",
                `${report.changes.added} added, ${report.changes.modified} modified, ${report.changes.removed} removed`,
              )
            : null,
          report.coverage
            ? fact(
                "Compared",
                `${report.coverage.checked.toLocaleString("en")} compared`,
                report.coverage.unchecked
                  ? h("strong", {}, `, ${report.coverage.unchecked.toLocaleString("en")} could not be`)
                  : ", nothing left out",
              )
            : null,
          report.next ? fact("Acts next", when(report.next)) : null,
          report.suspended ? fact("Suspended", "yes: nothing is applied until it is resumed") : null,
          report.pinned
            ? fact(
                "Pinned",
                "to ",
                commit(report.pinned, target.repo),
                ", which was asked for: until the ref moves, or a sync without a revision",
              )
            : null,
          fact("Reported", when(target.reported)),
        ]
      : null,
  );
}

function revisions(target, report) {
  const step = (name, id, note) =>
    h("li", {}, h("span", { class: "step" }, name), commit(id, target.repo), h("span", { class: "under" }, note));
  const { desired, applied, observed, pinned } = report;
  return h(
    "ol",
    { class: "revisions" },
    step("Desired", desired, pinned && pinned === desired ? "what a sync asked for: pinned" : "what Git says"),
    step("Applied", applied, !applied ? "nothing was applied" : applied === desired ? "the same" : "another"),
    step("Observed", observed, !observed ? "the content of no revision" : observed === desired ? "the same" : "another"),
  );
}

function commands(target) {
  return target.commands?.length
    ? h(
        "ul",
        { class: "pending" },
        target.commands.map((command) =>
          h(
            "li",
            {},
            h("strong", {}, command.action),
            command.revision ? [" to ", commit(command.revision, target.repo)] : "",
            " was asked for by ",
            h("strong", {}, who(command.actor)),
            " ",
            when(command.time),
            "; the agent has not taken it yet",
          ),
        ),
      )
    : null;
}

function resources(report) {
  const list = report.resources ?? [];
  if (!list.length) return null;
  const total = Math.max(report.resources_total ?? 0, list.length),
    shownAt = 50;
  const row = (resource) => {
    const space = resource.name.indexOf(" ");
    return h(
      "tr",
      { role: "row", class: resource.sync === "Synced" && (!resource.health || resource.health === "Healthy") ? "" : "odd" },
      h(
        "th",
        { role: "rowheader", scope: "row", "data-label": "Resource" },
        space > 0 ? [h("span", { class: "under" }, resource.name.slice(0, space)), resource.name.slice(space + 1)] : resource.name,
      ),
      h("td", { role: "cell", "data-label": "Sync" }, word(resource.sync)),
      h("td", { role: "cell", "data-label": "Health" }, resource.health ? word(resource.health) : none("not told")),
      h("td", { role: "cell", "data-label": "Message" }, resource.message ?? ""),
    );
  };
  const body = h("tbody", { role: "rowgroup" }, list.slice(0, shownAt).map(row));
  const more =
    list.length > shownAt
      ? h(
          "button",
          {
            type: "button",
            onclick: () => {
              body.append(...list.slice(shownAt).map(row));
              more.remove();
            },
          },
          `Show ${count(list.length - shownAt, "more resource")}`,
        )
      : null;
  const odd = list.filter((resource) => !cleared.test(resource.sync) || (resource.health && !cleared.test(resource.health))).length;
  return h(
    "section",
    { "aria-labelledby": "resources" },
    h("h2", { id: "resources" }, "Resources ", h("span", { class: "n" }, total.toLocaleString("en"))),
    h(
      "p",
      { class: "hint" },
      odd ? `${count(odd, "resource")} not well, first. ` : "All well. ",
      total > list.length ? `The ${list.length} that are worst off are listed.` : "",
    ),
    h(
      "table",
      { class: "cards resources", role: "table", "aria-labelledby": "resources" },
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          ["Resource", "Sync", "Health", "Message"].map((text) => h("th", { role: "columnheader", scope: "col" }, text)),
        ),
      ),
      body,
    ),
    more,
  );
}

function differences(report) {
  if (!report.diff) return null;
  return h("section", { "aria-labelledby": "diff" }, h("h2", { id: "diff" }, "Differences"), diffView(report.diff, report));
}

function ignored(report) {
  if (!report.ignored?.length) return null;
  return h(
    "section",
    { "aria-labelledby": "ignored" },
    h("h2", { id: "ignored" }, "Ignored"),
    h("p", { class: "hint" }, "Differences that the target's rules leave out."),
    h(
      "table",
      { class: "cards", role: "table", "aria-labelledby": "ignored" },
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          h("th", { role: "columnheader", scope: "col" }, "Rule"),
          h("th", { role: "columnheader", scope: "col", class: "number" }, "Hits"),
        ),
      ),
      h(
        "tbody",
        { role: "rowgroup" },
        report.ignored.map((rule) =>
          h(
            "tr",
            { role: "row" },
            h("th", { role: "rowheader", scope: "row", "data-label": "Rule" }, h("code", {}, rule.rule)),
            h(
              "td",
              { role: "cell", class: "number", "data-label": "Hits" },
              rule.hits === 0 ? none("never hit") : rule.hits.toLocaleString("en"),
            ),
          ),
        ),
      ),
    ),
  );
}

export function targetPage([agentName, name]) {
  const key = `${agentName}/${name}`;
  const state = h("div", { class: "state" }),
    actions = h("div", { class: "actions" }),
    told = h("p", { class: "told", role: "status" }),
    waiting = h("div", {});
  const top = h("div", {}),
    rest = h("div", {}),
    history = h("section", { "aria-labelledby": "history" });
  let report = null,
    asking = null,
    loadedAt = "",
    gone = false;
  const list = isScoped()
    ? null
    : past(
        { agent: agentName, target: name },
        { repo: findTarget(agentName, name)?.repo, empty: "Nothing has been reported yet." },
      );

  // The whole report, with the diff and the resources: again when another one has come.
  async function look(target) {
    if (loadedAt === target.reported) return;
    loadedAt = target.reported;
    asking?.abort();
    asking = new AbortController();
    try {
      const agent = await get(`/v1/agents/${encodeURIComponent(agentName)}`, {}, asking.signal);
      const found = agent.targets.find((entry) => entry.name === name);
      report = found?.report ?? null;
      update([]);
    } catch (error) {
      if (error.name === "AbortError") return;
      loadedAt = "";
      told.textContent = `The report cannot be read: ${error.message}.`;
    }
  }

  async function order(action, button) {
    for (const other of actions.children) other.disabled = true;
    told.textContent = "";
    try {
      await post(`/v1/agents/${encodeURIComponent(agentName)}/commands`, { target: name, action });
      const asked = { sync: "Sync", suspend: "Suspend", resume: "Resume" }[action];
      const soon = findTarget(agentName, name)?.agent.connected;
      told.textContent = `${asked} is asked for. The agent is told ${soon ? "now" : "when it comes"}.`;
    } catch (error) {
      told.textContent = `That was not taken: ${error.message}.`;
    }
    for (const other of actions.children) other.disabled = false;
    button.focus();
  }

  function buttons(target) {
    const held = target.report?.suspended;
    const make = (text, action, main) => {
      const button = h(
        "button",
        { type: "button", class: main ? "main" : null, id: `do-${action}`, onclick: () => order(action, button) },
        text,
      );
      return button;
    };
    return mayOperate()
      ? [make("Sync now", "sync", !held), held ? make("Resume", "resume", true) : make("Suspend", "suspend")]
      : [];
  }

  function update(events) {
    const target = findTarget(agentName, name);
    gone = !target;
    if (gone) {
      fill(
        rest,
        h("p", { class: "empty" }, "There is no such target, or it is not yours to see. ", h("a", { href: "#/" }, "To the fleet")),
      );
      for (const element of [state, actions, top, waiting]) element.replaceChildren();
      history.hidden = true;
      return;
    }
    history.hidden = false;
    look(target);
    const now = stateOf(target);
    refill(state, [now, reasonOf(target)], () => [badge(now)]);
    refill(actions, [mayOperate(), target.report?.suspended], () => buttons(target));
    refill(waiting, target.commands, () => [commands(target)]);
    const { commands: pending, agent, ...plain } = target;
    refill(top, [plain, agent.connected, agent.seen, isAway(agent)], () => [
      target.report?.message || now === "Unknown"
        ? h(
            "div",
            { class: `reason s-${now.toLowerCase()}` },
            h("p", {}, target.stale ? reasonOf(target) : null),
            target.report?.message
              ? h("pre", { class: "message" }, (report ?? target.report).message)
              : target.stale
                ? null
                : h("p", {}, reasonOf(target)),
          )
        : null,
      target.report ? revisions(target, target.report) : null,
      facts(target, target.report),
    ]);
    refill(rest, [report, target.report === null], () => (report ? [differences(report), resources(report), ignored(report)] : []));
    for (const event of events)
      if (list && event.data.subject === key && (event.type === "agent.reported" || event.type === "sync.requested"))
        list.put(brief(event));
  }

  const brief = (event) => event.data;

  fill(
    history,
    h("h2", { id: "history" }, "History"),
    list ? list.element : h("p", { class: "hint" }, "The history of reports is told to tokens without a scope."),
  );
  return {
    title: `${name} on ${agentName}`,
    element: h(
      "div",
      { class: "page" },
      h(
        "nav",
        { class: "crumbs", "aria-label": "Where this is" },
        h("a", { href: "#/" }, "Fleet"),
        " / ",
        h("a", { href: `#/?q=${encodeURIComponent(`${agentName}/`)}` }, agentName),
      ),
      h(
        "div",
        { class: "title" },
        h("h1", { tabindex: "-1" }, h("span", { class: "agent" }, agentName, "/"), name),
        state,
        actions,
      ),
      told,
      waiting,
      top,
      rest,
      history,
    ),
    update,
    leave() {
      asking?.abort();
      list?.leave();
    },
  };
}
