"""kenpin (検品): visual inspection learned from good pictures only, on an ordinary PC.

    import kenpin

    bundle = kenpin.learn("good/", kenpin.Recipe(false_reject=0.01))
    bundle.save("part.kenpin")
    verdict = kenpin.Inspector.open("part.kenpin").inspect("new.png")

Arrays are (H, W) grey or (H, W, 3) RGB, in this order of channels. Names are loaded when first
used: importing kenpin loads neither torch nor a plot library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kenpin.assurance import Costs as Costs
    from kenpin.assurance import add_masters as add_masters
    from kenpin.assurance import check_masters as check_masters
    from kenpin.assurance import drift as drift
    from kenpin.assurance import plan as plan
    from kenpin.assurance import repeat as repeat
    from kenpin.errors import ArgumentError as ArgumentError
    from kenpin.errors import BundleError as BundleError
    from kenpin.errors import CalibrationError as CalibrationError
    from kenpin.errors import DatasetError as DatasetError
    from kenpin.errors import ExportError as ExportError
    from kenpin.errors import ExtraError as ExtraError
    from kenpin.errors import KenpinError as KenpinError
    from kenpin.errors import OutputError as OutputError
    from kenpin.errors import PictureError as PictureError
    from kenpin.errors import RecipeError as RecipeError
    from kenpin.errors import StudyError as StudyError
    from kenpin.evaluation import Evaluation as Evaluation
    from kenpin.evaluation import evaluate as evaluate
    from kenpin.exports import export as export
    from kenpin.inspection import Inspector as Inspector
    from kenpin.learning import Examination as Examination
    from kenpin.learning import add as add
    from kenpin.learning import examine as examine
    from kenpin.learning import learn as learn
    from kenpin.part import Bundle as Bundle
    from kenpin.recipe import Recipe as Recipe
    from kenpin.report import write_report as write_report
    from kenpin.sources import Labelled as Labelled
    from kenpin.sources import Layout as Layout
    from kenpin.sources import read_picture as read_picture
    from kenpin.system import VERSION
    from kenpin.text import Notice as Notice
    from kenpin.text import speak as speak
    from kenpin.types import Judged as Judged
    from kenpin.types import Outcome as Outcome
    from kenpin.types import Picture as Picture
    from kenpin.types import Reason as Reason
    from kenpin.types import Region as Region
    from kenpin.types import Verdict as Verdict

    __version__ = VERSION

_ROOMS = {
    "assurance": ("Costs", "add_masters", "check_masters", "drift", "plan", "repeat"),
    "errors": ("ArgumentError", "BundleError", "CalibrationError", "DatasetError", "ExportError",
               "ExtraError", "KenpinError", "OutputError", "PictureError",
               "RecipeError", "StudyError"),
    "evaluation": ("Evaluation", "evaluate"),
    "exports": ("export",),
    "inspection": ("Inspector",),
    "learning": ("Examination", "add", "examine", "learn"),
    "part": ("Bundle",),
    "recipe": ("Recipe",),
    "report": ("write_report",),
    "sources": ("Labelled", "Layout", "read_picture"),
    "text": ("Notice", "speak"),
    "types": ("Judged", "Outcome", "Picture", "Reason", "Region", "Verdict"),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605 - a list, only made by sorted


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = import_module("kenpin.system").VERSION
    elif name in _HOMES:
        value = getattr(import_module(f"kenpin.{_HOMES[name]}"), name)
        import_module("kenpin.types").show_with(_as_html)
    else:
        raise AttributeError(f"module 'kenpin' has no attribute {name!r}")
    globals()[name] = value
    return value


def _as_html(thing: Any) -> str:
    html: str = import_module("kenpin.report").as_html(thing)
    return html


def __dir__() -> list[str]:
    return __all__
