#!/usr/bin/env python3
"""Lays out the image's root file system. Runs inside the base that base.sh made; Dockerfile and build.sh both call it.

assemble.py --parts FOLDER --license FILE --epoch SECONDS [--revision COMMIT] --out FOLDER

What is in it: the program, the shared libraries that its dynamic linker asks for, their packages' licences and dpkg records (from which scanners know
them), passwd, group, nsswitch.conf, the folders where volumes go, and an SBOM. No shell, no package manager, no certificates: the program verifies no
peer. Everything belongs to root and has the time of the commit, so that the same inputs give the same bytes.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import sbom  # noqa: E402

PROGRAM = "/usr/bin/herdgate"
USER = 65532
TEXTS = {
    "etc/passwd": f"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nnonroot:x:{USER}:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
# Where volumes are mounted; containers' own runtimes want the last three.
FOLDERS = ("etc/herdgate", "run/herdgate", "proc", "sys", "dev")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def bring(path, out):
    """Copies a file of the base to the same place below `out`, with every symbolic link on the way; returns where it really is."""
    done = pathlib.Path("/")
    parts = list(pathlib.PurePath(path).parts[1:])
    while parts:
        done = done / parts.pop(0)
        inside = out / done.relative_to("/")
        if done.is_symlink():
            target = os.readlink(done)
            if not inside.is_symlink():
                inside.symlink_to(target)
            resolved = os.path.normpath(done.parent / target)
            parts = [*pathlib.PurePath(resolved).parts[1:], *parts]
            done = pathlib.Path("/")
        elif done.is_dir():
            inside.mkdir(exist_ok=True)
        else:
            shutil.copyfile(done, inside)
            inside.chmod(0o755 if os.access(done, os.X_OK) else 0o644)
    return done


def libraries(program):
    """The paths of all shared libraries of a program, and of its dynamic linker."""
    listing = run("ldd", program)
    if "not found" in listing:
        raise SystemExit(f"assemble.py: the base lacks a library:\n{listing}")
    return sorted(set(re.findall(r"(?:=> |^\s+)(/\S+)", listing, re.M)))


def owner(asked, real):
    """The package that a file came with. dpkg knows it by the path that it had in the package, before /lib became a link."""
    for name in (real, asked, *(f"{real}".removeprefix("/usr"),)):
        found = subprocess.run(["dpkg-query", "-S", str(name)], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(":")[0]
    raise SystemExit(f"assemble.py: no package owns {real}")


def package_facts(name):
    fields = {"version": "${Version}", "source": "${source:Package}", "source_version": "${source:Version}",
              "architecture": "${Architecture}", "supplier": "${Maintainer}"}
    values = run("dpkg-query", "-W", "-f", "\t".join(fields.values()), name).split("\t")
    return {"type": "deb", "name": name, **dict(zip(fields, values))}


def add_libraries(program, out):
    """Brings them in; returns {package: [file, ...]}."""
    packages = {}
    for path in libraries(program):
        real = bring(path, out)
        packages.setdefault(owner(path, real), []).append(str(real))
    return packages


def add_records(packages, out):
    """Each package's licence, and its dpkg record where scanners of images without dpkg look for it."""
    records = out / "var/lib/dpkg/status.d"
    records.mkdir(parents=True)
    for name in packages:
        (records / name).write_text(run("dpkg-query", "-s", name))
        bring(f"/usr/share/doc/{name}/copyright", out)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


def lay_out(arguments, out):
    """Everything but the SBOM; returns {package: [file, ...]}."""
    for folder in FOLDERS:
        (out / folder).mkdir(parents=True)
    for name, text in TEXTS.items():
        write(out / name, text)
    bring("/etc/os-release", out)
    parts = arguments.parts
    packages = add_libraries(parts / "herdgate", out)
    add_records(packages, out)
    (out / "usr/bin").mkdir()
    shutil.copyfile(parts / "herdgate", out / PROGRAM[1:])
    (out / PROGRAM[1:]).chmod(0o755)
    write(out / "usr/share/doc/herdgate/copyright", arguments.license.read_text())
    for license_file in sorted((parts / "licenses").iterdir()):
        write(out / "usr/share/doc/herdgate/built-in" / license_file.name, license_file.read_text())
    return packages


def entries(out):
    """Every path below `out`, in order; "" is `out` itself."""
    paths = [pathlib.Path(folder) / name for folder, folders, files in os.walk(out) for name in [*folders, *files]]
    return [out, *sorted(paths, key=lambda path: str(path.relative_to(out)).encode())]


def settle(out, epoch):
    """Owners, modes and times of everything."""
    for path in entries(out):
        os.chown(path, 0, 0, follow_symlinks=False)
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    # A Unix socket is made there where no volume is mounted.
    os.chown(out / "run/herdgate", USER, USER)
    for path in reversed(entries(out)):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def listing(out):
    """One line for each path: what two builds must agree on."""
    for path in entries(out):
        about, name = path.lstat(), f"/{path.relative_to(out)}".replace("/.", "/")
        content = "-"
        if path.is_symlink():
            content = f"-> {os.readlink(path)}"
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        yield f"{about.st_mode:o} {about.st_uid}:{about.st_gid} {int(about.st_mtime)} {name} {content}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", type=pathlib.Path, required=True, help="what compile.sh left")
    parser.add_argument("--license", type=pathlib.Path, required=True)
    parser.add_argument("--epoch", type=int, required=True, help="SOURCE_DATE_EPOCH")
    parser.add_argument("--revision", default="unknown")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    out = arguments.out
    os.umask(0o022)
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)

    packages = lay_out(arguments, out)
    version = run(arguments.parts / "herdgate", "version").split()[1]
    built_in = json.loads((arguments.parts / "built-in.json").read_text())
    document = sbom.document(
        sbom.Subject(version=version, revision=arguments.revision, epoch=arguments.epoch, program=PROGRAM),
        [{**package_facts(name), "files": files} for name, files in sorted(packages.items())], built_in, out)
    write(out / "usr/share/sbom/herdgate.spdx.json", json.dumps(document, indent=1) + "\n")
    settle(out, arguments.epoch)
    print("\n".join(listing(out)))


if __name__ == "__main__":
    main()
