"""Folders that environment variables name: whatever they say, they are paths and no errors."""

import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest

from stn_core.data.root import data_root
from stn_core.evaluation.report import report_place
from stn_core.experiments.checkpoints import own_folder
from stn_core.places import named

ROOT = Path(__file__).parents[2]
NONSENSE = ("~nobody/x", "a" * 5000, "\udcff", " ", "/dev/null", "/proc/1/mem/x", "//")
VARIABLES = ("DATA", "CHECKPOINTS", "RECORDINGS", "REPORT", "LESSONS", "SITE_URL", "PUBLIC_URL")


@pytest.mark.parametrize("text", NONSENSE)
def test_what_a_variable_names_is_a_path(text, monkeypatch):
    for variable in VARIABLES:
        monkeypatch.setenv(f"STN_{variable}", text)
    for place in (data_root(), own_folder(), report_place(), named("STN_LESSONS")):
        assert not os.path.isdir(place / "deeper")  # noqa: PTH112 - which never raises


def test_a_home_is_found_and_an_empty_variable_names_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STN_DATA", "~/data")
    assert data_root() == tmp_path / "data" and data_root("~/other") == tmp_path / "other"
    monkeypatch.setenv("STN_CHECKPOINTS", "")
    assert own_folder() is None


@pytest.mark.parametrize("first", range(2))
def test_pages_open_whatever_the_variables_say(first):
    program = """
from visits import visited
for page in ("", "results", "replay", "birds", "lecture"):
    visited(page, b_from="cub")
"""
    texts = cycle(NONSENSE[first : first + 3])
    said = {f"STN_{variable}": text for variable, text in zip(VARIABLES, texts, strict=False)}
    if first:
        said |= dict.fromkeys(("STN_SITE_URL", "STN_PUBLIC_URL"), "http://\udcff")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | said | {"PYTHONPATH": f"{ROOT}/tests:{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
