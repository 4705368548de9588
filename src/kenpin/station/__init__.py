"""The pages for people at the line and in the office, and the API for other programs."""

from kenpin.station.app import make_app
from kenpin.station.demo import make_demo
from kenpin.station.first import First, first_administrator
from kenpin.station.office import Office
from kenpin.station.serving import check_way, serve
