#!/usr/bin/env python3
"""Checks the charts by rendering them: against the golden files, against mistakes that must be refused, and for what must hold of every rendering.

checks.py --helm FILE --herdgate FILE --charts DIR [--write]   --write makes the golden files anew. Ends with "N passed, N failed".
"""
import argparse
import difflib
import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

import charts
import parts

PROFILE = {
    "runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
VOLUMES = {"configMap", "secret", "emptyDir", "projected", "downwardAPI"}


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, problem):
        """`problem`: what is wrong, or nothing."""
        if problem:
            self.failed += 1
            print(f"FAILED {name}\n  {str(problem).strip()}")
        else:
            self.passed += 1

    def same(self, name, got, wanted):
        self.check(name, None if got == wanted else f"{got!r} and not {wanted!r}")


def golden_problem(name, text, write):
    path = charts.GOLDEN / f"{name}.yaml"
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    return "\n  ".join(list(difflib.unified_diff(known.splitlines(), text.splitlines(), "golden", "rendered", lineterm="", n=1))[:40])


def security_problem(spec):
    """What of a pod the restricted Pod Security Standard, or this project, does not allow."""
    for container in charts.containers(spec):
        own = container.get("securityContext", {})
        effective = {key: own.get(key, spec.get("securityContext", {}).get(key)) for key in PROFILE}
        for key, wanted in PROFILE.items():
            if effective[key] != wanted:
                return f"{container['name']}: {key} is {effective[key]!r}"
        if not container.get("resources", {}).get("limits", {}).get("memory"):
            return f"{container['name']}: no memory limit"
        if any("subPath" in mount for mount in container.get("volumeMounts", [])):
            return f"{container['name']}: a subPath never sees a change"
        if container["image"].endswith(":latest") or not re.search(r"[:@]", container["image"]):
            return f"{container['name']}: image {container['image']} has no version"
    for volume in spec.get("volumes", []):
        if not VOLUMES & set(volume):
            return f"volume {volume['name']} is of a kind that is not allowed"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            return f"volume {volume['name']} has no size limit"
    return None if spec.get("automountServiceAccountToken") is False else "a service account token is mounted"


