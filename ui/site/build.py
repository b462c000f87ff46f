"""Builds the folder of ``python -m ui.site``: the app's own modules, what its pages would send, and
pages around them."""

import hashlib
import html
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from stn_core import EXPERIMENTS
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.mnist import gallery
from stn_core.evaluation.report import Report
from stn_core.files import write_file
from stn_core.models.digits import DIGIT_MODELS
from stn_core.training.recording import DIGITS, Recording
from ui.app import loading
from ui.app.i18n import LANGUAGES, Translator
from ui.browser.modules import UI, with_imports
from ui.classroom import page as phone
from ui.components.live import pixels_text
from ui.controls.distortion_state import SLIDERS, drawn
from ui.controls.spec import CLASS_SIZE, CLASSES, Choice, Values
from ui.pages.gradient import controls as gradient
from ui.pages.lecture.class_step import described, model_bytes
from ui.pages.lecture.lessons import Lesson, lessons
from ui.pages.pairs import controls as pairs
from ui.pages.registry import path_of
from ui.pages.replay.component import side
from ui.pages.replay.controls import name_of, recordable
from ui.pages.results.page import pair_errors, pairs_note
from ui.pages.sampler import controls as sampler
from ui.pages.transformation import controls as transformation
from ui.pages.why import controls as why
from ui.site.exhibits import Component, component

MOST = 12_000_000  # bytes in all
EACH = 8  # digits of a class
FILES = "files/site"  # modules, as they lie below ui/
KERNEL = "browser/kernel.wasm"
LIVE = "digits"  # the page whose networks answer in the browser, which is the first one here, too
CNN = "r-cnn"  # which "why" and "gradient" ask
TITLES = ("cnn", "st-cnn-affine", "st-cnn-tps")
ALSO = ("p-st-cnn-projective", "r-fcn", "tc-fcn")  # of P, and which lectures show
PAIRS = ("2×ST-CNN affine", "ST-CNN affine")  # a transformer for each digit, and one for both
FIRST = (CNN, "r-st-cnn-affine", "r2-2st-cnn-affine")  # networks that pages begin with
SHOWN = range(12)  # of the recorded digits
DRAWN = 40  # distortions, as in training
UNKNOWN = {"output": "", "answer": [], "probabilities": [], "losses": []}  # what PyTorch would say
WORDS = (
    "title",
    "about",
    "digit",
    "distortion",
    "models",
    "left",
    "right",
    "nothing",
    "table",
    "failed",
    "app",
)


@dataclass(frozen=True)
class Figure:
    """A page with a live figure: ``key`` is one of its component's data; the first of ``choices``
    has other data for each option; ``network`` is whom it asks."""

    page: str
    key: str
    choices: tuple[Choice, ...]
    network: str | None = None


FIGURES = (
    Figure("why", "rest", (why.VIEW,), CNN),
    Figure("transformation", "neutral", (transformation.FAMILY, transformation.WAY)),
    Figure("sampler", "kernel", (sampler.KERNEL,)),
    Figure("gradient", "scale", (gradient.FAMILY,), CNN),
)
PAGES = (LIVE, "lecture", *(figure.page for figure in FIGURES), "replay", "results", "pairs")


