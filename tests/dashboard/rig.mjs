// A real daemon with repositories, pushes and agents, in a folder of its own: what the dashboard's tests look at.
//
//   const rig = await Rig.start({ build, folder });
//   await rig.repository("infra/prod"); await rig.commit("infra/prod", { "web/a.yaml": "..." }); ...
//   const agent = await rig.agent("web1", { kind: "host", targets: [...] }); await agent.report({ target: "web", ... });
//   await rig.stop();
import { execFile, spawn } from "node:child_process";
import { closeSync, createWriteStream, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function until(what, look, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

// One request; the answer as {status, headers, body}.
export function ask({ socketPath, port, method = "GET", path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        socketPath,
        host: "127.0.0.1",
        port,
        method,
        path,
        agent: false,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }),
        },
      },
      (res) => {
        const parts = [];
        res.on("data", (part) => parts.push(part));
        res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
        res.on("error", reject);
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}

class Agent {
  constructor(rig, name, token, targets) {
    Object.assign(this, { rig, name, token, targets, stream: null });
  }

  async send(method, path, body) {
    const answer = await ask({
      port: this.rig.port,
      method,
      path,
      headers: { Authorization: `Bearer ${this.token}` },
      body: JSON.stringify(body),
    });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }

  announce(host) {
    return this.send("PUT", "/v1/agents/self", { version: "0.1.0", host, instance: this.name, targets: this.targets });
  }

  connect() {
    return new Promise((resolve, reject) => {
      const req = request(
        {
          host: "127.0.0.1",
          port: this.rig.port,
          path: `/v1/agents/self/events?instance=${this.name}`,
          agent: false,
          headers: { Authorization: `Bearer ${this.token}`, Accept: "text/event-stream" },
        },
        (res) => {
          res.on("data", () => {});
          res.on("error", () => {});
          res.statusCode === 200 ? resolve() : reject(new Error(`the stream of ${this.name} is answered ${res.statusCode}`));
        },
      );
      req.on("error", (error) => reject(error));
      req.end();
      this.stream = req;
    });
  }

  // Gone, and the daemon has seen it.
  async leave() {
    this.stream.destroy();
    // For long enough that nothing is believed of it (stale_after).
    await until(`${this.name} to be away`, async () => {
      const agent = await this.rig.call("GET", `/v1/agents/${this.name}`);
      return !agent.connected && agent.targets.every((target) => target.stale || !target.report);
    });
  }

  report(report) {
    return this.send("POST", "/v1/agents/self/reports", { health: "Healthy", operation: "Succeeded", ...report });
  }
}

// A headgate-agent of its own with one target of files; ends with stop().
class Program {
  constructor(rig, name, target) {
    const at = (file) => join(rig.folder, `${name}.${file}`);
    const log = openSync(at("log"), "a");
    this.log = at("log");
    this.into = at("host");
    mkdirSync(this.into);
    writeFileSync(
      at("yaml"),
      `server: ${rig.url}\ntoken_file: ${at("token")}\nstate: ${at("state")}\ntargets:\n` +
        `  - {name: ${target.name}, repo: ${target.repo}, path: ${target.path}, driver: files, sync: ${target.sync}, ` +
        `options: {into: ${this.into}}}\n`,
    );
    this.process = spawn("headgate-agent", ["-c", at("yaml")], { env: rig.env, stdio: ["ignore", log, log] });
    closeSync(log);
    this.ended = new Promise((resolve) => this.process.on("exit", resolve));
  }

  async stop() {
    this.process.kill("SIGTERM");
    const status = await this.ended;
    if (status !== 0) throw new Error(`headgate-agent ended with ${status}: ${readFileSync(this.log, "utf8").slice(-2000)}`);
  }
}

export class Rig {
  static async start({ build, folder, config = "" }) {
    const rig = new Rig();
    Object.assign(rig, {
      build,
      folder,
      agents: new Map(),
      admin: join(folder, "admin.sock"),
      yaml: join(folder, "headgate.yaml"),
      log: join(folder, "headgated.log"),
    });
    for (const name of ["git", "state", "work"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(
      join(folder, "gitconfig"),
      "[user]\n  name = Tester\n  email = tester@example.org\n[init]\n  defaultBranch = main\n[gc]\n  auto = 0\n",
    );
    rig.env = {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([key]) => !/^(GIT_|GL_|GITEA_|GITHUB_|HEADGATE_|SSH_|REMOTE_USER)|_proxy$/i.test(key)),
      ),
      PATH: `${build}/bin:${process.env.PATH}`,
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: join(folder, "gitconfig"),
      HEADGATE_CONFIG: rig.yaml,
    };
    writeFileSync(
      rig.yaml,
      `site: git.example.org\nstate: ${folder}/state\nrepositories: {root: ${folder}/git}\n` +
        `sockets: {hook: ${folder}/hook.sock, admin: ${rig.admin}}\nlisten: [{address: "127.0.0.1:0"}]\n` +
        `limits: {address_requests: 0, client_requests: 0, address_connections: 0, wrong_tokens: 0}\nstale_after: 1s\n${config}`,
    );
    await rig.launch();
    return rig;
  }

