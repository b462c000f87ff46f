"""A running app, opened at random and hostile addresses, and told nonsense by browsers:

    python -m benchmarks.addresses [--count 2000] [--seed 0] [--in-browser 40]

Every page, with values of its controls that are right, out of range, damaged and of other kinds,
beside a lecture and a model whose texts are hostile. Each address is asked of the server, then
opened by a visitor of its own, one of whose figures then says something random; some of them are
opened in Chromium, too. What is found is printed: an exception, a page without content, foreign
text that is more than text, a request to another server or an error of a script. The exit code is
then 1.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import requests
import torch
from markdown_it import MarkdownIt
from safetensors.torch import save_file
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets import ClientConnection

from benchmarks import visitor
from benchmarks.browser import FLAGS, chromium, serving
from benchmarks.command import options_parser
from stn_core import EXPERIMENTS
from stn_core.data.mnist import gallery
from ui.controls.spec import Choice, Choices, Control, Number, Switch
from ui.controls.url_codec import digit_to_text
from ui.pages.registry import PAGES, path_of

FOREIGN = "evil.test"
EVIL = (
    f"![i](http://{FOREIGN}/i.png) <img src='//{FOREIGN}/j.png' onerror=alert(1)> "
    f"[l](http://{FOREIGN}) <script>alert(1)</script> `a` **b** $c$ :red[d] </nav>\"'"
)
NASTY = (
    *("inf", "-inf", "nan", "1e309", "-1e309", "9" * 400, "9" * 5000, "1e-400", "-0", "+5", " 5 "),
    *("5.5", "1_0", "²", "٣", "५", "0x1f", "1e", "−5", "", " ", "-", "null", "true", "TRUE", "[]"),
    *("<b>", f"![](http://{FOREIGN}/a.png)", "../../etc/passwd", "\0", "a\nb", "%00", "\ud800"),
    *("💥", "1,2,3", ",", "nan,nan", "1,2,3,4,5,inf", "=" * 44, "A" * 44, "eJwBAAD__w", EVIL),
)
SAID = ("values", "own", "hand", "mode", "wish", "theta", "places", "step", "go", "asked", "kind")
PATIENCE = 300  # seconds for a page: the map of places takes long on a busy machine
OTHERS = ("lesson", "at", "lang", "projector", "step", "x" * 300, "<b>", "__proto__")
# of an element: what Streamlit shows as it is, or does not show
NO_MARKDOWN = {"id", "value", "default", "set_value", "user_key", "query_param_key", "page"}


class Address(NamedTuple):
    """A page's name, and what stands behind the question mark."""

    page: str
    query: str

    def __str__(self) -> str:
        return f"/{path_of(self.page)}?{self.query}"


def addresses(count: int, seed: int) -> Iterator[Address]:
    """Random ones, those of every page in turn."""
    draw = random.Random(seed)
    pages = (*PAGES, "lecture", "nothing")
    for number in range(count):
        page = pages[number % len(pages)]
        controls = PAGES[page].controls() if page in PAGES else {}
        said: list[tuple[str, str]] = []
        for _ in range(draw.randint(1, 12)):
            name = draw.choice((*controls, *OTHERS) if draw.random() < 0.3 else (*controls, "at"))
            texts = [text_for(controls.get(name), draw) for _ in range(draw.choice((1, 1, 1, 2)))]
            said += [(name, text) for text in texts]
        if draw.random() < 0.3:
            said += [
                ("lesson", draw.choice(("paper", "mine", "..", EVIL))),
                ("at", random_text(draw)),
            ]
        query = urlencode([(name, text.replace("\ud800", "?")) for name, text in said])
        if draw.random() < 0.1:  # broken off, or with bytes that are no letters
            query = query[: draw.randrange(len(query) + 1)] + draw.choice(
                ("%", "%ff", "&&=", "%u1")
            )
        yield Address(page, query)


