"""Pictures, plots and pages for people."""

from kenpin.report.drift import drift_page
from kenpin.report.explanations import how, how_evaluated, how_judged, how_learned
from kenpin.report.fonts import say_drawn
from kenpin.report.html import experiment_html
from kenpin.report.notebook import as_html
from kenpin.report.page import Page, page_html, write_page
from kenpin.report.period import About, drifts_of, period_html, period_to_dict, write_period
from kenpin.report.pictures import as_grey_or_rgb, outlined, panels, triple
from kenpin.report.plan import plan_page
from kenpin.report.plots import write_in_japanese
from kenpin.report.printing import browser, write_pdf
from kenpin.report.repeatability import repeat_page
from kenpin.report.sheets import contact_sheet, with_windows
from kenpin.report.write import write_report
