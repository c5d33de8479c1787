// Events as people read them, and the past of something: the newest first, further back on demand.
import { get } from "./api.js";
import { branch, commit, count, h, when, who } from "./dom.js";

export const kindOf = (event) => event.type.replace(/^io\.headgate\./, "").replace(/\.v1$/, "");

const zero = /^0+$/;

export function paths(list, truncated, most = 6) {
  if (!list?.length) return truncated ? h("p", { class: "hint" }, "The paths are not listed.") : null;
  const line = (path) =>
    h(
      "li",
      {},
      h(
        "span",
        { class: "status", title: { A: "added", M: "modified", D: "deleted", T: "type changed" }[path.status] },
        path.status,
      ),
      " ",
      h("code", {}, path.path),
    );
  const rest = list.slice(most);
  return [
    h("ul", { class: "paths" }, list.slice(0, most).map(line)),
    rest.length || truncated
      ? h(
          "details",
          {},
          h("summary", {}, `${count(rest.length, "more path")}${truncated ? ", and some that are not listed" : ""}`),
          h("ul", { class: "paths" }, rest.map(line)),
        )
      : null,
  ];
}

// What a mirror has moved: the first few refs.
function refsMoved(refs, repo) {
  const gone = (id) => !id || zero.test(id);
  return refs.length
    ? h(
        "ul",
        { class: "paths" },
        refs
          .slice(0, 6)
          .map((ref) =>
            h(
              "li",
              {},
              h("code", {}, branch(ref.ref)),
              " ",
              gone(ref.new) ? "deleted" : [gone(ref.old) ? "new, " : "", ref.forced ? "forced, " : "", commit(ref.new, repo)],
            ),
          ),
        refs.length > 6 ? h("li", {}, `and ${refs.length - 6} more`) : null,
      )
    : null;
}

// What an event says: [tone, title, body].
export function describe(event, repo = event.data.repo) {
  const data = event.data,
    kind = kindOf(event);
  switch (kind) {
    case "ref.updated":
      return [
        data.forced ? "warn" : "",
        [
          h("strong", {}, data.actor ?? "Somebody"),
          data.change === "delete"
            ? " deleted "
            : data.change === "create"
              ? " made "
              : data.forced
                ? " force-pushed "
                : " pushed ",
          h("code", {}, branch(data.ref)),
          " ",
          data.change === "delete" ? "" : commit(data.new, repo),
          data.actor ? "" : " (seen in the repository, not told by a hook)",
        ],
        paths(data.paths, data.paths_truncated),
      ];
    case "push.refused":
      return [
        "bad",
        [
          h("a", { href: `#/refused?push=${encodeURIComponent(data.push ?? "")}` }, "Refused"),
          ": ",
          h("strong", {}, data.actor ?? "somebody"),
          ", ",
          count(data.errors, "error"),
          data.warnings ? `, ${count(data.warnings, "warning")}` : "",
          " on ",
          (data.updates ?? []).slice(0, 3).map((update, i) => [i ? ", " : "", h("code", {}, branch(update.ref))]),
        ],
        null,
      ];
    case "push.attributed":
      return [
        "",
        [h("strong", {}, data.actor ?? "Somebody"), " had pushed ", h("code", {}, branch(data.ref)), " ", commit(data.new, repo)],
        null,
      ];
    case "push.superseded":
      return [
        "",
        [
          h("strong", {}, data.actor ?? "Somebody"),
          " pushed ",
          h("code", {}, branch(data.ref)),
          " ",
          commit(data.new, repo),
          ", which had moved on",
        ],
        null,
      ];
    case "agent.reported":
      return [
        data.operation === "Failed" || data.health === "Degraded" ? "bad" : data.sync === "OutOfSync" ? "warn" : "",
        [
          h(
            "strong",
            {},
            data.operation === "Failed"
              ? "Failed"
              : data.sync === "OutOfSync" && data.cause && data.cause !== "pending"
                ? "Drift"
                : data.sync,
          ),
          data.sync !== "Synced" || data.health !== "Healthy" ? `, ${data.health}` : "",
          " at ",
          commit(data.applied, repo),
          data.changes && data.changes.added + data.changes.modified + data.changes.removed
            ? ` · ${data.changes.added} added, ${data.changes.modified} modified, ${data.changes.removed} removed`
            : "",
          data.request ? " · asked for" : "",
        ],
        data.message ? h("p", { class: "message" }, data.message) : null,
      ];
    case "sync.requested":
      return [
        "",
        [h("strong", {}, who(data.actor)), " asked to ", data.action, data.revision ? [" to ", commit(data.revision, repo)] : ""],
        null,
      ];
    case "agent.added":
    case "agent.removed":
    case "agent.rotated":
      return [
        "",
        [{ added: "The agent was added", removed: "The agent was removed", rotated: "The agent has another token" }[kind.slice(6)]],
        null,
      ];
    case "agent.refused":
      return ["warn", ["Turned away: ", data.reason, data.remote ? [" (", h("code", {}, data.remote), ")"] : ""], null];
    case "mirror.updated": {
      const refs = data.refs ?? [];
      return [
        refs.some((ref) => ref.forced) ? "warn" : "",
        [
          data.direction === "push" ? "Pushed to " : "Pulled from ",
          h("strong", {}, data.mirror),
          ": ",
          count(refs.length, "ref"),
          data.refs_truncated ? " and more" : "",
          data.milliseconds === undefined ? "" : ` in ${data.milliseconds < 1000 ? `${data.milliseconds} ms` : `${(data.milliseconds / 1000).toFixed(1)} s`}`,
        ],
        refsMoved(refs, repo),
      ];
    }
    case "mirror.diverged":
      return [
        "bad",
        [h("strong", {}, data.mirror), " waits for a person: ", data.reason ?? ""],
        (data.refs ?? []).length
          ? h(
              "ul",
              { class: "paths" },
              data.refs.slice(0, 6).map((ref) => h("li", {}, h("code", {}, branch(ref.ref)), " ", ref.state, ref.note ? `: ${ref.note}` : "")),
            )
          : null,
      ];
    case "mirror.late":
      return ["warn", [h("strong", {}, data.mirror), " has been behind since ", when(data.since), data.error ? `: ${data.error}` : ""], null];
    case "mirror.caught_up":
      return ["", [h("strong", {}, data.mirror), " is in step again; it was behind since ", when(data.since)], null];
    case "mirror.promoted":
      return [
        data.forced ? "warn" : "",
        [
          h("strong", {}, data.mirror),
          data.role === "leader" ? ": this side leads from now on" : ": this side follows from now on",
          ` (term ${data.term})`,
          data.forced ? ", by force" : "",
        ],
        null,
      ];
    case "mirror.acted":
      return [
        data.action === "accept" ? "warn" : "",
        [
          h("strong", {}, who(data.actor)),
          { pause: " paused ", resume: " resumed ", accept: " decided for what differs in " }[data.action] ?? ` asked to ${data.action} `,
          h("strong", {}, data.mirror),
        ],
        null,
      ];
    case "upstream.pushed":
      return [
        "",
        [
          "A push upstream of ",
          h("code", {}, branch(data.ref)),
          " ",
          data.new && !zero.test(data.new) ? commit(data.new, repo) : "",
        ],
        null,
      ];
    default:
      return ["", [kind], null];
  }
}

