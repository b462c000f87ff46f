"""Imports run one way: app -> ui -> stn_core, and inside stn_core from the top of a list to its bottom."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = {path.stem: path for path in (ROOT / "stn_core").glob("*.py")}
LAYERS = [  # a module imports nothing from a layer above its own
    {"report", "own_models"},
    {
        "explanation",
        "gradients",
        "features",
        "mistakes",
        "evaluation",
        "training",
        "bird_training",
        "looking",
        "recording",
        "bird_recording",
    },
    {"experiments", "checkpoints"},
    {"digits", "birds"},
    {"spatial_transformer"},
    {"localisation", "convolution", "sampler", "transforms", "muon"},
    {"sentences"},
]


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


def core_modules(path):
    """The modules of stn_core that one of its files imports."""
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "stn_core":
            yield rest[0] if rest and rest[0] in CORE else "__init__"


def packages(path):
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("module", sorted(CORE))
def test_stn_core_knows_nothing_of_the_pages(module):
    assert not packages(CORE[module]) & {"streamlit", "plotly", "ui", "app"}


def test_ui_never_imports_app():
    assert [path for path in (ROOT / "ui").rglob("*.py") if "app" in packages(path)] == []


@pytest.mark.parametrize("module", sorted(set.union(*LAYERS) & CORE.keys()))
def test_no_module_imports_one_from_a_layer_above(module):
    layer = next(i for i, names in enumerate(LAYERS) if module in names)
    above = set().union(*LAYERS[:layer]) | {"__init__", "__main__"}
    assert not set(core_modules(CORE[module])) & above


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: set(core_modules(path)) for module, path in CORE.items()}
    assert "transforms" in graph["sampler"]  # the graph is not empty
    list(TopologicalSorter(graph).static_order())
