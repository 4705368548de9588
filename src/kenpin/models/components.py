"""How many components a map of features is rebuilt from."""

_MOST, _SHARE = 64, 2 / 3


def most_components(least: int) -> int:
    """For a model that learns from so many pictures; measured in docs/decisions/feature.md."""
    return max(1, min(_MOST, round(_SHARE * least)))
