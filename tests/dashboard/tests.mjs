// The dashboard of a real daemon in a real browser: node tests.mjs BUILD PACKAGES FOLDER CHROMIUM
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { is, ok, runAll, test } from "./harness.mjs";
import { faint, unusable, wide } from "./look.mjs";
import { Rig, ask } from "./rig.mjs";
import { driftDiff, trouble } from "./trouble.mjs";

const [build, packages, folder, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(pathToFileURL(`${packages}/package.json`))("playwright-core");
const receiver = "http://127.0.0.1:9/";
const rig = await Rig.start({
  build,
  folder,
  config: `webhooks:\n  - {name: argocd, url: "${receiver}", allow_private: true, insecure: true, retry_for: 0s}\nmirrors:\n` +
    `  - {name: upstream, direction: pull, url: "${folder}/up/{repo}.git", repos: ["vendor/*"], on_force: stop, every: 0s}\n`,
});
const fleet = await trouble(rig);
const tokens = {
  viewer: await rig.token("vera", "viewer"),
  operator: await rig.token("oscar", "operator"),
  admin: await rig.token("ada", "admin"),
  scoped: await rig.token("nils", "viewer", { repos: ["platform/*"] }),
  narrow: await rig.token("paula", "viewer", { repos: ["infra/hosts"], paths: ["db"] }),
};
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

// A tab of its own, whose every fault and request is kept.
const open = [],
  faults = [];
async function tab({ as = "viewer", hash = "", later = 0, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  context.setDefaultTimeout(15000);
  open.push(context);
  await context.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  const page = await context.newPage();
  page.requests = [];
  page.on("request", (request) => {
    page.requests.push(`${request.method()} ${request.url().replace(rig.url, "")}`);
    if (!request.url().startsWith(`${rig.url}/`)) faults.push(`asked elsewhere: ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  // That an answer was 401 or that the server is away is what some tests are about; Chromium tells both as errors.
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  if (later) {
    await page.clock.install();
    await page.clock.setSystemTime(Date.now() + later);
  }
  await page.goto(`${rig.url}/${hash}`);
  if (as) await signIn(page, tokens[as] ?? as);
  return page;
}

async function signIn(page, token) {
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#nav:not([hidden])");
}

const go = (page, hash) => page.evaluate((to) => (location.hash = to), hash);
const counts = (page) =>
  page.$$eval(".strip button", (buttons) =>
    Object.fromEntries(
      buttons.map((button) => [
        button.querySelector(".word").lastChild.data,
        Number(button.querySelector(".n").textContent.replace(",", "")),
      ]),
    ),
  );
const rows = (page) =>
  page.$$eval(".fleet tbody tr", (list) =>
    list.map((row) => `${row.querySelector(".badge").lastChild.data} ${row.querySelector("th a").textContent}`),
  );
const text = (page, selector) => page.textContent(selector);

// What is told under one head of a target's facts.
const facts = (page, name) =>
  page.$$eval(
    ".facts dt",
    (list, head) => list.filter((dt) => dt.textContent === head).map((dt) => dt.nextElementSibling.textContent),
    name,
  );
// Lines of a diff as they were: what is there for readers alone is left out.
const diffLines = (page, selector) =>
  page.$$eval(selector, (list) =>
    list.map((row) => {
      const copy = row.querySelector(".text").cloneNode(true);
      copy.querySelectorAll(".spoken").forEach((word) => word.remove());
      return row.querySelector(".sign").textContent.replace("−", "-") + copy.textContent;
    }),
  );
const header = { All: 27, Failed: 2, Degraded: 1, Drift: 2, Unknown: 1, Behind: 2, Working: 1, Suspended: 1, Synced: 17 };

test("files: to anyone, with strict headers, compressed, by tag, and nothing else", async () => {
  const get = (path, headers = {}, method = "GET") => ask({ port: rig.port, method, path, headers });
  const page = await get("/");
  is(page.status, 200);
  is(
    page.headers["content-security-policy"],
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
      "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " +
      "require-trusted-types-for 'script'; trusted-types 'none'",
  );
  is(
    [
      page.headers["x-content-type-options"],
      page.headers["referrer-policy"],
      page.headers["cross-origin-opener-policy"],
      page.headers["cache-control"],
    ],
    ["nosniff", "no-referrer", "same-origin", "no-cache"],
  );
  const files = [...page.body.toString().matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"/g)].map((match) => match[1]);
  ok(files.length > 10, "the page names its files");
  for (const path of ["/", ...files]) {
    const plain = await get(path),
      packed = await get(path, { "Accept-Encoding": "gzip" });
    is(
      [plain.status, packed.status, packed.headers["content-encoding"], packed.headers.vary],
      [200, 200, "gzip", "Accept-Encoding"],
      path,
    );
    ok(
      plain.headers["content-security-policy"] && plain.headers["x-content-type-options"] === "nosniff",
      `${path} has the headers`,
    );
    is(gunzipSync(packed.body).equals(plain.body), true, `${path} is the same compressed`);
    ok(plain.headers.etag && packed.headers.etag && plain.headers.etag !== packed.headers.etag, `${path} has two tags`);
    is((await get(path, { "If-None-Match": plain.headers.etag })).status, 304, path);
    is((await get(path, { "If-None-Match": packed.headers.etag, "Accept-Encoding": "gzip" })).status, 304, path);
    is((await get(path, { "If-None-Match": packed.headers.etag })).status, 200, path);
    const head = await get(path, {}, "HEAD");
    is([head.status, head.headers["content-length"], head.body.length], [200, String(plain.body.length), 0], path);
  }
  is((await get("/dashboard/nothing.js")).status, 404);
  is((await get("/dashboard/..%2f..%2fetc%2fpasswd")).status, 404);
  is((await get("/", {}, "POST")).status, 405);
});

test("signing in: a wrong token and an agent's are told apart, a good one stays in its tab", async () => {
  const page = await tab({ as: null });
  is(await page.evaluate(() => document.activeElement.id), "token");
  await page.fill("#token", "hgr_wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=The token is wrong or revoked.");
  await page.fill("#token", fleet.eu.token);
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=This is an agent's token");
  await signIn(page, tokens.viewer);
  is(await text(page, "#who"), "vera (viewer)");
  is(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ["", 0, 1]);
  is((await page.context().cookies()).length, 0);
  ok(!page.requests.some((request) => request.includes(tokens.viewer)), "the token is in no address");
  await page.reload();
  await page.waitForSelector(".fleet");
  const other = await page.context().newPage();
  await other.goto(rig.url);
  await other.waitForSelector("#token");
  await page.click("#out");
  await page.waitForSelector("#token");
  is(await page.evaluate(() => sessionStorage.length), 0);
});

test("fleet: counted by state, the worst first, filtered by state, kind and words", async () => {
  const page = await tab();
  is(await counts(page), header);
  is((await rows(page)).slice(0, 10), [
    "Failed prod-eu/ingress",
    "Failed web3/nginx",
    "Drift prod-eu/shop",
    "Drift web5/nginx",
    "Degraded prod-us/shop",
    "Unknown edge/cdn",
    "Behind staging/sandbox",
    "Behind web6/nginx",
    "Working staging/shop",
    "Suspended web7/base",
  ]);
  is(await text(page, "h1"), "8 targets of 27 need a look");
  is(await page.title(), "(8) Fleet · git.example.org");
  ok((await text(page, "main")).includes("Without a target: spare."), "an agent without targets is named");
  await page.click(".strip .s-drift");
  is(await rows(page), ["Drift prod-eu/shop", "Drift web5/nginx"]);
  is(await page.getAttribute(".strip .s-drift", "aria-pressed"), "true");
  is(new URL(page.url()).hash, "#/?state=Drift");
  await page.reload();
  await page.waitForSelector(".fleet tbody tr");
  is(await rows(page), ["Drift prod-eu/shop", "Drift web5/nginx"]);
  await page.click(".strip .s-drift");
  await page.selectOption("#kind", "cluster");
  is((await counts(page)).All, 7);
  await page.fill("#search", "prod-us kubectl");
  await page.waitForFunction(() => document.querySelectorAll(".fleet tbody tr").length === 2);
  is(await rows(page), ["Degraded prod-us/shop", "Synced prod-us/ingress"]);
  await page.fill("#search", "no such thing");
  await page.waitForSelector("text=Nothing fits what is looked for.");
});

test("fleet: a target whose agent has gone is Unknown, whatever it said last", async () => {
  await fleet.db2.leave();
  const page = await tab({ later: 5 * 60000 });
  is(
    (await rows(page)).filter((row) => row.includes("db2")),
    ["Unknown db2/postgres"],
  );
  is(await text(page, "tr:has(a[href='#/targets/db2/postgres']) .c-what"), "The agent is away; it last said Synced");
  ok((await text(page, ".lede")).includes("15 agents, 1 away"), "the agents that are away are counted");
  await go(page, "#/targets/db2/postgres");
  await page.waitForSelector(".title .s-unknown");
  await fleet.db2.connect();
});

test("live: a report is shown when it comes, said aloud, and counted; nothing is asked again", async () => {
  const page = await tab();
  await page.waitForSelector(".link.live");
  const asked = page.requests.length;
  await fleet.db1.report({
    target: "postgres",
    sync: "OutOfSync",
    cause: "drift",
    desired: fleet.h2,
    applied: fleet.h2,
    observed: null,
    message: "postgresql.conf was changed",
  });
  await page.waitForSelector("tr.s-drift:has(a[href='#/targets/db1/postgres'])");
  is(await counts(page), { ...header, Drift: 3, Synced: 16 });
  await page.waitForFunction(() => document.getElementById("spoken").textContent === "db1/postgres: Drift");
  is(page.requests.slice(asked), []);
  await fleet.db1.report({
    target: "postgres",
    sync: "Synced",
    desired: fleet.h2,
    applied: fleet.h2,
    observed: fleet.h2,
    message: "",
  });
  await page.waitForSelector("tr.s-synced:has(a[href='#/targets/db1/postgres'])");
});

test("live: what is focused stays where it is while rows move", async () => {
  const page = await tab();
  await page.focus("a[href='#/targets/web8/nginx']");
  await fleet.db1.report({ target: "postgres", sync: "Unknown", health: "Unknown", desired: fleet.h2, message: "cannot be read" });
  await page.waitForSelector("tr.s-unknown:has(a[href='#/targets/db1/postgres'])");
  is(await page.evaluate(() => document.activeElement.getAttribute("href")), "#/targets/web8/nginx");
  await fleet.db1.report({
    target: "postgres",
    sync: "Synced",
    desired: fleet.h2,
    applied: fleet.h2,
    observed: fleet.h2,
    message: "",
  });
  await page.waitForSelector("tr.s-synced:has(a[href='#/targets/db1/postgres'])");
});

test("live: the line is cut and comes back, and what happened meanwhile is there", async () => {
  const page = await tab();
  await page.waitForSelector(".link.live");
  await rig.halt();
  await page.waitForSelector(".link.cut");
  is(await page.$eval("#link", (link) => link.textContent), "Cut offTry now");
  await rig.launch();
  await fleet.us.announce("prod-us.example.org");
  // What an agent that is away has said is believed for a second.
  for (const agent of rig.agents.values()) await agent.connect();
  await fleet.us.report({
    target: "ingress",
    sync: "OutOfSync",
    cause: "drift",
    desired: fleet.c3,
    applied: fleet.c3,
    message: "made while nobody looked",
  });
  await page.click("#link button").catch(() => {});
  await page.waitForSelector(".link.live", { timeout: 40000 });
  await page.waitForSelector("tr.s-drift:has(a[href='#/targets/prod-us/ingress'])");
  await fleet.us.report({
    target: "ingress",
    sync: "Synced",
    desired: fleet.c3,
    applied: fleet.c3,
    observed: fleet.c3,
    message: "",
  });
});

test("target: what it should have and has, how they differ, what it consists of, and its past", async () => {
  const page = await tab({ hash: "#/targets/prod-eu/shop" });
  await page.waitForSelector(".diff");
  is(await text(page, "h1"), "prod-eu/shop");
  is(
    await page.$$eval(".revisions li", (list) =>
      list.map((item) => [item.querySelector(".step").textContent, item.querySelector("code")?.title ?? "none"]),
    ),
    [
      ["Desired", fleet.c3],
      ["Applied", fleet.c3],
      ["Observed", "none"],
    ],
  );
  is(
    await page.$$eval(".revisions a", (list) => list.map((a) => a.getAttribute("href"))),
    [0, 1].map(() => `#/repositories/infra%2Fclusters?commit=${fleet.c3}`),
  );
  ok((await text(page, ".facts")).includes("41 compared, 2 could not be"), "the coverage is told");
  const lines = driftDiff.split("\n").slice(0, -1);
  is(await diffLines(page, ".diff tr"), lines);
  is(
    await page.$$eval(".d-add, .d-del", (list) => list.map((row) => row.className).join(" ")),
    "d-del d-add d-del d-del d-add d-del d-add d-add",
  );
  is(await page.$$eval(".diff .redacted", (list) => list.map((mark) => mark.textContent)), ["[redacted 1]", "[redacted 2]"]);
  ok(
    (await text(page, "section[aria-labelledby=diff] .hint")).includes("2 values taken out on the host"),
    "what was taken out is counted",
  );
  is(
    await page.$$eval(".resources tbody tr", (list) =>
      list.slice(0, 3).map((row) => [...row.children].map((cell) => cell.textContent)),
    ),
    [
      ["apps/v1/Deploymentshop/checkout", "OutOfSync", "Healthy", "spec.replicas, image and 2 more fields differ"],
      ["v1/ConfigMapshop/flags", "Extra", "not told", "is not in Git; was made by kubectl-create"],
      ["apps/v1/Deploymentshop/payments", "Synced", "Progressing", "2 of 3 replicas are ready"],
    ],
  );
  ok(
    (await text(page, "section[aria-labelledby=resources]")).includes("The 8 that are worst off are listed."),
    "that the list is cut is told",
  );
  is(await page.$$eval("section[aria-labelledby=ignored] tbody tr", (list) => list.map((row) => row.textContent)), [
    "apps/v1/Deployment spec.replicas when autoscaled4",
    "v1/Secret data.ca.crtnever hit",
  ]);
  is(await page.$$eval("section[aria-labelledby=history] .said strong", (list) => list.map((item) => item.textContent)), [
    "Drift",
    "Synced",
    "Synced",
  ]);
  await fleet.eu.report({ target: "shop", sync: "Synced", desired: fleet.c3, applied: fleet.c3, observed: fleet.c3, message: "" });
  await page.waitForSelector(".title .s-synced");
  await page.waitForFunction(
    () => !document.querySelector(".diff") && document.querySelectorAll("section[aria-labelledby=history] li").length === 4,
  );
  await go(page, "#/targets/web3/nginx");
  await page.waitForSelector(".reason .message");
  is((await text(page, ".reason .message")).split("\n").length, 3);
  await go(page, "#/targets/web3/none");
  await page.waitForSelector("text=There is no such target");
});

test("refused pushes: who, where, what was found with its place, rule and hint; a new one is shown when it comes", async () => {
  const page = await tab({ hash: "#/refused" });
  await page.waitForSelector(".refusal");
  is(await page.$$eval(".refusal", (list) => list.map((item) => item.querySelector("strong").textContent)), ["jonas", "tomasz"]);
  const finding = await page.$$eval(".refusal:nth-child(2) .finding", (list) =>
    list.map((item) => [".place", ".severity", ".rule", ".hint"].map((part) => item.querySelector(part)?.textContent ?? "")),
  );
  is(finding[0], [
    "clusters/prod-eu/shop/orders.yaml:10:16",
    "error",
    "transition/shrink",
    "Hint: put the old size back; or make a new, smaller claim and copy the data: volumes grow, and do not shrink",
  ]);
  is(finding[1], ["clusters/prod-eu/shop/payments.yaml:7:3", "error", "schema/unknown-field", "Hint: write it replicas"]);
  const bad = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`web/bad${i}.yaml`, "a: 1\na: 2\n"]));
  await rig.commit(fleet.hosts, bad, { user: "greta", refused: true });
  await page.waitForFunction(() => document.querySelectorAll(".refusal").length === 3);
  is(
    await page.$eval(".refusal", (item) => [
      item.querySelector("strong").textContent,
      item.querySelectorAll(":scope > .findings > li").length,
      item.querySelector("summary").textContent,
    ]),
    ["greta", 5, "3 more findings"],
  );
  await page.click(".refusal summary");
  is(await page.$$eval(".refusal:first-child .finding", (list) => list.filter((item) => item.checkVisibility()).length), 8);
});

