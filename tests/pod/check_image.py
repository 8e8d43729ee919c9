#!/usr/bin/env python3
"""Checks an image that helm/image/build.sh made: size, content, bill of materials, and that it serves as a restricted pod would run it.

check_image.py IMAGE.tar   needs root; unpacks the image below build/image/unpacked. Ends with "N passed, N failed".
"""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import sys
import tarfile
import tempfile

import container
import network
import tally

MAX_COMPRESSED = 25_000_000
PROGRAMS = {"usr/bin/herdgate"}
LINKER = re.compile(r"usr/lib/[\w-]+/(ld-linux[\w-]*\.so\.\d|libc\.so\.6)$")
WATCHED = ("PING", b"+PONG\r\n"), ("SET probe 1", b"+OK\r\n"), ("GET probe", b"$1\r\n1\r\n")


class Image:
    """What a runtime reads of an image: manifest, config and the one layer, each checked against its digest."""

    def __init__(self, path):
        self._tar = tarfile.open(path)
        self.sizes = 0
        manifests = json.loads(self._read("index.json"))["manifests"]
        self.manifest = json.loads(self.blob(manifests[0]))
        self.settings = json.loads(self.blob(self.manifest["config"]))
        self.layers = [self.blob(entry) for entry in self.manifest["layers"]]

    def _read(self, name):
        return self._tar.extractfile(name).read()

    def blob(self, entry):
        content = self._read("blobs/sha256/" + entry["digest"].split(":")[1])
        if "sha256:" + hashlib.sha256(content).hexdigest() != entry["digest"] or len(content) != entry["size"]:
            raise SystemExit(f"check_image.py: {entry['digest']} is not what it should be")
        self.sizes += len(content)
        return content

    def unpack(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        for content in self.layers:
            with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                layer.extractall(folder, numeric_owner=True)


def files_of(root):
    """{path below root: lstat} of everything."""
    return {os.path.relpath(os.path.join(folder, name), root): os.lstat(os.path.join(folder, name))
            for folder, folders, names in os.walk(root) for name in [*folders, *names]}


def check_content(image, root, count):
    found = files_of(root)
    count.check(image.sizes < MAX_COMPRESSED, "compressed it is smaller than 25 MB", f"{image.sizes / 1e6:.1f} MB")
    bad = [name for name, about in found.items() if about.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)]
    count.check(not bad, "no file is setuid, setgid or sticky", bad or len(found))
    bad = [name for name, about in found.items() if not stat.S_ISLNK(about.st_mode) and about.st_mode & 0o022]
    count.check(not bad, "nothing can be written by group or others", bad or "")
    bad = [name for name, about in found.items() if stat.S_IFMT(about.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)]
    count.check(not bad, "no devices, pipes or sockets", bad or "")
    bad = [name for name, about in found.items() if about.st_uid and name != "run/herdgate"]
    count.check(not bad, "all but the socket's folder belongs to root", bad or "")
    runnable = {name for name, about in found.items() if stat.S_ISREG(about.st_mode) and about.st_mode & 0o111}
    others = {name for name in runnable - PROGRAMS if not LINKER.match(name)}
    count.check(not others and PROGRAMS <= runnable, "no shell and no program but the one", sorted(others) or "")
    elf = (root / "usr/bin/herdgate").read_bytes()
    count.check(b".debug_info" not in elf and b".symtab" not in elf, "the program is stripped", f"{len(elf) / 1e6:.1f} MB")
    count.check(b"was built without its web UI" not in elf, "the program has its web UI")


def check_settings(image, count):
    config = image.settings["config"]
    count.check(config["User"] == "65532:65532", "it runs as 65532:65532", config["User"])
    count.check(config["Entrypoint"] == ["/usr/bin/herdgate"] and config["Cmd"] == ["serve"], "it runs herdgate serve")
    count.check("Healthcheck" not in config and "Volumes" not in config, "no health check and no volumes of its own")


