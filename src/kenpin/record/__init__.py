"""One durable row for each part judged, with its picture, its reviews, and who did what."""

from kenpin.record.audit import verify
from kenpin.record.days import began, between, day_of, moment
from kenpin.record.entry import Circumstances, now
from kenpin.record.export import csv_lines, write_xlsx
from kenpin.record.history import (
    COLUMNS,
    Filter,
    count,
    count_outcomes,
    find_inspection,
    found,
    latest_pictures,
    moments_of,
    newest_of,
    plain_row,
    regions_of,
    rows_of,
    series,
    shots,
    stations_of,
)
from kenpin.record.import_log import import_log
from kenpin.record.jobs import (
    CANCELLED,
    DONE,
    FAILED,
    Job,
    add_job,
    cancel_job,
    end_job,
    find_job,
    job_waits,
    list_jobs,
    put_job_back,
    renew_job,
    take_job,
)
from kenpin.record.keep import rule, set_rule
from kenpin.record.numbers import (
    UNREADABLE,
    Kinds,
    Period,
    Share,
    period,
    wrong_shares,
)
from kenpin.record.opening import make, one_sentence, reading, upgrade, writing
from kenpin.record.overview import Status, back_up, status, waiting_rows
from kenpin.record.pictures import KEPT, Keep, Pictures
from kenpin.record.place import STORE_VARIABLE, VARIABLE, Place, place_of
from kenpin.record.record import Record, station_name
from kenpin.record.releases import (
    STATES,
    Release,
    Step,
    add_release,
    change_state,
    find_release,
    goes_on,
    in_use,
    judges,
    list_releases,
    masters_of,
    steps_of,
    was_approved,
)
from kenpin.record.reviews import (
    Word,
    add_review,
    draw_sample,
    known_kinds,
    to_review,
    words_on,
)
from kenpin.record.rows import (
    add_event,
    events_between,
    events_of,
    events_since,
    latest_events,
    told_of,
)
from kenpin.record.sessions import (
    Session,
    Token,
    add_token,
    close_session,
    close_sessions_of,
    end_token,
    list_tokens,
    open_session,
    session_of,
    token_of,
    touch_session,
)
from kenpin.record.sets import Confirmed, confirmed, freeze, labelled_set, list_sets, of_set
from kenpin.record.users import (
    ROLES,
    User,
    add_user,
    change_user,
    find_user,
    list_users,
    of_badge,
    signed_in,
)
