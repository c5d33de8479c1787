// Repositories with their protected refs and what moved those last; one of them with all that has happened to it.
import { get } from "./api.js";
import { branch, commit, count, h, none, refill, when } from "./dom.js";
import { past } from "./events.js";
import { badge, link } from "./fleet.js";
import { rank, reasonOf, stateOf, targets, troubled } from "./model.js";

const moves = /^(ref\.updated|push\.|upstream\.|mirror\.)/;

// What a policy says of a ref, in few words.
function rules(ref) {
  return [
    ref.force ? "force push allowed" : "no force push",
    ref.delete ? "may be deleted" : "no deletion",
    ref.restricted ? "some may push" : null,
  ]
    .filter(Boolean)
    .join(" · ");
}

function lastMove(last) {
  if (!last) return none("not told");
  return [
    h("strong", {}, last.actor ?? "somebody"),
    last.change === "create" ? " made it" : last.forced ? " force-pushed" : " pushed",
    last.paths ? ` ${count(last.paths, "path")}${last.paths_truncated ? " and more" : ""}` : "",
    " · ",
    when(last.time),
  ];
}

async function all(signal) {
  const list = [];
  let after = null;
  do {
    const page = await get("/v1/repositories", { after }, signal);
    list.push(...page.repositories);
    after = page.after;
  } while (after);
  return list;
}

function protectedRows(repo, card) {
  if (repo.trouble) return h("p", { class: "problem" }, repo.trouble);
  if (!repo.protected.length) return h("p", { class: "hint" }, "No protected ref.");
  return h(
    "ul",
    { class: `refs${card ? " card" : ""}` },
    repo.protected.map((ref) =>
      h(
        "li",
        {},
        h(
          "div",
          { class: "line" },
          h("code", { class: "ref", title: ref.ref }, branch(ref.ref)),
          ref.ref === repo.default_branch ? h("span", { class: "tag" }, "default") : null,
          commit(ref.id, repo.name),
          h("span", { class: "moved-by" }, lastMove(ref.last)),
        ),
        h("div", { class: "under" }, rules(ref)),
      ),
    ),
    repo.protected_more ? h("li", { class: "hint" }, "More refs are protected than are listed here.") : null,
  );
}

// How the targets of a repository are, the worst first.
function fed(name) {
  const found = targets().filter((target) => target.repo === name),
    counts = new Map();
  for (const target of found) counts.set(stateOf(target), (counts.get(stateOf(target)) ?? 0) + 1);
  if (!found.length) return none("no target");
  return [...counts]
    .sort((a, b) => rank[a[0]] - rank[b[0]])
    .map(([state, n]) =>
      h(
        "a",
        { class: "fed", href: `#/?state=${state}&q=${encodeURIComponent(`${name}`)}` },
        badge(state),
        h("span", { class: "n" }, n.toLocaleString("en")),
      ),
    );
}

export function repositoriesPage() {
  const headline = h("h1", { tabindex: "-1" }, "Repositories"),
    body = h("div", { class: "repos" }),
    foot = h("p", { class: "hint", role: "status" }, "Looking");
  let list = null,
    asking = null,
    again = 0;

  async function look() {
    asking?.abort();
    asking = new AbortController();
    try {
      list = await all(asking.signal);
      foot.textContent = list.length
        ? ""
        : "There is no repository below the root that the config names, or none that is yours to see.";
      update([]);
    } catch (error) {
      if (error.name !== "AbortError") foot.textContent = `The repositories cannot be read: ${error.message}.`;
    }
  }

  function update(events) {
    if (events.some((event) => moves.test(event.type))) {
      clearTimeout(again);
      again = setTimeout(look, 300);
    }
    if (!list) return;
    refill(
      body,
      list.map((repo) => [
        repo,
        targets()
          .filter((target) => target.repo === repo.name)
          .map(stateOf)
          .sort(),
      ]),
      () =>
        list.map((repo) =>
          h(
            "section",
            { class: "repo" },
            h(
              "div",
              { class: "title" },
              h("h2", {}, h("a", { href: `#/repositories/${encodeURIComponent(repo.name)}` }, repo.name)),
              h("span", { class: "under" }, repo.refs === null ? "" : count(repo.refs, "ref")),
              h("span", { class: "feeds" }, fed(repo.name)),
            ),
            protectedRows(repo),
          ),
        ),
    );
  }

  look();
  return {
    title: "Repositories",
    element: h(
      "div",
      { class: "page" },
      h("div", { class: "head" }, headline, h("p", { class: "lede" }, "Their protected refs, and what moved those last.")),
      body,
      foot,
    ),
    update,
    leave() {
      clearTimeout(again);
      asking?.abort();
    },
  };
}

export function repositoryPage([name], query) {
  const wanted = query.get("commit") ?? "";
  const refs = h("div", {}),
    fedBy = h("div", {}),
    problem = h("p", { class: "hint", role: "status" });
  const list = past(
    { repo: name },
    { limit: 30, empty: "Nothing has happened yet.", mark: (event) => wanted !== "" && event.data.new === wanted },
  );
  let asking = new AbortController(),
    repo = null,
    again = 0;

  async function look() {
    try {
      repo = (await all(asking.signal)).find((entry) => entry.name === name) ?? null;
      problem.textContent = repo ? "" : "There is no such repository, or it is not yours to see.";
      update([]);
    } catch (error) {
      if (error.name !== "AbortError") problem.textContent = `The repository cannot be read: ${error.message}.`;
    }
  }

  function update(events) {
    for (const event of events) {
      if (event.data.data?.repo !== name || !moves.test(event.type)) continue;
      list.put(event.data);
      clearTimeout(again);
      again = setTimeout(look, 300);
    }
    if (repo) refill(refs, repo, () => [protectedRows(repo, true)]);
    const found = targets()
      .filter((target) => target.repo === name)
      .map((target) => ({ target, state: stateOf(target) }))
      .sort((a, b) => rank[a.state] - rank[b.state] || (a.target.agent.name < b.target.agent.name ? -1 : 1));
    refill(
      fedBy,
      found.map(({ target, state }) => [target.agent.name, target.name, state, reasonOf(target)]),
      () => {
        if (!found.length) return [h("p", { class: "hint" }, "No target lives by this repository.")];
        const rest = found.length - 30;
        return [
          h(
            "ul",
            { class: "targets" },
            found
              .slice(0, 30)
              .map(({ target, state }) =>
                h(
                  "li",
                  {},
                  badge(state),
                  h("a", { href: link(target) }, `${target.agent.name}/${target.name}`),
                  h("span", { class: "under" }, troubled(state) ? reasonOf(target) : target.path || branch(target.ref)),
                ),
              ),
          ),
          rest > 0 ? h("p", {}, h("a", { href: `#/?q=${encodeURIComponent(name)}` }, `${count(rest, "more target")}`)) : null,
        ];
      },
    );
  }

  look();
  return {
    title: name,
    element: h(
      "div",
      { class: "page" },
      h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/repositories" }, "Repositories")),
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, name)),
      problem,
      h("section", {}, h("h2", {}, "Protected refs"), refs),
      h("section", {}, h("h2", {}, "Targets"), fedBy),
      h(
        "section",
        {},
        h("h2", {}, "Changes"),
        wanted
          ? h(
              "p",
              { class: "hint" },
              "The change that brought ",
              h("code", {}, wanted.slice(0, 10)),
              " is marked, where it is in the list.",
            )
          : null,
        list.element,
      ),
    ),
    update,
    leave() {
      clearTimeout(again);
      asking.abort();
      list.leave();
    },
  };
}
