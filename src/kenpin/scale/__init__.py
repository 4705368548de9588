"""Millions of pictures, on the cores of one computer or of many.

Needs the extra kenpin[scale]; nothing else of kenpin imports this room.
"""

from kenpin.scale.archive import Told, judge_archive
from kenpin.scale.changes import (
    CHANGES,
    COMPARED,
    FOLDERS,
    Changes,
    compare_archives,
    is_archive,
    to_look_at,
)
from kenpin.scale.parts import STATES, TABLE, Learned, learn_parts
from kenpin.scale.storage import Storage
from kenpin.scale.workers import LOCAL, Here, OnRay, Progressed, Workers, workers_on