test("repositories: protected refs and who moved them last; one of them with its changes", async () => {
  const page = await tab({ hash: "#/repositories" });
  await page.waitForSelector(".repo");
  is(
    await page.$$eval(".repo", (list) =>
      list.map((item) => [
        item.querySelector("h2").textContent,
        item.querySelector(".ref").title,
        item.querySelector(".tag").textContent,
        item.querySelector(".id").title,
        item.querySelector(".moved-by strong").textContent,
      ]),
    ),
    [
      ["infra/clusters", "refs/heads/main", "default", fleet.c3, "maria"],
      ["infra/hosts", "refs/heads/main", "default", fleet.h2, "jonas"],
      ["platform/network", "refs/heads/main", "default", fleet.n1, "alice"],
    ],
  );
  await page.click("text=platform/network");
  await page.waitForSelector(".events .entry");
  is(await text(page, "h1"), "platform/network");
  is(await page.$$eval(".targets a", (list) => list.map((a) => a.textContent)), ["edge/cdn", "edge/dns"]);
  const next = await rig.commit(fleet.net, { "modules/edge/more.tf": "# more\n" }, { user: "bert" });
  await page.waitForSelector(`.events .entry code[title="${next}"]`);
  is(await text(page, ".events .entry:first-child .said strong"), "bert");
  ok((await text(page, ".events .entry:first-child .paths")).includes("modules/edge/more.tf"), "the paths are told");
  await page.waitForSelector(`.refs code[title="${next}"]`);
  await go(page, `#/repositories/infra%2Fclusters?commit=${fleet.c2}`);
  await page.waitForSelector(".entry.marked");
  is(await page.$eval(".entry.marked code.id", (code) => code.title), fleet.c2);
});

