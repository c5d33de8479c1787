// A fleet in trouble: three clusters and a row of hosts that live by three repositories, of which some are not as they should be.

const manifest = (name, image, replicas = 3) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: shop
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
        - name: ${name}
          image: registry.example.org/shop/${name}:${image}
          ports:
            - containerPort: 8080
`;

const claim = (size) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: orders
  namespace: shop
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: ${size}
`;

export const driftDiff = `--- live apps/v1/Deployment shop/checkout
+++ git  clusters/prod-eu/shop/checkout.yaml
@@ -6,11 +6,10 @@
   namespace: shop
 spec:
-  replicas: 9
+  replicas: 3
   selector:
     matchLabels: {app: checkout}
   template:
     metadata:
-      annotations: {kubectl.kubernetes.io/restartedAt: "2026-11-25T22:41:07Z"}
       labels: {app: checkout}
     spec:
       containers:
@@ -22,7 +21,8 @@
         - name: checkout
-          image: registry.example.org/shop/checkout:1.18.2-hotfix
+          image: registry.example.org/shop/checkout:1.18.2
           env:
             - name: PAYMENT_TOKEN
-              value: [redacted 1]
+              value: [redacted 2]
+            - {name: QUEUE, value: orders-eu}
             - name: LOG_LEVEL
               value: info
`;

