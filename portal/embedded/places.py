"""Places on disk: directories of our own, and socket paths short enough for the kernel."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from portal.embedded import Trouble

SOCKET_DIR_LIMIT = 85  # bytes; a Unix socket's whole path may have 107


def fingerprint(path: Path) -> str:
    """Return ten characters that stand for `path` in names outside the project."""
    return hashlib.sha256(bytes(path)).hexdigest()[:10]


def own_dir(path: Path, *, user: str | None = None, mode: int = 0o700) -> Path:
    """Make `path` a directory that belongs to `user` (or to us) alone."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    if user:
        shutil.chown(path, user)
    path.chmod(mode)
    return path


def socket_dir(wanted: Path, *, user: str | None = None) -> Path:
    """Return `wanted`, or a directory under /tmp in its stead when a socket there were too long."""
    if len(bytes(wanted)) <= SOCKET_DIR_LIMIT:
        return own_dir(wanted, user=user)
    short = Path(tempfile.gettempdir()) / f"portal-{fingerprint(wanted)}"
    if len(bytes(short)) > SOCKET_DIR_LIMIT:
        short = Path("/tmp") / short.name  # noqa: S108  # checked below
    if short.is_symlink() or (short.exists() and _stranger(short, user)):
        raise Trouble(f"{short} belongs to somebody else: remove it or use a shorter project path.")
    return own_dir(short, user=user)


def _stranger(path: Path, user: str | None) -> bool:
    return path.stat().st_uid != os.geteuid() and path.owner() != user