test("webhooks: for admins; nobody else is shown them, nor turned away while looking around", async () => {
  const admin = await tab({ as: "admin", hash: "#/webhooks" });
  await admin.waitForSelector(".hooks tbody tr");
  is(await text(admin, ".hooks tbody th"), "argocdcloudevents · not signed");
  await admin.waitForSelector(".hooks .s-failed");
  await admin.waitForSelector(".events .entry code");
  ok(
    (await text(admin, ".events .entry code")).startsWith("headgate webhook replay argocd "),
    "how a parked one is replayed is told",
  );
  const viewer = await tab();
  for (const hash of ["#/repositories", "#/refused", "#/targets/prod-us/shop", "#/"]) {
    await go(viewer, hash);
    await viewer.waitForSelector("h1");
  }
  is(await viewer.$$eval("#nav a", (list) => list.map((a) => a.textContent)), ["Fleet", "Repositories", "Refused pushes", "Mirrors"]);
  is(
    (await rig.call("GET", "/v1/history?type=io.headgate.agent.refused.v1")).events.filter((event) => event.data.token === "vera"),
    [],
  );
  await go(viewer, "#/webhooks");
  await viewer.waitForSelector("text=Webhooks are shown to admins.");
});

test("an operator syncs, suspends and resumes; a viewer has no such buttons", async () => {
  const viewer = await tab({ hash: "#/targets/web1/nginx" });
  await viewer.waitForSelector(".facts");
  is(await viewer.$$(".actions button"), []);
  const page = await tab({ as: "operator", hash: "#/targets/web1/nginx" });
  await page.waitForSelector(".actions button");
  is(await page.$$eval(".actions button", (list) => list.map((button) => button.textContent)), ["Sync now", "Suspend"]);
  await page.focus("#do-sync");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Sync is asked for. The agent is told now.");
  await page.waitForSelector(".pending li");
  ok((await text(page, ".pending li")).startsWith("sync was asked for by"), "what is asked for is shown until it is taken");
  is(await page.evaluate(() => document.activeElement.id), "do-sync");
  await viewer.waitForSelector(".pending li");
  await rig.agents
    .get("web1")
    .report({
      target: "nginx",
      sync: "OutOfSync",
      cause: "pending",
      suspended: true,
      desired: fleet.h2,
      applied: fleet.h1,
      message: "suspended",
    });
  await page.waitForSelector("#do-resume");
  await page.click("#do-resume");
  await page.waitForSelector("text=Resume is asked for.");
  is(await facts(page, "Pinned"), []);
  await rig.agents
    .get("web1")
    .report({
      target: "nginx",
      sync: "Synced",
      desired: fleet.h1,
      applied: fleet.h1,
      observed: fleet.h1,
      pinned: fleet.h1,
      message: "",
    });
  await page.waitForSelector("text=what a sync asked for: pinned");
  is(await facts(page, "Pinned"), [
    `to ${fleet.h1.slice(0, 10)}, which was asked for: until the ref moves, or a sync without a revision`,
  ]);
  const all = await tab({ as: "operator", hash: "#/?q=web1/nginx" });
  await all.waitForSelector("tr.s-synced .tag");
  is(await all.$$eval("tr.s-synced .tag", (list) => list.map((tag) => tag.textContent)), ["sync asked for", "pinned"]);
  await rig.agents
    .get("web1")
    .report({ target: "nginx", sync: "Synced", desired: fleet.h2, applied: fleet.h2, observed: fleet.h2, message: "" });
});

