"""The birds that ship: six readable pictures, named after species, made by our script."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stn_core.data.uploads import read_photograph

FOLDER = Path(__file__).parents[3] / "assets" / "birds"
DRAWN = sorted(FOLDER.glob("*.webp"))
SPECIES = {  # all among the first fifty of CUB-200-2011, which the small models know
    "American_Goldfinch",
    "Cardinal",
    "Crested_Auklet",
    "Painted_Bunting",
    "Red_winged_Blackbird",
    "Yellow_headed_Blackbird",
}


def test_there_are_six_named_after_species():
    assert {path.stem for path in DRAWN} == SPECIES


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_each_is_small_and_reads_as_an_upload_would(path):
    data = path.read_bytes()
    assert len(data) < 60_000
    with Image.open(path) as picture:
        assert picture.mode == "RGB" and 500 <= min(picture.size) <= max(picture.size) <= 1000
    image = read_photograph(data, 448)
    assert image.shape == (3, 448, 448) and float(image.std()) > 0.1


def test_the_script_draws_the_committed_pictures(tmp_path):
    subprocess.run(
        [sys.executable, str(FOLDER / "draw.py"), str(tmp_path)], check=True, timeout=300
    )
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in DRAWN}
    for path in DRAWN:
        ours, again = (
            np.asarray(Image.open(at).convert("RGB"), np.float32)
            for at in (path, tmp_path / path.name)
        )
        assert ours.shape == again.shape
        # of 255; other versions of Pillow may round elsewhere
        assert np.abs(ours - again).mean() < 3, path.stem
