"""The linear autoencoder: principal components of the good pictures.

The best linear autoencoder spans the first principal components (Baldi and Hornik, "Neural
networks and principal component analysis", 1989), so one singular value decomposition learns it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.models.contract import Labels, State
from kenpin.recipe import PcaSettings
from kenpin.types import Floats, Progress

MOST_COMPONENTS = 64
_CANDIDATES = (1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 40, 50, MOST_COMPONENTS)
_SHARE_OF_PICTURES = 2 / 3
_BLOCKS_PER_SIDE = 8
_NOTHING = 1e-6  # of the largest variance
_HIDDEN_SHARE = 0.2  # of the pictures, held out to choose the number of components


Mask = NDArray[np.bool_]


class Pca:
    """What spans the good pictures.

    mean: (h, w, C) float32. components: (r, h*w*C) float32, orthonormal rows. deviations: (r,)
    how much good pictures vary along each.
    """

    def __init__(self, mean: Floats, components: Floats, deviations: Floats) -> None:
        self.mean = mean
        self.components = components
        self.deviations = deviations

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """The nearest pictures in the span of the components."""
        flat = (pictures - self.mean).reshape(len(pictures), -1)
        rebuilt = (flat @ self.components.T) @ self.components
        return np.asarray(rebuilt.reshape(pictures.shape) + self.mean, np.float32)

    def updated(self, pictures: Floats, count: int, components: int) -> "Pca":
        """As `updated`."""
        return updated(self, pictures, count, components)

    def draw(self, count: int, rng: np.random.Generator, label: int = 0) -> Floats:
        """See `Drawer.draw`."""
        amounts = rng.normal(size=(count, len(self.deviations))) * self.deviations
        flat = amounts.astype(np.float32) @ self.components
        return np.asarray(flat.reshape(count, *self.mean.shape) + self.mean, np.float32)

    def state(self) -> State:
        """See `Model.state`."""
        arrays = {"mean": self.mean, "components": self.components, "deviations": self.deviations}
        return State({}, dict(arrays))


class Together:
    """(N, h, w, C) pictures and their products with one another, for all that is learned of some.

    Principal components are sums of the pictures that they are learned from, and so is what they
    cannot rebuild of another picture: with the products known, learning from each of many choices
    of the same pictures costs next to nothing.
    """

    def __init__(self, pictures: Floats) -> None:
        self._shape = pictures.shape[1:]
        self._flat = (pictures - pictures.mean(axis=0)).reshape(len(pictures), -1)
        self._products = (self._flat @ self._flat.T).astype(np.float64)

    def residuals(self, learned: Mask, seen: Mask, components: int) -> Floats:
        """(n, h, w, C) of those that are `seen`, as of a model that has `learned` those alone.

        learned, seen: (N,) True. The same as of `learn` but for rounding.
        """
        count = int(learned.sum())
        own, across = self._products[learned][:, learned], self._products[seen][:, learned]
        usual = own.mean(axis=0)  # of each that is learned, its product with their mean
        across = across - across.mean(axis=1, keepdims=True) - usual + usual.mean()
        shares = _shares(own - usual - usual[:, None] + usual.mean(), across, components)
        weights = np.zeros((len(across), len(self._flat)), np.float32)
        weights[np.arange(len(across)), np.flatnonzero(seen)] = 1
        weights[:, learned] -= shares + (1 - shares.sum(axis=1, keepdims=True)) / count
        return np.asarray((weights @ self._flat).reshape(-1, *self._shape), np.float32)


def left_over(pictures: Floats, settings: PcaSettings, seen: Floats, seed: int) -> Floats:
    """(M, h, w, C) what `learn` from (N, h, w, C) pictures cannot rebuild of others, in less time.

    The components themselves are not needed for that; see `Together`.
    """
    settled = settle(pictures, settings, len(pictures), seed)
    return not_spanned(pictures, seen, settled.components or 1)


def not_spanned(pictures: Floats, seen: Floats, components: int) -> Floats:
    """What `decompose` of the first leaves of the others."""
    if len(pictures) > pictures[0].size:  # then it is the pixels whose products are fewer
        return seen - decompose(pictures, components).reconstruct(seen)
    mean = pictures.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = (pictures - mean).reshape(len(pictures), -1)
    others = (seen - mean).reshape(len(seen), -1)
    own, across = (one.astype(np.float64) for one in (rows @ rows.T, others @ rows.T))
    others -= _shares(own, across, components).astype(np.float32) @ rows
    return np.asarray(others.reshape(seen.shape), np.float32)


def _shares(
    own: NDArray[np.float64], across: NDArray[np.float64], components: int
) -> NDArray[np.float64]:
    """(M, N) how much of each learned picture makes up what the components say of the others.

    own: (N, N) products of those that are learned with one another; across: (M, N) of the others
    with them; all about the mean of the learned.
    """
    values, vectors = np.linalg.eigh(own)
    most = min(components, len(own) - 1)
    values, vectors = values[::-1][:most], vectors[:, ::-1][:, :most]
    kept = values > _NOTHING * max(values[0], 1e-12)
    shares: NDArray[np.float64] = (across @ vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return shares


def load(state: State) -> Pca:
    """The model again; see `Model.state`."""
    # Copies: arrays straight from a file are not aligned for the fastest products.
    mean = np.array(state.arrays["mean"], np.float32)
    components = np.array(state.arrays["components"], np.float32)
    if mean.ndim != 3 or components.shape[1:] != (mean.size,):
        raise ValueError("mean and components do not fit each other")
    # Files of format 1 have no deviations: what is drawn from them is the mean.
    kept = state.arrays.get("deviations", np.zeros(len(components)))
    deviations = np.array(kept, np.float32)
    if deviations.shape != (len(components),):
        raise ValueError("deviations and components do not fit each other")
    return Pca(mean, components, deviations)


def settle(pictures: Floats, settings: PcaSettings, least: int, seed: int) -> PcaSettings:
    """The settings with the number of components: the user's if it is possible, else chosen.

    least: the fewest pictures that a model with these settings will learn from. The number is
    chosen once and then used in every fold: models with different numbers of components do not
    give exchangeable scores.
    """
    components = settings.components
    if components is None:
        components = choose_components(pictures, min(least // 2, MOST_COMPONENTS), seed)
    components = max(1, min(components, least - 1))
    return settings.model_copy(update={"components": components})


def learn(pictures: Floats, settings: PcaSettings, seed: int, progress: Progress) -> Pca:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    settled = settle(pictures, settings, len(pictures), seed)
    return decompose(pictures, settled.components or 1)


def choose_components(pictures: Floats, most: int, seed: int) -> int:
    """The number of components, up to `most`, that reconstructs held-out pictures best.

    The plain error of a held-out picture never grows with more components, so it cannot choose.
    Here blocks of each held-out picture are hidden in turn and predicted from the rest of it,
    which too many components do badly (Bro, Kjeldahl, Smilde and Kiers, "Cross-validation of
    component models", Anal. Bioanal. Chem. 390, 2008).
    """
    count = len(pictures)
    candidates = sorted({r for r in (*_CANDIDATES, most) if r <= most})
    if len(candidates) < 2:
        return 1
    order = np.random.default_rng(seed).permutation(count)
    held_out, rest = np.split(order, [max(1, round(_HIDDEN_SHARE * count))])
    model = decompose(pictures[rest], max(candidates))
    errors = [_hidden_error(model, pictures[held_out], r) for r in candidates]
    return candidates[int(np.argmin(errors))]


def updated(model: Pca, pictures: Floats, count: int, components: int) -> Pca:
    """The components had these (M, h, w, C) been learned too, after `count` others.

    The others are stood in for by what the components say of them: their mean, and each component
    as long as they vary along it (incremental singular value decomposition with a moving mean;
    Ross, Lim, Lin and Yang, "Incremental learning for robust visual tracking", 2008).
    components: how many to have then, if there can be so many.
    """
    more = len(pictures)
    own = pictures.mean(axis=0, dtype=np.float64).astype(np.float32)
    mean = np.asarray(model.mean + (own - model.mean) * (more / (count + more)), np.float32)
    apart = (own - model.mean).reshape(1, -1) * np.float32(np.sqrt(count * more / (count + more)))
    stood_in = model.components * (model.deviations * np.sqrt(count))[:, None]
    rows = np.concatenate([stood_in, (pictures - own).reshape(more, -1), apart])
    return _spanned(mean, np.asarray(rows, np.float32), components, count + more)


def decompose(pictures: Floats, components: int) -> Pca:
    """The first principal components of (N, h, w, C) pictures."""
    mean = pictures.mean(axis=0, dtype=np.float64).astype(np.float32)
    flat = (pictures - mean).reshape(len(pictures), -1)
    return _spanned(mean, flat, min(components, len(pictures) - 1), len(pictures))


def _spanned(mean: Floats, flat: Floats, components: int, pictures: int) -> Pca:
    """What spans (N, D) rows, by the eigenvectors of the smaller of the two Gram matrices.

    pictures: for how many the rows stand.
    """
    count = len(flat)
    components = max(1, min(components, flat.shape[1]))
    gram: NDArray[Any]
    if count <= flat.shape[1]:
        gram = (flat @ flat.T).astype(np.float64)
        values, vectors = np.linalg.eigh(gram)
        spans = flat.T @ vectors[:, ::-1][:, :components].astype(np.float32)
    else:
        gram = (flat.T @ flat).astype(np.float64)
        values, vectors = np.linalg.eigh(gram)
        spans = vectors[:, ::-1][:, :components].astype(np.float32)
    # Directions along which the good pictures do not vary at all carry no information; dropping
    # them also keeps identical pictures from giving components of pure rounding error.
    values = values[::-1][:components]
    spans = spans[:, values > _NOTHING * max(values[0], 1e-12)]
    rows = _orthonormal(spans.T)
    deviations = np.sqrt(np.square(flat @ rows.T, dtype=np.float64).sum(axis=0) / pictures)
    return Pca(mean, rows, np.asarray(deviations, np.float32))


def _orthonormal(rows: Floats) -> Floats:
    """(r, D) rows that are nearly orthogonal -> orthonormal ones with the same span.

    By the Cholesky factor of their small Gram matrix: several times as fast as a QR decomposition
    and as exact here, because the rows are nearly orthogonal already (CholeskyQR).
    """
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    if not len(unit):
        return np.ascontiguousarray(unit, np.float32)
    try:
        factor = np.linalg.cholesky((unit @ unit.T).astype(np.float64))
    except np.linalg.LinAlgError:  # pictures that differ in next to nothing
        return np.ascontiguousarray(np.linalg.qr(unit.T)[0].T, np.float32)
    # The factor is nearly the identity, so its inverse is exact, and a product is the fastest way.
    return np.ascontiguousarray(np.linalg.inv(factor).astype(np.float32) @ unit)


def _hidden_error(model: Pca, pictures: Floats, components: int) -> float:
    """Mean squared error of blocks predicted from the rest of each picture.

    With V the components and e the residual of the whole picture, the residual of a block b that
    did not take part is e_b + V_b' (I - V_b V_b')^-1 V_b e_b: the leave-out formula of least
    squares, for a block.
    """
    height, width, _ = model.mean.shape
    V = model.components[:components]
    flat = (pictures - model.mean).reshape(len(pictures), -1)
    residual = flat - (flat @ V.T) @ V
    index = np.arange(flat.shape[1]).reshape(model.mean.shape)
    side = max(1, -(-max(height, width) // _BLOCKS_PER_SIDE))
    total = 0.0
    for y in range(0, height, side):
        for x in range(0, width, side):
            block = index[y : y + side, x : x + side].ravel()
            V_b, e_b = V[:, block], residual[:, block]
            rest = np.eye(len(V), dtype=np.float32) - V_b @ V_b.T
            hidden = e_b + np.linalg.lstsq(rest, V_b @ e_b.T, rcond=1e-6)[0].T @ V_b
            total += float(np.square(hidden, dtype=np.float64).sum())
    return total / flat.size


def most_components(least: int) -> int:
    """Of features that so many pictures give; measured in docs/decisions/feature.md."""
    return max(1, min(MOST_COMPONENTS, round(_SHARE_OF_PICTURES * least)))