test("the button moves a real agent's host, and a change by hand on it is shown line by line", async () => {
  const agent = await rig.program("real", { name: "motd", repo: fleet.hosts, path: "base", sync: "manual" });
  try {
    const page = await tab({ as: "operator", hash: "#/?q=real/" });
    await page.waitForSelector("tr.s-behind a[href='#/targets/real/motd']");
    await page.click("a[href='#/targets/real/motd']");
    await page.click("#do-sync");
    await page.waitForSelector(".title .s-synced");
    is(readFileSync(`${agent.into}/motd`, "utf8"), "welcome\n");
    await page.waitForFunction(() => !document.querySelector(".pending li"));
    await page.waitForFunction(() => /asked to sync/.test(document.querySelector("section[aria-labelledby=history]").textContent));
    writeFileSync(`${agent.into}/motd`, "changed by hand\npassword: hunter2\n");
    await page.waitForSelector(".title .s-drift");
    await page.waitForSelector(".diff .d-del");
    is(await diffLines(page, ".d-del, .d-add"), ["-changed by hand", "-password: [redacted 1]", "+welcome"]);
    is(await page.$$eval(".diff .redacted", (list) => list.map((mark) => mark.textContent)), ["[redacted 1]"]);
    ok(!(await text(page, "body")).includes("hunter2"), "a secret of the host is not in the page");
  } catch (error) {
    throw new Error(`${error.stack}\nthe agent says:\n${readFileSync(agent.log, "utf8").slice(-2000)}`);
  } finally {
    await agent.stop();
    await rig.call("DELETE", "/v1/agents/real");
  }
});

