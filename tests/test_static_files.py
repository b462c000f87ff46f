"""Files for the browser: whole, under names with the hash of their content."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from ui.app import static_files
from ui.browser.component import UI, serve_modules


def test_threads_that_serve_the_same_file_at_once_do_not_meet(tmp_path, monkeypatch):
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    content = bytes(1_000_000)
    together = Barrier(8)

    def serve(_):
        together.wait()
        return static_files.serve("file-{}.bin", content)

    with ThreadPoolExecutor(8) as threads:
        (name,) = set(threads.map(serve, range(8)))
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_bytes() == content


def test_a_component_s_modules_find_those_they_import(tmp_path, monkeypatch):
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    served = tmp_path / serve_modules(UI / "pages/replay")
    assert (served / "pages/replay/replay.js").read_bytes() == (UI / "pages/replay/replay.js").read_bytes()
    assert (served / "browser/sampler.js").is_file() and (served / "browser/kernel.wasm").is_file()
    assert served.name.startswith("replay-") and not (served / "pages/stage").exists()
