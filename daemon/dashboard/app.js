// The page: who is signed in, what is shown, how the line to the server is.
import * as api from "./api.js";
import { fill, h, refill, shown, tick } from "./dom.js";
import { listen, model, retry, role, start, stateOf, stop, targets, troubled } from "./model.js";
import { fleetPage } from "./fleet.js";
import { targetPage } from "./target.js";
import { repositoriesPage, repositoryPage } from "./repositories.js";
import { refusalsPage } from "./refusals.js";
import { webhooksPage } from "./webhooks.js";
import { copyPage, mirrorPage, mirrorsPage } from "./mirrors.js";

const main = document.getElementById("main");
const pages = [
  { path: "", title: "Fleet", page: fleetPage },
  { path: "targets", page: targetPage, under: "" },
  {
    path: "repositories",
    title: "Repositories",
    page: (args, query) => (args.length ? repositoryPage(args, query) : repositoriesPage()),
  },
  { path: "refused", title: "Refused pushes", page: refusalsPage },
  {
    path: "mirrors",
    title: "Mirrors",
    page: (args, query) => (args.length > 1 ? copyPage(args) : args.length ? mirrorPage(args, query) : mirrorsPage()),
  },
  { path: "webhooks", title: "Webhooks", page: webhooksPage, who: "admin" },
];
let current = null;

// Said to who hears the page, at most one sentence at a time.
let saying = 0;
function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => (document.getElementById("spoken").textContent = shown(text)), 300);
}

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [name, ...args] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { name: name ?? "", args, query: new URLSearchParams(query ?? "") };
}

function title() {
  const n = targets().filter((target) => troubled(stateOf(target))).length;
  document.title = `${n ? `(${n}) ` : ""}${current?.title ?? "Headgate"} · ${model.status?.site ?? "headgate"}`;
}

function show() {
  if (!model.status) return;
  const { name, args, query } = parse();
  const entry = pages.find((page) => page.path === name);
  current?.leave?.();
  current = null;
  if (!entry) {
    fill(main, h("h1", { tabindex: "-1" }, "Nothing is here"), h("p", {}, h("a", { href: "#/" }, "To the fleet")));
    return;
  }
  current = entry.page(args, query);
  fill(main, current.element);
  nav(entry);
  frame([]);
  scrollTo(0, 0);
}

function nav(entry) {
  const element = document.getElementById("nav");
  fill(
    element,
    h(
      "ul",
      {},
      pages
        .filter((page) => page.title && (!page.who || page.who === role()))
        .map((page) =>
          h(
            "li",
            {},
            h(
              "a",
              { href: `#/${page.path}`, "aria-current": page === entry || page.path === entry.under ? "page" : null },
              page.title,
            ),
          ),
        ),
    ),
  );
  element.hidden = false;
}

const words = { live: "Live", connecting: "Connecting", cut: "Cut off", resting: "Resting" };

function frame(events) {
  if (!model.status) return;
  const link = document.getElementById("link"),
    trouble = document.getElementById("trouble");
  const wait = Math.max(0, Math.ceil((model.retryAt - Date.now()) / 1000));
  link.hidden = false;
  link.className = `link ${model.line}`;
  refill(link, [model.line], () => [
    h("span", { class: "dot", "aria-hidden": "true" }),
    words[model.line],
    model.line === "cut" ? h("button", { type: "button", class: "quiet", onclick: retry }, "Try now") : null,
  ]);
  link.title = model.line === "cut" ? `The next try is in ${wait} s; what happens meanwhile is shown then` : "";
  trouble.hidden = !model.status.trouble;
  refill(trouble, model.status.trouble, () => ["The journal cannot be written, pushes are spooled: ", model.status.trouble ?? ""]);
  current?.update?.(events);
  for (const event of events) {
    if (event.type === "agent.reported") {
      const { agent, target } = event.data.data,
        found = targets().find((t) => t.agent.name === agent && t.name === target);
      if (found) say(`${agent}/${target}: ${stateOf(found)}`);
    } else if (event.type === "push.refused") {
      say(`A push to ${event.data.data.repo} was refused`);
    } else if (event.type === "mirror.diverged") {
      say(`${event.data.data.repo} in mirror ${event.data.data.mirror} waits for a person`);
    } else if (event.type === "mirror.late") {
      say(`${event.data.data.repo} in mirror ${event.data.data.mirror} has been behind for long`);
    } else if (event.type === "ref.updated") {
      say(`${event.data.data.repo} has moved`);
    }
  }
  title();
}

function login(message) {
  current?.leave?.();
  current = null;
  stop();
  for (const id of ["nav", "link", "out", "trouble"]) document.getElementById(id).hidden = true;
  for (const id of ["site", "who"]) document.getElementById(id).textContent = "";
  document.title = "Sign in · Headgate";
  const input = h("input", {
    id: "token",
    name: "token",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "token-hint",
    "aria-invalid": message ? "true" : null,
  });
  const enter = h("button", { type: "submit", class: "main" }, "Sign in");
  fill(
    main,
    h(
      "form",
      {
        class: "login",
        onsubmit: (event) => {
          event.preventDefault();
          enter.disabled = true;
          api.signIn(input.value.trim());
          begin().then(
            () => main.querySelector("h1")?.focus({ preventScroll: true }),
            () => {},
          );
        },
      },
      h("h1", {}, "Sign in"),
      h("label", { for: "token" }, "Token"),
      input,
      h(
        "p",
        { id: "token-hint", class: "hint" },
        "Of a viewer, an operator or an admin. An admin makes one by ",
        h("code", {}, "headgate token add NAME --role viewer"),
        ". It stays in this tab until the tab is closed.",
      ),
      h("p", { class: "problem", role: "alert" }, message ?? ""),
      enter,
    ),
  );
  input.focus();
}

async function begin() {
  try {
    await start();
  } catch (error) {
    const what =
      error.status === 401
        ? "The token is wrong or revoked."
        : error.status === 403
          ? "This is an agent's token; a token with a role is needed."
          : `${error.message}.`;
    if (error.status === 401 || error.status === 403) api.signOut();
    login(what);
    throw error;
  }
  const { site, you } = model.status;
  document.getElementById("site").textContent = shown(site);
  document.getElementById("who").textContent = shown(you.token ? `${you.token} (${you.role})` : you.role);
  document.getElementById("out").hidden = false;
  show();
}

document.getElementById("out").addEventListener("click", () => {
  api.signOut();
  login();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
api.whenRejected(() => {
  if (!model.status) return;
  api.signOut();
  login("The token is no longer taken.");
});
addEventListener("hashchange", () => {
  show();
  main.querySelector("h1")?.focus({ preventScroll: true });
});
listen(frame);
setInterval(tick, 1000);
// What depends on the time alone: an agent becomes away, a wait runs down.
setInterval(() => model.status && frame([]), 15000);

if (api.signedIn()) begin().catch(() => {});
else login();