test("a scope: what lies outside is not shown, counted or hinted at", async () => {
  const page = await tab({ as: "scoped" });
  is(await rows(page), ["Unknown edge/cdn", "Synced edge/dns"]);
  is((await counts(page)).All, 2);
  is(await text(page, ".lede"), "1 agent · 1 repository");
  await go(page, "#/repositories");
  await page.waitForSelector(".repo");
  is(await page.$$eval(".repo h2", (list) => list.map((item) => item.textContent)), ["platform/network"]);
  await go(page, "#/refused");
  await page.waitForSelector("text=No push has been refused.");
  await go(page, "#/targets/prod-eu/shop");
  await page.waitForSelector("text=There is no such target, or it is not yours to see.");
  await go(page, "#/repositories/infra%2Fclusters");
  await page.waitForSelector("text=There is no such repository, or it is not yours to see.");
  await go(page, "#/targets/edge/cdn");
  await page.waitForSelector("text=The history of reports is told to tokens without a scope.");
  ok(
    !/prod-eu|infra|tomasz|jonas@?[^l]/.test((await text(page, "body")).replace("jonas@lap12", "")),
    "nothing of others is in the page",
  );
  const narrow = await tab({ as: "narrow" });
  is(
    (await rows(narrow)).map((row) => row.split(" ")[1]),
    ["db1/postgres", "db2/postgres"],
  );
  await go(narrow, "#/refused");
  await narrow.waitForSelector("text=Refusals are told to tokens without a scope of refs or paths.");
  await go(narrow, "#/repositories/infra%2Fhosts");
  await narrow.waitForSelector(".entry .paths");
  is(await narrow.$$eval(".entry .paths li", (list) => list.map((item) => item.textContent)), ["A db/postgresql.conf"]);
});

// Upstream of vendor/charts, which the mirror pulls; main is moved there so that it does not contain what it was.
async function upstream() {
  const bare = `${folder}/up/vendor/charts.git`,
    work = `${folder}/up/work`;
  await rig.git(folder, ["init", "-q", "--bare", bare]);
  await rig.git(folder, ["clone", "-q", bare, work]);
  await rig.git(work, ["commit", "-q", "--allow-empty", "-m", "one"]);
  await rig.git(work, ["push", "-q", "origin", "HEAD:main", "HEAD:refs/heads/next"]);
  const one = (await rig.git(work, ["rev-parse", "HEAD"])).stdout.trim();
  await rig.repository("vendor/charts");
  return {
    one,
    async force(message) {
      await rig.git(work, ["commit", "-q", "--amend", "--allow-empty", "-m", message]);
      await rig.git(work, ["push", "-qf", "origin", "HEAD:main"]);
      return (await rig.git(work, ["rev-parse", "HEAD"])).stdout.trim();
    },
  };
}

