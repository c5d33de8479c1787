// Refused pushes with what was found in them.
import { branch, count, h, short, when } from "./dom.js";
import { past } from "./events.js";
import { isScoped, model } from "./model.js";

const first = 5; // findings of a push that are shown before one asks for the rest

function finding(entry) {
  const place = entry.line ? `${entry.path}:${entry.line}:${entry.column}` : entry.path;
  return h(
    "li",
    { class: `finding ${entry.severity}` },
    h(
      "div",
      {},
      h("code", { class: "place" }, place),
      " ",
      h("span", { class: "severity" }, entry.severity),
      " ",
      entry.message,
      " ",
      h("code", { class: "rule" }, entry.rule),
    ),
    entry.hint ? h("div", { class: "hint" }, "Hint: ", entry.hint) : null,
  );
}

function push(event, marked) {
  const { repo, actor, remote, updates, errors, warnings, findings, push: id } = event.data;
  const list = findings ?? [],
    rest = list.slice(first),
    untold = errors + warnings - list.length;
  return h(
    "li",
    { class: `refusal${marked ? " marked" : ""}` },
    h(
      "div",
      { class: "line" },
      h(
        "span",
        {},
        h("strong", {}, actor ?? "Somebody"),
        " to ",
        h("a", { href: `#/repositories/${encodeURIComponent(repo)}` }, repo),
        " ",
        (updates ?? []).slice(0, 5).map((update, i) => [i ? ", " : "", h("code", {}, branch(update.ref))]),
        updates?.length > 5 ? ` and ${count(updates.length - 5, "more ref")}` : "",
      ),
      when(event.time),
    ),
    h(
      "div",
      { class: "under" },
      count(errors, "error"),
      warnings ? `, ${count(warnings, "warning")}` : "",
      remote ? [" · from ", h("code", {}, remote)] : "",
      id ? [" · push ", h("code", { title: id }, short(id))] : "",
    ),
    h("ul", { class: "findings" }, list.slice(0, first).map(finding)),
    rest.length
      ? h("details", {}, h("summary", {}, count(rest.length, "more finding")), h("ul", { class: "findings" }, rest.map(finding)))
      : null,
    untold > 0 ? h("p", { class: "hint" }, `${count(untold, "finding")} more than are told of one push.`) : null,
  );
}

// Whoever has a scope of refs or paths is told of no refusal, for what was found may lie outside.
const untold = () => isScoped() && (model.status.you.scope.refs.length > 0 || model.status.you.scope.paths.length > 0);

export function refusalsPage(args, query) {
  const wanted = query.get("push") ?? "";
  const list = untold()
    ? null
    : past(
        { type: "io.headgate.push.refused.v1" },
        { draw: push, mark: (event) => wanted !== "" && event.data.push === wanted, empty: "No push has been refused." },
      );
  return {
    title: "Refused pushes",
    element: h(
      "div",
      { class: "page" },
      h(
        "div",
        { class: "head" },
        h("h1", { tabindex: "-1" }, "Refused pushes"),
        h("p", { class: "lede" }, "What the gate kept out, and why."),
      ),
      list ? list.element : h("p", { class: "empty" }, "Refusals are told to tokens without a scope of refs or paths."),
    ),
    update(events) {
      for (const event of events) if (event.type === "push.refused") list?.put(event.data);
    },
    leave: () => list?.leave(),
  };
}
