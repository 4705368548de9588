"""The contract, over every model."""

import subprocess
import sys

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from helpers import recipe_for
from kenpin.errors import ExtraError
from kenpin.judge.difference import compare
from kenpin.models import NAMES, NETWORKS, check_installed, learn_model, load_model, settle_model
from kenpin.models.contract import State
from kenpin.models.encoder import squares_of
from kenpin.models.pca import Pca, _hidden_error, choose_components, decompose
from kenpin.prepare.preparation import Preparation
from kenpin.recipe.recipe import Recipe
from kenpin.sources.picture import read_picture
from kenpin.statistics.squares import Packing

SHAPES = [(24, 32, 1), (21, 17, 3)]


def silent(stage, done, total):
    pass


def material(shape, count=24):
    preparation = Preparation(shape[:2], "grey" if shape[2] == 1 else "rgb")
    pictures = good_pictures(count, size=(48, 64))
    return np.concatenate(
        [preparation.prepare(read_picture(pixels)).windows for pixels in pictures]
    )


def as_seen(name, pictures):
    """What the model is given: one that looks with two eyes also squares of pixels."""
    if name != "both":
        return pictures
    side = Packing().side
    squares = [squares_of(picture, picture.shape[:2], side) for picture in pictures]
    return np.concatenate([pictures, np.stack(squares)], axis=3)


def labels_for(name, count):
    """Two labels in turn for the model that cannot do without."""
    return np.arange(count) % 2 if name == "cvae" else None


def taught(name, pictures, seed=0):
    labels = labels_for(name, len(pictures))
    return learn_model(pictures, recipe_for(name, seed), silent, labels)


def answered(name, model, pictures):
    """The residual: what every model has."""
    residual, reconstruction = compare(model, pictures, labels_for(name, len(pictures)))
    if reconstruction is not None:
        np.testing.assert_array_equal(residual, pictures - reconstruction)
    return residual


@pytest.fixture(params=NAMES)
def name(request):
    if request.param in NETWORKS:
        pytest.importorskip("torch")
    return request.param


@pytest.fixture(params=SHAPES, ids=["grey", "rgb"])
def pictures(request, name):
    return as_seen(name, material(request.param))


def test_shape_and_dtype(name, pictures):
    answer = answered(name, taught(name, pictures), pictures[:6])
    assert answer.shape[:3] == pictures[:6].shape[:3]
    assert answer.shape[3] == (2 if name == "rt" else pictures.shape[3])
    assert answer.dtype == np.float32
    assert np.isfinite(answer).all()


@pytest.mark.parametrize("reconstructor", ["pca", *sorted(NETWORKS - {"cvae"})])
def test_it_reproduces_good_pictures_better_than_their_mean(reconstructor):
    if reconstructor in NETWORKS:
        pytest.importorskip("torch")
    pictures = material((24, 32, 1), count=60)
    told = labels_for(reconstructor, 50)
    model = learn_model(pictures[:50], Recipe(model=reconstructor), silent, told)
    error = np.square(answered(reconstructor, model, pictures[50:])).mean()
    # Few pictures make a variational autoencoder coarse: it says less than it could.
    most = 0.95 if reconstructor.endswith("vae") else 0.7
    assert error < most * np.square(pictures[50:] - pictures[:50].mean(axis=0)).mean()


@pytest.mark.parametrize("other", ["mt", "rt"])
def test_a_defect_raises_the_residual_at_its_place(other):
    pictures = material((24, 32, 1), count=60)
    model = learn_model(pictures[:50], recipe_for(other), silent)
    changed = pictures[50].copy()
    changed[8:12, 10:14] = 1 - changed[8:12, 10:14]
    clean, struck = (
        np.abs(model.residual(p[None])[0]).max(axis=2) for p in (pictures[50], changed)
    )
    peak = np.unravel_index((struck - clean).argmax(), clean.shape)
    assert 6 <= peak[0] <= 14 and 8 <= peak[1] <= 16
    assert struck.max() > 2 * clean.max()