test("mirrors: how they are, live; an operator syncs, pauses, and decides only once he has read what it does", async () => {
  const viewer = await tab({ hash: "#/mirrors" });
  await viewer.waitForSelector("text=All 0 repositories in step");
  const { one, force } = await upstream();
  await rig.call("POST", "/v1/mirrors/act", { mirror: "upstream", action: "sync" });
  await viewer.waitForSelector("text=All 1 repository in step");
  is(await viewer.$$eval(".mirrors.all tbody tr", (list) => list.map((row) => row.textContent)), [
    `✓In stepupstreampulled from ${folder}/up/{repo}.git11 in step`,
  ]);

  const page = await tab({ as: "operator", hash: "#/mirrors/upstream" });
  await page.waitForSelector(".copies tbody tr");
  is(await page.$$eval(".actions button", (list) => list.map((button) => button.textContent)), ["Sync all", "Verify all", "Pause all"]);
  await page.click(".copies a");
  await page.waitForSelector("text=Every ref that is known and yours to see is in step.");
  await page.waitForSelector(".events .entry");
  ok(/^Pulled from upstream: 2 refs in /.test(await text(page, ".events .entry .said")), "what it has moved is in its history");

  // Forced upstream: it stops, and everybody sees it.
  const two = await force("two");
  await page.focus("#do-sync");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=A sync is asked for.");
  await page.waitForSelector(".title .s-failed");
  is(await page.evaluate(() => document.activeElement.id), "do-sync");
  is(await page.$$eval(".refs-of tbody tr", (list) => list.map((row) => [...row.children].slice(0, 4).map((cell) => cell.textContent))), [
    ["‖Held", "main", one.slice(0, 10), two.slice(0, 10)],
  ]);
  await page.waitForSelector(".entry.bad");
  await viewer.waitForSelector("text=1 repository of 1 needs a look");
  await viewer.waitForFunction(() => document.getElementById("spoken").textContent === "vendor/charts in mirror upstream waits for a person");
  await go(viewer, "#/");
  await viewer.waitForSelector(".health .s-failed");
  is(await text(viewer, ".health"), "Mirrors ✕Stopped1");
  await go(viewer, "#/mirrors/upstream/vendor%2Fcharts");
  await viewer.waitForSelector(".refs-of");
  is(await viewer.$$(".actions button"), []);

  // Deciding: what it does to each ref is read first, and leaving is what Enter and Escape do.
  is(await page.$$eval(".actions button", (list) => list.map((button) => button.textContent)), [
    "Sync now",
    "Verify",
    "Pause",
    "Follow upstream…",
  ]);
  await page.click("#do-accept");
  await page.waitForSelector("dialog[open]");
  is(await page.$$eval(".lost li", (list) => list.map((line) => line.textContent)), [
    `main: ${one.slice(0, 10)} here is kept under refs/headgate/kept/, and upstream followed to ${two.slice(0, 10)}`,
  ]);
  is(await page.evaluate(() => document.activeElement.id), "accept-cancel");
  is([await page.evaluate(unusable), await page.evaluate(faint)], [[], []]);
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.click("#do-accept");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  is((await rig.call("GET", "/v1/history?type=io.headgate.mirror.acted.v1")).events, []);
  await page.click("#do-accept");
  await page.click("#accept-do");
  await page.waitForSelector(".title .s-synced");
  is((await rig.git(`${folder}/git/vendor/charts.git`, ["rev-parse", "main"])).stdout.trim(), two);
  is((await rig.git(`${folder}/git/vendor/charts.git`, ["for-each-ref", "--format=%(objectname)", "refs/headgate/kept/"])).stdout.trim(), one);
  await page.waitForSelector("text=oscar (token) decided for what differs in upstream");

  // Paused, it is to be resumed before anything else.
  await page.click("#do-pause");
  await page.waitForSelector(".title .tag");
  is(await page.$$eval(".actions button", (list) => list.map((button) => button.textContent)), ["Resume"]);
  await page.click("#do-resume");
  await page.waitForSelector("#do-pause");

  // Whoever has a scope is shown nothing of it.
  const scoped = await tab({ as: "scoped", hash: "#/mirrors" });
  await scoped.waitForSelector("text=The config names no mirror, or none of a repository that is yours to see.");
  await go(scoped, "#/mirrors/upstream/vendor%2Fcharts");
  await scoped.waitForSelector("text=There is no such repository in this mirror, or it is not yours to see.");
  // For the pages that are looked at below: stopped again.
  await force("three");
  await rig.call("POST", "/v1/mirrors/act", { mirror: "upstream", action: "sync" });
  await page.waitForSelector(".title .s-failed");
});

