"""The feature autoencoder: a linear autoencoder of the whole map of an encoder's features.

What the encoder says of each place is first made comparable: the channels are whitened, so that no
direction counts more because it varies more among good parts (Taguchi's MT method applied to the
features of a place), and where good parts vary more than elsewhere, less is made of it. One
singular value decomposition of these maps then learns what good parts have in common, as `pca`
does with pixels; what it cannot rebuild is abnormal. That pretrained features tell defects is known
from PaDiM (Defard et al., 2021) and PatchCore (Roth et al., 2022); the measurements behind this
model are in docs/decisions/feature.md.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenpin.models.contract import Labels, State
from kenpin.models.pca import Pca, decompose, most_components, not_spanned, updated
from kenpin.models.pca import load as load_pca
from kenpin.recipe import FeatureSettings
from kenpin.types import Floats, Progress

MOST_CHANNELS = 96
_FLOOR = 0.01  # of the mean variance: a direction that hardly varies is not infinitely sensitive
_LEAST = 1e-6  # of a deviation: good parts that never vary at all
_MOST_PLACES = 50_000  # of all pictures, from which the covariance is taken


class Feature:
    """whitening: (C, D) float32 from channels to whitened ones. pca: of the comparable maps.

    deviations: (h, w, D) float32, how much good parts vary at each place, but nowhere less than on
    average: a place that hardly varies is not made more of.
    """

    def __init__(self, whitening: Floats, deviations: Floats, pca: Pca) -> None:
        self.whitening = whitening
        self.deviations = deviations
        self.pca = pca

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) features -> (N, h, w, D), in standard deviations of good parts."""
        comparable = self.comparable(pictures)
        return comparable - self.pca.reconstruct(comparable)

    def comparable(self, pictures: Floats) -> Floats:
        """(N, h, w, C) -> (N, h, w, D)."""
        return np.asarray(pictures @ self.whitening / self.deviations, np.float32)

    def updated(self, pictures: Floats, count: int, components: int) -> "Feature":
        """As `kenpin.models.pca.updated`; whitening and deviations stay."""
        pca = updated(self.pca, self.comparable(pictures), count, components)
        return Feature(self.whitening, self.deviations, as_kept(pca))

    def state(self) -> State:
        """See `Model.state`; the components in 16 bits, which halves the file."""
        state = halved(self.pca.state())
        own: dict[str, NDArray[np.generic]] = {
            "whitening": self.whitening,
            "variation": self.deviations,
        }
        return replace(state, arrays=state.arrays | own)


def load(state: State) -> Feature:
    """The model again; see `Model.state`."""
    whitening = np.array(state.arrays["whitening"], np.float32)
    deviations = np.array(state.arrays["variation"], np.float32)
    pca = load_pca(state)
    fits = whitening.ndim == 2 and deviations.shape == pca.mean.shape
    if not fits or whitening.shape[1] != pca.mean.shape[2] or not (deviations > 0).all():
        raise ValueError("whitening, variation and components do not fit each other")
    return Feature(whitening, deviations, pca)


def settle(pictures: Floats, settings: FeatureSettings, least: int, seed: int) -> FeatureSettings:
    """The settings with the number of components; see `kenpin.models.pca.settle`."""
    most = settings.components or most_components(least)
    return settings.model_copy(update={"components": max(1, min(most, least - 1))})


def learn(
    pictures: Floats,
    settings: FeatureSettings,
    seed: int,
    progress: Progress,
    shifted: Floats | None = None,
) -> Feature:
    """Learn from (N, h, w, C) float32 features; see `learn_model`.

    shifted: those of the same pictures shifted a little. Only the components learn them, so that
    what a shift changes is no difference; what is usual at a place, the pictures as they are say.
    """
    settled = settle(pictures, settings, len(pictures), seed)
    whitening, deviations, white = _made_comparable(pictures, seed, shifted)
    pca = decompose(white, settled.components or 1)
    return Feature(whitening, deviations, as_kept(pca))


def left_over(
    pictures: Floats,
    settings: FeatureSettings,
    seen: Floats,
    seed: int,
    shifted: Floats | None = None,
) -> Floats:
    """(M, h, w, D) the residual of others by what `learn` makes; see `kenpin.models.pca.left_over`.

    But for the rounding of components to 16 bits.
    """
    settled = settle(pictures, settings, len(pictures), seed)
    whitening, deviations, white = _made_comparable(pictures, seed, shifted)
    others = np.asarray(seen @ whitening / deviations, np.float32)
    return not_spanned(white, others, settled.components or 1)


def _made_comparable(
    pictures: Floats, seed: int, shifted: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Whitening, deviations, and the comparable maps of the pictures, and of the shifted ones."""
    whitening = _whitening(pictures, seed)
    white = np.asarray(pictures @ whitening, np.float32)
    spread = white.std(axis=0)
    average = np.maximum(spread.mean(axis=(0, 1)), _LEAST)
    deviations = np.asarray(np.maximum(spread, average), np.float32)
    white /= deviations
    if shifted is not None:
        white = np.concatenate([white, np.asarray(shifted @ whitening / deviations, np.float32)])
    return whitening, deviations, white


def as_kept(pca: Pca) -> Pca:
    """With components that 16 bits can say: the file must not change what the model answers."""
    components = pca.components.astype(np.float16).astype(np.float32)
    return Pca(pca.mean, components, pca.deviations)


def halved(state: State) -> State:
    """The state of a `Pca` made by `as_kept`, its components in 16 bits."""
    components = state.arrays["components"].astype(np.float16)
    return replace(state, arrays=state.arrays | {"components": components})


def _whitening(pictures: Floats, seed: int) -> Floats:
    """(C, D): from channels to the D directions that vary most, each with deviation 1.

    From how the channels vary about their mean at each place, at places drawn at random.
    """
    count, channels = pictures.shape[0], pictures.shape[3]
    mean = pictures.mean(axis=0, dtype=np.float64).astype(np.float32).reshape(-1, channels)
    places = mean.shape[0]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, places, (count, min(places, max(1, _MOST_PLACES // count))))
    rows = [p.reshape(-1, channels)[at] - mean[at] for p, at in zip(pictures, drawn, strict=True)]
    sample = np.concatenate(rows)
    covariance: NDArray[np.float64] = (sample.T @ sample).astype(np.float64) / len(sample)
    values, vectors = np.linalg.eigh(covariance)
    kept = slice(None, -1 - min(MOST_CHANNELS, channels), -1)
    values, vectors = values[kept], vectors[:, kept]
    floor = _FLOOR * max(float(values.mean()), 1e-12)
    whitening: Floats = (vectors / np.sqrt(np.maximum(values, 0) + floor)).astype(np.float32)
    return whitening
