"""Files for the browser: whole, under names with the hash of their content."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ui.app.static_files import serve, served
from ui.browser.component import UI, serve_modules


def test_a_file_is_served_under_the_hash_of_its_content():
    first, second = serve("file-{}.bin", b"one"), serve("file-{}.bin", b"another")
    assert first != second and served(first) == b"one" and served(second) == b"another"
    assert serve("file-{}.bin", b"one") == first
    with pytest.raises(KeyError):
        served("file-0000.bin")


def test_visitors_who_come_at_once_get_the_same_whole_files():
    together = Barrier(20)

    def visit(number):
        together.wait()
        content = bytes([number % 4]) * 1_000_000
        return served(serve("large-{}.bin", content)) == content, serve_modules(UI / "pages/birds")

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(visit, range(20)))
    assert all(whole for whole, _ in found) and len({folder for _, folder in found}) == 1


def test_a_component_s_modules_find_those_they_import():
    folder = serve_modules(UI / "pages/replay")
    assert (
        served(f"{folder}/pages/replay/replay.js") == (UI / "pages/replay/replay.js").read_bytes()
    )
    assert served(f"{folder}/browser/sampler.js") and served(f"{folder}/browser/kernel.wasm")
    assert folder.startswith("replay-")
    with pytest.raises(KeyError):
        served(f"{folder}/pages/digits/stage.js")
