// A unified diff: its lines numbered and coloured, with a sign for those who see no colour, and what was taken out of it marked.
import { count, h } from "./dom.js";

const first = 400; // lines that are drawn at once

// Where values were taken out on the host.
const redaction = /(\*{3,}|\[redacted(?: \d+)?\]|<redacted>|\((?:redacted|sensitive value)\))/g;

// Characters that do not show, which may make a line look like another.
const unseen = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff])/g;

function content(text) {
  return text
    .split(redaction)
    .map((part, i) =>
      i % 2
        ? h("mark", { class: "redacted", title: "taken out on the host" }, part)
        : part.split(unseen).map((piece, k) => (k % 2 ? h("mark", { class: "unseen" }, piece) : piece)),
    );
}

const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const header = /^(--- |\+\+\+ |diff |index [0-9a-f]|new file|deleted file|similarity|rename |old mode|new mode)/;

// What a tool tells without hunks: by the first sign of each line.
function parseLoosely(lines) {
  return lines.map((line) => {
    const sign = /^\s*([-+~])(\/\+)? /.exec(line)?.[1];
    return header.test(line)
      ? { kind: "file", text: line }
      : { kind: sign === "+" ? "add" : sign === "-" ? "del" : sign ? "mod" : "same", sign: "", text: line };
  });
}

// Lines with what they are and their numbers on both sides. The counts of a hunk tell a removed "-- x" from the head of the next
// file.
export function parse(text) {
  const lines = text.replace(/\n$/, "").split("\n");
  let old = 0,
    fresh = 0,
    oldLeft = 0,
    freshLeft = 0;
  if (!lines.some((line) => hunk.test(line))) return parseLoosely(lines);
  return lines.map((line) => {
    const begins = hunk.exec(line),
      within = oldLeft > 0 || freshLeft > 0;
    if (begins) {
      [old, fresh, oldLeft, freshLeft] = [Number(begins[1]), Number(begins[3]), Number(begins[2] ?? 1), Number(begins[4] ?? 1)];
      return { kind: "hunk", text: line };
    }
    if (!within && header.test(line)) return { kind: "file", text: line };
    const rest = line.slice(1);
    if (line[0] === "+" && old + fresh) {
      freshLeft--;
      return { kind: "add", sign: "+", text: rest, fresh: fresh++ };
    }
    if (line[0] === "-" && old + fresh) {
      oldLeft--;
      return { kind: "del", sign: "−", text: rest, old: old++ };
    }
    if (line[0] !== " " || !(old + fresh)) return { kind: "note", text: line };
    oldLeft--;
    freshLeft--;
    return { kind: "same", sign: " ", text: rest, old: old++, fresh: fresh++ };
  });
}

const word = { add: "added: ", del: "removed: ", mod: "changed: " };

function row(line) {
  return h(
    "tr",
    { class: `d-${line.kind}` },
    h("td", { class: "num", "aria-hidden": "true" }, line.old ?? ""),
    h("td", { class: "num", "aria-hidden": "true" }, line.fresh ?? ""),
    h("td", { class: "sign", "aria-hidden": "true" }, line.sign ?? ""),
    h("td", { class: "text" }, word[line.kind] ? h("span", { class: "spoken" }, word[line.kind]) : null, content(line.text)),
  );
}

export function diffView(text, { redacted, truncated }) {
  const lines = parse(text);
  const added = lines.filter((line) => line.kind === "add").length,
    removed = lines.filter((line) => line.kind === "del").length;
  const body = h("tbody", {}, lines.slice(0, first).map(row));
  const box = h("div", { class: "diff", tabindex: "0", role: "region", "aria-label": "Differences" }, h("table", {}, body));
  const more =
    lines.length > first
      ? h(
          "button",
          {
            type: "button",
            onclick: () => {
              body.append(...lines.slice(first).map(row));
              more.remove();
            },
          },
          `Show ${count(lines.length - first, "more line")}`,
        )
      : null;
  return h(
    "div",
    {},
    h(
      "p",
      { class: "hint" },
      h("span", { class: "plus" }, `+${added}`),
      " ",
      h("span", { class: "minus" }, `−${removed}`),
      " from the target to Git",
      redacted ? [" · ", h("strong", {}, count(redacted, "value")), " taken out on the host"] : null,
      truncated ? [" · ", h("strong", {}, "cut"), ": there is more on the target than is told here"] : null,
    ),
    box,
    more,
  );
}
