import json
from importlib.resources import files

import pytest

from kenpin.errors import RecipeError
from kenpin.recipe import PcaSettings, Recipe, Settings, parse_size
from kenpin.text import exists


def test_toml_out_and_in_is_the_same_recipe(tmp_path):
    recipe = Recipe(model="pca", size=(96, 128), false_reject=0.02, pca=PcaSettings(components=7))
    (tmp_path / "r.toml").write_text(recipe.to_toml())
    assert Recipe.read(tmp_path / "r.toml") == recipe
    (tmp_path / "default.toml").write_text(Recipe().to_toml())
    assert Recipe.read(tmp_path / "default.toml") == Recipe()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "fals_reject = 0.1",
            r"'fals_reject' is not a setting of .*r.toml; did you mean 'false",
        ),
        ("zzz = 1", r"'zzz' is not a setting of .*; the settings are kind, model, size"),
        ("[pca]\ncomponent = 1", r"'pca.component' .* did you mean 'components'"),
        ("false_reject = 2", r"'false_reject' .* at most 0.5; got 2 instead"),
        ("model = 'magic'", r"'model' .* got 'magic' instead"),
        ("size = [4, 4]", r"'size' .* each side must be 16 to 2048 pixels; got \[4, 4\] instead"),
        ("[ae]\nepochs = 0", r"'ae.epochs' .* it must be at least 1"),
        ("not toml", r"is not valid TOML"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_setting(tmp_path, text, expected):
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(RecipeError, match=expected) as caught:
        Recipe.read(tmp_path / "r.toml")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_file_that_is_not_text(tmp_path):
    with pytest.raises(RecipeError, match="not there"):
        Recipe.read(tmp_path / "r.toml")
    (tmp_path / "r.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not valid TOML"):
        Recipe.read(tmp_path / "r.toml")


def test_a_file_saved_by_windows_notepad_is_read(tmp_path):
    (tmp_path / "r.toml").write_text("seed = 5", encoding="utf-8-sig")
    assert Recipe.read(tmp_path / "r.toml").seed == 5


def test_sizes_are_height_by_width():
    assert parse_size("96x128") == (96, 128)
    for text in ("96", "96x", "axb", "1x2x3"):
        with pytest.raises(RecipeError, match="HEIGHTxWIDTH"):
            parse_size(text)


def test_every_setting_is_explained_and_nothing_else():
    used = set()
    for name, value in Recipe():
        homes = (name, "vae", "network") if name == "cvae" else (name, "network")
        if not isinstance(value, Settings):
            used.add(f"setting_{name}")
            continue
        for own, _ in value:
            codes = (f"setting_{home}_{own}" for home in homes)
            used.add(next((code for code in codes if exists(code)), f"{name}.{own}"))
    table = json.loads((files("kenpin.text") / "settings.json").read_text("utf-8"))
    assert used == set(table)
    assert all(english.endswith(".") and japanese.endswith("。")
               for english, japanese in table.values())  # fmt: skip


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        Recipe().seed = 3