def sidecar_problem(spec, old):
    """What is wrong with the sidecar of a pod of the example."""
    inits, apps = spec.get("initContainers", []), spec["containers"]
    if old:
        if inits or apps[0]["name"] != "herdgate" or "restartPolicy" in apps[0] or "--shutdown-delay=10s" not in apps[0]["args"]:
            return "the plain form is one more container, the first, which goes on for a while"
    elif inits[0]["name"] != "herdgate" or inits[0].get("restartPolicy") != "Always" or any("shutdown-delay" in flag for flag in inits[0]["args"]):
        return "the native form is the first init container, with restartPolicy Always, and ends at once"
    sidecar = (apps if old else inits)[0]
    if "lifecycle" in sidecar:
        return "no form has a hook"
    ports = [port["containerPort"] for port in sidecar["ports"]]
    if [sidecar[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")] != ["/startupz", "/livez", "/readyz"]:
        return "the probes are not those of Herdgate"
    if f"--telemetry=0.0.0.0:{ports[0]}" not in sidecar["args"]:
        return "the kubelet can't reach the probes"
    listens = [flag for flag in sidecar["args"] if flag.startswith("--listen=")]
    app = next(container for container in apps if container["name"] == "app")
    url = app["env"][0]["value"]
    return None if listens == [f"--listen={url.replace('redis://', 'tcp://')}"] else f"the app is told {url} and the sidecar {listens}"


def run_check(program, text):
    """What `herdgate check` says of a configuration; nothing if it is good."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "herdgate.yaml"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "check", str(path)], capture_output=True, text=True, timeout=60, check=False)
    return None if done.returncode == 0 else done.stdout + done.stderr


@functools.cache
def help_of(program, command):
    """What a command says of its flags; empty if the program has no such command."""
    text = subprocess.run([program, command, "--help"], capture_output=True, text=True, timeout=60, check=False).stdout
    return text if f"herdgate {command} [OPTIONS]" in text else ""


def unknown_flags(program, arguments):
    """The flags that the program would refuse. What is not one of its commands is an app's, and an older program may have no injector."""
    if not arguments or arguments[0] not in {"serve", "inject"} or (arguments[0] == "inject" and not help_of(program, "inject")):
        return []
    return [flag for flag in arguments[1:] if f" {flag.split('=')[0]} " not in help_of(program, arguments[0])]


def check_scenario(tally, helm, program, scenario, write):
    name, chart, path, kubernetes = scenario
    text, error = helm.render(chart, path, kubernetes=kubernetes)
    tally.check(f"{name}: renders", error)
    if error:
        return
    tally.check(f"{name}: is what the golden file says", golden_problem(name, charts.comparable(text), write))
    rendered = charts.documents(text)
    for where, spec in charts.pod_specs(rendered):
        tally.check(f"{name}: {where} is restricted", security_problem(spec))
        if chart == "example":
            tally.check(f"{name}: {where} has its sidecar", sidecar_problem(spec, name in charts.OLD))
    for where, spec in charts.pod_specs(rendered):
        tally.check(f"{name}: {where} gives no unknown flag", [flag for container in charts.containers(spec) for flag in unknown_flags(program, container.get("args", []))])
    for where, configuration in charts.configurations(rendered):
        tally.check(f"{name}: herdgate check accepts {where}", run_check(program, configuration))


def refusal_problem(case, error):
    """A refusal is one sentence, and it names the value."""
    if not error:
        return "it was rendered"
    if case["says"] not in error:
        return f"said {error.strip()!r} and not {case['says']!r}"
    sentence = re.search(r"(?m)herdgate: .*$", error)
    return None if sentence or "- at '" in error else f"this is no sentence of ours, nor the schema's: {error.strip()!r}"


def check_bad_values(tally, helm):
    for case in yaml.safe_load((charts.HERE / "bad.yaml").read_text(encoding="utf-8")):
        _, error = helm.render_values(case.get("chart", "herdgate"), case["values"], kubernetes=case.get("kubernetes", charts.KUBERNETES))
        tally.check(f"refused: {case['name']}", refusal_problem(case, error))


def check_refused_policies(tally, helm, program):
    """What only the program can tell: the Job before the install would say it."""
    for case in yaml.safe_load((charts.HERE / "refused-policies.yaml").read_text(encoding="utf-8")):
        text, error = helm.render_values("herdgate", {"policySets": {"default": case["policies"]}})
        checked = dict(charts.configurations(charts.documents(text))).get("ConfigMap/herdgate-check/default.yaml", "")
        said = run_check(program, checked) or ""
        tally.check(f"refused by the Job: {case['name']}", error or (None if case["says"] in said else f"said {said!r} and not {case['says']!r}"))


def check_copies(tally, helm):
    """Dashboards byte by byte, rules group by group, as they come out of the chart."""
    text, error = helm.render_values("herdgate", {"monitoring": {"dashboards": {"enabled": True}, "prometheusRule": {"enabled": True}}})
    rendered = charts.documents(text)
    boards = {key: value for document in rendered for key, value in (document.get("data") or {}).items() if key.endswith(".json")}
    sources = sorted((charts.ROOT / "dashboards" / "grafana").glob("*.json"))
    tally.check("every dashboard is there", error or (None if len(boards) == len(sources) else sorted(boards)))
    for source in sources:
        same = boards.get(f"herdgate-{source.name}") == source.read_text(encoding="utf-8")
        tally.check(f"dashboard {source.name} is the one of dashboards/", None if same else "it differs")
    groups = [group for document in rendered if document["kind"] == "PrometheusRule" for group in document["spec"]["groups"]]
    wanted = [group for path in sorted((charts.ROOT / "dashboards" / "rules").glob("*.yaml")) for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    tally.check("the rules are those of dashboards/", None if groups == wanted else "they differ")


# What is of Kubernetes or of another schema: these say what they take.
OPEN = {"global", "sidecar", "herdgate", "extraManifests[]", "extraVolumes[]", "extraEnv[].valueFrom"}


def leaves(schema, definitions, path=""):
    """The paths of all properties of a schema, and of all objects that would take any other."""
    schema = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {}) if "$ref" in schema else schema
    if schema.get("type") == "object" and "additionalProperties" not in schema and path not in OPEN:
        yield path, "open"
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}".lstrip("."), "property"
        yield from leaves(value, definitions, f"{path}.{key}".lstrip("."))
    if isinstance(schema.get("items"), dict):
        yield from leaves(schema["items"], definitions, f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from leaves(schema["additionalProperties"], definitions, f"{path}.*")


def keys(value, path=""):
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield f"{path}.{key}".lstrip(".")
        yield from keys(inner, f"{path}.{key}")


# Maps whose keys are the user's, and options of herdgate.yaml, which has a reference of its own.
FREE = re.compile(r"^(config|policySets|global)\b|(matchLabels|matchExpressions)\b|\[\]|\.\*")


def check_schemas(tally):
    for chart in ("herdgate-lib", "herdgate", "example"):
        schema = json.loads((charts.CHARTS / chart / "values.schema.json").read_text(encoding="utf-8"))
        values = yaml.safe_load((charts.CHARTS / chart / "values.yaml").read_text(encoding="utf-8"))
        found = list(leaves(schema, schema.get("definitions", {})))
        tally.check(f"{chart}: every object of the schema is closed", [path for path, what in found if what == "open"])
        known = {path for path, what in found if what == "property" and not FREE.search(path)}
        given = {path for path in keys(values) if not FREE.search(path) and not path.startswith("herdgate.")}
        tally.check(f"{chart}: schema and values.yaml know the same values", sorted(known ^ given))


def check_options(tally):
    """The chart knows every option of the configuration reference, but those that the pod decides."""
    reference = (charts.ROOT / "sidecar" / "config" / "README.md").read_text(encoding="utf-8")
    schema = json.loads((charts.CHARTS / "herdgate" / "values.schema.json").read_text(encoding="utf-8"))
    known = {path for path, what in leaves(schema, schema["definitions"]) if what == "property"}
    whole, of_policy = reference.split("## Policies", 1)
    pods = {"listen", "telemetry.listen", "near.max_bytes", "memory.max_bytes", "shutdown.delay", "shutdown.drain"}
    options = {option for option in re.findall(r"(?m)^\| `([a-z_.]+)` \|", whole) if option not in pods and not option.startswith("admin.")}
    tally.check("the schema knows the configuration's options", sorted(f"config.{option}" for option in options if f"config.{option}" not in known))
    options = set(re.findall(r"(?m)^\| `([a-z_.]+)` \|", of_policy))
    tally.check("the schema knows the policies' options", sorted(option for option in options if f"policySets.*[].{option}" not in known))
    # The reference has one row for a list, whatever its items have.
    written = {path.removeprefix("policySets.*[].").split("[]")[0] for path in known if path.startswith("policySets.*[].")}
    groups = {option.split(".")[0] for option in options if "." in option}
    tally.check("and no others", sorted(written - options - groups) or (None if len(options) > 20 else "the reference was not understood"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag in ("--helm", "--herdgate", "--charts"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    helm, program, tally = charts.Helm(str(arguments.helm), arguments.charts), str(arguments.herdgate), Tally()
    for scenario in charts.scenarios():
        check_scenario(tally, helm, program, scenario, arguments.write)
    strays = {path.relative_to(charts.GOLDEN).as_posix() for path in charts.GOLDEN.rglob("*.yaml")} - {f"{scenario[0]}.yaml" for scenario in charts.scenarios()}
    tally.check("every golden file belongs to a scenario", sorted(strays))
    check_bad_values(tally, helm)
    check_refused_policies(tally, helm, program)
    check_copies(tally, helm)
    check_schemas(tally)
    check_options(tally)
    for part in parts.PARTS:
        part(tally, helm)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
