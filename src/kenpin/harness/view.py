"""A picture in which the lines of a harness are looked for."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from kenpin.harness.board import Ground, ground_of
from kenpin.harness.follow import Tree, tree_of
from kenpin.types import Pixels, ReasonCode

# Lines are followed in a picture of about this size, for what is near or short is so in pixels.
_LEAST_PIXELS, _MOST_PIXELS = 700_000, 1_300_000
_LEAST_SEEN = 0.002  # of the picture
_MOST_ENDS = 30  # of a harness; to match very many takes very long
_SECOND = 0.3  # of the harness's area: so large a thing beside it is another one

Fault = tuple[ReasonCode, tuple[float, float] | None]


@dataclass(frozen=True, eq=False)
class View:
    """pixels: (h, w, 3) uint8. coarser: pixels of the picture for one of them."""

    pixels: Pixels
    ground: Ground
    tree: Tree
    coarser: float

    @classmethod
    def of(cls, pixels: Pixels) -> Self:
        """Of a picture, (H, W) or (H, W, 3) uint8."""
        if pixels.ndim == 2:
            pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))
        height, width = pixels.shape[:2]
        area = height * width
        coarser = float(np.sqrt(area / np.clip(area, _LEAST_PIXELS, _MOST_PIXELS)))
        if coarser != 1:
            size = round(width / coarser), round(height / coarser)
            how = cv2.INTER_AREA if coarser > 1 else cv2.INTER_LINEAR
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=how))
        ground = ground_of(pixels)
        return cls(pixels, ground, tree_of(ground.mask), coarser)

    def fault(self) -> Fault | None:
        """Why no harness can be followed here, and where, in pixels of the picture."""
        tree = self.tree
        area = int(tree.mask.sum())
        if area < _LEAST_SEEN * tree.mask.size or len(tree.ends) < 2:
            return ReasonCode.NO_HARNESS, None
        edges = tree.mask[0], tree.mask[-1], tree.mask[:, 0], tree.mask[:, -1]
        if any(edge.any() for edge in edges):
            return ReasonCode.CUT_OFF, None
        if len(tree.ends) > _MOST_ENDS:
            return ReasonCode.ANOTHER_HARNESS, None
        if tree.circle is not None:
            return ReasonCode.CANNOT_FOLLOW, self._place(tree.circle)
        second = [one for one in tree.others if one.area > _SECOND * area and not one.at_edge]
        return (ReasonCode.SECOND_HARNESS, self._place(second[0].at)) if second else None

    def _place(self, at: tuple[float, float]) -> tuple[float, float]:
        return at[0] * self.coarser, at[1] * self.coarser
