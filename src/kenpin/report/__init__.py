"""Pictures, plots and pages for people."""

from kenpin.report.drift import drift_page
from kenpin.report.explanations import how, how_evaluated, how_judged, how_learned
from kenpin.report.page import Page, write_page
from kenpin.report.pictures import as_grey_or_rgb, triple
from kenpin.report.plan import plan_page
from kenpin.report.repeatability import repeat_page
from kenpin.report.sheets import contact_sheet, with_windows
from kenpin.report.write import write_report

__all__ = ["Page", "as_grey_or_rgb", "contact_sheet", "drift_page", "how",
           "how_evaluated", "how_judged", "how_learned", "plan_page", "repeat_page",
           "triple", "with_windows", "write_page", "write_report"]  # fmt: skip