def build(folder: Path, app: str) -> int:
    """Write all of it; back comes its size in bytes. ``app`` is the address of the whole
    laboratory, empty for none. RuntimeError, and the folder stays as it is, without a report."""
    report = loading.report()
    if not isinstance(report, Report):
        raise RuntimeError(report)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    site = Site(folder, app)
    site.others()
    site.live()
    for figure in FIGURES:
        site.figure(figure)
    site.pairs()
    site.lectures()
    site.replays()
    site.results(report)
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
        write_file(self.folder / name, content)
        return name

    def write_json(self, name: str, data: Any) -> str:
        return self.write(name, json.dumps(data, ensure_ascii=False, separators=(",", ":")))

    def others(self) -> None:
        """What modules and pages ask for besides."""
        for name in ("classroom/bars.css", "classroom/phone.css", "site/site.css", KERNEL):
            self.write(f"{FILES}/{name}", (UI / name).read_bytes())

    def modules(self, *roots: str) -> list[str]:
        """Modules with all that they import: the names of their files."""
        names = with_imports(roots)
        return [self.write(f"{FILES}/{name}", (UI / name).read_bytes()) for name in names]

    def model(self, name: str) -> str | None:
        """The file of an experiment's model below ``files/``; None for one that is not there."""
        if name not in self.models:
            content = model_bytes(name)
            if content is None:
                return None
            file = f"model-{hashlib.sha256(content).hexdigest()[:16]}.bin"
            self.write(f"files/{file}", content)
            self.models[name] = file
        return self.models[name]

    def page(
        self,
        name: str,
        given: dict[str, Any],
        modules: Sequence[str] = (),
        networks: Iterable[str | None] = (),
        body: str = "",
    ) -> None:
        """A page, which a browser asks for its modules and its networks' files at once."""
        links = {page: f"{page}.html" for page in PAGES} | {LIVE: "./"}
        links["lecture"] = f"lecture-{self.names[0]}.html" if self.names else ""
        links["app"] = f"{self.app.rstrip('/')}/{path_of(name)}" if self.app else ""
        whole = {
            "page": name,
            "words": {language: words(language) for language in LANGUAGES},
            "links": {page: link for page, link in links.items() if link},
            "names": LANGUAGES,
        }
        text = json.dumps(whole | given, ensure_ascii=False).replace("<", "\\u003c")
        files = [f"files/{file}" for file in networks if file]
        if files:
            files.append(f"{FILES}/{KERNEL}")
        early = [f'<link rel="modulepreload" href="{module}" />' for module in modules]
        early += [f'<link rel="preload" as="fetch" crossorigin href="{file}" />' for file in files]
        shell = (UI / "site" / "page.html").read_text("utf-8")
        filled = shell.replace("{early}", "\n    ".join(early)).replace("{given}", text)
        file = "index.html" if name == LIVE else f"{name}.html"
        self.write(file, filled.replace("{body}", body))

    # ---- pages

    def live(self) -> None:
        """The page where a hand distorts a digit, for each kind of distortion: what it begins with
        lies in the page itself."""
        data: dict[str, dict[str, Any]] = {language: {} for language in LANGUAGES}
        found: Component | None = None
        for kind in SLIDERS:
            offered = {
                loading.name(experiment): experiment
                for experiment in loading.experiments(kind).values()
                if experiment.title in TITLES or experiment.name in ALSO
                if self.model(experiment.name)
            }
            address = {"kind": kind.upper(), f"models_{kind}": list(offered)}
            for language in LANGUAGES:
                found = component(LIVE, "seeded", **address, lang=language)
                sent = without_server(found.data, language) | {
                    "answers": {},
                    "drawn": random_draws(kind),
                }
                for model in sent["models"]:
                    model["file"] = self.model(offered[model["name"]].name)
                data[language][kind] = sent
        assert found is not None
        images = gallery().images
        digits = [
            pixels_text(images[CLASS_SIZE * label + 61 * number % CLASS_SIZE])
            for label in range(CLASSES)
            for number in range(EACH)
        ]
        start = {language: data[language].pop(next(iter(SLIDERS))) for language in LANGUAGES}
        files = {code: self.write_json(f"data/live-{code}.json", data[code]) for code in LANGUAGES}
        self.digits = {"digits": self.write_json("data/digits.json", digits), "each": EACH}
        given = {"start": start, "kinds": list(SLIDERS), "data": files}
        networks = [self.models.get(name) for name in FIRST[:2]]
        self.mount(LIVE, found, given, networks)

    def mount(
        self,
        name: str,
        found: Component,
        given: dict[str, Any],
        networks: Iterable[str | None] = (),
    ) -> None:
        """A page around a component."""
        modules = self.modules("site/shell.js", found.module)
        whole = {"module": f"{FILES}/{found.module}", "html": found.html, "css": found.css}
        self.page(name, whole | self.digits | given, modules, networks)

    def figure(self, figure: Figure) -> None:
        """A page whose live figure is one component."""
        name, files = figure.page, {}
        network = self.model(figure.network) if figure.network else None
        found: Component | None = None
        for language in LANGUAGES:
            say, sent = Translator(name, language), {}
            for option in figure.choices[0].options:
                address = {figure.choices[0].key: option}
                found = component(name, figure.key, lang=language, **address)
                sent[option] = self.sent(found, network, language)
            groups = [group(choice, say) for choice in figure.choices]
            whole = {"groups": groups, "sent": sent}
            files[language] = self.write_json(f"data/{name}-{language}.json", whole)
        assert found is not None
        self.mount(name, found, {"data": files}, [network])

    def pairs(self) -> None:
        """Two digits, with a transformer for each and with one for both."""
        files = {}
        offered = {
            f"{kind}: {title}": (kind, title, self.model(pairs.experiment_of(kind, title).name))
            for kind in pairs.KIND.options
            for title in PAIRS
            if title == PAIRS[0] or kind == pairs.KIND.options[0]  # for the size
        }
        offered = {name: found for name, found in offered.items() if found[-1]}
        found: Component | None = None
        for language in LANGUAGES:
            say, sent = Translator("pairs", language), {}
            for name, (kind, title, network) in offered.items():
                address = {pairs.KIND.key: kind, pairs.MODEL.key: title}
                found = component("pairs", "heads", lang=language, **address)
                sent[name] = self.sent(found, network, language) | {
                    "drawn": random_draws(kind.lower())
                }
            options = [(name, name) for name in offered]
            chosen = {"key": "network", "name": say("model"), "options": options}
            whole = {"groups": [chosen | {"chosen": options[0][0]}], "sent": sent}
            files[language] = self.write_json(f"data/pairs-{language}.json", whole)
        assert found is not None
        first, *_ = offered.values()
        self.mount("pairs", found, {"data": files}, [first[-1]])

    def sent(self, found: Component, network: str | None, language: str) -> dict[str, Any]:
        """What a live figure is sent, with its page's texts."""
        data = without_server(found.data, language)
        data |= {key: network for key in ("file", "model") if key in data}
        data |= {key: value for key, value in UNKNOWN.items() if key in data}
        return data | {"lead": found.lead, "note": found.note}

    def lectures(self) -> None:
        """The phone page, which leads through a lecture by itself where there is no room."""
        self.modules("classroom/phone.js")
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
                else:
                    step["link"] = self.link(lesson, step["at"])
            file = self.write_json(f"data/lesson-{lesson.name}.json", steps)
            given = {"room": "", "status": 200, "words": phone.words(), "models": "files/"}
            given |= {"lesson": file, "home": "./"}
            self.write(f"lecture-{lesson.name}.html", phone.html(FILES, given))

    def link(self, lesson: Lesson, at: int) -> dict[str, str] | None:
        """Where the figure of a step is that phones do not have, by language: here, or else in the
        app; None if in neither."""
        page = lesson.steps[at - 1].page
        address = f"{page}.html?" if page in PAGES else ""
        if not address and self.app:
            address = f"{self.app.rstrip('/')}/{path_of(page)}?lesson={lesson.name}&at={at}&"
        return {code: f"{address}lang={code}" for code in LANGUAGES} if address else None

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
        self.mount("replay", found, {"data": files, "sides": sides})

    def results(self, report: Report) -> None:
        """The paper's table, measured again."""
        rows = [
            (
                loading.model_name(model),
                [self.cell(report, f"{kind}-{model}") for kind in TABLE_KINDS],
            )
            for model in DIGIT_MODELS
        ]
        body = table(TABLE_KINDS, rows)
        kinds, errors = pair_errors(report)
        notes = {}
        if kinds:
            body += '<h2 data-word="pairs"></h2>' + table(kinds, errors)
            says = {language: Translator("results", language) for language in LANGUAGES}
            notes = {language: pairs_note(report, say) for language, say in says.items()}
        self.page("results", {"notes": notes}, self.modules("site/shell.js"), body=body)

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
        first += [f"files/{self.models[name]}" for name in FIRST if name in self.models]
        script = (UI / "site" / "worker.js").read_text("utf-8")
        filled = script.replace("{version}", version).replace(
            '"{files}"', json.dumps(["./", *first])
        )
        self.write("worker.js", filled)