def test_the_same_seed_gives_the_same_model(name, pictures):
    first, second = (answered(name, taught(name, pictures, seed=3), pictures) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_learning_does_not_disturb_global_random_numbers(name, pictures):
    np.random.seed(1)
    taught(name, pictures)
    after = np.random.random()
    np.random.seed(1)
    assert after == np.random.random()


def test_one_picture_is_answered_as_in_a_batch(name, pictures):
    learned = taught(name, pictures)
    labels = labels_for(name, len(pictures))
    for model in (learned, load_model(name, learned.state())):
        together = answered(name, model, pictures)
        tolerance = 5e-5 * max(1, np.abs(together).max())
        each = range(len(pictures))
        alone = np.concatenate(
            [
                compare(model, pictures[[i]], None if labels is None else labels[[i]])[0]
                for i in each
            ]
        )
        np.testing.assert_allclose(alone, together, atol=tolerance)
        back = None if labels is None else labels[::-1]
        backwards = compare(model, pictures[::-1], back)[0][::-1]
        np.testing.assert_allclose(backwards, together, atol=tolerance)


def test_a_loaded_model_answers_as_the_learned_one(name, pictures):
    learned = taught(name, pictures)
    loaded = load_model(name, learned.state())
    expected = answered(name, learned, pictures)
    tolerance = 1e-4 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(answered(name, loaded, pictures), expected, atol=tolerance)
    again = load_model(name, loaded.state())
    np.testing.assert_array_equal(answered(name, again, pictures), answered(name, loaded, pictures))


def test_saving_and_loading_a_bundle_gives_identical_verdicts(name, tmp_path):
    labels = ["A", "B"] * 10 if name == "cvae" else None
    bundle = kenpin.learn(good_pictures(20), recipe_for(name).but(size=(24, 32)), labels=labels)
    bundle.save(tmp_path / "a.kenpin")
    before, after = kenpin.Inspector(bundle), kenpin.Inspector.open(tmp_path / "a.kenpin")
    for pixels in good_pictures(5, first=900):
        assert before.inspect(pixels) == after.inspect(pixels)
    assert after.bundle.to_bytes() == bundle.to_bytes()


def test_with_labels_every_model_is_told_and_survives_saving(name, tmp_path):
    pictures = material((24, 32, 1), count=40)
    pictures[1::2] = 1 - pictures[1::2]  # the second part is the negative of the first
    pictures, labels = as_seen(name, pictures), np.arange(40) % 2
    recipe = Recipe(model=name) if name == "cvae" else recipe_for(name)
    loaded = load_model(name, learn_model(pictures, recipe, silent, labels).state())
    right, wrong = (
        np.square(compare(loaded, pictures, told)[0]).mean() for told in (labels, 1 - labels)
    )
    # One network for all labels learns the difference between them slowly from few pictures.
    assert wrong > (1.1 if name == "cvae" else 2) * right
    with pytest.raises(ValueError, match="must be told the label"):
        compare(loaded, pictures)


def test_some_models_draw_pictures_like_the_good_ones(name):
    pictures = as_seen(name, material((24, 32, 1), count=60))
    labels = labels_for(name, 60)
    model = load_model(name, learn_model(pictures, Recipe(model=name), silent, labels).state())
    if name not in ("pca", "vae", "cvae"):
        with pytest.raises((AttributeError, ValueError)):
            model.draw(3, np.random.default_rng(0))
        return
    drawn = model.draw(30, np.random.default_rng(0), label=1 if name == "cvae" else 0)
    assert drawn.shape == (30, 24, 32, 1)
    assert len({picture.tobytes() for picture in drawn}) == 30
    far = np.abs(pictures - pictures.mean()).mean()
    assert np.abs(drawn.mean(axis=0) - pictures.mean(axis=0)).mean() < 0.5 * far
    again = model.draw(30, np.random.default_rng(0), label=1 if name == "cvae" else 0)
    np.testing.assert_array_equal(drawn, again)


def test_constant_pictures_are_learned_without_warnings(name):
    constant = as_seen(name, np.full((12, 20, 24, 1), 0.5, np.float32))
    assert np.isfinite(answered(name, taught(name, constant), constant)).all()


def test_settling_keeps_what_the_user_decided(name, pictures):
    labels = labels_for(name, len(pictures))
    settled = settle_model(pictures, recipe_for(name), 20, labels)
    assert settle_model(pictures, settled, 20, labels) == settled


def test_progress_is_told(name, pictures):
    told = []
    kenpin.learn(
        good_pictures(20),
        recipe_for(name).but(size=(24, 32)),
        lambda stage, done, total: told.append((stage, done, total)),
        labels=["A", "B"] * 10 if name == "cvae" else None,
    )
    assert all(0 < done <= total for _, done, total in told)
    stages = list(dict.fromkeys(stage.partition(" · ")[0] for stage, _, _ in told))
    begin = stages.index("learning from all 20 pictures")
    assert stages[begin + 1].startswith("learning without fold 1 of")
    way = [done / total for stage, done, total in told if stage.startswith("learning")]
    assert way == sorted(way) and way[-1] == 1  # one way for all of it, so that time can be told
    if name in NETWORKS:
        assert any("held-out error" in stage for stage, _, _ in told)


def test_judging_never_loads_torch(name, tmp_path):
    labels = ["A", "B"] * 10 if name == "cvae" else None
    recipe = recipe_for(name).but(size=(24, 32))
    kenpin.learn(good_pictures(20), recipe, labels=labels).save(tmp_path / "a.kenpin")
    code = (
        "import sys, kenpin, numpy as np\n"
        f"kenpin.Inspector.open({str(tmp_path / 'a.kenpin')!r})"
        ".inspect(np.zeros((48, 64), np.uint8))\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_the_networks_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for module in ("ae", "dense_ae", "vae", "training"):
        monkeypatch.delitem(sys.modules, f"kenpin.models.{module}", raising=False)
    for name in NAMES:
        if name in NETWORKS:
            with pytest.raises(ExtraError, match=r"pip install 'kenpin\[torch\]'"):
                check_installed(name)
        else:
            check_installed(name)


def test_a_graph_keeps_everything_inside_and_tells_nothing_of_this_machine():
    pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    graph = taught("ae", material((24, 32, 1))).state().graphs["model"]
    assert b"site-packages" not in graph and b"location" not in graph
    model = onnx.load_from_string(graph)
    assert {entry.domain for entry in model.opset_import} == {""}  # standard operators only
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    with pytest.raises(ValueError, match="refers to other files"):
        load_model("ae", State(graphs={"model": model.SerializeToString()}))


def test_the_epoch_that_reconstructs_unseen_pictures_best_is_kept(monkeypatch):
    torch = pytest.importorskip("torch")
    from kenpin.models import ae, training  # noqa: PLC0415

    pictures = material((24, 32, 1), count=30)
    settings = recipe_for("ae").ae.model_copy(
        update={"epochs": 30, "patience": 3, "validation": 4 / 30}
    )
    order = np.random.default_rng(0).permutation(30)
    validation = torch.from_numpy(pictures[order[:4]]).permute(0, 3, 1, 2)
    errors, told = [], []

    def watch(stage, done, total):
        told.append(done)

    original = training._held_out_loss

    def spy(network, loss, given):
        errors.append(original(network, loss, given))
        return errors[-1]

    monkeypatch.setattr(training, "_held_out_loss", spy)
    learned = ae.learn(pictures, settings, 0, watch)
    network = learned.network
    assert len(errors) == len(told) == len(learned.history) <= 30
    assert [held_out for _, held_out in learned.history] == errors
    kept = original(network, ae._loss, (validation, None))
    assert kept == pytest.approx(min(errors), rel=1e-3)
    if len(errors) < 30:  # stopped early: the last three brought nothing
        assert min(errors) == min(errors[:-3])


def test_an_unknown_or_broken_state_is_refused():
    with pytest.raises(ValueError, match="must be one of"):
        load_model("magic", State())
    with pytest.raises(ValueError, match="do not fit"):
        load_model("pca", State({}, {"mean": np.zeros((4, 4, 1)), "components": np.zeros((2, 9))}))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_model("ae", State(graphs={"model": b"not a graph"}))


# --- the linear autoencoder --------------------------------------------------------------------


def low_rank(rank, count=60, noise=0.01):
    rng = np.random.default_rng(rank)
    basis = rng.normal(size=(rank, 16 * 16))
    flat = (
        0.5 + 0.1 * rng.normal(size=(count, rank)) @ basis + noise * rng.normal(size=(count, 256))
    )
    return flat.reshape(count, 16, 16, 1).astype(np.float32)


@pytest.mark.parametrize("rank", [3, 8, 16])
def test_the_true_number_of_components_is_chosen(rank):
    assert choose_components(low_rank(rank, noise=0.1), 24, seed=0) == rank


def test_the_components_are_those_of_the_singular_value_decomposition():
    for pictures in (low_rank(5, count=30), low_rank(5, count=400)):  # both Gram matrices
        model = decompose(pictures, 5)
        flat = (pictures - pictures.mean(axis=0)).reshape(len(pictures), -1)
        expected = np.linalg.svd(flat, full_matrices=False)[2][:5]
        np.testing.assert_allclose(model.components @ model.components.T, np.eye(5), atol=1e-5)
        overlap = np.linalg.svd(model.components @ expected.T)[1]
        np.testing.assert_allclose(overlap, 1, atol=1e-4)


def test_the_hidden_block_formula_is_least_squares_without_the_block():
    pictures = low_rank(4)
    model = decompose(pictures[:50], 4)
    V, flat = model.components, (pictures[50:] - model.mean).reshape(10, -1)
    index = np.arange(256).reshape(16, 16)
    total = 0.0
    for y in range(0, 16, 2):
        for x in range(0, 16, 2):
            block = index[y : y + 2, x : x + 2].ravel()
            rest = np.setdiff1d(np.arange(256), block)
            weights = np.linalg.lstsq(V[:, rest].T, flat[:, rest].T, rcond=None)[0]
            total += np.square(flat[:, block] - weights.T @ V[:, block]).sum()
    assert _hidden_error(model, pictures[50:], 4) == pytest.approx(total / flat.size, rel=1e-3)


def test_a_golden_reconstruction():
    model = Pca(
        np.full((1, 2, 1), 0.5, np.float32),
        np.array([[0.6, 0.8]], np.float32),
        np.ones(1, np.float32),
    )
    answer = model.reconstruct(np.array([[[[1.0], [0.5]]]], np.float32))
    np.testing.assert_allclose(answer.ravel(), [0.5 + 0.5 * 0.36, 0.5 + 0.5 * 0.48], rtol=1e-6)


def test_a_window_that_is_not_possible_is_refused():
    state = learn_model(material((24, 32, 1)), recipe_for("rt"), silent).state()
    with pytest.raises(ValueError, match="window"):
        load_model("rt", State({"window": 10**6}, state.arrays))
