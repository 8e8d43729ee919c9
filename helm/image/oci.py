#!/usr/bin/env python3
"""Writes a root file system as an image of one layer, the same bytes each time, without a container engine.

oci.py --root FOLDER --dockerfile FILE --epoch SECONDS [--arg NAME=VALUE...] --out FILE.tar

FILE.tar is an OCI image layout, which `docker load` (also older ones), podman, skopeo and containerd read. User, entrypoint, labels and ports are those of
the last stage of the Dockerfile. Prints one line of JSON: the digest, and the sizes of what a registry would hold.
"""
import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shlex
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MEDIA = "application/vnd.oci.image."
NAME = "herdgate:latest"


def last_stage(text, arguments):
    """The settings of a Dockerfile's last stage in the words of an image's config. Other instructions than these are refused, lest one be lost."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M))
    config = {"Env": ["PATH=/usr/bin"], "WorkingDir": "/"}
    stage = re.split(r"^FROM .*$", joined, flags=re.M)[-1]
    for word, rest in re.findall(r"^(\w+) (.*)$", stage, re.M):
        rest = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found.group(1)], rest)
        if word == "USER":
            config["User"] = rest
        elif word in ("ENTRYPOINT", "CMD"):
            config[word.capitalize()] = json.loads(rest)
        elif word == "EXPOSE":
            config["ExposedPorts"] = {f"{port}/tcp": {} for port in rest.split()}
        elif word == "LABEL":
            config["Labels"] = dict(sorted(item.split("=", 1) for item in shlex.split(rest)))
        elif word not in ("ARG", "COPY"):
            raise SystemExit(f"oci.py: {word} in the last stage is not understood")
    return config


def member(path, root, epoch):
    """A path as a member of the layer; no user's name, no time but the commit's."""
    name = str(path.relative_to(root))
    about, info = path.lstat(), tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = about.st_mode & 0o7777, about.st_uid, about.st_gid, epoch
    if path.is_symlink():
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
        return info, None
    if path.is_dir():
        info.type = tarfile.DIRTYPE
        return info, None
    content = path.read_bytes()
    info.size = len(content)
    return info, io.BytesIO(content)


def pack(members, epoch=0):
    """A tar of (name, bytes) or (TarInfo, stream or None) pairs, in the order given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in members:
            if isinstance(info, str):
                info, content = tarfile.TarInfo(info), io.BytesIO(content)
                info.size, info.mtime, info.mode = len(content.getvalue()), epoch, 0o644
            tar.addfile(info, content)
    return out.getvalue()


def layer(root, epoch):
    paths = [pathlib.Path(folder) / name for folder, folders, files in os.walk(root) for name in [*folders, *files]]
    paths.sort(key=lambda path: str(path.relative_to(root)).encode())
    return pack(member(path, root, epoch) for path in paths)


class Blobs:
    """The content-addressed files of a layout."""

    def __init__(self):
        self.files = {}

    def add(self, content, media):
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": MEDIA + media, "digest": f"sha256:{digest}", "size": len(content)}


def to_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def image(root, config, epoch):
    """({file name: content} of the layout, the facts to print)."""
    blobs = Blobs()
    plain = layer(root, epoch)
    packed = blobs.add(gzip.compress(plain, 9, mtime=0), "layer.v1.tar+gzip")
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    settings = blobs.add(to_json({
        "architecture": ARCHITECTURES[platform.machine()], "os": "linux", "created": created, "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
        "history": [{"created": created, "created_by": "helm/image/build.sh"}],
    }), "config.v1+json")
    manifest = blobs.add(to_json({"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "config": settings, "layers": [packed]}),
                         "manifest.v1+json")
    path = lambda blob: "blobs/sha256/" + blob["digest"].split(":")[1]
    named = {**manifest, "annotations": {"org.opencontainers.image.ref.name": NAME.split(":")[1]}}
    files = {
        **blobs.files,
        "oci-layout": to_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": to_json({"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [named]}),
        # What docker before 25 reads instead.
        "manifest.json": to_json([{"Config": path(settings), "RepoTags": [NAME], "Layers": [path(packed)]}]),
    }
    compressed = packed["size"] + settings["size"] + manifest["size"]
    return files, {"digest": manifest["digest"], "compressed_bytes": compressed, "unpacked_bytes": len(plain)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--dockerfile", type=pathlib.Path, required=True)
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument("--arg", action="append", default=[], help="a build argument of the Dockerfile")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    config = last_stage(arguments.dockerfile.read_text(), dict(item.split("=", 1) for item in arguments.arg))
    files, facts = image(arguments.root, config, arguments.epoch)
    arguments.out.write_bytes(pack(sorted(files.items()), arguments.epoch))
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
