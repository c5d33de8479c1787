// Webhooks: how far each has come, and what it could not deliver. For admins.
import { get } from "./api.js";
import { count, h, none, refill, when } from "./dom.js";

const every = 10000;

function state(hook) {
  if (hook.parked)
    return h(
      "span",
      { class: "badge s-failed" },
      h("span", { class: "sign", "aria-hidden": "true" }, "✕"),
      `${hook.parked} parked`,
    );
  if (hook.state === "retrying")
    return h("span", { class: "badge s-drift" }, h("span", { class: "sign", "aria-hidden": "true" }, "↻"), "Retrying");
  return h(
    "span",
    { class: "badge s-synced" },
    h("span", { class: "sign", "aria-hidden": "true" }, "✓"),
    hook.state === "sending" ? "Sending" : "Well",
  );
}

function row(hook) {
  const cell = (label, ...children) => h("td", { role: "cell", "data-label": label }, children);
  return h(
    "tr",
    { role: "row" },
    cell("State", state(hook)),
    h(
      "th",
      { role: "rowheader", scope: "row", "data-label": "Webhook" },
      hook.name,
      h("span", { class: "under" }, hook.format, hook.signed ? " · signed" : " · not signed"),
    ),
    cell("To", h("span", { class: "url" }, hook.url)),
    cell("Behind", hook.behind ? count(hook.behind, "event") : "nothing"),
    cell(
      "Delivered",
      hook.delivered.toLocaleString("en"),
      h("span", { class: "under" }, hook.failed ? `${count(hook.failed, "attempt")} failed` : "none failed"),
    ),
    cell(
      "Last",
      hook.last ? when(hook.last) : none("never"),
      h(
        "span",
        { class: "under" },
        hook.error ?? (hook.status ? `answered ${hook.status}` : ""),
        hook.next ? [", again ", when(hook.next)] : "",
      ),
    ),
  );
}

function delivery(entry) {
  return h(
    "li",
    { class: "entry bad" },
    h(
      "div",
      { class: "line" },
      h(
        "span",
        { class: "said" },
        h("strong", {}, entry.webhook),
        ": ",
        entry.error ?? `answered ${entry.status}`,
        `, after ${count(entry.attempts, "attempt")}`,
      ),
      when(entry.last),
    ),
    h(
      "div",
      { class: "under" },
      entry.type.replace(/^io\.headgate\.|\.v1$/g, ""),
      entry.repo ? [" · ", entry.repo] : "",
      " · ",
      h("code", {}, `headgate webhook replay ${entry.webhook} ${entry.delivery}`),
    ),
  );
}

export function webhooksPage() {
  const body = h("div", {}),
    problem = h("p", { class: "hint", role: "status" }, "Looking");
  let timer = 0,
    asking = null,
    left = false;

  async function look() {
    clearTimeout(timer);
    asking = new AbortController();
    try {
      const [{ webhooks }, { deliveries }] = await Promise.all([
        get("/v1/webhooks", {}, asking.signal),
        get("/v1/webhooks/deliveries", { state: "parked", limit: 20 }, asking.signal),
      ]);
      problem.textContent = "";
      refill(body, [webhooks, deliveries], () =>
        webhooks.length
          ? [
              h(
                "table",
                { class: "cards hooks", role: "table" },
                h("caption", { class: "spoken" }, "Webhooks"),
                h(
                  "thead",
                  { role: "rowgroup" },
                  h(
                    "tr",
                    { role: "row" },
                    ["State", "Webhook", "To", "Behind", "Delivered", "Last"].map((text) =>
                      h("th", { role: "columnheader", scope: "col" }, text),
                    ),
                  ),
                ),
                h("tbody", { role: "rowgroup" }, webhooks.map(row)),
              ),
              deliveries.length
                ? h(
                    "section",
                    {},
                    h("h2", {}, "Parked"),
                    h("p", { class: "hint" }, "Given up, until they are replayed."),
                    h("ol", { class: "events" }, deliveries.map(delivery)),
                  )
                : null,
            ]
          : [h("p", { class: "empty" }, "The config names no webhook.")],
      );
    } catch (error) {
      if (error.name === "AbortError") return;
      problem.textContent =
        error.status === 403 ? "Webhooks are shown to admins." : `The webhooks cannot be read: ${error.message}.`;
      if (error.status === 403) return;
    }
    if (!left) timer = setTimeout(look, every);
  }

  look();
  return {
    title: "Webhooks",
    element: h(
      "div",
      { class: "page" },
      h(
        "div",
        { class: "head" },
        h("h1", { tabindex: "-1" }, "Webhooks"),
        h("p", { class: "lede" }, "Who is told of changes, and how that goes."),
      ),
      problem,
      body,
    ),
    update() {},
    leave() {
      left = true;
      clearTimeout(timer);
      asking?.abort();
    },
  };
}
