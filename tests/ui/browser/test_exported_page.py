"""The page of docs/export.md answers with an exported model, as it is written."""

import re
from pathlib import Path

import pytest
import torch

from stn_core import export_model, load_checkpoint

ROOT = Path(__file__).parents[3]
TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}


@pytest.mark.parametrize("name", ["r-st-cnn-affine", "p-st-cnn-projective"])
def test_the_page_of_the_document_runs_an_exported_model(browser, tmp_path, name):
    checkpoint = load_checkpoint(name)
    export_model(checkpoint, tmp_path / "model.json")
    (html,) = re.findall(r"```html\n(.*?)```", (ROOT / "docs/export.md").read_text(), re.DOTALL)

    def answer(route):
        path = route.request.url.removeprefix("http://page/")
        file = ROOT / "ui" / path if path.startswith("browser/") else tmp_path / path
        if not path:
            route.fulfill(body=html, content_type="text/html")
        else:
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])

    page = browser.new_page()
    page.route("http://page/**", answer)
    page.goto("http://page/")
    page.wait_for_function("document.body.textContent.trim().length === 1")
    image = torch.zeros(1, 1, 28, 28)
    image[..., 10, 8:20] = 1
    with torch.inference_mode():
        expected = checkpoint.model(image).argmax().item()
    assert page.text_content("body").strip() == checkpoint.experiment.classes[expected]
    page.close()
