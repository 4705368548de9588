"""The first user of a record: without one nobody could make another."""

import secrets
from dataclasses import dataclass

from kenpin.record import Place, User, add_user, list_users, make, writing
from kenpin.station.office import STATION
from kenpin.text import language

ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class First:
    """Who may sign in, with a password that is shown once and must be changed."""

    name: str
    password: str


def first_administrator(place: Place) -> First | None:
    """Made where a record has no user at all; None where it has. Raises RecordError."""
    make(place)
    with writing(place) as connection:
        if list_users(connection):
            return None
        password = secrets.token_urlsafe(12)
        user = User(ADMINISTRATOR, language(), ADMINISTRATOR, active=True, one_time=True)
        add_user(connection, user, password, None, STATION)
    return First(user.name, password)
