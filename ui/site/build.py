"""Builds the folder of ``python -m ui.site``: the app's own modules, what its pages would send, and
pages around them."""

import base64
import hashlib
import html
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stn_core import EXPERIMENTS
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.mnist import gallery
from stn_core.evaluation.report import Report
from stn_core.models.digits import DIGIT_MODELS
from stn_core.training.recording import DIGITS, Recording
from ui.app import loading
from ui.app.i18n import LANGUAGES, Translator
from ui.classroom import page as phone
from ui.controls.spec import Choice
from ui.pages.lecture.class_step import described, model_bytes
from ui.pages.lecture.lessons import Lesson, lessons
from ui.pages.replay.component import side
from ui.pages.replay.controls import name_of, recordable
from ui.pages.sampler import controls as sampler
from ui.pages.transformation import controls as transformation
from ui.site.exhibits import Component, component

UI = Path(__file__).parents[1]
MOST = 12_000_000  # bytes in all
EACH = 8  # digits of a class
FILES = "files/site"  # modules, as they lie below ui/
FIGURES = ("transformation", "sampler")  # pages whose live figures ask for no network
LIVE = "digits"  # the page whose networks answer in the browser
TITLES = ("cnn", "st-cnn-affine", "st-cnn-projective", "st-cnn-tps")
ALSO = ("r-fcn", "tc-fcn")  # which lectures show
SHOWN = range(12)  # of the recorded digits
WORDS = (
    "title",
    "about",
    "live",
    "lecture",
    "replay",
    "results",
    "transformation",
    "sampler",
    "app",
    "digit",
    "another",
    "distortion",
    "models",
    "left",
    "right",
    "nothing",
    "table",
    "failed",
)


