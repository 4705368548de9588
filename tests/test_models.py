"""The contract, over every model."""

import subprocess
import sys

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from kenpin.errors import ExtraError
from kenpin.models import NAMES, State, check_installed, learn_model, load_model, settle_model
from kenpin.models.pca import Pca, _decompose, _hidden_error, choose_components
from kenpin.pictures import read_picture
from kenpin.prepare import Preparation
from kenpin.recipe import Recipe

SHAPES = [(24, 32, 1), (21, 17, 3)]
QUICK = {"ae": {"epochs": 8, "width": 8, "code": 4}}


def recipe_for(name, seed=0):
    return Recipe.parse(
        {"model": name, "seed": seed} | ({name: QUICK[name]} if name in QUICK else {})
    )


def silent(stage, done, total):
    pass


def material(shape, count=24):
    preparation = Preparation(shape[:2], "grey" if shape[2] == 1 else "rgb")
    pictures = good_pictures(count, size=(48, 64))
    return np.stack([preparation.prepare(read_picture(pixels)) for pixels in pictures])


@pytest.fixture(params=NAMES)
def name(request):
    if request.param != "pca":
        pytest.importorskip("torch")
    return request.param


@pytest.fixture(params=SHAPES, ids=["grey", "rgb"])
def pictures(request):
    return material(request.param)


def test_shape_and_dtype(name, pictures):
    model = learn_model(pictures, recipe_for(name), silent)
    answer = model.reconstruct(pictures[:5])
    assert answer.shape == pictures[:5].shape
    assert answer.dtype == np.float32
    assert np.isfinite(answer).all()


def test_it_reproduces_good_pictures_better_than_their_mean(name):
    pictures = material((24, 32, 1), count=60)
    recipe = Recipe(model=name)
    model = learn_model(pictures[:50], recipe, silent)
    unseen = pictures[50:]
    error = np.square(unseen - model.reconstruct(unseen)).mean()
    assert error < 0.7 * np.square(unseen - pictures[:50].mean(axis=0)).mean()


