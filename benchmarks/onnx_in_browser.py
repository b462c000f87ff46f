"""The ONNX files of trained models in a browser, with onnxruntime-web: how far their logits are
from PyTorch's on digits of the gallery, 100 at once and one alone.

    python -m benchmarks.onnx_in_browser [NAME ...]

Installs onnxruntime-web (33 MB) in a temporary folder, with npm; needs Node and the network.
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path

import torch
from playwright.sync_api import Page, Route, sync_playwright
from torch import Tensor

from benchmarks.browser import FLAGS, chromium
from benchmarks.command import options_parser
from stn_core import Checkpoint, export_model, load_checkpoint
from stn_core.interchange.model_files import pictures_for

PACKAGE = "onnxruntime-web@1.30.0"
MOST = 1e-4  # of a logit's difference
NAMES = (
    "r-cnn",
    "r-st-cnn-affine",
    "rts-st-cnn-affine",
    "p-st-cnn-projective",
    "e-st-cnn-tps",
    "tc-st-cnn-affine",
    "r2-2st-cnn-affine",
)
TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm"}
ASK = """async ([file, text, shape]) => {
  const ort = await import("./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs");
  const session = await ort.InferenceSession.create(file);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const images = new ort.Tensor("float32", new Float32Array(bytes.buffer), shape);
  const { logits } = await session.run({ images });
  return [...logits.data];
}"""


def difference(page: Page, checkpoint: Checkpoint, file: str, images: Tensor) -> float:
    """The largest of all logits."""
    text = base64.b64encode(images.numpy().tobytes()).decode()
    found = torch.tensor(page.evaluate(ASK, [file, text, list(images.shape)]))
    with torch.inference_mode():
        expected = checkpoint.model(images)
    return (found.view_as(expected) - expected).abs().max().item()


def serve(page: Page, folder: Path) -> None:
    """A page at http://page/ with the files of a folder."""

    def answer(route: Route) -> None:
        path = folder / route.request.url.removeprefix("http://page/")
        if path == folder:
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        kind = TYPES.get(path.suffix, "application/octet-stream")
        return route.fulfill(body=path.read_bytes(), content_type=kind)

    page.route("http://page/**", answer)
    page.goto("http://page/")


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        install = ["npm", "install", "--prefix", place, "--ignore-scripts", "--no-audit", PACKAGE]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        package = folder / "node_modules" / "onnxruntime-web" / "package.json"
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        serve(page, folder)
        print(f"onnxruntime-web {json.loads(package.read_text())['version']}, one thread")
        worst = 0.0
        for name in options.names:
            checkpoint = load_checkpoint(name)
            export_model(checkpoint, folder / f"{name}.onnx")
            images = pictures_for(checkpoint.experiment)
            found = [difference(page, checkpoint, f"{name}.onnx", x) for x in (images, images[:1])]
            print(f"{name}: largest difference of a logit {max(found):.1e}")
            worst = max(worst, *found)
        browser.close()
    if worst > MOST:
        raise SystemExit(f"more than {MOST:g} off")


if __name__ == "__main__":
    main()