def build(folder: Path, app: str) -> int:
    """Write all of it; back comes its size in bytes. ``app`` is the address of the whole
    laboratory, empty for none."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    site = Site(folder, app)
    site.modules()
    site.live()
    site.figure("transformation", "neutral", [transformation.FAMILY, transformation.WAY])
    site.figure("sampler", "kernel", [sampler.KERNEL])
    site.lectures()
    site.replays()
    site.results()
    site.worker()
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Site:
    def __init__(self, folder: Path, app: str) -> None:
        self.folder = folder
        self.app = app
        self.names = [lesson.name for lesson in lessons().values() if isinstance(lesson, Lesson)]
        self.models: dict[str, str] = {}  # files of experiments, by their names
        self.digits: dict[str, Any] = {}  # the file with digits of the gallery

    # ---- files

    def write(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def write_json(self, name: str, data: Any) -> str:
        return self.write(name, json.dumps(data, ensure_ascii=False, separators=(",", ":")))

    def modules(self) -> None:
        for kind in ("*.js", "*.wasm"):
            for path in (*UI.glob(f"browser/{kind}"), *UI.glob(f"pages/*/{kind}")):
                self.write(f"{FILES}/{path.relative_to(UI).as_posix()}", path.read_bytes())
        for path in (*UI.glob("classroom/*.js"), *UI.glob("classroom/phone.css")):
            self.write(f"{FILES}/{path.relative_to(UI).as_posix()}", path.read_bytes())
        for path in (*UI.glob("site/shell.js"), *UI.glob("site/site.css")):
            self.write(f"{FILES}/{path.relative_to(UI).as_posix()}", path.read_bytes())

    def model(self, name: str) -> str | None:
        """The file of an experiment's model below ``files/``; None for one that is not among those
        that the site has."""
        experiment = EXPERIMENTS[name]
        if experiment.title not in TITLES and name not in ALSO:
            return None
        if name not in self.models:
            content = model_bytes(name)
            if content is None:
                return None
            file = f"model-{hashlib.sha256(content).hexdigest()[:16]}.bin"
            self.write(f"files/{file}", content)
            self.models[name] = file
        return self.models[name]

    def page(self, name: str, given: dict[str, Any], body: str = "") -> None:
        words = {
            language: {key: Translator("site", language)(key) for key in WORDS}
            for language in LANGUAGES
        }
        links = {"live": "./"}
        links |= {name: f"{name}.html" for name in (*FIGURES, "replay", "results")}
        links |= {"lecture": f"lecture-{self.names[0]}.html"} if self.names else {}
        links |= {"app": self.app} if self.app else {}
        whole = {"page": name, "words": words, "links": links, "names": LANGUAGES} | given
        text = json.dumps(whole, ensure_ascii=False).replace("<", "\\u003c")
        shell = (UI / "site" / "page.html").read_text("utf-8")
        file = {"live": "index.html"}.get(name, f"{name}.html")
        self.write(file, shell.replace("{given}", text).replace("{body}", body))

    # ---- pages

    def live(self) -> None:
        """The page where a hand distorts a digit, for each kind of distortion."""
        data: dict[str, dict[str, Any]] = {language: {} for language in LANGUAGES}
        found: Component | None = None
        for kind in TABLE_KINDS:
            offered = {
                loading.name(experiment): experiment
                for experiment in loading.experiments(kind).values()
                if self.model(experiment.name)
            }
            address = {"kind": kind.upper(), f"models_{kind}": list(offered)}
            for language in LANGUAGES:
                found = component(LIVE, "seeded", **address, lang=language)
                sent = found.data
                del sent["module"]
                for model in sent["models"]:
                    model["file"] = self.model(offered[model["name"]].name)
                data[language][kind] = sent | {"answers": {}}
        assert found is not None
        images, labels = gallery()[:2]
        digits = [
            base64.b64encode(images[500 * label + 61 * number % 500].numpy().tobytes()).decode()
            for label in range(10)
            for number in range(EACH)
        ]
        assert labels is not None
        files = {code: self.write_json(f"data/live-{code}.json", data[code]) for code in LANGUAGES}
        self.digits = {"digits": self.write_json("data/digits.json", digits), "each": EACH}
        self.page("live", {**self.mounted(found), "data": files, **self.digits})

    def figure(self, name: str, key: str, choices: Sequence[Choice]) -> None:
        """A page whose live figure asks for no network; ``key`` is one of its component's data. The
        first of its choices has other data for each option."""
        files = {}
        found: Component | None = None
        for language in LANGUAGES:
            say, sent = Translator(name, language), {}
            for option in choices[0].options:
                found = component(name, key, lang=language, **{choices[0].key: option})
                found.data.pop("module")
                sent[option] = found.data | {"output": "", "answer": []}  # no PyTorch
            groups = [
                {
                    "key": choice.name,
                    "name": say(choice.label_key),
                    "options": [(one, say(choice.option_key(one))) for one in choice.options],
                    "chosen": choice.default,
                }
                for choice in choices
            ]
            whole = {"lead": say("lead"), "groups": groups, "sent": sent}
            files[language] = self.write_json(f"data/{name}-{language}.json", whole)
        assert found is not None
        self.page(name, {**self.mounted(found), "data": files, **self.digits})

    def mounted(self, found: Component) -> dict[str, Any]:
        return {"module": f"{FILES}/{found.module}", "html": found.html, "css": found.css}

    def lectures(self) -> None:
        """The phone page, which leads through a lecture by itself where there is no room."""
        for lesson in lessons().values():
            if not isinstance(lesson, Lesson):
                continue
            steps = [described(lesson, at) for at in range(1, len(lesson.steps) + 1)]
            for step in steps:
                for model in (step["stage"] or {"models": []})["models"]:
                    model["file"] = self.model(model["file"])
                if step["stage"]:
                    kept = [model for model in step["stage"]["models"] if model["file"]]
                    step["stage"]["models"] = kept
            file = self.write_json(f"data/lesson-{lesson.name}.json", steps)
            given = {"room": "", "found": True, "words": phone.words(), "models": "files/"}
            given |= {"lesson": file, "home": "./"}
            self.write(f"lecture-{lesson.name}.html", phone.html(FILES, given))

    def replays(self) -> None:
        """The player, with a file for each recording."""
        sides: dict[str, str] = {}
        for name, experiment in recordable().items():
            recording = loading.recording(experiment)
            if isinstance(recording, Recording):
                sent = side(recording, name_of(experiment), SHOWN)
                sides[name] = self.write_json(f"data/replay-{experiment.name}.json", sent)
        data = {}
        for language in LANGUAGES:
            found = component("replay", "sides", lang=language)
            start = {side["name"]: side for side in found.data["sides"]}
            data[language] = {key: found.data[key] for key in ("words", "language", "colors")}
            data[language] |= {"digits": DIGITS, "chosen": [*start]}
        files = {code: self.write_json(f"data/replay-{code}.json", data[code]) for code in data}
        self.page("replay", {**self.mounted(found), "data": files, "sides": sides})

    def results(self) -> None:
        """The paper's table, measured again."""
        report = loading.report()
        if not isinstance(report, Report):
            raise RuntimeError(report)
        head = "".join(f"<th>{kind.upper()}</th>" for kind in TABLE_KINDS)
        rows = []
        for model in DIGIT_MODELS:
            cells = (self.cell(report, f"{kind}-{model}") for kind in TABLE_KINDS)
            name = html.escape(loading.NAMES.get(model, model))
            rows.append(f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
        table = f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
        self.page("results", {}, f'<div class="wide">{table}</div>')

    def cell(self, report: Report, name: str) -> str:
        experiment, found = EXPERIMENTS.get(name), report.models.get(name)
        if experiment is None or found is None or experiment.paper_error is None:
            return ""
        ours = f"{found.error:.2f} ± {found.standard_error:.2f}"
        ours = f"<b>{ours}</b>" if found.meets_paper else ours
        return f"{ours} / {experiment.paper_error}"

    def worker(self) -> None:
        """What keeps the site for later; a change of any file is another version."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        version = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
        names = [path.relative_to(self.folder).as_posix() for path in paths]
        first = [n for n in names if not n.endswith(".bin") and not n.startswith("data/replay-")]
        first += [f"files/{self.models[name]}" for name in ("r-cnn", "r-st-cnn-affine")]
        script = (UI / "site" / "worker.js").read_text("utf-8")
        filled = script.replace("{version}", version).replace(
            '"{files}"', json.dumps(["./", *first])
        )
        self.write("worker.js", filled)