def test_the_same_seed_gives_the_same_model(name, pictures):
    first, second = (
        learn_model(pictures, recipe_for(name, seed=3), silent).reconstruct(pictures)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_learning_does_not_disturb_global_random_numbers(name, pictures):
    np.random.seed(1)
    learn_model(pictures, recipe_for(name), silent)
    after = np.random.random()
    np.random.seed(1)
    assert after == np.random.random()


def test_one_picture_is_answered_as_in_a_batch(name, pictures):
    learned = learn_model(pictures, recipe_for(name), silent)
    for model in (learned, load_model(name, learned.state())):
        together = model.reconstruct(pictures)
        alone = np.concatenate([model.reconstruct(picture[None]) for picture in pictures])
        np.testing.assert_allclose(alone, together, atol=2e-5)
        backwards = model.reconstruct(pictures[::-1])[::-1]
        np.testing.assert_allclose(backwards, together, atol=2e-5)


def test_a_loaded_model_answers_as_the_learned_one(name, pictures):
    learned = learn_model(pictures, recipe_for(name), silent)
    loaded = load_model(name, learned.state())
    np.testing.assert_allclose(
        loaded.reconstruct(pictures), learned.reconstruct(pictures), atol=1e-4
    )
    again = load_model(name, loaded.state())
    np.testing.assert_array_equal(again.reconstruct(pictures), loaded.reconstruct(pictures))


def test_saving_and_loading_a_bundle_gives_identical_verdicts(name, tmp_path):
    bundle = kenpin.learn(good_pictures(20), recipe_for(name).but(size=(24, 32)))
    bundle.save(tmp_path / "a.kenpin")
    before, after = kenpin.Inspector(bundle), kenpin.Inspector.open(tmp_path / "a.kenpin")
    for pixels in good_pictures(5, first=900):
        assert before.inspect(pixels) == after.inspect(pixels)


def test_constant_pictures_are_learned_without_warnings(name):
    constant = np.full((12, 20, 24, 1), 0.5, np.float32)
    model = learn_model(constant, recipe_for(name), silent)
    assert np.isfinite(model.reconstruct(constant)).all()


def test_settling_keeps_what_the_user_decided(name, pictures):
    settled = settle_model(pictures, recipe_for(name), 20)
    assert settle_model(pictures, settled, 20) == settled


def test_progress_is_told(name, pictures):
    told = []
    kenpin.learn(
        good_pictures(12),
        recipe_for(name).but(size=(24, 32)),
        lambda stage, done, total: told.append((stage, done, total)),
    )
    assert all(0 < done <= total for _, done, total in told)
    assert told[-1][0] == "learning from all 12 pictures"


def test_judging_never_loads_torch(name, tmp_path):
    kenpin.learn(good_pictures(12), recipe_for(name).but(size=(24, 32))).save(tmp_path / "a.kenpin")
    code = (
        "import sys, kenpin, numpy as np\n"
        f"kenpin.Inspector.open({str(tmp_path / 'a.kenpin')!r})"
        ".inspect(np.zeros((48, 64), np.uint8))\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_the_networks_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "kenpin.models.ae", raising=False)
    with pytest.raises(ExtraError, match="pip install torch onnx onnxscript"):
        check_installed("ae")
    check_installed("pca")


def test_a_graph_keeps_everything_inside_and_tells_nothing_of_this_machine():
    pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    graph = learn_model(material((24, 32, 1)), recipe_for("ae"), silent).state().graph
    assert b"site-packages" not in graph and b"location" not in graph
    model = onnx.load_from_string(graph)
    assert {entry.domain for entry in model.opset_import} == {""}  # standard operators only
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    with pytest.raises(ValueError, match="refers to other files"):
        load_model("ae", State(graph=model.SerializeToString()))


def test_the_epoch_that_reconstructs_unseen_pictures_best_is_kept():
    torch = pytest.importorskip("torch")
    from kenpin.models import ae  # noqa: PLC0415

    pictures = material((24, 32, 1), count=30)
    settings = recipe_for("ae").ae.model_copy(update={"epochs": 30, "patience": 3})
    order = np.random.default_rng(0).permutation(30)
    validation = torch.from_numpy(pictures[order[:4]]).permute(0, 3, 1, 2)
    errors, told = [], []

    def watch(stage, done, total):
        told.append(done)

    original = ae.mse_loss

    def spy(answer, target):
        error = original(answer, target)
        if len(target) == len(validation) and not torch.is_grad_enabled():
            errors.append(float(error))
        return error

    ae.mse_loss = spy
    try:
        learned = ae.learn(pictures, settings, 0, watch)
    finally:
        ae.mse_loss = original
    assert len(errors) == len(told) <= 30
    kept = np.square(pictures[order[:4]] - learned.reconstruct(pictures[order[:4]])).mean()
    assert kept == pytest.approx(min(errors), rel=0.05)
    if len(errors) < 30:  # stopped early: the last three brought nothing
        assert min(errors) == min(errors[:-3])


def test_an_unknown_or_broken_state_is_refused():
    with pytest.raises(ValueError, match="must be one of"):
        load_model("magic", State())
    with pytest.raises(ValueError, match="do not fit"):
        load_model("pca", State({}, {"mean": np.zeros((4, 4, 1)), "components": np.zeros((2, 9))}))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_model("ae", State(graph=b"not a graph"))


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
        model = _decompose(pictures, 5)
        flat = (pictures - pictures.mean(axis=0)).reshape(len(pictures), -1)
        expected = np.linalg.svd(flat, full_matrices=False)[2][:5]
        np.testing.assert_allclose(model.components @ model.components.T, np.eye(5), atol=1e-5)
        overlap = np.linalg.svd(model.components @ expected.T)[1]
        np.testing.assert_allclose(overlap, 1, atol=1e-4)


def test_the_hidden_block_formula_is_least_squares_without_the_block():
    pictures = low_rank(4)
    model = _decompose(pictures[:50], 4)
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
    model = Pca(np.full((1, 2, 1), 0.5, np.float32), np.array([[0.6, 0.8]], np.float32))
    answer = model.reconstruct(np.array([[[[1.0], [0.5]]]], np.float32))
    np.testing.assert_allclose(answer.ravel(), [0.5 + 0.5 * 0.36, 0.5 + 0.5 * 0.48], rtol=1e-6)
