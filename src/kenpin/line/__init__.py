"""A station at the line: triggers come in, pictures are judged, answers go out."""

from kenpin.line.by_hand import SETTABLE, ByHand
from kenpin.line.cameras import Around, Camera, Shot
from kenpin.line.check import check_line
from kenpin.line.controller_settings import ModbusServer, Words
from kenpin.line.controllers import Controller, Shown
from kenpin.line.judge import Models
from kenpin.line.keeper import Look
from kenpin.line.line import run_line
from kenpin.line.machine import ChangePart, Halt, Run
from kenpin.line.map_of_words import WordMap, levels, word_maps
from kenpin.line.service import unit_file
from kenpin.line.settings import LineSettings, StationSettings
from kenpin.line.simulate import Simulated, VirtualPlc, free_port, make_demo, simulate
from kenpin.line.uploads import Uploads
