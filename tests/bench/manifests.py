#!/usr/bin/env python3
"""The files that `make bench` checks, the same in every run.

    manifests.py mixed N FOLDER     N manifests over the common native kinds, as a repository of teams and services has them
    manifests.py custom N FOLDER    N manifests of the custom resource whose schema schemas.py makes
    manifests.py one FILE           one Deployment
    manifests.py stream BYTES FILE  the mixed manifests as one stream of at least so many bytes
"""

import pathlib
import random
import sys

OWNERS = ["payments", "search", "checkout", "identity", "catalog", "media", "billing", "platform", "growth", "data"]
NOUNS = ["api", "worker", "gateway", "cache", "indexer", "scheduler", "mailer", "exporter", "frontend", "importer"]


def labels(name, team):
    return f"""app.kubernetes.io/name: {name}
app.kubernetes.io/part-of: {team}
app.kubernetes.io/managed-by: git
team: {team}"""


def indent(text, by):
    return "\n".join(" " * by + line if line else line for line in text.splitlines())


def head(api, kind, name, team):
    return f"""apiVersion: {api}
kind: {kind}
metadata:
  name: {name}
  namespace: {team}
  labels:
{indent(labels(name, team), 4)}
"""


def container(r, name, team):
    variables = "".join(f"""
- name: {key}
  value: {value}""" for key, value in [("LOG_LEVEL", r.choice(["info", "debug", "warn"])), ("REGION", "eu-central-1"),
                                       ("WORKERS", f'"{r.randint(1, 32)}"'), ("TIMEOUT", f"{r.randint(1, 60)}s")])
    return f"""name: {name}
image: registry.example.org/{team}/{name}:{r.randint(1, 9)}.{r.randint(0, 40)}.{r.randint(0, 99)}
imagePullPolicy: IfNotPresent
args: ["--config=/etc/{name}/config.yaml", "--listen=:8080"]
ports:
- name: http
  containerPort: 8080
  protocol: TCP
- name: metrics
  containerPort: 9090
env:{variables}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {name}
      key: password
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
resources:
  requests:
    cpu: {r.choice([50, 100, 250, 500])}m
    memory: {r.choice([64, 128, 256, 512])}Mi
  limits:
    memory: {r.choice([512, 1024, 2048])}Mi
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: {r.randint(5, 20)}
  # The first start reads the whole index.
  initialDelaySeconds: {r.randint(1, 30)}
livenessProbe:
  httpGet:
    path: /healthz
    port: http
  failureThreshold: 3
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: ["ALL"]
volumeMounts:
- name: config
  mountPath: /etc/{name}
  readOnly: true
- name: scratch
  mountPath: /tmp"""


def pod(r, name, team, restart=None):
    text = indent(container(r, name, team), 2)
    return f"""serviceAccountName: {name}
terminationGracePeriodSeconds: {r.randint(10, 90)}
{f"restartPolicy: {restart}" if restart else "priorityClassName: " + r.choice(["standard", "critical"])}
securityContext:
  runAsNonRoot: true
  runAsUser: {r.randint(1000, 9999)}
  seccompProfile:
    type: RuntimeDefault
containers:
- {text.lstrip()}
volumes:
- name: config
  configMap:
    name: {name}
- name: scratch
  emptyDir: {{sizeLimit: {r.randint(1, 4)}Gi}}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: {name}"""


def template(r, name, team, restart=None):
    return f"""metadata:
  labels:
{indent(labels(name, team), 4)}
  annotations:
    prometheus.io/scrape: "true"
    checksum/config: {r.getrandbits(256):064x}
spec:
{indent(pod(r, name, team, restart), 2)}"""


def selector(name):
    return f"""selector:
  matchLabels:
    app.kubernetes.io/name: {name}"""


def deployment(r, name, team):
    return head("apps/v1", "Deployment", name, team) + f"""spec:
  replicas: {r.randint(1, 20)}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
{indent(selector(name), 2)}
  template:
{indent(template(r, name, team), 4)}
"""


def daemon_set(r, name, team):
    return head("apps/v1", "DaemonSet", name, team) + f"""spec:
{indent(selector(name), 2)}
  updateStrategy:
    type: RollingUpdate
  template:
{indent(template(r, name, team), 4)}
"""


def stateful_set(r, name, team):
    return head("apps/v1", "StatefulSet", name, team) + f"""spec:
  serviceName: {name}
  replicas: {r.randint(1, 5)}
  podManagementPolicy: Parallel
{indent(selector(name), 2)}
  template:
{indent(template(r, name, team), 4)}
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: ["ReadWriteOnce"]
      storageClassName: fast
      resources:
        requests:
          storage: {r.randint(1, 200)}Gi
"""


def job(r, name, team):
    return head("batch/v1", "Job", name, team) + f"""spec:
  backoffLimit: {r.randint(0, 6)}
  ttlSecondsAfterFinished: 86400
  template:
{indent(template(r, name, team, "Never"), 4)}
"""


def cron_job(r, name, team):
    return head("batch/v1", "CronJob", name, team) + f"""spec:
  schedule: "{r.randint(0, 59)} {r.randint(0, 23)} * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
{indent(template(r, name, team, "OnFailure"), 8)}
"""


def service(r, name, team):
    return head("v1", "Service", name, team) + f"""spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: {name}
  ports:
  - name: http
    port: 80
    targetPort: http
    protocol: TCP
  - name: metrics
    port: {r.randint(9000, 9999)}
    targetPort: metrics
"""