def words(language: str) -> dict[str, str]:
    """The texts around the pages' own, and the pages' names without their numbers."""
    own, names = Translator("site", language), Translator("app", language)
    titles = {page: names(page).lstrip("0123456789 ") for page in PAGES}
    return titles | {key: own(key) for key in WORDS}


def table(kinds: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table with a column for each distortion; the cells are HTML."""
    head = "".join(f"<th>{kind.upper()}</th>" for kind in kinds)
    lines = [f"<tr><th></th>{head}</tr>"]
    for name, cells in rows:
        data = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f"<tr><th>{html.escape(name)}</th>{data}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def group(choice: Choice, say: Translator) -> dict[str, Any]:
    """A choice as buttons."""
    return {
        "key": choice.name,
        "name": say(choice.label_key),
        "options": [(one, say(choice.option_key(one))) for one in choice.options],
        "chosen": choice.default,
    }


def without_server(data: dict[str, Any], language: str) -> dict[str, Any]:
    """What a component is sent where there are no server and no figure of PyTorch's."""
    data = {key: value for key, value in data.items() if key not in ("module", "failed")}
    no_weights = Translator("site", language)("no_weights")
    return data | {"words": data["words"] | {"no_weights": no_weights}}


def random_draws(kind: str) -> list[Values]:
    """Distortions as in training; the seeds stay those that the page begins with."""
    generator = torch.Generator().manual_seed(0)
    found = [drawn(kind, generator) for _ in range(DRAWN)]
    return [{key: x for key, x in values.items() if not key.endswith("_seed")} for values in found]