def text_for(control: Control | None, draw: random.Random) -> str:
    """What an address may say of a control: now and then what it accepts."""
    if control is None or draw.random() < 0.4:
        return random_text(draw)
    match control:
        case Number():
            reach = control.high - control.low
            return str(draw.uniform(control.low - reach / 4, control.high + reach / 4))
        case Choice() | Choices():
            return draw.choice(control.options)
        case Switch():
            return draw.choice(("true", "false"))
    digit = digit_to_text(gallery().images[draw.randrange(5000)])
    numbers = ",".join(f"{draw.gauss(0, 2):.3g}" for _ in range(draw.choice((2, 3, 6, 8, 32))))
    text = draw.choice((digit, numbers, "A" * 43))
    at = draw.randrange(len(text))
    return text if draw.random() < 0.5 else text[:at] + draw.choice("_-Ax,1e") + text[at + 1 :]


def random_text(draw: random.Random) -> str:
    if draw.random() < 0.6:
        return draw.choice(NASTY)
    if draw.random() < 0.5:
        return str(draw.choice((draw.randrange(-20, 20), draw.gauss(0, 1e6), draw.gauss(0, 5))))
    return "".join(
        chr(draw.choice((draw.randrange(128), draw.randrange(0xD7FF)))) for _ in range(30)
    )


def message(sent: Any, draw: random.Random) -> Any:
    """What a browser may say for a component that was ``sent`` this: some of it as it should be."""
    values = sent.get("values") if isinstance(sent, dict) else None
    some = {name: nonsense(draw) for name in SAID if draw.random() < 0.5}
    if isinstance(values, dict):
        some["values"] = {
            name: value if draw.random() < 0.9 else nonsense(draw) for name, value in values.items()
        }
    for name in ("kind", "mode", "kernel", "picture"):
        if isinstance(sent, dict) and name in sent and draw.random() < 0.8:
            some[name] = sent[name]
    some["id"] = draw.randrange(1, 2**53)
    return draw.choice((some, {"said": some}, {"said": some}, {"said": some}, nonsense(draw)))


def nonsense(draw: random.Random) -> Any:
    nest: Any = []
    for _ in range(draw.choice((0, 1, 2, 500, 700, 850))):
        nest = [nest] if draw.random() < 0.9 else {"values": nest}
    numbers = [draw.gauss(0, 3) for _ in range(draw.choice((1, 2, 6, 8, 32)))]
    wrong = (None, True, {}, nest, nest, numbers, draw.choice(NASTY), -1, 10**400, 1e308)
    return draw.choice((*wrong, float("nan"), float("-inf"), {"model": "CNN", "theta": numbers}))


# One visitor


class Visitor(visitor.Visitor):
    """Somebody who opens one address, and reads all that the page says."""

    def __init__(self, address: str, socket: ClientConnection) -> None:
        super().__init__(address, socket)
        self.elements: list[str] = []  # of the main part, by their kinds
        self.problems: list[str] = []
        self.components: list[tuple[str, str, Any]] = []  # id, part of the page, what it was sent

    def component(self, name: str, data: Any, element: Any, fragment: str) -> None:
        self.components.append((element.id, fragment, data))

    def placed(self, place: Sequence[int], element: Any) -> None:
        kind = element.WhichOneof("type")
        if place[0] == 0:
            self.elements.append(kind)
        for text in () if kind == "bidi_component" else texts_of(getattr(element, kind)):
            if FOREIGN in text and more_than_text(text, kind):
                self.problems.append(f"{kind}: {text[:200]!r}")

    async def open(self, at: Address) -> None:
        page = {"query_string": at.query, "page_name": path_of(at.page)}
        await self.run(BackMsg(rerun_script=page), PATIENCE)
        # the picture of the whole stands above every page
        if not [kind for kind in self.elements if kind not in ("empty", "html")]:
            self.problems.append("no content")

    async def tell(self, at: Address, draw: random.Random) -> None:
        """Say something for one of the components."""
        said = BackMsg()
        said.rerun_script.query_string, said.rerun_script.page_script_hash = at.query, self.page
        name, said.rerun_script.fragment_id, sent = draw.choice(self.components)
        text = json.dumps(message(sent, draw))
        said.rerun_script.widget_states.widgets.add(id=name, json_value=text)
        try:
            await self.run(said, PATIENCE)
        except RuntimeError as error:
            self.problems.append(f"{error}, told {text[:300]}")


