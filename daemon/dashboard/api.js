// The HTTP API: requests with the token of this tab, and the stream of events.

const place = "headgate.token";
let token = sessionStorage.getItem(place) ?? "";
let rejected = () => {};

export class Failure extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const signedIn = () => token !== "";

export function signIn(text) {
  token = text;
  sessionStorage.setItem(place, text);
}

export function signOut() {
  token = "";
  sessionStorage.removeItem(place);
}

// Called when the server no longer takes the token.
export function whenRejected(callback) {
  rejected = callback;
}

async function send(method, path, { query, body, accept, signal } = {}) {
  // Here a plus is a plus, so no URLSearchParams.
  const params = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join("&");
  const headers = { Authorization: `Bearer ${token}` };
  if (accept) headers.Accept = accept;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(params ? `${path}?${params}` : path, {
      method,
      headers,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "unreachable", "headgated does not answer");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  const failure = new Failure(answer.status, told.error ?? "", told.message ?? `the server answered ${answer.status}`);
  failure.wait = Number(answer.headers.get("Retry-After")) || 0;
  if (answer.status === 401) rejected(failure);
  throw failure;
}

export async function get(path, query, signal) {
  return (await send("GET", path, { query, signal })).json();
}

export async function post(path, body) {
  return (await send("POST", path, { body })).json();
}

// The lines of server-sent events, as they come.
async function* read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "",
    event = { data: "" };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        yield event;
        event = { data: "" };
      } else {
        const at = line.indexOf(":");
        event[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
      }
    }
  }
}

const silence = 45000; // three bookmarks
const slowest = 30000;

// Follow the events behind `cursor` until stop() is called, over every cut: tell(event) for each, state(word, until) when the
// line changes. What has been told is not told again.
export function follow(cursor, tell, state) {
  let stopped = false,
    wake = () => {},
    abort = null,
    tries = 0;

  async function once() {
    abort = new AbortController();
    let watch;
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(() => abort.abort(), silence);
    };
    heard();
    try {
      const answer = await send("GET", "/v1/events", { query: { cursor }, accept: "text/event-stream", signal: abort.signal });
      state("live");
      for await (const event of read(answer.body)) {
        heard();
        tries = 0;
        if (event.id) cursor = event.id;
        tell({ type: event.event, id: event.id, data: event.data ? JSON.parse(event.data) : {} });
      }
    } finally {
      clearTimeout(watch);
      abort.abort();
    }
  }

  async function run() {
    while (!stopped) {
      let wait = 0;
      try {
        await once();
      } catch (error) {
        if (error.status === 401) return;
        wait = (error.wait ?? 0) * 1000;
      }
      if (stopped) return;
      wait = Math.max(wait, Math.min(slowest, 500 * 2 ** tries++) * (0.5 + Math.random() / 2));
      state("cut", Date.now() + wait);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!stopped) state("connecting");
    }
  }

  const retry = () => wake();
  addEventListener("online", retry);
  state("connecting");
  run();
  return {
    retry,
    cursor: () => cursor,
    stop() {
      stopped = true;
      removeEventListener("online", retry);
      abort?.abort();
      wake();
    },
  };
}
