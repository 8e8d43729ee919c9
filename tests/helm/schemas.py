#!/usr/bin/env python3
"""JSON schemas for kubeconform, made from what Kubernetes itself publishes: the OpenAPI document of a release, or a CustomResourceDefinition.

schemas.py --out DIR --swagger FILE | --crd FILE    writes DIR/KIND-GROUP-VERSION.json for each kind of KINDS, or for each version of the CRD

Strict: an object with known properties takes no other. A size and a port may be written as a number, as Kubernetes itself reads them.
"""
import argparse
import json
import pathlib

import yaml

# What the charts make, and Pod. A kind that is missing here makes kubeconform fail, not pass.
KINDS = {"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Job", "MutatingWebhookConfiguration", "NetworkPolicy", "Pod", "PodDisruptionBudget", "Secret",
         "Service", "StatefulSet"}
PREFIX = "#/definitions/"
SPECIAL = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}


def strict(node):
    """A copy in which no object with properties takes others. Annotations of the API server are left out."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    out = {key: strict(value) for key, value in node.items() if not key.startswith("x-kubernetes-") and key not in {"description", "format", "default"}}
    if isinstance(out.get("properties"), dict) and "additionalProperties" not in out and not node.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


def references(node):
    """The names of the definitions that a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(PREFIX)
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def file_name(kind, group, version):
    """As kubeconform looks for it."""
    return "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part) + ".json"


def of_kind(name, definitions, group, version, kind):
    """A schema that stands alone: the definition and all that it needs."""
    needed, waiting = {}, [name]
    while waiting:
        current = waiting.pop()
        if current not in needed:
            needed[current] = strict(SPECIAL.get(current, definitions[current]))
            waiting += references(needed[current])
    schema = needed.pop(name)
    schema["properties"]["apiVersion"] = {"const": f"{group}/{version}".lstrip("/")}
    schema["properties"]["kind"] = {"const": kind}
    return schema | {"required": sorted({"apiVersion", "kind", *schema.get("required", [])}), "definitions": needed}


def from_swagger(path):
    definitions = json.loads(path.read_text(encoding="utf-8"))["definitions"]
    for name, definition in definitions.items():
        for place in definition.get("x-kubernetes-group-version-kind", []):
            if place["kind"] in KINDS and "beta" not in place["version"] and "alpha" not in place["version"]:
                yield file_name(place["kind"], place["group"], place["version"]), of_kind(name, definitions, place["group"], place["version"], place["kind"])


def from_crd(path):
    for crd in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        spec = crd["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            yield file_name(spec["names"]["kind"], spec["group"], version["name"]), schema


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--swagger", type=pathlib.Path, default=None)
    parser.add_argument("--crd", type=pathlib.Path, default=None)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = from_swagger(arguments.swagger) if arguments.swagger else from_crd(arguments.crd)
    for name, schema in found:
        (arguments.out / name).write_text(json.dumps(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
