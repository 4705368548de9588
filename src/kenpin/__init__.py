"""kenpin (検品): visual inspection learned from good pictures only, on an ordinary PC.

    import kenpin

    bundle = kenpin.learn("good/", kenpin.Recipe(false_reject=0.01))
    bundle.save("part.kenpin")
    verdict = kenpin.Inspector.open("part.kenpin").inspect("new.png")

Names are loaded when first used: importing kenpin loads neither torch nor a plot library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kenpin.adding import add as add
    from kenpin.assurance.costs import Costs as Costs
    from kenpin.assurance.drift import drift as drift
    from kenpin.assurance.log import Log as Log
    from kenpin.assurance.master import add_masters as add_masters
    from kenpin.assurance.master import check_masters as check_masters
    from kenpin.assurance.plan import plan as plan
    from kenpin.assurance.repeat import repeat as repeat
    from kenpin.bundle import Bundle as Bundle
    from kenpin.dataset import Labelled as Labelled
    from kenpin.doctor import Examination as Examination
    from kenpin.doctor import examine as examine
    from kenpin.errors import BundleError as BundleError
    from kenpin.errors import CalibrationError as CalibrationError
    from kenpin.errors import DatasetError as DatasetError
    from kenpin.errors import ExportError as ExportError
    from kenpin.errors import ExtraError as ExtraError
    from kenpin.errors import KenpinError as KenpinError
    from kenpin.errors import LogError as LogError
    from kenpin.errors import OutputError as OutputError
    from kenpin.errors import PictureError as PictureError
    from kenpin.errors import RecipeError as RecipeError
    from kenpin.errors import StudyError as StudyError
    from kenpin.evaluation import Evaluation as Evaluation
    from kenpin.evaluation import evaluate as evaluate
    from kenpin.exports.package import export as export
    from kenpin.inspector import Inspector as Inspector
    from kenpin.learning import learn as learn
    from kenpin.manifest import Layout as Layout
    from kenpin.pictures import read_picture as read_picture
    from kenpin.recipe import Recipe as Recipe
    from kenpin.report import write_report as write_report
    from kenpin.types import Outcome as Outcome
    from kenpin.types import Picture as Picture
    from kenpin.types import Region as Region
    from kenpin.types import Verdict as Verdict
    from kenpin.version import VERSION

    __version__ = VERSION

_HOMES = {
    "Bundle": "bundle",
    "BundleError": "errors",
    "CalibrationError": "errors",
    "Costs": "assurance.costs",
    "DatasetError": "errors",
    "Evaluation": "evaluation",
    "Examination": "doctor",
    "ExportError": "errors",
    "ExtraError": "errors",
    "Inspector": "inspector",
    "KenpinError": "errors",
    "Labelled": "dataset",
    "Layout": "manifest",
    "Log": "assurance.log",
    "LogError": "errors",
    "Outcome": "types",
    "OutputError": "errors",
    "Picture": "types",
    "PictureError": "errors",
    "Recipe": "recipe",
    "RecipeError": "errors",
    "Region": "types",
    "StudyError": "errors",
    "Verdict": "types",
    "add": "adding",
    "add_masters": "assurance.master",
    "check_masters": "assurance.master",
    "drift": "assurance.drift",
    "evaluate": "evaluation",
    "examine": "doctor",
    "export": "exports.package",
    "learn": "learning",
    "plan": "assurance.plan",
    "read_picture": "pictures",
    "repeat": "assurance.repeat",
    "write_report": "report",
}
__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605 - a list, only made by sorted


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = import_module("kenpin.version").VERSION
    elif name in _HOMES:
        value = getattr(import_module(f"kenpin.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'kenpin' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
