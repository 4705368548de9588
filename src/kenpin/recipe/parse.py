"""What a person types for a setting, as a value."""

import re

from kenpin.errors import RecipeError
from kenpin.recipe.settings import Rectangle


def parse_seconds(text: str) -> float:
    """'60s', '2m' or '60' -> seconds; raises RecipeError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m)?", text.strip())
    if not found:
        raise RecipeError("recipe_time", value=text)
    return float(found[1]) * (60 if found[2] == "m" else 1)


def parse_rectangle(text: str) -> Rectangle:
    """'40,60,400,180' -> (40, 60, 400, 180): x, y, width, height; raises RecipeError."""
    try:
        x, y, width, height = (int(number) for number in text.split(","))
    except ValueError:
        raise RecipeError("rectangle", value=text) from None
    if min(x, y) < 0 or min(width, height) < 1:
        raise RecipeError("rectangle", value=text)
    return x, y, width, height


def parse_pixels(text: str) -> float:
    """'12px' or '12' -> 12.0; raises RecipeError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(px)?", text.strip())
    if not found:
        raise RecipeError("recipe_pixels", value=text)
    return float(found[1])


def parse_size(text: str) -> tuple[int, int]:
    """'96x128' -> (96, 128); raises RecipeError."""
    try:
        height, width = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise RecipeError("recipe_size", value=text) from None
    return height, width
