"""How good and how fast a part is on pictures whose truth is known."""

from kenpin.evaluation.bench import Speed, measure
from kenpin.evaluation.change import before_and_after
from kenpin.evaluation.evaluation import Evaluation, Rate, evaluate
