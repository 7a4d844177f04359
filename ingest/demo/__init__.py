"""Half a year in the life of three companies, made up from one seed: a landing folder to try Footfall on.

**Lanternworks** (New York) sells a reporting tool to offices: the largest of the three, busy on weekdays from nine to
five, on large screens. Its assistant `smart_summary`, launched half-way, wins people over while `classic_charts` is
fading. **Kornblume Küche** (Berlin) is a recipe and shopping app for families: evenings, weekends and telephones, many
who come once from a search engine, small orders all the time. It asks for consent. **Pragati Couriers API** (Kolkata)
serves developers, who read the docs, argue with error messages, and let their programs call at any hour; few people,
many events each.

All three grow: three times as many people sign up on the last day as on the first. Most come once or for a few weeks,
some fall silent and return, a few live in the product. Crawlers read along. And not all arrives as it should: rows are
late, repeated, contradictory or broken. `DemoSummary` says how many, so that a load can be held against it.

Nothing here is about real people: addresses are of the networks reserved for documentation.
"""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from shutil import copyfile

from ingest.demo import dirt, landing, records
from ingest.demo.behaviour import CRAWLERS, Event, crawl, history
from ingest.demo.calendar import DAYS, Calendar, as_zulu
from ingest.demo.companies import COMPANIES, Company
from ingest.demo.dice import Dice
from ingest.demo.people import Person, population

__all__ = ["DAYS", "DemoSummary", "write_demo"]

WITHOUT_ID_SHARE = 0.03  # of people's events
SEED_OF_DIRT = len(COMPANIES) + 1  # part numbers of the dice: 1, 2, 3 are the companies


@dataclass(frozen=True)
class DemoSummary:
    """What was written, and what a load of all of it must report. The numbers without an entity are of events.

    rows_written = loaded + duplicates + rejected. Conflicts are among the duplicates, bot_events and late_events among
    the loaded. The renamed copy is a file of its own in `files`, but its rows are nowhere counted: it must not load.
    """

    files: int
    renamed_copies: int
    rows_written: int
    loaded: int
    duplicates: int
    conflicts: int
    rejected: int
    rejected_by_defect: dict[str, int]
    late_events: int
    bot_events: int
    entity_rows: dict[str, int]  # of users, workspaces, features, goals, segments, funnels, consents


