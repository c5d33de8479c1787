#!/usr/bin/env python3
"""What `make bench` gives the peers to check with, made from the OpenAPI document of Kubernetes' Go module.

    schemas.py FOLDER

writes, where they are not yet,

    FOLDER/v1.37.2-standalone-strict/KIND-GROUP-VERSION.json   each kind whole, unknown fields refused, as kubernetes-json-schema has them
    FOLDER/bench.example.org/workload_v1.json                  the schema of a custom resource, as CRDs-catalog has them
    FOLDER/workload.yaml                                       its CustomResourceDefinition

The custom resource, Workload, holds a pod template and volume claims, as those of many operators do: 370 KB of schema.
"""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MINOR = "1.37"
CORE, META = "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."

# The versions and digests of the modules are pinned there.
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "../../contrib/schemas"))
loader = importlib.machinery.SourceFileLoader("generate", str(HERE / "../../contrib/schemas/generate"))
generate = importlib.util.module_from_spec(importlib.util.spec_from_loader("generate", loader))
loader.exec_module(generate)

# What a JSON Schema keeps of an OpenAPI schema.
KEPT = ("description", "type", "format", "enum", "default", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type")
EITHER = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["string", "integer"],
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["string", "number"],
}


def openapi():
    """The definitions, and the module's version."""
    modules = [m for m in generate.MODULES[MINOR] if m[0] == "k8s.io/kubernetes"]
    file = "api/openapi-spec/swagger.json"
    with tempfile.TemporaryDirectory() as work:
        folder = generate.fetch(modules, work, lambda path: path == file)["k8s.io/kubernetes"]
        with open(os.path.join(folder, file), encoding="utf-8") as f:
            return json.load(f)["definitions"], modules[0][1]


class Standalone:
    """Schemas with what they refer to in place."""

    def __init__(self, definitions, structural):
        self.definitions = definitions
        self.structural = structural  # as a CRD has it: no null, no additionalProperties beside properties

    def of(self, name, above=()):
        if name in EITHER:
            return {"x-kubernetes-int-or-string": True} if self.structural else {"oneOf": [{"type": t} for t in EITHER[name]]}
        if name in above:
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True} if self.structural else {"type": "object"}
        return self.whole(self.definitions[name], above + (name,))

    def whole(self, schema, above):
        if "$ref" in schema:
            target = self.of(schema["$ref"].removeprefix("#/definitions/"), above)
            return dict(target, description=schema["description"]) if "description" in schema else target
        out = {k: schema[k] for k in KEPT if k in schema}
        if "items" in schema:
            out["items"] = self.whole(schema["items"], above)
        if isinstance(schema.get("additionalProperties"), dict):
            out["additionalProperties"] = self.whole(schema["additionalProperties"], above)
        if "properties" in schema:
            required = schema.get("required", [])
            out["properties"] = {k: self.property(v, k in required, above) for k, v in schema["properties"].items()}
            if required:
                out["required"] = required
            if not self.structural:
                out["additionalProperties"] = False
        return out

    def property(self, schema, required, above):
        out = self.whole(schema, above)
        if not self.structural and not required and isinstance(out.get("type"), str):
            out = dict(out, type=[out["type"], "null"])
        return out


def kinds(definitions):
    for name, schema in definitions.items():
        known = schema.get("x-kubernetes-group-version-kind", [])
        # What has many is a request's body, not a kind.
        if len(known) == 1:
            yield name, known[0]["group"], known[0]["version"], known[0]["kind"]


def write_kind(standalone, name, group, version, kind, folder):
    schema = standalone.of(name)
    api = f"{group}/{version}" if group else version
    schema["properties"]["apiVersion"]["enum"] = [api]
    schema["properties"]["kind"]["enum"] = [kind]
    schema["$schema"] = "http://json-schema.org/schema#"
    parts = [kind, group.split(".")[0], version]
    (folder / ("-".join(p for p in parts if p).lower() + ".json")).write_text(json.dumps(schema))


def workload(definitions, structural):
    """The schema of the custom resource."""
    s = Standalone(definitions, structural)
    template = s.of(CORE + "PodTemplateSpec")
    claim = s.of(CORE + "PersistentVolumeClaimSpec")
    if structural:
        # Within a spec nothing is known of an object's metadata but that it is an object.
        template["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {
        "replicas": {"type": "integer", "format": "int32", "minimum": 0},
        "tier": {"type": "string", "enum": ["bronze", "silver", "gold"]},
        "schedule": {"type": "string", "pattern": "^[0-9*/, -]+$", "maxLength": 100},
        "selector": s.of(META + "LabelSelector"),
        "template": template,
        "claims": {"type": "array", "maxItems": 16, "items": {
            "type": "object", "required": ["name", "spec"], "properties": {"name": {"type": "string"}, "spec": claim}}},
        "scaling": {"type": "object", "required": ["maxReplicas"], "properties": {
            "minReplicas": {"type": "integer", "minimum": 0}, "maxReplicas": {"type": "integer", "minimum": 1}}},
    }
    return {"type": "object", "required": ["spec"], "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "spec": {"type": "object", "required": ["selector", "template"], "properties": spec}}}


def close(schema):
    """Refuse what an object's properties do not name, as CRDs-catalog does."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)
    return schema


def definition(schema):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "workloads.bench.example.org"},
            "spec": {"group": "bench.example.org", "scope": "Namespaced",
                     "names": {"plural": "workloads", "singular": "workload", "kind": "Workload", "listKind": "WorkloadList"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}


def main(folder):
    done = folder / "workload.yaml"
    if done.exists() and done.stat().st_mtime > pathlib.Path(__file__).stat().st_mtime:
        return
    definitions, version = openapi()
    native, custom = folder / f"{version}-standalone-strict", folder / "bench.example.org"
    native.mkdir(parents=True, exist_ok=True)
    custom.mkdir(exist_ok=True)
    standalone = Standalone(definitions, structural=False)
    for kind in kinds(definitions):
        write_kind(standalone, *kind, native)
    (custom / "workload_v1.json").write_text(json.dumps(close(workload(definitions, structural=False))))
    # JSON is YAML.
    done.write_text(json.dumps(definition(workload(definitions, structural=True)), indent=1) + "\n")


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(pathlib.Path(sys.argv[1]))