  // The same port again where there was one, so that who looks comes back.
  async launch() {
    if (this.port) writeFileSync(this.yaml, readFileSync(this.yaml, "utf8").replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${this.port}`));
    const log = createWriteStream(this.log, { flags: "a" });
    await new Promise((resolve) => log.on("open", resolve));
    this.daemon = spawn("headgated", ["-c", this.yaml], { env: this.env, stdio: ["ignore", log, log] });
    this.ended = new Promise((resolve) => this.daemon.on("exit", resolve));
    await until("the daemon", async () => {
      if (this.daemon.exitCode !== null) throw new Error(`headgated has ended: ${readFileSync(this.log, "utf8")}`);
      return (await ask({ socketPath: this.admin, path: "/readyz" }).catch(() => null))?.status === 200;
    });
    this.port = Number([...readFileSync(this.log, "utf8").matchAll(/127\.0\.0\.1:([1-9]\d*)/g)].at(-1)[1]);
    this.url = `http://127.0.0.1:${this.port}`;
  }

  async halt() {
    this.daemon.kill("SIGTERM");
    const status = await this.ended;
    if (status !== 0) throw new Error(`headgated ended with ${status}: ${readFileSync(this.log, "utf8").slice(-2000)}`);
  }

  async stop() {
    for (const agent of this.agents.values()) agent.stream?.destroy();
    await this.halt();
  }

  async call(method, path, body) {
    const answer = await ask({ socketPath: this.admin, method, path, body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.body.length ? JSON.parse(answer.body) : null;
  }

  async token(name, role, scope = {}) {
    return (await this.call("POST", "/v1/tokens", { name, role, ...scope })).token;
  }

  git(cwd, args, user = "alice") {
    return run("git", args, { cwd, env: { ...this.env, USER: user, LOGNAME: user }, maxBuffer: 1 << 26 });
  }

  async repository(name) {
    const bare = join(this.folder, "git", `${name}.git`),
      work = join(this.folder, "work", name);
    await this.git(this.folder, ["init", "-q", "--bare", bare]);
    await run("headgate", ["install", "-c", this.yaml, bare], { env: this.env });
    await this.git(this.folder, ["clone", "-q", bare, work]);
    await until(`the repository ${name}`, async () =>
      (await this.call("GET", "/v1/status?detail=brief")).repositories.some((repo) => repo.name === name),
    );
    return work;
  }

  // Commit files ({path: text, or null to remove it}) and push them; the commit's id. `refused`: the push is to fail.
  async commit(name, files, { user = "alice", ref = "main", message = "change", refused = false, force = false } = {}) {
    const work = join(this.folder, "work", name);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      if (text === null) await this.git(work, ["rm", "-q", "--", path]);
      else writeFileSync(join(work, path), text);
    }
    await this.git(work, ["add", "-A"]);
    await this.git(work, ["commit", "-q", "--allow-empty", "-m", message]);
    const id = (await this.git(work, ["rev-parse", "HEAD"])).stdout.trim();
    const pushed = await this.git(work, ["push", "-q", ...(force ? ["-f"] : []), "origin", `HEAD:refs/heads/${ref}`], user).then(
      () => true,
      (error) => {
        if (!refused) throw error;
        return false;
      },
    );
    if (pushed === refused) throw new Error(`the push to ${name} was ${pushed ? "taken" : "refused"}`);
    if (refused) await this.git(work, ["reset", "-q", "--hard", "HEAD~1"]);
    return id;
  }

  async program(name, target) {
    const { token } = await this.call("POST", "/v1/agents", { name, kind: "host", allow: ["**"] });
    writeFileSync(join(this.folder, `${name}.token`), token, { mode: 0o600 });
    return new Program(this, name, target);
  }

  async agent(name, { kind = "host", targets, host = `${name}.example.org`, connected = true }) {
    const { token } = await this.call("POST", "/v1/agents", { name, kind, allow: ["**"] });
    const full = targets.map((target) => ({ ref: "refs/heads/main", path: "", driver: "files", sync: "auto", ...target }));
    const agent = new Agent(this, name, token, full);
    this.agents.set(name, agent);
    if (full.length) await agent.announce(host);
    if (connected && full.length) await agent.connect();
    return agent;
  }
}
