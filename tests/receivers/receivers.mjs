// Receivers of webhooks with the code of their npm packages: node receivers.mjs PACKAGES FOLDER SECRET.
//
//   /octokit      @octokit/webhooks verifies and dispatches, and the body is held against GitHub's schema in @octokit/webhooks-schemas
//   /cloudevents  cloudevents reads it as its HTTP binding says, and standardwebhooks verifies it
//
// PACKAGES is the folder that has node_modules. FOLDER/port gets the port; GET /seen what was read last, by path. Each answer but 200 says why.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { renameSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [packages, folder, secret] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/package.json`));
const load = (name) => import(pathToFileURL(createRequire(pathToFileURL(`${packages}/package.json`)).resolve(name)));
const { Webhooks } = await import(pathToFileURL(`${packages}/node_modules/@octokit/webhooks/dist-bundle/index.js`));
const { HTTP } = require("cloudevents");
const { Webhook } = (await load("standardwebhooks"));
const Ajv = require("ajv").default;
const schema = require("@octokit/webhooks-schemas");

const ajv = new Ajv({ strict: false, allErrors: true });
require("ajv-formats").default(ajv);
ajv.addSchema(schema, "github");
// Ahead of the first request: compiling takes a while.
const validators = Object.fromEntries(["push", "ping"].map((name) => [name, ajv.compile({ $ref: `github#/definitions/${name}$event` })]));
const seen = {};

async function octokit(headers, body) {
  const name = headers["x-github-event"];
  const webhooks = new Webhooks({ secret });
  let dispatched;
  webhooks.onAny((event) => { dispatched = event; });
  await webhooks.verifyAndReceive({ id: headers["x-github-delivery"], name, signature: headers["x-hub-signature-256"], payload: body });
  const validate = validators[name];
  if (!validate(JSON.parse(body)))
    throw new Error(`not as GitHub's schema has it: ${ajv.errorsText(validate.errors)}`);
  const payload = dispatched.payload;
  return dispatched.name === "push" ? `push ${payload.repository.full_name} ${payload.ref} ${payload.head_commit?.id ?? "gone"}` : dispatched.name;
}

async function cloudevents(headers, body) {
  new Webhook(secret, { format: "raw" }).verify(body, headers);
  if (!HTTP.isEvent({ headers, body }))
    throw new Error("not an event by the HTTP binding");
  const event = HTTP.toEvent({ headers, body });
  event.validate();
  return `${event.type} ${event.subject} ${event.data.new ?? event.data.webhook}`;
}

const routes = { "/octokit": octokit, "/cloudevents": cloudevents };
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request)
    chunks.push(chunk);
  let status = 200;
  let text = JSON.stringify(seen);
  if (request.method === "POST") {
    try {
      text = seen[request.url] = await routes[request.url](request.headers, Buffer.concat(chunks).toString());
    } catch (error) {
      status = 400;
      text = error.message;
      console.error(error);
    }
  }
  response.writeHead(status, { "Content-Type": "text/plain" });
  response.end(text);
});
server.listen(0, "127.0.0.1", () => {
  writeFileSync(`${folder}/port.new`, String(server.address().port));
  renameSync(`${folder}/port.new`, `${folder}/port`);
});