test("hostile text is text: in names, paths, actors, messages, diffs and resources", async () => {
  const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>',
    repo = "evil/<img src=x onerror=hit=1>";
  await rig.repository(repo);
  const id = await rig.commit(repo, { "<svg onload=hit=1>/\u202egnp.yaml": "a: 1\n" }, { user: "<b onclick=hit=1>bob</b>" });
  await rig.commit(repo, { '"><script>hit=1</script>.yaml': "a: <b>1\na: 2\n" }, { user: "javascript:hit=1", refused: true });
  const agent = await rig.agent("evil", { host: evil, targets: [{ name: "x", repo, path: "<svg onload=hit=1>" }] });
  await agent.report({
    target: "x",
    sync: "OutOfSync",
    cause: "drift",
    health: "Degraded",
    desired: id,
    applied: id,
    tool: evil,
    version: evil,
    message: `${evil}\n\u202ereversed`,
    diff: `--- ${evil}\n+++ ${evil}\n@@ -1,1 +1,1 @@\n-${evil}\n+\u202e${evil}\n`,
    redacted: 0,
    ignored: [{ rule: evil, hits: 1 }],
    resources: [{ name: `v1/X ${evil}`, sync: "Extra", health: "Degraded", message: evil }],
    resources_total: 1,
  });
  const page = await tab({ as: "admin", later: 0 });
  for (const [hash, selector] of [
    ["#/?q=evil", ".fleet"],
    ["#/targets/evil/x", ".diff"],
    [`#/repositories/${encodeURIComponent(repo)}`, ".entry"],
    ["#/repositories", ".repo"],
    ["#/refused", ".refusal"],
    ["#/targets/%3Cimg%20src=x%20onerror=hit=1%3E/x", ".empty"],
    ["#/mirrors/%3Cimg%20src=x%20onerror=hit=1%3E", "h1"],
    ["#/mirrors/upstream/%3Cimg%20src=x%20onerror=hit=1%3E", "h1"],
    ["#/repositories/%3Cscript%3E?commit=%22%3E%3Cscript%3E", "h1"],
    ["#/%3Cscript%3E", "h1"],
    ["#/?q=%22%3E%3Cscript%3Ehit=1", ".empty"],
    ["#/%E0%A4%A", "h1"],
  ]) {
    await go(page, hash);
    await page.waitForSelector(selector);
    is(
      await page.$$eval("main img, main script, main svg, main b, body > script, [onerror], [onload], [onclick]", (list) =>
        list.map((element) => element.outerHTML),
      ),
      [],
      hash,
    );
    for (const href of await page.$$eval("main a", (list) => list.map((a) => a.getAttribute("href"))))
      ok(href.startsWith("#/"), `a link leads away: ${href}`);
  }
  await go(page, "#/targets/evil/x");
  await page.waitForSelector(".diff");
  ok((await text(page, ".reason")).includes(evil), "the message is shown as it is");
  ok((await text(page, ".reason")).includes("<U+202E>reversed"), "a character that turns the text is shown as what it is");
  is(await page.$$eval(".diff .unseen", (list) => list.map((mark) => mark.textContent)), ["<U+202E>"]);
  is(await page.evaluate(() => window.hit), undefined);
  await rig.call("DELETE", "/v1/agents/evil");
  agent.stream.destroy();
  rig.agents.delete("evil");
});

test("keyboard: skip link, focus that is seen, everything reached and pressed without a mouse", async () => {
  const page = await tab();
  await page.reload();
  await page.waitForSelector(".fleet tbody tr");
  const focused = () =>
    page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.textContent);
  await page.keyboard.press("Tab");
  is(await focused(), "skip");
  ok(await page.$eval("#skip", (link) => link.getBoundingClientRect().top >= 0), "the skip link is seen");
  await page.keyboard.press("Enter");
  is(await focused(), "main");
  await page.keyboard.press("Tab");
  is(await focused(), "count all");
  await page.keyboard.press("Tab");
  is(await focused(), "count s-failed");
  ok(
    await page.evaluate(
      () =>
        getComputedStyle(document.activeElement).outlineStyle === "solid" &&
        parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2,
    ),
    "what has the focus is seen",
  );
  await page.keyboard.press("Space");
  is((await rows(page)).length, 2);
  is(await focused(), "count s-failed");
  await page.focus("#kind");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".facts");
  is(await page.evaluate(() => [document.activeElement.tagName, document.activeElement.textContent]), ["H1", "prod-eu/ingress"]);
  await page.goBack();
  await page.waitForSelector(".fleet");
  is((await rows(page)).length, 2);
});

const everywhere = [
  "#/",
  "#/targets/prod-eu/ingress",
  "#/targets/web5/nginx",
  "#/targets/prod-us/shop",
  "#/repositories",
  "#/repositories/infra%2Fclusters",
  "#/refused",
  "#/webhooks",
  "#/mirrors",
  "#/mirrors/upstream",
  "#/mirrors/upstream/vendor%2Fcharts",
];

async function eachPage(options, look) {
  const page = await tab({ as: null, ...options });
  await look(page, "sign in");
  await signIn(page, tokens.admin);
  for (const hash of everywhere) {
    await go(page, hash);
    await page.waitForSelector("h1");
    await page.waitForFunction(() => !/^Looking$/m.test(document.querySelector("main").innerText));
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
    await look(page, hash);
  }
}

test("every page: controls with names, tables with heads, headings in order, nothing inline", () =>
  eachPage({ reducedMotion: "reduce" }, async (page, hash) => is(await page.evaluate(unusable), [], hash)));

test("every page: contrast as AA asks, light and dark", async () => {
  for (const colorScheme of ["light", "dark"])
    await eachPage({ colorScheme, reducedMotion: "reduce" }, async (page, hash) =>
      is(await page.evaluate(faint), [], `${hash} ${colorScheme}`),
    );
});

