"""The files of the repository as the checks see them: what git tracks or would add, or, without git, everything but build output."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = {"build", "node_modules", "__pycache__", ".cache", ".git"}


def files(root):
    """Sorted paths of the regular files below root."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        paths = {root / name for name in listed if name}
    except (OSError, subprocess.CalledProcessError):
        paths = {p for p in root.rglob("*") if not OUTPUT.intersection(p.relative_to(root).parts)}
    return sorted(p for p in paths if p.is_file() and not p.is_symlink())
