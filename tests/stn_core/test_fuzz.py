"""Readers refuse damaged files with their own errors; python -m benchmarks.fuzz goes on for as long
as one likes."""

from benchmarks.fuzz import fuzz


def test_a_damaged_file_is_refused_by_its_reader_and_breaks_nothing(tmp_path):
    tried = fuzz(seconds=8, seed=0, to=tmp_path)
    assert min(tried.values()) > 0 and list(tmp_path.iterdir()) == []
