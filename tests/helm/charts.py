"""What the tests of helm/ share: the charts, their scenarios, how they are rendered, and how a rendering is made comparable."""
import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHARTS = ROOT / "helm"
GOLDEN = HERE / "golden"
KUBERNETES = "1.33.0"
# A scenario for a cluster that is older than the native form.
OLD = {"example/plain": "1.28.0"}


def scenarios():
    """(name, chart, values file, Kubernetes version) of every ci/*-values.yaml."""
    for chart in ("herdgate", "example"):
        for path in sorted((CHARTS / chart / "ci").glob("*-values.yaml")):
            name = f"{chart}/{path.name.removesuffix('-values.yaml')}"
            yield name, chart, path, OLD.get(name, KUBERNETES)


class Helm:
    """The helm program, and copies of the charts with their dependencies in them, so that the sources stay as they are."""

    def __init__(self, program, charts):
        self.program, self.charts = program, charts

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)

    def render(self, chart, *values, kubernetes=KUBERNETES):
        """(text, error): one of them is empty. The release is `herdgate`, in the namespace `cache`."""
        flags = [flag for path in values for flag in ("--values", str(path))]
        done = self.run("template", "herdgate", str(self.charts / chart), "--namespace", "cache", "--kube-version", kubernetes, *flags)
        return (done.stdout, "") if done.returncode == 0 else ("", done.stderr)

    def render_values(self, chart, values, **more):
        """As `render`, of values that are given as they are."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(values, file)
            file.flush()
            return self.render(chart, file.name, **more)

    def notes(self, chart, values):
        """What an install would say at its end, which without a cluster helm shows by one more template only; or the refusal."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.charts / chart, pathlib.Path(folder) / chart)
            notes = 'kind: Notes\ntext: {{ include (print $.Template.BasePath "/NOTES.txt") . | toJson }}\n'
            (pathlib.Path(folder) / chart / "templates" / "notes.yaml").write_text(notes, encoding="utf-8")
            text, error = Helm(self.program, pathlib.Path(folder)).render_values(chart, values)
        return error or next(document["text"] for document in documents(text) if document["kind"] == "Notes")


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def comparable(text):
    """A rendering without what is another one each time, certificates, and without what another test compares whole, dashboards."""
    text = re.sub(r"(?m)^( *(?:ca\.crt|tls\.crt|tls\.key|caBundle)): \S{200,}$", r"\1: (made anew each time)", text)

    def digest(match):
        return f"{match[1]}{match[2]}(sha256 {hashlib.sha256(match[0].encode()).hexdigest()})\n"

    return re.sub(r"(?m)^(  herdgate-\w+\.json: \|\n)( {4})\{\n(?: {4}.*\n|\n)+", digest, text)


def pod_specs(rendered):
    """(kind/name, pod spec) of all that makes pods."""
    for document in rendered:
        spec = document.get("spec", {})
        if document["kind"] == "Pod":
            yield f"Pod/{document['metadata']['name']}", spec
        elif "template" in spec:
            yield f"{document['kind']}/{document['metadata']['name']}", spec["template"]["spec"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def configurations(rendered):
    """(object/key, text) of every configuration of Herdgate in ConfigMaps and Secrets."""
    for document in rendered:
        if document["kind"] not in {"ConfigMap", "Secret"}:
            continue
        for key, value in (document.get("data") or {}).items():
            name = f"{document['kind']}/{document['metadata']['name']}/{key}"
            is_check = document["metadata"]["name"].endswith("-check")
            if key == "herdgate.yaml" or (is_check and key.endswith(".yaml")):
                yield name, base64.b64decode(value).decode() if document["kind"] == "Secret" else value
