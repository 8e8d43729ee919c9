#!/usr/bin/env python3
"""Runs a program in an image's root file system as a kubelet's runtime would, without one.

The process has mount, pid, ipc and uts namespaces of its own and is pid 1 there; its network namespace is given. The root is read-only, /proc and a small
/dev are there, folders and files are mounted as volumes. It runs as a number, with no capability, and can't gain any (no_new_privs), as restricted Pod Security
asks. Left out: the seccomp filter and cgroup limits.

Needs root. `Container` is for tests; as a program (`container.py SPEC`) this file is the part that becomes the process.
"""

import ctypes
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A libc function; its error becomes an OSError."""
    encoded = [item.encode() if isinstance(item, str) else item for item in arguments]
    if getattr(libc, name)(*encoded) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


def unshare(flags):
    call("unshare", flags)


def setns(fd):
    call("setns", fd, 0)


def mount(source, target, kind=None, flags=0, options=None):
    call("mount", source, target, kind, ctypes.c_ulong(flags), options)


def bind(source, target, read_only):
    mount(source, target, None, MS_BIND | MS_REC)
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | (MS_RDONLY if read_only else 0))


def make_devices(folder):
    mount("tmpfs", folder, "tmpfs", MS_NOSUID, "mode=755,size=64k")
    for name, numbers in DEVICES.items():
        os.mknod(f"{folder}/{name}", stat.S_IFCHR, os.makedev(*numbers))
        os.chmod(f"{folder}/{name}", 0o666)


def enter_root(spec):
    """The mounts of the container, and nothing else of the machine's."""
    root = spec["root"]
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    # Mount points that the image lacks are made by runtimes, too.
    for volume in spec["volumes"]:
        if os.path.isdir(volume["host"]):
            os.makedirs(root + volume["at"], exist_ok=True)
        else:
            pathlib.Path(root + volume["at"]).touch()
    bind(root, root, read_only=True)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    make_devices(root + "/dev")
    for volume in spec["volumes"]:
        bind(volume["host"], root + volume["at"], volume["read_only"])
    os.chdir(root)
    if libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b".") < 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    call("umount2", ".", MNT_DETACH)
    os.chdir("/")


def become(spec):
    """Gives up all that a restricted pod may not have, and becomes the program."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups(spec["groups"])
    os.setresgid(spec["gid"], spec["gid"], spec["gid"])
    os.setresuid(spec["uid"], spec["uid"], spec["uid"])
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    os.umask(0o022)
    os.execve(spec["command"][0], spec["command"], spec["env"])


def launch(spec):
    """The parent of the container's pid 1: says its pid on stdin's pipe and ends as it does."""
    call("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if spec["net"] is not None:
        setns(spec["net"])
    unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        socket.sethostname("pod")
        enter_root(spec)
        become(spec)
    os.write(spec["tell"], f"{child}\n".encode())
    os.close(spec["tell"])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Container:
    """One container. Owns its process: `close` kills what is left. `code` after the end: the exit code, or the signal's number negated."""

    def __init__(self, root, command, log, net=None, volumes=(), uid=65532, gid=65532, groups=(), env=None):
        """`volumes`: (folder or file of this machine, path inside, read only); `net`: a descriptor of a network namespace."""
        told, tell = os.pipe()
        spec = {"root": str(root), "command": list(command), "net": net, "uid": uid, "gid": gid, "groups": list(groups), "tell": tell,
                "env": env or {"PATH": "/usr/bin"},
                "volumes": [{"host": str(host), "at": at, "read_only": read_only} for host, at, read_only in volumes]}
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, __file__, json.dumps(spec)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                pass_fds=[tell] + ([net] if net is not None else []))
        os.close(tell)
        with os.fdopen(told) as pipe:
            line = pipe.readline()
        if not line:
            raise RuntimeError(f"the container did not start: {self.words()}")
        self.pid = int(line)

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def code(self):
        code = self._process.poll()
        return code - 256 if code is not None and code > 127 else code

    def signal(self, number):
        if self.running:
            os.kill(self.pid, number)

    def wait(self, seconds):
        """True if it has ended within that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self):
        self.signal(signal.SIGKILL)
        self._process.wait()

    def words(self):
        """The last of what it printed."""
        return self.log.read_text(errors="replace")[-1500:]


if __name__ == "__main__":
    sys.exit(launch(json.loads(sys.argv[1])) & 0xFF)
