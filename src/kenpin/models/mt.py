"""Taguchi's MT method: the Mahalanobis distance to the unit space, which is the good pictures.

Every pixel is an item. z are the items standardised over the unit space, R their correlation, and
the distance is z R^-1 z' / k for k items: its mean over the unit space is 1 (Taguchi and Jugulum,
"The Mahalanobis-Taguchi Strategy", 2002). With fewer pictures than items R has no inverse; it is
then shrunk towards the identity by as much as the pictures say (Ledoit and Wolf, "A
well-conditioned estimator for large-dimensional covariance matrices", 2004).

As a model it answers with the whitened picture R^-1/2 z: the mean of its squares is the distance,
and each pixel keeps its place (Kessy, Lewin and Strimmer, "Optimal whitening and decorrelation",
2018).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.models.contract import Labels, State
from kenpin.recipe import MtSettings
from kenpin.types import Floats, Progress

_SMALLEST_SPREAD = 1e-3  # grey levels (of 1): a pixel that never varied is not infinitely sensitive
_PICTURES_PER_ITEM = 3  # with fewer, the correlation is shrunk: the usual rule of the MT method
_LEAST_SHRINKAGE = 1e-4  # keeps the inverse bounded when there are too few pictures


@dataclass(frozen=True, eq=False)
class UnitSpace:
    """The good ones, seen as a cloud of k items.

    mean, spread: (k,). axes: (r, k) orthonormal eigenvectors of the correlation, variances: (r,)
    its eigenvalues. shrinkage: in [0, 1], the weight of the identity.
    """

    mean: NDArray[Any]
    spread: NDArray[Any]
    axes: NDArray[Any]
    variances: NDArray[Any]
    shrinkage: float

    @classmethod
    def of(
        cls, items: NDArray[Any], shrinkage: float | None = None, least: float = 0.0
    ) -> "UnitSpace":
        """From (n, k) items of good pieces.

        shrinkage: left out, none when there are at least three pieces for each item, else as
        Ledoit and Wolf estimate it. least: the smallest standard deviation an item may have; an
        item that does not vary at all counts in its own units.
        """
        count, k = items.shape
        mean = items.mean(axis=0)
        spread = np.maximum(items.std(axis=0), least)
        spread = np.where(spread > 0, spread, 1)
        z = (items - mean) / spread
        if shrinkage is None:
            enough = count >= _PICTURES_PER_ITEM * k
            shrinkage = 0.0 if enough else ledoit_wolf(z)
        if shrinkage == 0 and count <= k:
            shrinkage = _LEAST_SHRINKAGE
        if count <= k:
            values, vectors = np.linalg.eigh((z @ z.T).astype(np.float64) / count)
            kept = values > 1e-9 * max(values[-1], 1e-12)
            variances = values[kept]
            axes = (vectors[:, kept].T @ z) / np.sqrt(count * variances)[:, None]
        else:
            variances, vectors = np.linalg.eigh((z.T @ z).astype(np.float64) / count)
            axes = vectors.T
        return cls(mean, spread, axes, np.maximum(variances, 0), float(shrinkage))

    def whiten(self, items: NDArray[Any]) -> NDArray[Any]:
        """(n, k) -> (n, k) items R^-1/2 z; the mean of a row's squares is its distance."""
        z = (items - self.mean) / self.spread
        along, outside = self.factors()
        within = (z @ self.axes.T) * along
        whitened: NDArray[Any] = within @ self.axes + outside * z
        return whitened

    def factors(self) -> tuple[NDArray[Any], float]:
        """(r,) by how much more than the rest each axis is stretched, and by how much the rest."""
        along = (1 - self.shrinkage) * self.variances + self.shrinkage
        along = np.where(along > 1e-12, along, np.inf)  # no variance, no statement
        outside = 1 / np.sqrt(self.shrinkage) if self.shrinkage else 0.0
        return 1 / np.sqrt(along) - outside, float(outside)

    def distance(self, items: NDArray[Any]) -> NDArray[Any]:
        """(n, k) -> (n,) the MT distance z R^-1 z' / k; 1 on average over the unit space."""
        distance: NDArray[Any] = np.square(self.whiten(items)).mean(axis=1)
        return distance


class Mt:
    """The unit space of (h, w, C) pictures."""

    def __init__(self, space: UnitSpace, shape: tuple[int, ...]) -> None:
        self.space = space
        self.shape = shape

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """The whitened pictures, (N, h, w, C); see `Residual.residual`."""
        whitened = self.space.whiten(pictures.reshape(len(pictures), -1))
        return np.asarray(whitened.reshape(pictures.shape), np.float32)

    def state(self) -> State:
        """See `Model.state`."""
        space = self.space
        arrays = {"mean": space.mean, "spread": space.spread}
        arrays |= {"axes": space.axes, "variances": space.variances}
        return State({"shape": list(self.shape), "shrinkage": space.shrinkage}, dict(arrays))


def settle(pictures: Floats, settings: MtSettings, least: int, seed: int) -> MtSettings:
    """The settings with the shrinkage that is used: the user's if possible, or as estimated."""
    flat = pictures.reshape(len(pictures), -1)
    space = UnitSpace.of(flat, settings.shrinkage, _SMALLEST_SPREAD)
    return settings.model_copy(update={"shrinkage": round(space.shrinkage, 6)})


def learn(pictures: Floats, settings: MtSettings, seed: int, progress: Progress) -> Mt:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    flat = pictures.reshape(len(pictures), -1)
    space = UnitSpace.of(flat, settings.shrinkage, _SMALLEST_SPREAD)
    single = {
        name: np.asarray(getattr(space, name), np.float32)
        for name in ("mean", "spread", "axes", "variances")
    }
    return Mt(UnitSpace(**single, shrinkage=space.shrinkage), pictures.shape[1:])


def load(state: State) -> Mt:
    """The model again; see `Model.state`."""
    arrays = {name: np.array(array, np.float32) for name, array in state.arrays.items()}
    space = UnitSpace(**arrays, shrinkage=float(state.config["shrinkage"]))
    shape = tuple(int(side) for side in state.config["shape"])
    k = int(np.prod(shape))
    if space.mean.shape != (k,) or space.axes.shape != (len(space.variances), k):
        raise ValueError("mean, axes and shape do not fit each other")
    return Mt(space, shape)


def ledoit_wolf(z: NDArray[Any]) -> float:
    """The shrinkage in [0, 1] of the correlation of (n, k) standardised items."""
    count, k = z.shape
    squares = np.square(z).sum(axis=1)
    gram = z @ z.T if count <= k else z.T @ z
    fourth = float(np.square(squares).sum()) / count
    power = float(np.square(gram).sum()) / count**2
    trace = float(squares.sum()) / count
    excess = (power - trace**2 / k) / k
    noise = (fourth - power) / (k * count)
    return 1.0 if excess <= 0 else min(1.0, max(0.0, noise / excess))
