// Elements, times, ids. Whatever comes from outside becomes a text node, and characters that do not show are made to.

// Control characters, and those that turn the direction of text or take no room.
const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;

export function shown(text) {
  return String(text ?? "").replace(hidden, (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

// h("a", {href, class, onclick, "aria-label"}, "text", element, null, [more])
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : shown(value));
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : shown(child));
  }
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, children);
}

// Build what an element holds anew only when `key` has changed, so that what somebody reads or has focused stays.
export function refill(element, key, build) {
  const text = JSON.stringify(key) ?? "";
  if (element.filledBy === text) return;
  element.filledBy = text;
  fill(element, build());
}

// Put rows in order, keyed: those that are the same stay where they are. items: [{key, look, build}].
export function reorder(body, items) {
  const focused = body.contains(document.activeElement) ? document.activeElement.id : "";
  const old = new Map([...body.children].map((row) => [row.rowKey, row]));
  items.forEach((item, i) => {
    let row = old.get(item.key);
    if (!row || row.rowLook !== item.look) {
      const fresh = item.build();
      fresh.rowKey = item.key;
      fresh.rowLook = item.look;
      if (row) {
        fresh.classList.add("moved");
        row.replaceWith(fresh);
      }
      row = fresh;
    }
    old.delete(item.key);
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
  });
  for (const row of old.values()) row.remove();
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const units = [
  [31536000, "year"],
  [2592000, "month"],
  [86400, "day"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

function span(ms) {
  const seconds = Math.round(Math.abs(ms) / 1000);
  for (const [size, name] of units) {
    if (seconds < size) continue;
    const n = Math.floor(seconds / size);
    return `${n} ${name}${name.length > 2 && name !== "min" && n > 1 ? "s" : ""}`;
  }
  return "0 s";
}

export function age(ms) {
  const ago = Date.now() - ms;
  if (Math.abs(ago) < 1500) return "now";
  return ago < 0 ? `in ${span(ago)}` : `${span(ago)} ago`;
}

export function took(from, to) {
  const ms = Date.parse(to) - Date.parse(from);
  if (!Number.isFinite(ms) || ms < 0) return "";
  return ms < 1000 ? `${ms} ms` : ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}

export function when(text) {
  const ms = Date.parse(text);
  if (!Number.isFinite(ms)) return h("span", { class: "none" }, "never");
  const element = h("time", { datetime: text, title: new Date(ms).toLocaleString() }, age(ms));
  element.dataset.ms = ms;
  return element;
}

export function tick() {
  for (const element of document.querySelectorAll("time[data-ms]")) {
    const text = age(Number(element.dataset.ms));
    if (element.textContent !== text) element.textContent = text;
  }
}

export const short = (id) => (id ? String(id).slice(0, 10) : "");

// A commit, which leads to where it came in.
export function commit(id, repo) {
  if (!id || /^0+$/.test(id)) return h("span", { class: "none" }, "none");
  const code = h("code", { class: "id", title: id }, short(id));
  return repo ? h("a", { href: `#/repositories/${encodeURIComponent(repo)}?commit=${encodeURIComponent(id)}` }, code) : code;
}

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const branch = (ref) =>
  String(ref ?? "")
    .replace(/^refs\/heads\//, "")
    .replace(/^refs\//, "");

// A path that breaks behind its slashes, where it has to.
export function slashes(text) {
  return shown(text)
    .split(/(?<=[/:])/)
    .flatMap((part, i) => (i ? [h("wbr"), part] : [part]));
}

// Who did something, as the journal names him: a token says so.
export const who = (actor) => (String(actor ?? "").startsWith("token:") ? `${actor.slice(6)} (token)` : actor || "somebody");

export const none = (text) => h("span", { class: "none" }, text);
