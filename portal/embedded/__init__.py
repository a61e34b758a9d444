"""Everything `portalctl.py` runs on this machine: database, broker, sandbox, web and workers."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"


class Trouble(Exception):
    """Stop the command with one sentence: what is wrong and what would pass."""
