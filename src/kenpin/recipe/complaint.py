"""What is wrong with a setting, told without the words of the library that found it."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from kenpin.text import Notice

_SHAPES = {"crop": "rule_rectangle", "windows": "rule_windows", "ignore": "rule_ignore",
           "mark": "rule_rectangle"}  # fmt: skip
_BOUNDS = {
    "greater_than": ("rule_above", "gt"),
    "greater_than_equal": ("rule_at_least", "ge"),
    "less_than": ("rule_below", "lt"),
    "less_than_equal": ("rule_at_most", "le"),
}
_KINDS = (("int", "rule_whole_number"), ("float", "rule_number"), ("bool", "rule_yes_or_no"),
          ("string", "rule_text"))  # fmt: skip


def complaint(error: ValidationError, model: type[BaseModel], where: str | Notice) -> Notice:
    """The first thing that is wrong; where: the origin of the settings."""
    first = error.errors()[0]
    told: dict[str, Any] = {"setting": ".".join(str(one) for one in first["loc"]), "where": where}
    if first["type"] != "extra_forbidden":
        value = first["input"]
        return Notice("recipe_value", **told, reason=_rule(first), value=repr(value))
    section: Any = model
    for one in first["loc"][:-1]:
        section = section.model_fields[str(one)].annotation
    known = list(section.model_fields)
    near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
    if near:
        return Notice("recipe_unknown_near", **told, near=near[0])
    return Notice("recipe_unknown", **told, known=", ".join(known))


def _rule(first: Any) -> Notice:
    kind, context = first["type"], first.get("ctx", {})
    if kind == "value_error":
        rule: Notice = context["error"].args[0]
        return rule
    setting = str(first["loc"][0]) if first["loc"] else ""
    if setting in _SHAPES:  # of nested numbers the library tells the type, not the shape
        return Notice(_SHAPES[setting])
    if kind in _BOUNDS:
        code, bound = _BOUNDS[kind]
        return Notice(code, bound=context[bound])
    if kind == "literal_error":
        return Notice("rule_one_of", known=context["expected"].replace(" or ", ", "))
    code = next((code for begin, code in _KINDS if kind.startswith(begin)), "rule_kind")
    return Notice(code)
