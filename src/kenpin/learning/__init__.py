"""From good pictures and a recipe to a part."""

from kenpin.learning.doctor import Examination, examine
from kenpin.learning.from_good import learn, learn_from
from kenpin.learning.good_pictures import LEAST_PICTURES, GoodPictures
from kenpin.learning.more_pictures import add
from kenpin.learning.oddities import Finding
from kenpin.learning.read import Given, paths_of
from kenpin.learning.sight import with_sight