def write_demo(folder: Path, last_day: date, *, seed: int = 20260101) -> DemoSummary:
    """Write the landing folder of DAYS local days ending on `last_day`, and return what a load of it must find.

    The same day and seed give the same bytes everywhere, as long as zlib, zstandard, pyarrow and the time-zone rules
    are the same. `last_day` should be yesterday or earlier: of a day still running, events may lie too far in the
    future to be accepted. Raises FileExistsError when `folder` holds anything, because two demos in one do not add up.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: give write_demo a new or empty folder")
    events, entities = _half_a_year(last_day, seed)
    shelves, rejected_by_defect = _arrivals(events, Calendar(last_day), Dice(seed, SEED_OF_DIRT))
    for path, rows in shelves.items():
        landing.write_rows(folder / path, rows, landing.EVENT_FIELDS)
    for path, rows in entities.items():
        landing.write_rows(folder / path, rows)
    _copy_renamed(folder, shelves)
    rejected = sum(rejected_by_defect.values())
    return DemoSummary(
        files=len(shelves) + len(entities) + 1,
        renamed_copies=1,
        rows_written=sum(map(len, shelves.values())),
        loaded=len(events),
        duplicates=dirt.DUPLICATES + dirt.CONFLICTS,
        conflicts=dirt.CONFLICTS,
        rejected=rejected,
        rejected_by_defect=rejected_by_defect,
        late_events=dirt.LATE_EVENTS * len(dirt.LATE_FILES),
        bot_events=sum(event.get("user_agent") in CRAWLERS for event in events),
        entity_rows=_count_by_entity(entities),
    )


def _half_a_year(last_day: date, seed: int) -> tuple[list[Event], dict[str, list[records.Row]]]:
    """All events in the order of their times, with their ids, and the files of the other entities."""
    known_since = as_zulu(Calendar(last_day).milliseconds(0))
    entities = {
        "workspaces/workspaces.csv": records.workspaces(known_since),
        "features/catalogue.csv": records.features(known_since),
        "goals/goals.json": records.goals(known_since),
        "segments/segments.ndjson": records.segments(known_since),
        "funnels/funnels.ndjson": records.funnels(known_since),
    }
    events: list[Event] = []
    for number, company in enumerate(COMPANIES, start=1):
        dice, calendar = Dice(seed, number), Calendar(last_day, company.timezone)
        people = population(company, calendar, dice)
        histories = [history(person, calendar, dice) for person in people]
        of_company = [event for one_history in histories for event in one_history]
        of_company += crawl(company, calendar, len(of_company), people, dice)
        _name(of_company, company, seed, dice)
        events += of_company
        signed_up_at = _signup_times(people, histories, calendar, dice)
        entities |= _personal_records(company, people, signed_up_at, calendar, dice)
    events.sort(key=lambda event: event["created_at"])
    return events, entities


def _name(events: list[Event], company: Company, seed: int, dice: Dice) -> None:
    """Sort by time and give event ids, in the company's style; some of people's events stay without."""
    events.sort(key=lambda event: event["created_at"])
    for number, event in enumerate(events, start=1):
        if event.get("user_agent") in CRAWLERS or not dice.chance(WITHOUT_ID_SHARE):
            event["event_id"] = _event_id(company, number, seed)


def _event_id(company: Company, number: int, seed: int) -> str | int:
    if company.event_id_style == "number":
        return number
    if company.event_id_style == "prefixed":
        return f"{company.workspace_id[:2]}-{number:06d}"
    return str(uuid.UUID(bytes=blake2b(f"{seed}/{number}".encode(), digest_size=16).digest(), version=4))


def _signup_times(people: list[Person], histories: list[list[Event]], calendar: Calendar, dice: Dice) -> dict[str, int]:
    """UTC milliseconds of each person's first event; of those who came before the demo or never, some time that day."""
    return {
        person.user_id: one_history[0]["created_at"]
        if one_history and person.first_day >= 0
        else calendar.milliseconds(person.first_day, dice.whole(8, 20), dice.whole(0, 3599))
        for person, one_history in zip(people, histories, strict=True)
    }


def _personal_records(
    company: Company, people: list[Person], signed_up_at: dict[str, int], calendar: Calendar, dice: Dice
) -> dict[str, list[records.Row]]:
    users = records.users(people, signed_up_at, dice)
    consents = records.consents(people, signed_up_at, calendar, dice)
    name = company.workspace_id
    files = {
        f"users/{name}{company.users_format}": users,
        f"users/upgrades/{name}.ndjson": records.upgrades(company, users, calendar, dice),
        f"consents/{name}.csv.gz": consents,
    }
    return {path: rows for path, rows in files.items() if rows}


def _arrivals(events: list[Event], calendar: Calendar, dice: Dice) -> tuple[dirt.Shelves, dict[str, int]]:
    """The rows of every events file, dirt included, and the count of every defect."""
    in_time, late = dirt.hold_back_late(events, calendar, dice)
    shelves: dirt.Shelves = {}
    for event in in_time:
        shelves.setdefault(landing.file_of(event["created_at"], calendar), []).append(event)
    shelves |= late
    dirt.repeat_and_contradict(shelves, dice)
    return shelves, dirt.spoil(shelves, dice)


def _copy_renamed(folder: Path, shelves: dirt.Shelves) -> None:
    """Somebody exported the second file once more and called it something else."""
    original = folder / list(shelves)[1]
    copyfile(original, original.with_name(f"exported-again-{original.name}"))


def _count_by_entity(entities: dict[str, list[records.Row]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for path, rows in entities.items():
        counts[path.partition("/")[0]] += len(rows)
    return dict(counts)
