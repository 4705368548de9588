"""Who may do what: one table, which every page, every action and the API go by."""

from kenpin.record import ROLES

VIEWER, OPERATOR, REVIEWER, ENGINEER, APPROVER, ADMINISTRATOR = ROLES

RIGHTS: dict[str, frozenset[str]] = {
    "own": frozenset(ROLES),
    "look": frozenset(ROLES),
    "export": frozenset(ROLES) - {VIEWER, OPERATOR},
    "run": frozenset({OPERATOR, ENGINEER, ADMINISTRATOR}),
    "judge": frozenset({REVIEWER, ENGINEER, APPROVER}),
    "review": frozenset({REVIEWER, ENGINEER, APPROVER}),
    "masters": frozenset({ENGINEER}),
    "study": frozenset({REVIEWER, ENGINEER}),
    "devices": frozenset({ENGINEER, ADMINISTRATOR}),
    "teach": frozenset({ENGINEER}),
    "compare": frozenset({ENGINEER, APPROVER}),
    "release": frozenset({ENGINEER}),
    "approve": frozenset({APPROVER}),
    "audit": frozenset({APPROVER, ADMINISTRATOR}),
    "setup": frozenset({ADMINISTRATOR}),
    "people": frozenset({ADMINISTRATOR}),
}
"""Of each right the roles that have it.

own: the own password. look: pages of the line, parts and days. export: tables of many parts. run:
start, stop, part change, master check and call. judge: a picture again, or by the API. review: a
word on a part. masters: which pieces are shown before a shift. study: of repeatability. devices:
look through a camera, set outputs by hand. teach: what a part is learned from. compare: two
releases. release: ask for one. approve: approve, take into use and take back what another person
asked for. audit: who did what, and whether the record is whole. setup: which pictures are kept,
backups. people: users and tokens.
"""


def may(role: str, right: str) -> bool:
    """Whether this role has the right."""
    return role in RIGHTS[right]
