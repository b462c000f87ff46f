"""Imports run one way: app -> ui -> stn_core, and inside both through packages in one order."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "stn_core").rglob("*.py"))
PACKAGES = (  # one imports nothing from those after it
    "places",
    "messages",
    "files",
    "tensor_cache",
    "allocator",
    "transformer",
    "data",
    "models",
    "experiments",
    "interchange",
    "evaluation",
    "training",
    "explain",
)
UI_PACKAGES = ("app", "drawing", "controls", "browser", "components", "classroom", "pages", "site")
# the public names and the command line, which import from everywhere
FRONT = {"__init__", "__main__"}
FORMER = {"datasets", "transforms"}  # names of earlier versions


def imports(path):
    """Every module that a file imports, anywhere in it, with the names that it takes from them."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def module_of(path):
    """A file of stn_core as its dotted name below it: transformer.sampler."""
    return ".".join(path.relative_to(ROOT / "stn_core").with_suffix("").parts)


MODULES = {module_of(path): path for path in CORE}


def core_modules(path):
    """The modules of stn_core that a file imports, as dotted names below it."""
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "stn_core":
            found = [".".join(rest[:i]) for i in range(len(rest), 0, -1)]
            yield next((module for module in found if module in MODULES), "__init__")


def packages(path):
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("module", MODULES)
def test_stn_core_knows_nothing_of_the_pages(module):
    assert not packages(MODULES[module]) & {"streamlit", "plotly", "ui", "app"}


def test_ui_never_imports_app():
    assert [path for path in (ROOT / "ui").rglob("*.py") if "app" in packages(path)] == []


def test_every_package_has_its_place_in_the_order():
    assert {module.split(".")[0] for module in MODULES} - FRONT - FORMER == set(PACKAGES)


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module.split(".")[0] in PACKAGES]
)
def test_no_package_imports_one_that_comes_after_it(module):
    place = PACKAGES.index(module.split(".")[0])
    later = {*PACKAGES[place + 1 :], *FRONT}
    assert not {name.split(".")[0] for name in core_modules(MODULES[module])} & later


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: set(core_modules(path)) for module, path in MODULES.items()}
    assert "transformer.transforms" in graph["transformer.sampler"]  # the graph is not empty
    list(TopologicalSorter(graph).static_order())


UI = {
    ".".join(path.relative_to(ROOT / "ui").with_suffix("").parts): path
    for path in sorted((ROOT / "ui").rglob("*.py"))
}
PAGE_MODULES = {
    module: path
    for module, path in UI.items()
    if module.startswith("pages.") and module.count(".") > 1
}


def below(path, *start):
    """What a file imports from below the package ``start``, as the names that follow it."""
    for name in imports(path):
        parts = name.split(".")
        if tuple(parts[: len(start)]) == start and len(parts) > len(start):
            yield parts[len(start)]


def test_every_package_of_ui_has_its_place_in_the_order():
    assert {module.split(".")[0] for module in UI} - {"__init__"} == set(UI_PACKAGES)


@pytest.mark.parametrize("module", [module for module in UI if "." in module])
def test_no_package_of_ui_imports_one_that_comes_after_it(module):
    later = UI_PACKAGES[UI_PACKAGES.index(module.split(".")[0]) + 1 :]
    assert not {*below(UI[module], "ui")} & {*later}


def test_no_page_imports_another_but_those_that_are_named():
    used = {
        (module.split(".")[1], other)
        for module, path in PAGE_MODULES.items()
        for other in below(path, "ui", "pages")
    }
    # a class sees the pictures of two pages on its phones
    assert {(page, other) for page, other in used if page != other} == {
        ("lecture", "registry"),
        ("lecture", "digits"),
        ("lecture", "transformation"),
    }
