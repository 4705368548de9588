"""The house rules that a machine can check."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import kenpin

SOURCE = Path(__file__).parents[1] / "src" / "kenpin"
FILES = sorted(SOURCE.rglob("*.py"))
# From below. A room imports only rooms of lower layers, by the names that these show.
LAYERS = (
    {"text", "statistics"},
    {"errors", "types"},
    {"system"},
    {"recipe", "sources", "drawn"},
    {"harness"},
    {"prepare", "models", "judge"},  # the stages never import one another
    {"part"},
    {"inspection"},
    {"learning", "evaluation", "exports"},
    {"assurance", "record"},
    {"line", "report", "scale"},
    {"station"},
    {"experiments"},
    {"cli"},
)
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
# What needs an optional package is imported by its own name, so that a room opens without it.
OPTIONAL = {"kenpin.models.training", "kenpin.models.pretrained", "kenpin.models.scikit_learn",
            "kenpin.harness.learn_harness"}  # fmt: skip
LONGEST_FILE, LONGEST_FUNCTION = 400, 50

by_name = {"ids": lambda path: path.relative_to(SOURCE).as_posix()}


def module_of(path):
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module):
    return module.split(".")[1] if "." in module else ""


def imports_of(path):
    """(module, name) of everything of kenpin that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kenpin":
            for alias in node.names:
                yield node.module, alias.name
        elif isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "kenpin" for alias in node.names)


def test_every_room_has_its_layer():
    rooms = {room_of(module_of(path)) for path in FILES} - {"", "__main__"}
    assert rooms == set(LAYER)


def test_every_room_has_its_tests():
    tests = Path(__file__).parent
    rooms = {room for room in LAYER if (SOURCE / room).is_dir()}
    assert {room for room in rooms if not [*(tests / room).glob("test_*.py")]} == set()


@pytest.mark.parametrize("path", FILES, **by_name)
def test_a_room_imports_lower_layers_by_their_public_names(path):
    own = room_of(module_of(path))
    if own in ("", "__main__"):
        return  # the public names: lazy, checked below
    for module, name in imports_of(path):
        other = room_of(module)
        if other == own:
            continue
        assert LAYER[other] < LAYER[own], f"{own} must not import {other}"
        shown = module == f"kenpin.{other}" or module in OPTIONAL
        assert shown, f"{name} is not shown by the room {other}: {module}"


def test_no_room_has_a_cycle_inside():
    modules = {module_of(path): path for path in FILES}
    edges = {
        module: {
            full
            for base, name in imports_of(path)
            for full in (base, f"{base}.{name}")
            if full in modules and full != module and full.count(".") > 1
        }
        for module, path in modules.items()
        if module.count(".") > 1
    }
    while edges:
        free = {module for module, needs in edges.items() if not needs & edges.keys()}
        assert free, f"a cycle among {sorted(edges)}"
        edges = {module: needs for module, needs in edges.items() if module not in free}


@pytest.mark.parametrize("room", sorted(LAYER))
def test_a_room_shows_what_it_says_it_shows(room):
    module = import_module(f"kenpin.{room}")
    for name in getattr(module, "__all__", ()):
        shown = getattr(module, name)
        assert not isinstance(shown, type(sys)), f"{name} is a file of {room}, not a name in it"


@pytest.mark.parametrize("path", FILES, **by_name)
def test_files_and_functions_stay_small(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[-1].end_lineno - node.body[0].lineno + 1
            assert body <= LONGEST_FUNCTION, f"{node.name} has {body} lines"


def test_torch_is_imported_by_the_network_models_only():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "torch" for name in names):
                assert path.parent.name == "models"


def test_importing_kenpin_and_its_commands_loads_nothing_heavy():
    heavy = ("torch", "matplotlib", "scipy", "cv2", "onnxruntime", "jinja2", "pydantic")
    code = f"import sys, kenpin, kenpin.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had_and_no_other():
    for name in kenpin.__all__:
        assert getattr(kenpin, name) is not None
    assert set(kenpin.__all__) <= set(dir(kenpin))
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = kenpin.magic
    assert callable(kenpin.learn) and callable(kenpin.evaluate)


def test_public_names_survive_the_import_of_their_rooms():
    code = (
        "import kenpin.learning, kenpin.evaluation, kenpin.report, kenpin\n"
        "assert callable(kenpin.learn) and callable(kenpin.evaluate)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_error_tree_in_the_docstring_is_the_real_one():
    errors = import_module("kenpin.errors")
    real = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    drawn = {word for word in errors.__doc__.replace("─", " ").split() if word.endswith("Error")}
    assert drawn == real
    assert all(issubclass(getattr(errors, name), errors.KenpinError) for name in real)
