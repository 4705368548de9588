"""Two eyes: the feature autoencoder and, of the same picture made small, the linear one of pixels.

Features tell a wrong texture or form and overlook what is small and faint; pixels see a black spot
that no part has there and are blind where parts do not repeat themselves. Where it is asked for,
features look twice: at a larger picture, and at half its size, where more of it is around each
place; of each a feature autoencoder is learned. How they are weighed is in kenpin.judge.eyes; the
measurements are in docs/decisions/both.md.
"""

import numpy as np
from numpy.typing import NDArray

from kenpin.models import feature, pca
from kenpin.models.contract import Labels, State, within
from kenpin.models.feature import Feature, as_kept, halved
from kenpin.models.pca import Pca
from kenpin.recipe import FeatureSettings, PcaSettings
from kenpin.statistics import COLOURS, FINER, Packing, as_squares
from kenpin.types import Floats, Progress

_FEATURES, _FINER, _PIXELS = "features.", "finer.", "pixels."


class Both:
    """features, pixels: what each eye has learned. finer: of the picture twice as large."""

    def __init__(self, features: Feature, pixels: Pca, finer: Feature | None = None) -> None:
        self.features = features
        self.pixels = pixels
        self.finer = finer
        self.packing = Packing(finer is not None)

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) of an encoder with pixels -> the same packing with D for its channels.

        Features in standard deviations of good parts, pixels in grey levels of 1.
        """
        seen = self.packing.parted(pictures)
        small = as_squares(seen.pixels - self.pixels.reconstruct(seen.pixels), self.packing.side)
        finer = None
        if self.finer is not None and seen.finer is not None:
            finer = self.finer.residual(seen.finer)
        features = self.packing.packed(self.features.residual(seen.features), finer)
        return np.concatenate([features, small], axis=3)

    def updated(
        self, pictures: Floats, count: int, components: int, shifted: Floats | None = None
    ) -> "Both":
        """As `kenpin.models.pca.updated`; the number of the pixels' components stays.

        shifted: as in `learn`; each of the others then counts twice too.
        """
        seen = self.packing.parted(pictures)
        own = len(self.pixels.components)
        pixels = as_kept(self.pixels.updated(seen.pixels, count, own))
        moved: tuple[Floats | None, Floats | None] = (None, None)
        if shifted is not None:
            moved, count = self.packing.unpacked(shifted), 2 * count

        def grown(model: Feature, new: Floats, also: Floats | None) -> Feature:
            every = new if also is None else np.concatenate([new, also])
            return model.updated(every, count, components)

        features = grown(self.features, seen.features, moved[0])
        if self.finer is None or seen.finer is None:
            return Both(features, pixels)
        return Both(features, pixels, grown(self.finer, seen.finer, moved[1]))

    def state(self) -> State:
        """See `Model.state`; the components of both in 16 bits."""
        eyes = [(_FEATURES, self.features.state()), (_PIXELS, halved(self.pixels.state()))]
        if self.finer is not None:
            eyes.append((_FINER, self.finer.state()))
        arrays: dict[str, NDArray[np.generic]] = {
            mark + name: array for mark, state in eyes for name, array in state.arrays.items()
        }
        return State({}, arrays)


def load(state: State) -> Both:
    """The model again; see `Model.state`."""
    features = feature.load(State({}, within(state.arrays, _FEATURES)))
    pixels = pca.load(State({}, within(state.arrays, _PIXELS)))
    own = within(state.arrays, _FINER)
    finer = feature.load(State({}, own)) if own else None
    both = Both(features, pixels, finer)
    height, width, numbers = features.deviations.shape
    side = both.packing.side
    fits = pixels.mean.shape == (side * height, side * width, COLOURS)
    if finer is not None:
        fits = fits and finer.deviations.shape == (FINER * height, FINER * width, numbers)
    if not fits:
        raise ValueError("features and pixels do not fit each other")
    return both


def settle(pictures: Floats, settings: FeatureSettings, least: int, seed: int) -> FeatureSettings:
    """The settings with the numbers of components; see `kenpin.models.pca.settle`."""
    own = PcaSettings(components=settings.pixel_components)
    if own.components is None:
        pictures = Packing(settings.two_sizes).pixels(pictures)
    chosen = pca.settle(pictures, own, least, seed).components
    settled = feature.settle(pictures, settings, least, seed)
    return settled.model_copy(update={"pixel_components": chosen})


def left_over(
    pictures: Floats,
    settings: FeatureSettings,
    seen: Floats,
    seed: int,
    shifted: Floats | None = None,
) -> Floats:
    """(M, h, w, D) the residual of others by what `learn` makes; see `feature.left_over`."""
    settled = settle(pictures, settings, len(pictures), seed)
    packing = Packing(settings.two_sizes)
    learned, others = packing.parted(pictures), packing.parted(seen)
    moved = (None, None) if shifted is None else packing.unpacked(shifted)
    features = feature.left_over(learned.features, settled, others.features, seed, moved[0])
    finer = None
    if learned.finer is not None and others.finer is not None:
        finer = feature.left_over(learned.finer, settled, others.finer, seed, moved[1])
    pixels = pca.not_spanned(learned.pixels, others.pixels, settled.pixel_components or 1)
    small = as_squares(pixels, packing.side)
    return np.concatenate([packing.packed(features, finer), small], axis=3)


def learn(
    pictures: Floats,
    settings: FeatureSettings,
    seed: int,
    progress: Progress,
    shifted: Floats | None = None,
) -> Both:
    """Learn from (N, h, w, C) of an encoder with pixels; see `learn_model`.

    shifted: what the encoder gives without pixels of the same pictures shifted a little; see
    `feature.learn`.
    """
    settled = settle(pictures, settings, len(pictures), seed)
    packing = Packing(settings.two_sizes)
    seen = packing.parted(pictures)
    moved = (None, None) if shifted is None else packing.unpacked(shifted)
    features = feature.learn(seen.features, settled, seed, progress, moved[0])
    pixels = as_kept(pca.decompose(seen.pixels, settled.pixel_components or 1))
    if seen.finer is None:
        return Both(features, pixels)
    finer = feature.learn(seen.finer, settled, seed, progress, moved[1])
    return Both(features, pixels, finer)
