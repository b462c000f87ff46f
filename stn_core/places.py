"""Where the laboratory's own files lie: beside the packages in a clone; in an installation, in the
folder ``stn_laboratory`` beside them, where the wheel has them (pyproject.toml)."""

from pathlib import Path

PACKAGES = Path(__file__).parents[1]
INSTALLED = PACKAGES / "stn_laboratory"
ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGES
CHECKPOINTS = ROOT / "checkpoints"
ASSETS = ROOT / "assets"