export async function trouble(rig) {
  const prod = "infra/clusters",
    hosts = "infra/hosts",
    net = "platform/network";
  for (const name of [prod, hosts, net]) await rig.repository(name);
  const start = Object.fromEntries(
    ["prod-eu", "prod-us", "staging"].flatMap((cluster) =>
      ["checkout", "catalog", "payments", "search"].map((name) => [
        `clusters/${cluster}/shop/${name}.yaml`,
        manifest(name, "1.18.0"),
      ]),
    ),
  );
  const c1 = await rig.commit(prod, { ...start, "clusters/prod-eu/shop/orders.yaml": claim("20Gi") }, { message: "the clusters" });
  const c2 = await rig.commit(
    prod,
    { "clusters/prod-eu/shop/checkout.yaml": manifest("checkout", "1.18.2") },
    { user: "maria", message: "checkout 1.18.2" },
  );
  await rig.commit(
    prod,
    { "clusters/staging/shop/search.yaml": manifest("search", "2.0.0", 1) },
    { user: "ci-bot", message: "search 2.0.0 on staging" },
  );
  await rig.commit(
    prod,
    {
      "clusters/prod-eu/shop/orders.yaml": claim("10Gi"),
      "clusters/prod-eu/shop/payments.yaml": manifest("payments", "1.18.1")
        .replace("replicas:", "replica:")
        .replace("8080", "80800"),
    },
    { user: "tomasz", refused: true, message: "payments" },
  );
  const c3 = await rig.commit(
    prod,
    { "clusters/prod-us/shop/catalog.yaml": manifest("catalog", "1.19.0") },
    { user: "maria", message: "catalog 1.19.0" },
  );
  const h1 = await rig.commit(
    hosts,
    { "web/nginx.conf": "worker_processes 4;\n", "db/postgresql.conf": "max_connections = 200\n", "base/motd": "welcome\n" },
    { message: "the hosts" },
  );
  const h2 = await rig.commit(hosts, { "web/nginx.conf": "worker_processes 8;\n" }, { user: "jonas", message: "eight workers" });
  await rig.commit(hosts, { "web/sites.yaml": "site: a\nsite: b\n" }, { user: "jonas", refused: true, message: "sites" });
  const n1 = await rig.commit(net, { "modules/edge/main.tf": 'resource "terraform_data" "edge" {}\n' }, { message: "edge" });

  const done = (minutes, seconds = 4) => ({
    started: new Date(Date.now() - minutes * 60000 - seconds * 1000).toISOString(),
    finished: new Date(Date.now() - minutes * 60000).toISOString(),
  });
  const well = (target, commit, more = {}) => ({
    target,
    sync: "Synced",
    desired: commit,
    applied: commit,
    observed: commit,
    message: "",
    ...done(12),
    ...more,
  });

  const resource = (name, sync = "Synced", health = "Healthy", message = null) => ({ name, sync, health, message });
  const eu = await rig.agent("prod-eu", {
    kind: "cluster",
    targets: ["shop", "ingress", "monitoring"].map((name) => ({
      name,
      repo: prod,
      path: `clusters/prod-eu/${name === "shop" ? "shop" : name}`,
      driver: "kubectl",
    })),
  });
  await eu.report(well("shop", c1, { tool: "kubectl", version: "1.37.1", ...done(45) }));
  await eu.report(
    well("shop", c2, { tool: "kubectl", version: "1.37.1", changes: { added: 0, modified: 1, removed: 0 }, ...done(30) }),
  );
  await eu.report({
    target: "shop",
    sync: "OutOfSync",
    cause: "drift",
    health: "Healthy",
    operation: "Succeeded",
    desired: c3,
    applied: c3,
    observed: null,
    tool: "kubectl",
    version: "1.37.1",
    ...done(9),
    message: "2 objects differ: apps/v1/Deployment shop/checkout was changed by kubectl-edit, and 1 more",
    changes: { added: 0, modified: 1, removed: 0 },
    coverage: { checked: 41, unchecked: 2 },
    diff: driftDiff,
    redacted: 2,
    ignored: [
      { rule: "apps/v1/Deployment spec.replicas when autoscaled", hits: 4 },
      { rule: "v1/Secret data.ca.crt", hits: 0 },
    ],
    resources: [
      resource("apps/v1/Deployment shop/checkout", "OutOfSync", "Healthy", "spec.replicas, image and 2 more fields differ"),
      resource("v1/ConfigMap shop/flags", "Extra", null, "is not in Git; was made by kubectl-create"),
      resource("apps/v1/Deployment shop/payments", "Synced", "Progressing", "2 of 3 replicas are ready"),
      resource("apps/v1/Deployment shop/catalog"),
      resource("apps/v1/Deployment shop/search"),
      resource("v1/Service shop/checkout", "Synced", null),
      resource("v1/Service shop/catalog", "Synced", null),
      resource("v1/PersistentVolumeClaim shop/orders", "Synced", "Healthy"),
    ],
    resources_total: 43,
  });
  await eu.report({
    target: "ingress",
    sync: "Unknown",
    health: "Unknown",
    operation: "Failed",
    desired: c3,
    applied: c2,
    observed: null,
    tool: "kubectl",
    version: "1.37.1",
    exit_status: 1,
    ...done(3, 61),
    message:
      'the API server refuses networking.k8s.io/v1/Ingress shop/front: admission webhook ' +
      '"validate.nginx.ingress.kubernetes.io" denied the request: host "shop.example.org" ' +
      'is already defined in ingress legacy/front',
  });
  await eu.report(well("monitoring", c3));
  const us = await rig.agent("prod-us", {
    kind: "cluster",
    targets: ["shop", "ingress"].map((name) => ({ name, repo: prod, path: `clusters/prod-us/${name}`, driver: "kubectl" })),
  });
  await us.report({
    target: "shop",
    sync: "Synced",
    health: "Degraded",
    operation: "Succeeded",
    desired: c3,
    applied: c3,
    observed: c3,
    tool: "kubectl",
    version: "1.37.1",
    ...done(6, 95),
    message: "apps/v1/Deployment shop/catalog: 1 of 3 replicas is ready; catalog-7d9f4c8b6-x2x9k: ImagePullBackOff",
    resources: [resource("apps/v1/Deployment shop/catalog", "Synced", "Degraded", "1 of 3 replicas is ready")],
  });
  await us.report(well("ingress", c3));
  const staging = await rig.agent("staging", {
    kind: "cluster",
    targets: ["shop", "sandbox"].map((name) => ({
      name,
      repo: prod,
      path: `clusters/staging/${name}`,
      driver: "kubectl",
      sync: name === "sandbox" ? "manual" : "auto",
    })),
  });
  await staging.report(
    well("shop", c3, {
      operation: "Running",
      started: new Date(Date.now() - 8000).toISOString(),
      finished: null,
      message: "applying 12 objects",
    }),
  );
  await staging.report(
    well("sandbox", c2, { sync: "OutOfSync", cause: "pending", desired: c3, observed: c2, message: "waits for headgate sync" }),
  );
  for (let i = 1; i <= 8; i++) {
    const web = await rig.agent(`web${i}`, {
      targets: [
        { name: "nginx", repo: hosts, path: "web" },
        { name: "base", repo: hosts, path: "base", driver: "ansible" },
      ],
    });
    if (i === 3)
      await web.report({
        target: "nginx",
        sync: "OutOfSync",
        cause: "pending",
        health: "Healthy",
        operation: "Failed",
        desired: h2,
        applied: h1,
        observed: h1,
        tool: "files",
        version: "0.1.0",
        exit_status: 1,
        ...done(17, 1),
        message:
          'after: nginx -t ended with status 1; the files were put back\n' +
          'nginx: [emerg] cannot load certificate "/etc/ssl/shop.pem"\nnginx: configuration file /etc/nginx/nginx.conf test failed',
      });
    else if (i === 5)
      await web.report({
        target: "nginx",
        sync: "OutOfSync",
        cause: "both",
        desired: h2,
        applied: h1,
        observed: null,
        tool: "files",
        version: "0.1.0",
        ...done(2),
        message: "nginx.conf was changed on the host",
      });
    else if (i === 6)
      await web.report(
        well("nginx", h1, {
          sync: "OutOfSync",
          cause: "pending",
          desired: h2,
          operation: "Pending",
          next: new Date(Date.now() + 4 * 3600000).toISOString(),
          message: "waits for the window at 04:00",
        }),
      );
    else await web.report(well("nginx", h2, { tool: "files", version: "0.1.0", changes: { added: 0, modified: 1, removed: 0 } }));
    await web.report(
      i === 7
        ? well("base", h1, { desired: h2, sync: "OutOfSync", cause: "pending", suspended: true, message: "suspended by maria" })
        : well("base", h2, { coverage: { checked: 31, unchecked: 3 } }),
    );
  }
  const db1 = await rig.agent("db1", { targets: [{ name: "postgres", repo: hosts, path: "db" }] });
  await db1.report(well("postgres", h2));
  const db2 = await rig.agent("db2", { targets: [{ name: "postgres", repo: hosts, path: "db" }] });
  await db2.report(well("postgres", h1));
  const edge = await rig.agent("edge", {
    targets: [
      { name: "dns", repo: net, path: "modules/edge", driver: "terraform" },
      { name: "cdn", repo: net, path: "modules/edge", driver: "terraform", sync: "manual" },
    ],
  });
  await edge.report(well("dns", n1));
  await edge.report({
    target: "cdn",
    sync: "Unknown",
    health: "Unknown",
    operation: "Succeeded",
    desired: n1,
    applied: n1,
    observed: null,
    tool: "tofu",
    version: "1.10.6",
    ...done(21),
    message: "tofu plan was ended after 600 s: the state of the backend is locked by jonas@lap12",
  });
  await rig.call("POST", "/v1/agents", { name: "spare", kind: "host", allow: ["infra/hosts"] });
  return { prod, hosts, net, c1, c2, c3, h1, h2, n1, eu, us, db1, db2 };
}
