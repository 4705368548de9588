"""What a quality manager signs: plan, masters, repeatability, drift, costs."""

from kenpin.assurance.costs import Costs, cheapest, check_costs, operating, parse_costs
from kenpin.assurance.drift_watch import LATEST, LINE, WEIGHT, Drift, Track, drift, quantity
from kenpin.assurance.master import (
    Master,
    MasterCheck,
    add_masters,
    check_masters,
    list_masters,
    master_folder,
    master_picture,
    remove_master,
)
from kenpin.assurance.picture_plan import Plan, plan
from kenpin.assurance.repeatability import LEAST_PIECES, LEAST_SHOTS, Gauge, Repeatability, repeat
from kenpin.assurance.trials import CAUGHT
