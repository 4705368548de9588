"""What a quality manager signs: plan, masters, repeatability, drift, costs."""

from kenpin.assurance.costs import Costs, cheapest, check_costs, operating, parse_costs
from kenpin.assurance.drift_watch import LATEST, LINE, WEIGHT, Drift, Track, drift
from kenpin.assurance.master import MasterCheck, add_masters, check_masters, master_folder
from kenpin.assurance.picture_plan import Plan, plan
from kenpin.assurance.repeatability import Repeatability, repeat
from kenpin.assurance.trials import CAUGHT