def texts_of(message: Any) -> Iterator[str]:
    """Every text in an element that may be read as Markdown."""
    for field, value in message.ListFields():
        if field.name in NO_MARKDOWN:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield each
            elif hasattr(each, "ListFields"):
                yield from texts_of(each)


def more_than_text(text: str, kind: str) -> bool:
    if kind == "html":  # where an address has it in percent signs
        return any(tag in text for tag in ("<img", "<script", '</nav>"', "[l]("))
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    return any(tag in html for tag in ("<img", "<a ", "<script", "<strong>b<", "</nav>"))


async def problems_of(address: str, at: Address, asking: requests.Session) -> list[str]:
    answer = await asyncio.to_thread(asking.get, address + quote_path(at), timeout=60)
    found = [f"status {answer.status_code}"] if answer.status_code >= 500 else []
    try:
        async with Visitor.visiting(address) as one:
            await one.open(at)
            if one.components:
                await one.tell(at, random.Random(str(at)))
            return found + one.problems
    except Exception as error:
        return [*found, f"{type(error).__name__}: {error}"]


def quote_path(at: Address) -> str:
    return quote(f"/{path_of(at.page)}") + f"?{at.query}"


async def opened(address: str, every: Iterable[Address], together: int = 2) -> int:
    """Print what is wrong at these addresses; the number of those at which something is."""
    left, bad = iter(every), 0

    async def one_after_the_other() -> None:
        nonlocal bad
        with requests.Session() as asking:
            for at in left:
                for problem in (found := await problems_of(address, at, asking)):
                    print(f"{at}\n    {problem}", flush=True)
                bad += bool(found)

    await asyncio.gather(*(one_after_the_other() for _ in range(together)))
    return bad


# In a browser


def opened_in_browser(address: str, every: Iterable[Address]) -> int:
    """The same in Chromium, where scripts run and pictures are fetched."""
    from playwright.sync_api import Error, sync_playwright

    bad = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for at in every:
            page, problems = browser.new_page(), []
            page.on("pageerror", lambda error, into=problems: into.append(f"script: {error}"))
            page.on("request", lambda request, into=problems: into.extend(foreign(request.url)))
            try:
                page.goto(address + quote_path(at))
                page.locator("[data-test-script-state=notRunning]").wait_for()
                page.locator(".stMain .stElementContainer").first.wait_for(state="attached")
                if page.get_by_test_id("stException").count():
                    problems.append("an exception is shown")
            except Error as error:
                problems.append(str(error).splitlines()[0])
            page.close()
            for problem in problems:
                print(f"{at}\n    in Chromium: {problem}", flush=True)
            bad += bool(problems)
        browser.close()
    return bad


def foreign(url: str) -> list[str]:
    return [f"asks for {url}"] if urlsplit(url).hostname == FOREIGN else []


def hostile_folder(folder: Path) -> Path:
    """A lecture, and a file in place of a model, whose texts are hostile."""
    step = "\n".join(f"{key} = '''{EVIL}'''" for key in ("title", "text", "question", "answer"))
    (folder / "mine.toml").write_text(f"title = '''{EVIL}'''\n[[step]]\npage = 'why'\n{step}\n")
    (folder / "wrong.toml").write_text(f"'''{EVIL}''' = 1\n[[step]]\npage = '''{EVIL}'''\n")
    path = folder / EXPERIMENTS["rts-cnn"].path
    path.parent.mkdir()
    save_file({EVIL: torch.zeros(1)}, path, {"experiment": EVIL, "format": EVIL, "stn": EVIL})
    return folder


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-browser", type=int, default=40, help="so many of them in Chromium")
    options = parser.parse_args()
    began = time.monotonic()
    every = list(addresses(options.count, options.seed))
    with tempfile.TemporaryDirectory() as name:
        folder = str(hostile_folder(Path(name)))
        with serving(STN_LESSONS=folder, STN_CHECKPOINTS=folder) as address:
            bad = asyncio.run(opened(address, every))
            some = random.Random(options.seed).sample(every, min(options.in_browser, len(every)))
            bad += opened_in_browser(address, some)
    print(
        f"{len(every)} addresses, {len(some)} of them in Chromium too, in "
        f"{time.monotonic() - began:.0f} s: something is wrong at {bad}"
    )
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
