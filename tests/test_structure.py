"""The house rules that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kenpin

SOURCE = Path(__file__).parents[1] / "src" / "kenpin"
FILES = sorted(SOURCE.rglob("*.py"))
# A module imports only modules above it in this list.
ORDER = (
    "errors", "messages", "version", "chances", "packed", "types", "files", "workers",
    "settings", "recipe", "pictures", "manifest", "collection", "dataset", "ranks", "taguchi",
    "graphs", "encoder", "prepare", "usable", "models", "difference", "score", "judge", "svm",
    "sketch", "archive", "bundle", "wording", "inspector", "synth", "speed", "exports",
    "findings", "held_out", "backbones", "reading", "windows", "material", "choice", "previews",
    "learning", "adding", "doctor", "evaluation", "comparison", "assurance", "report", "demo",
    "experiments", "tables", "cli",
)  # fmt: skip
STAGES = {
    "prepare",
    "usable",
    "models",
    "difference",
    "score",
    "judge",
    "svm",
}  # never import one another
LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def module_of(path):
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(path):
    """The kenpin modules that a file imports anywhere in it, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kenpin":
            inside = (node.module or "").split(".")[1:]
            yield from [inside[0]] if inside else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_one_way(path):
    own = module_of(path)
    if own == "__init__":
        return  # the public names: lazy, checked below
    allowed = set(ORDER[: ORDER.index(own)])
    for name in imported(path):
        if name == own:
            continue
        assert name in allowed, f"{own} must not import {name}"
        assert not (own in STAGES and name in STAGES), f"stage {own} imports stage {name}"


def test_every_module_has_its_place():
    assert {module_of(path) for path in FILES} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
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


def test_public_names_survive_the_import_of_their_modules():
    code = (
        "import kenpin.learning, kenpin.evaluation, kenpin.report, kenpin\n"
        "assert callable(kenpin.learn) and callable(kenpin.evaluate)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_error_tree_in_the_docstring_is_the_real_one():
    from kenpin import errors  # noqa: PLC0415

    real = {name for name, value in vars(errors).items() if isinstance(value, type)}
    drawn = {word for word in errors.__doc__.replace("─", " ").split() if word.endswith("Error")}
    assert drawn == real
    assert all(issubclass(getattr(errors, name), errors.KenpinError) for name in real)
