"""What goes wrong on the way to the warehouse: late, repeated, contradictory and broken rows, each kind counted."""

from ingest.demo.behaviour import Event
from ingest.demo.calendar import DAYS, Calendar
from ingest.demo.dice import Dice
from ingest.demo.landing import folder, is_json, is_text

Shelves = dict[str, list[Event | bytes]]  # rows by file; bytes are a line that is no JSON

DUPLICATES = 400
CONFLICTS = 25
BAD_ROWS = 60
LATE_EVENTS = 130  # in each late file
LATE_FILES = {60: ".ndjson.gz", 24: ".csv.gz", 5: ".ndjson"}  # days before the last day, and the format
LATE_BY_DAYS = (14, 42)  # at least and at most
DAY_MILLISECONDS = 86_400_000

DEFECTS = {
    "unknown event_type": {"event_type": "teleport"},
    "bad created_at": {"created_at": "half past nine"},
    "created_at out of range": {"created_at": "1970-01-01T00:00:00Z"},
    "missing user_id": {"user_id": ""},
    "metadata no object": {"metadata": ["a", "list"]},
}
BROKEN_LINE = "broken JSON"


def hold_back_late(events: list[Event], calendar: Calendar, dice: Dice) -> tuple[list[Event], Shelves]:
    """The events that arrive in time, and the files of those that arrive weeks late, in no order."""
    late: Shelves = {}
    held_back: set[int] = set()
    for days_before_end, suffix in LATE_FILES.items():
        arrival_day = DAYS - 1 - days_before_end
        arrived_at = calendar.milliseconds(arrival_day)
        earliest, latest = (arrived_at - days * DAY_MILLISECONDS for days in reversed(LATE_BY_DAYS))
        candidates = [
            number
            for number, event in enumerate(events)
            if earliest <= event["created_at"] < latest and number not in held_back
        ]
        chosen = dice.sample(candidates, LATE_EVENTS)
        held_back.update(chosen)
        late[f"{folder(arrived_at)}/late-arrivals{suffix}"] = [events[number] for number in chosen]
    return [event for number, event in enumerate(events) if number not in held_back], late


def repeat_and_contradict(shelves: Shelves, dice: Dice) -> None:
    """Send DUPLICATES events a second time, in another file, and CONFLICTS others with the same event_id but another
    payload; no event twice, so that every extra row is one duplicate and every contradiction one conflict."""
    places = [(path, event) for path, rows in shelves.items() for event in rows]
    contradicted = dice.sample([place for place in places if "event_id" in place[1]], CONFLICTS)
    known = {id(event) for _, event in contradicted}
    repeated = dice.sample([place for place in places if id(place[1]) not in known], DUPLICATES)
    for path, event in repeated:
        shelves[_other(shelves, path, dice)].append(event)
    for number, (path, event) in enumerate(contradicted):
        metadata = {**event.get("metadata", {}), "retry": number + 1}
        delay = dice.whole(1, 60_000) if number % 2 else 0  # every other one tells the same time
        contradiction = {**event, "metadata": metadata, "created_at": event["created_at"] + delay}
        shelves[_other(shelves, path, dice)].append(contradiction)


def _other(shelves: Shelves, path: str, dice: Dice) -> str:
    return dice.pick([other for other in shelves if other != path])


def spoil(shelves: Shelves, dice: Dice) -> dict[str, int]:
    """Add BAD_ROWS rows, each with one defect and an event_id of its own; returns the count of each defect."""
    names = [*DEFECTS, BROKEN_LINE]
    counts = dict.fromkeys(names, 0)
    models = [dice.pick(rows) for rows in shelves.values()]
    for number in range(BAD_ROWS):
        defect = names[number % len(names)]
        counts[defect] += 1
        model = {**dice.pick(models), "event_id": f"bad-{number + 1:03d}"}
        if defect == BROKEN_LINE:
            path = dice.pick([path for path in shelves if is_json(path)])
            row: Event | bytes = f'{{"event_id":"{model["event_id"]}","user_id":"u-0000'.encode()
        else:
            path = dice.pick([path for path in shelves if is_text(path)])
            row = model | DEFECTS[defect]
        rows = shelves[path]
        rows.insert(dice.whole(0, len(rows)), row)
    return counts