test("every page: nothing wider than a phone of 360 pixels, and tables stay tables", () =>
  eachPage(
    { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, reducedMotion: "reduce" },
    async (page, hash) => {
      is(await page.evaluate(wide), [], hash);
      for (const role of await page.$$eval("table.cards", (list) =>
        list.map((table) =>
          [table.getAttribute("role"), table.querySelector("tbody th, tbody td")?.getAttribute("role")].join(" "),
        ),
      ))
        ok(/^table (cell|rowheader)$/.test(role), `${hash}: ${role}`);
    },
  ));

test("who wants no motion has none", async () => {
  const page = await tab({ reducedMotion: "reduce" });
  await fleet.db1.report({ target: "postgres", sync: "Unknown", health: "Unknown", desired: fleet.h2, message: "moved" });
  await page.waitForSelector("tr.s-unknown:has(a[href='#/targets/db1/postgres'])");
  is(await page.evaluate(() => document.getAnimations().length), 0);
  await fleet.db1.report({
    target: "postgres",
    sync: "Synced",
    desired: fleet.h2,
    applied: fleet.h2,
    observed: fleet.h2,
    message: "",
  });
});

test("a token that is revoked ends what is shown", async () => {
  const page = await tab({ as: await rig.token("gone", "viewer") });
  await page.waitForSelector(".link.live");
  await rig.call("DELETE", "/v1/tokens/gone");
  await page.waitForSelector("text=The token is no longer taken.", { timeout: 40000 });
  is(await page.$$(".fleet"), []);
  is(await page.evaluate(() => sessionStorage.length), 0);
});

test("two thousand targets: shown a page at a time, found while one types, never frozen", async () => {
  for (const name of Array.from({ length: 8 }, (_, i) => `many${i}`)) {
    const agent = await rig.agent(name, {
      targets: Array.from({ length: 250 }, (_, i) => ({
        name: `t${String(i).padStart(4, "0")}`,
        repo: fleet.hosts,
        path: `many/${i}`,
      })),
    });
    for (let i = 0; i < 250; i += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, k) =>
          agent.report({
            target: `t${String(i + k).padStart(4, "0")}`,
            sync: (i + k) % 10 ? "Synced" : "OutOfSync",
            cause: (i + k) % 10 ? null : "drift",
            desired: fleet.h2,
            applied: fleet.h2,
            message: (i + k) % 10 ? "" : "a file differs",
          }),
        ),
      );
  }
  const page = await tab();
  is((await counts(page)).All, 2027);
  is((await rows(page)).length, 100);
  is(await text(page, ".pager span"), "1–100 of 2,027");
  // Nothing that the page does keeps it from answering for long.
  await page.evaluate(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)))).observe({
      type: "longtask",
    });
  });
  await page.fill("#search", "many2/t0249");
  await page.waitForFunction(() => document.querySelectorAll(".fleet tbody tr").length === 1);
  await page.fill("#search", "");
  await page.waitForFunction(() => document.querySelectorAll(".fleet tbody tr").length === 100);
  for (let i = 0; i < 20; i++) await page.click("#page1");
  is((await rows(page)).length, 27);
  is(await page.$eval("#page1", (button) => button.disabled), true);
  const many = rig.agents.get("many1");
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      many.report({
        target: `t${String(i).padStart(4, "0")}`,
        sync: "OutOfSync",
        cause: "drift",
        operation: "Failed",
        desired: fleet.h2,
        message: "all at once",
      }),
    ),
  );
  await page.waitForFunction(() => document.querySelector(".strip .s-failed .n").textContent === "62");
  const worst = Math.max(0, ...(await page.evaluate(() => window.tasks)));
  console.log(`# longest task ${worst} ms`);
  ok(worst < 1000, `a task took ${worst} ms`);
});

async function pictures(into) {
  mkdirSync(into, { recursive: true });
  await fleet.db2.leave();
  for (const [name, hash, options] of [
    ["fleet", "#/", {}],
    ["fleet-dark", "#/", { colorScheme: "dark" }],
    ["target", "#/targets/web3/nginx", {}],
    ["refused", "#/refused", {}],
    ["phone", "#/", { viewport: { width: 360, height: 740 } }],
  ]) {
    const page = await tab({ as: "admin", hash, later: 5 * 60000, reducedMotion: "reduce", ...options });
    await page.waitForSelector(".link.live");
    await page.waitForFunction(() => !/^Looking$/m.test(document.querySelector("main").innerText));
    writeFileSync(`${into}/${name}.png`, await page.screenshot());
  }
  await fleet.db2.connect();
}

process.on("SIGTERM", () => process.exit(143));
let failed = 1;
try {
  if (process.env.SHOTS) await pictures(process.env.SHOTS);
  failed = await runAll({}, async (problem, name) => {
    const told = faults.splice(0);
    if (problem && process.env.SHOTS) {
      mkdirSync(process.env.SHOTS, { recursive: true });
      const page = open.at(-1)?.pages()[0];
      if (page) writeFileSync(`${process.env.SHOTS}/failed-${name.slice(0, 20).replace(/\W+/g, "-")}.png`, await page.screenshot());
    }
    for (const context of open.splice(0)) await context.close();
    if (told.length) throw new Error(told.join("\n"));
  });
} finally {
  await browser.close();
  await rig.stop();
}
process.exit(failed ? 1 : 0);
