"""Places on disk: directories of our own, and socket paths short enough for the kernel."""

import hashlib
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from portal.embedded import Trouble

SOCKET_DIR_LIMIT = 85  # bytes; a Unix socket's whole path may have 107


def fingerprint(path: Path) -> str:
    """Return ten characters that stand for `path` in names outside the project."""
    return hashlib.sha256(bytes(path)).hexdigest()[:10]


def own_dir(path: Path, *, user: str | None = None, mode: int = 0o700) -> Path:
    """Make `path` a directory that belongs to `user` (or to us) alone.

    One that somebody else made is refused: under /tmp it may be a trap, elsewhere it is theirs.
    """
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    ours = {os.geteuid(), *([pwd.getpwnam(user).pw_uid] if user else [])}
    if path.is_symlink() or (owner := path.stat().st_uid) not in ours:
        whose = "is a link" if path.is_symlink() else f"belongs to user {owner}"
        raise Trouble(f"{path} {whose}: remove it, or run this command as its owner.")
    if user:
        shutil.chown(path, user)
    path.chmod(mode)
    return path


def socket_dir(wanted: Path) -> Path:
    """Return `wanted`, or a name under /tmp in its stead if a socket there had too long a path."""
    if len(bytes(wanted)) <= SOCKET_DIR_LIMIT:
        return wanted
    short = Path(tempfile.gettempdir()) / f"portal-{fingerprint(wanted)}"
    return short if len(bytes(short)) <= SOCKET_DIR_LIMIT else Path("/tmp") / short.name  # noqa: S108  # own_dir checks
