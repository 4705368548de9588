"""Two eyes: the feature autoencoder and, of the same picture made small, the linear one of pixels.

Features tell a wrong texture or form and overlook what is small and faint; pixels see a black spot
that no part has there and are blind where parts do not repeat themselves. How the two are weighed
is in kenpin.judge.eyes; the measurements are in docs/decisions/both.md.
"""

import numpy as np
from numpy.typing import NDArray

from kenpin.models import feature, pca
from kenpin.models.contract import Labels, State, within
from kenpin.models.feature import Feature, as_kept, halved
from kenpin.models.pca import Pca
from kenpin.recipe import FeatureSettings, PcaSettings
from kenpin.statistics import COLOURS, PIXELS, as_squares, parted
from kenpin.types import Floats, Progress

_FEATURES, _PIXELS = "features.", "pixels."


class Both:
    """features, pixels: what each eye has learned."""

    def __init__(self, features: Feature, pixels: Pca) -> None:
        self.features = features
        self.pixels = pixels

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) of an encoder with pixels -> (N, h, w, D + squares of pixels).

        The first in standard deviations of good parts, the rest in grey levels of 1.
        """
        seen, small = parted(pictures)
        apart = as_squares(small - self.pixels.reconstruct(small))
        return np.concatenate([self.features.residual(seen), apart], axis=3)

    def updated(
        self, pictures: Floats, count: int, components: int, shifted: Floats | None = None
    ) -> "Both":
        """As `kenpin.models.pca.updated`; the number of the pixels' components stays.

        shifted: as in `learn`; each of the others then counts twice too.
        """
        seen, small = parted(pictures)
        own = len(self.pixels.components)
        pixels = as_kept(self.pixels.updated(small, count, own))
        if shifted is not None:
            seen, count = np.concatenate([seen, shifted]), 2 * count
        return Both(self.features.updated(seen, count, components), pixels)

    def state(self) -> State:
        """See `Model.state`; the components of both in 16 bits."""
        eyes = ((_FEATURES, self.features.state()), (_PIXELS, halved(self.pixels.state())))
        arrays: dict[str, NDArray[np.generic]] = {
            mark + name: array for mark, state in eyes for name, array in state.arrays.items()
        }
        return State({}, arrays)


def load(state: State) -> Both:
    """The model again; see `Model.state`."""
    features = feature.load(State({}, within(state.arrays, _FEATURES)))
    pixels = pca.load(State({}, within(state.arrays, _PIXELS)))
    grid = features.deviations.shape
    if pixels.mean.shape != (PIXELS * grid[0], PIXELS * grid[1], COLOURS):
        raise ValueError("features and pixels do not fit each other")
    return Both(features, pixels)


def settle(pictures: Floats, settings: FeatureSettings, least: int, seed: int) -> FeatureSettings:
    """The settings with the numbers of components; see `kenpin.models.pca.settle`."""
    own = PcaSettings(components=settings.pixel_components)
    small = parted(pictures)[1] if own.components is None else pictures
    chosen = pca.settle(small, own, least, seed).components
    settled = feature.settle(pictures, settings, least, seed)
    return settled.model_copy(update={"pixel_components": chosen})


def learn(
    pictures: Floats,
    settings: FeatureSettings,
    seed: int,
    progress: Progress,
    shifted: Floats | None = None,
) -> Both:
    """Learn from (N, h, w, C) of an encoder with pixels; see `learn_model`.

    shifted: (N, h, w, D) features of the same pictures shifted a little; see `feature.learn`.
    """
    settled = settle(pictures, settings, len(pictures), seed)
    seen, small = parted(pictures)
    return Both(
        feature.learn(seen, settled, seed, progress, shifted),
        as_kept(pca.decompose(small, settled.pixel_components or 1)),
    )
