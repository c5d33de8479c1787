// What is known of the fleet: loaded once, kept true by the stream of events, and asked for again now and then, for who is
// connected is no event.
import { follow, get } from "./api.js";

// States of a target, the worst first; each with its sign, so that colour alone tells nothing.
export const states = [
  { name: "Failed", sign: "✕", means: "the last operation failed" },
  { name: "Drift", sign: "≠", means: "changed on the target, not in Git" },
  { name: "Degraded", sign: "▾", means: "applied, but not healthy" },
  { name: "Unknown", sign: "?", means: "cannot be told" },
  { name: "Behind", sign: "↓", means: "Git has moved on" },
  { name: "Working", sign: "↻", means: "being applied, or becoming healthy" },
  { name: "Suspended", sign: "‖", means: "held by an operator" },
  { name: "Synced", sign: "✓", means: "as Git says" },
];
export const rank = Object.fromEntries(states.map((state, i) => [state.name, i]));
export const troubled = (name) => rank[name] < rank.Working;

const patience = 60000; // an agent that starts again is not away

export function isAway(agent) {
  return !agent.connected && !(Date.now() - Date.parse(agent.seen) < patience);
}

// The state of a target. One whose agent has been away for too long (the daemon says when) is not known, whatever it said last; only bad
// news stays bad news.
export function stateOf(target) {
  const report = target.report;
  if (!report) return "Unknown";
  if (report.operation === "Failed") return "Failed";
  const drift = report.sync === "OutOfSync" && (report.cause === "drift" || report.cause === "both");
  // What was changed on a target is why it is degraded, and what has to be looked at.
  if (!drift && (report.health === "Degraded" || (report.health === "Missing" && report.sync === "Synced"))) return "Degraded";
  if (target.stale) return "Unknown";
  if (report.operation === "Running") return "Working";
  if (drift) return "Drift";
  if (report.sync !== "Synced" && report.sync !== "OutOfSync") return "Unknown";
  if (report.suspended) return "Suspended";
  if (report.sync === "OutOfSync") return "Behind";
  if (report.operation === "Pending" || report.health === "Progressing") return "Working";
  return report.health === "Suspended" ? "Suspended" : "Synced";
}

// One line that says what is the matter.
export function reasonOf(target) {
  const report = target.report,
    agent = target.agent;
  if (target.stale) return `The agent is away; it last said ${report.sync}`;
  if (!report) return agent.seen ? "Nothing has been reported yet" : "The agent has never been here";
  if (report.message) return report.message.split("\n", 1)[0];
  return states[rank[stateOf(target)]].means;
}

export const model = {
  status: null, // of GET /v1/status, without agents
  agents: new Map(),
  line: "connecting",
  retryAt: 0,
};

let stream = null,
  poll = 0,
  listeners = new Set(),
  planned = false;

// listen(callback): called once a frame at the most, with the events that came since; returns what ends it.
export function listen(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

let arrived = [];
function changed(event) {
  if (event) arrived.push(event);
  if (planned) return;
  planned = true;
  const run = () => {
    planned = false;
    const events = arrived;
    arrived = [];
    for (const callback of [...listeners]) callback(events);
  };
  // A hidden tab has no frames.
  if (document.hidden) setTimeout(run, 200);
  else requestAnimationFrame(run);
}

export function targets() {
  const all = [];
  for (const agent of model.agents.values()) all.push(...agent.targets);
  return all;
}

export function findTarget(agent, name) {
  return model.agents.get(agent)?.targets.find((target) => target.name === name) ?? null;
}

function take(list) {
  model.agents = new Map(
    list.map((agent) => {
      for (const target of agent.targets) target.agent = agent;
      return [agent.name, agent];
    }),
  );
}

export const isScoped = () => model.status?.you?.scope !== null;
export const role = () => model.status?.you?.role ?? "viewer";
export const mayOperate = () => role() === "operator" || role() === "admin";

export async function load() {
  const { agents, ...status } = await get("/v1/status", { detail: "brief" });
  model.status = status;
  take(agents);
  changed();
}

async function look() {
  clearTimeout(poll);
  try {
    if (!document.hidden && model.status) {
      take((await get("/v1/agents", { detail: "brief" })).agents);
      changed();
    }
  } catch {
    // The stream shows that the line is cut.
  }
  // Whoever has a scope is told of no reports by the stream.
  if (stream) poll = setTimeout(look, isScoped() ? 10000 : 30000);
}

const briefly = ({ agent, diff, resources, ignored, ...report }) => report;

function told(event) {
  const type = event.type.replace(/^io\.headgate\./, "").replace(/\.v1$/, ""),
    data = event.data.data;
  if (event.type === "bookmark" || event.type === "snapshot") return;
  if (event.type === "reset") {
    load().catch(() => {});
  } else if (type === "agent.reported") {
    const target = findTarget(data.agent, data.target);
    if (target && !(Date.parse(target.reported) > Date.parse(event.data.time))) {
      target.report = briefly(data);
      target.reported = event.data.time;
      target.commands = target.commands?.filter((command) => command.id !== data.request);
    } else if (!target) {
      look();
    }
  } else if (type === "sync.requested") {
    const target = findTarget(data.agent, data.target);
    if (target && !target.commands?.some((command) => command.id === event.id))
      (target.commands ??= []).push({
        id: event.id,
        action: data.action,
        revision: data.revision,
        actor: data.actor,
        time: event.data.time,
      });
  } else if (type.startsWith("agent.") && type !== "agent.refused") {
    look();
  }
  changed({ ...event, type });
}

function line(word, until) {
  model.line = word;
  model.retryAt = until ?? 0;
  changed();
}

let rest = 0;

export async function start() {
  await load();
  stream = follow(model.status.head, told, line);
  poll = setTimeout(look, 5000);
}

export function stop() {
  stream?.stop();
  stream = null;
  clearTimeout(poll);
  clearTimeout(rest);
  model.status = null;
  model.agents = new Map();
}

export const retry = () => stream?.retry();

// A browser has six connections for one server: tabs that nobody looks at give theirs back, and go on from where they were.
document.addEventListener("visibilitychange", () => {
  clearTimeout(rest);
  if (!model.status) return;
  if (document.hidden) {
    rest = setTimeout(() => {
      const cursor = stream?.cursor();
      stream?.stop();
      stream = { resting: true, stop() {}, retry() {}, cursor: () => cursor };
      line("resting");
    }, 30000);
  } else {
    if (stream?.resting) stream = follow(stream.cursor(), told, line);
    look();
  }
});
