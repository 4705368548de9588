"""Plots in both languages: with a font of the machine, or with marks and no empty boxes."""

import io

import numpy as np
import pytest
from PIL import Image

from kenpin.report import fonts, plots
from kenpin.text import say_in, speak

SCORES, PLACES = np.geomspace(0.5, 4, 40), np.arange(50)
DRAWINGS = {
    "histogram": lambda: plots.histogram(
        SCORES, SCORES * 3, 4.0, "plot_score", "plot_good_held_out"
    ),
    "capital": lambda: plots.capital_chart({"score": (PLACES, np.linspace(0, 3, 50))}, 4.6),
    "control": lambda: plots.control_charts(
        PLACES, np.sin(PLACES), 0.9, (np.abs(np.sin(PLACES)), np.full(50, 99.0)), 5.0, 40
    ),
    "learning": lambda: plots.learning_chart(
        [10, 20],
        {"plot_piece": [[0.1, 0.2], [0.1, 0.1]]},
        [40],
        {"plot_piece": ("plot_alarm", [0.1])},
    ),
    "operating": lambda: plots.operating_chart(
        np.array([0.01, 0.1, 1.0]), np.array([0.5, 0.2, 0.0]), {"plot_alarm": (0.01, 0.5)}
    ),
    "pieces": lambda: plots.pieces_chart([[0.5, 0.6], [1.2, 1.1]], [1.0, 0.8]),
}


@pytest.fixture
def japanese():
    speak("ja")
    fonts.japanese_font.cache_clear()
    yield
    speak(None)
    fonts.japanese_font.cache_clear()


def is_drawn(plot):
    with Image.open(io.BytesIO(plot.png)) as picture:
        grey = np.asarray(picture.convert("L"))
    return grey.min() < 100 and grey.max() > 200


@pytest.mark.parametrize("name", DRAWINGS)
def test_an_english_plot_has_its_words_inside(name):
    plot = DRAWINGS[name]()
    assert is_drawn(plot) and not plot.legend


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_japanese_plot_has_its_words_inside_where_there_is_a_font(name, japanese):
    if fonts.japanese_font() is None:
        pytest.skip("no font with Japanese letters is installed")
    plot = DRAWINGS[name]()  # a letter that the font lacks would warn, and warnings are errors
    assert is_drawn(plot) and not plot.legend


@pytest.mark.parametrize("name", DRAWINGS)
def test_without_a_font_a_japanese_plot_has_marks_and_their_meaning(name, japanese, monkeypatch):
    monkeypatch.setattr(plots, "japanese_font", lambda: None)
    monkeypatch.setattr(fonts, "japanese_font", lambda: None)
    plot = DRAWINGS[name]()
    assert is_drawn(plot)
    marks = [mark for mark, _ in plot.legend]
    assert marks == [chr(ord("A") + n) for n in range(len(marks))] and marks
    assert all(not text.isascii() for _, text in plot.legend)


def test_the_same_plot_differs_by_its_language_only_in_words(japanese):
    if fonts.japanese_font() is None:
        pytest.skip("no font with Japanese letters is installed")
    there = DRAWINGS["pieces"]().png
    speak("en")
    assert DRAWINGS["pieces"]().png != there
    assert say_in("en", "plot_piece") != say_in("ja", "plot_piece")