def config_map(r, name, team):
    lines = "\n".join(f"    {r.choice(NOUNS)}_{i}: {r.getrandbits(40)}" for i in range(r.randint(5, 40)))
    return head("v1", "ConfigMap", name, team) + f"""data:
  LOG_LEVEL: info
  FEATURES: "search,export,audit"
  config.yaml: |
    # Read at start; a change takes effect with the next rollout.
    listen: 0.0.0.0:8080
{lines}
"""


def secret(r, name, team):
    return head("v1", "Secret", name, team) + """type: Opaque
data:
  username: c2VydmljZQ==
  password: Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==
stringData:
  url: postgres://database.internal:5432/main?sslmode=verify-full
"""


def service_account(r, name, team):
    return head("v1", "ServiceAccount", name, team) + "automountServiceAccountToken: false\n"


def ingress(r, name, team):
    return head("networking.k8s.io/v1", "Ingress", name, team) + f"""  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    nginx.ingress.kubernetes.io/proxy-body-size: "{r.randint(1, 64)}m"
spec:
  ingressClassName: nginx
  tls:
  - hosts: [{name}.example.org]
    secretName: {name}-tls
  rules:
  - host: {name}.example.org
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {name}
            port:
              name: http
"""


def network_policy(r, name, team):
    net = r.randint(0, 255)
    return head("networking.k8s.io/v1", "NetworkPolicy", name, team) + f"""spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {name}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: ingress
    ports:
    - protocol: TCP
      port: 8080
  egress:
  - to:
    - ipBlock:
        cidr: 10.{net}.0.0/16
        except: [10.{net}.0.0/24]
    ports:
    - protocol: TCP
      port: 5432
"""


def autoscaler(r, name, team):
    return head("autoscaling/v2", "HorizontalPodAutoscaler", name, team) + f"""spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
  minReplicas: 2
  maxReplicas: {r.randint(3, 50)}
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: {r.randint(50, 90)}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
      - type: Percent
        value: 50
        periodSeconds: 60
"""


def disruption_budget(r, name, team):
    return head("policy/v1", "PodDisruptionBudget", name, team) + f"""spec:
  maxUnavailable: {r.choice(["1", "25%"])}
{indent(selector(name), 2)}
"""


def role(r, name, team):
    return head("rbac.authorization.k8s.io/v1", "Role", name, team) + """rules:
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch]
- apiGroups: ["coordination.k8s.io"]
  resources: [leases]
  verbs: [get, create, update]
"""


def role_binding(r, name, team):
    return head("rbac.authorization.k8s.io/v1", "RoleBinding", name, team) + f"""roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {name}
subjects:
- kind: ServiceAccount
  name: {name}
  namespace: {team}
"""


def volume_claim(r, name, team):
    return head("v1", "PersistentVolumeClaim", name, team) + f"""spec:
  accessModes:
  - ReadWriteOnce
  storageClassName: standard
  resources:
    requests:
      storage: {r.randint(1, 500)}Gi
"""


# What a service has, in the order of how likely it is to have it.
KINDS = [("deployment", deployment), ("service", service), ("configmap", config_map), ("serviceaccount", service_account),
         ("secret", secret), ("ingress", ingress), ("hpa", autoscaler), ("networkpolicy", network_policy), ("pdb", disruption_budget),
         ("role", role), ("rolebinding", role_binding), ("cronjob", cron_job), ("statefulset", stateful_set),
         ("pvc", volume_claim), ("job", job), ("daemonset", daemon_set)]


def mixed(n):
    """Path and text of n manifests: of each service the first kinds, of few all of them."""
    r = random.Random(n)
    number = 0
    while n > 0:
        team = OWNERS[number // 10 % len(OWNERS)]
        name = f"{NOUNS[number % len(NOUNS)]}-{number}"
        for stem, write in KINDS[:min(n, r.randint(4, len(KINDS)))]:
            yield f"apps/{team}/{name}/{stem}.yaml", write(r, name, team)
            n -= 1
        number += 1


def custom(n):
    """Path and text of n Workloads: a pod template, and around it what an operator asks for."""
    r = random.Random(n)
    for number in range(n):
        team, name = OWNERS[number % len(OWNERS)], f"workload-{number}"
        yield f"workloads/{team}/{name}.yaml", head("bench.example.org/v1", "Workload", name, team) + f"""spec:
  replicas: {r.randint(1, 9)}
  tier: {r.choice(["bronze", "silver", "gold"])}
  schedule: "{r.randint(0, 59)} * * * *"
{indent(selector(name), 2)}
  template:
{indent(template(r, name, team), 4)}
  claims:
  - name: data
    spec:
      accessModes: ["ReadWriteOnce"]
      resources:
        requests:
          storage: {r.randint(1, 99)}Gi
  scaling:
    minReplicas: 2
    maxReplicas: {r.randint(3, 50)}
"""


def write_all(files, folder):
    for path, text in files:
        file = pathlib.Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def stream(size, file):
    written = 0
    with open(file, "w", encoding="ascii") as out:
        for _, text in mixed(size):
            written += out.write(f"---\n{text}")
            if written >= size:
                return


def main(argv):
    match argv[1:]:
        case ["mixed", n, folder]:
            write_all(mixed(int(n)), folder)
        case ["custom", n, folder]:
            write_all(custom(int(n)), folder)
        case ["one", file]:
            pathlib.Path(file).write_text(deployment(random.Random(1), "api", "payments"))
        case ["stream", size, file]:
            stream(int(size), file)
        case _:
            sys.exit(__doc__)


main(sys.argv)