function entry(event, marked, repo) {
  const [tone, title, body] = describe(event, repo);
  return h(
    "li",
    { class: `entry ${tone}${marked ? " marked" : ""}` },
    h("div", { class: "line" }, h("span", { class: "said" }, title), " ", when(event.time)),
    body,
  );
}

// A list of events that fit `query`, newest first; put(event) puts one in front that has just come. mark(event): whether it is to
// stand out.
export function past(query, { limit = 20, fits = () => true, mark = () => false, draw = entry, repo, empty = "Nothing yet.", heading } = {}) {
  const list = h("ol", { class: "events" }),
    foot = h("p", { class: "hint", role: "status" }),
    seen = new Set();
  const further = h("button", { type: "button", hidden: true, onclick: () => ask() }, "Look further back");
  let before = null,
    asking = null;

  async function ask() {
    asking = new AbortController();
    further.disabled = true;
    try {
      const page = await get("/v1/history", { ...query, limit, before }, asking.signal);
      for (const event of page.events) {
        if (seen.has(event.id) || !fits(event)) continue;
        seen.add(event.id);
        list.append(draw(event, mark(event), repo));
      }
      before = page.before;
      foot.textContent = list.children.length ? "" : before ? "Nothing in what was looked at; there is more further back." : empty;
    } catch (error) {
      if (error.name === "AbortError") return;
      foot.textContent = `The past cannot be told: ${error.message}.`;
    }
    further.disabled = false;
    further.hidden = !before;
  }

  ask();
  return {
    element: h("div", {}, heading, list, foot, further),
    put(event) {
      if (seen.has(event.id)) return;
      seen.add(event.id);
      list.prepend(draw(event, mark(event), repo));
      foot.textContent = "";
    },
    leave: () => asking?.abort(),
    again() {
      asking?.abort();
      seen.clear();
      list.replaceChildren();
      before = null;
      ask();
    },
  };
}