def check_bill(root, count):
    bill = json.loads((root / "usr/share/sbom/herdgate.spdx.json").read_text())
    ids = {entry["SPDXID"] for entry in bill["packages"] + bill["files"]} | {"SPDXRef-DOCUMENT"}
    ends = {entry[end] for entry in bill["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
    count.check(bill["spdxVersion"] == "SPDX-2.3" and ends <= ids and len(ids) == len(bill["packages"]) + len(bill["files"]) + 1,
                "the bill of materials is whole", f"{len(bill['packages'])} packages, {len(bill['files'])} files")
    # What SPDX's own validator looks for, and the document is not to have.
    held = [entry for entry in bill["relationships"] if entry["relationshipType"] == "CONTAINS"]
    count.check(not held and not any(entry["filesAnalyzed"] for entry in bill["packages"]), "it claims no package's files that it did not look at")
    listed = {entry["fileName"][2:]: entry["checksums"][1]["checksumValue"] for entry in bill["files"]}
    binaries = {name for name, about in files_of(root).items() if stat.S_ISREG(about.st_mode) and (root / name).read_bytes()[:4] == b"\x7fELF"}
    wrong = [name for name in binaries if listed.get(name) != hashlib.sha256((root / name).read_bytes()).hexdigest()]
    count.check(binaries and not wrong, "it lists every binary with its checksum", wrong or len(binaries))
    debian = [entry["name"] for entry in bill["packages"] if "pkg:deb" in str(entry.get("externalRefs")) and not entry["name"].endswith("-dev")]
    lacking = [name for name in debian if not (root / f"var/lib/dpkg/status.d/{name}").exists()]
    lacking += [name for name in debian if not (root / f"usr/share/doc/{name}/copyright").exists()]
    count.check(debian and not lacking, "every package has its record and its licence", lacking or len(debian))


def inside(root, folder, *arguments, **options):
    return container.Container(root, ["/usr/bin/herdgate", *arguments], folder / "log", **options)


def check_run(root, folder, count):
    """As the kubelet would: read-only root, no capability, a user without a name that owns anything."""
    one = inside(root, folder, "version")
    count.check(one.wait(10) and one.code == 0 and "herdgate" in one.words(), "herdgate version works inside", one.words().strip())
    (folder / "etc").mkdir()
    (folder / "etc/herdgate.yaml").write_text("upstream: {url: memory://}\ntelemetry: {listen: 127.0.0.1:9638}\n"
                                              "listen: [tcp://127.0.0.1:6380, unix:///run/herdgate/redis.sock]\n")
    (folder / "socket").mkdir(mode=0o777)
    (folder / "socket").chmod(0o777)
    before = {name: about.st_mtime for name, about in files_of(root).items()}
    own = network.Namespace()
    one = inside(root, folder, "serve", "--config", "/etc/herdgate/herdgate.yaml", net=own.fd,
                 volumes=[(folder / "etc", "/etc/herdgate", True), (folder / "socket", "/run/herdgate", False)])
    try:
        ready = own.run(lambda: network.wait_for(lambda: network.http_get("127.0.0.1", 9638, "/readyz")[0] == 200, 10))
        count.check(ready, "it becomes ready", one.words()[-200:] if not ready else "")
        for name, address in (("TCP", ("127.0.0.1", 6380)), ("its socket", str(folder / "socket/redis.sock"))):
            answers = own.run(lambda address=address: network.ask(address, WATCHED))
            count.check(answers == [reply for _, reply in WATCHED], f"it serves on {name}", answers)
        status = pathlib.Path(f"/proc/{one.pid}/status").read_text()
        fields = dict(re.findall(r"(Uid|CapEff|CapBnd|NoNewPrivs):\s+(\S+)", status))
        count.check(fields == {"Uid": "65532", "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}, "it has no privilege", fields)
        count.check("rw" not in re.search(r"^\S+ / \S+ (\S+)", pathlib.Path(f"/proc/{one.pid}/mounts").read_text(), re.M).group(1).split(","),
                    "its root is read-only")
        one.signal(signal.SIGTERM)
        count.check(one.wait(5) and one.code == 0, "SIGTERM ends it with 0", one.code)
        after = {name: about.st_mtime for name, about in files_of(root).items()}
        count.check(before == after, "it left no file in its root")
    finally:
        one.close()


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    image, count = Image(sys.argv[1]), tally.Tally()
    root = pathlib.Path(__file__).resolve().parents[2] / "build/image/unpacked"
    image.unpack(root)
    check_settings(image, count)
    check_content(image, root, count)
    check_bill(root, count)
    with tempfile.TemporaryDirectory(prefix="herdgate-image-") as folder:
        os.chmod(folder, 0o755)
        check_run(root, pathlib.Path(folder), count)
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
