"""How good and how fast a part is on pictures whose truth is known."""

from kenpin.evaluation.bench import Speed, measure
from kenpin.evaluation.change import Changed, Comparison, before_and_after, compare
from kenpin.evaluation.evaluation import Evaluation, Rate, evaluate
