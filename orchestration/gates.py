"""Whether what was just loaded looks like the workspace's own recent days: pure rules, no database.

A day is judged once it is over, against the days before it that are published. Two findings block a publication, a drop
of nine tenths and something that has always been there and is gone, for both are far more often a broken tracker or a
cut file than the truth; the rest warns. Every threshold is named here, with its reason.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

# How far back a day is compared: eight of the same weekday, long enough for a median to stand against two holidays.
MEMORY_DAYS = 56
# Shares are compared with those of four weeks: they depend less on the weekday, and trackers change more often.
SHARE_DAYS = 28
# Before that, nothing is known about a week, and weekends would be findings.
ENOUGH_DAYS = 7
# Fewer of the same weekday can all be unusual ones; until then the lower of their median and that of all days counts.
ENOUGH_WEEKDAYS = 3
# A hundred rows are about ten sessions. Were ten expected, none or one would come by chance in 1 day of 2,000.
ENOUGH_ROWS = 100
# Asked for: a drop of 90 %. Weekends and holidays of business customers were seen to fall by 80 % and are normal.
DROP = 0.1
# A file sent again under other ids doubles a day, a campaign may triple it; ten times is a loop in a client.
SURGE = 10
# What should have come a hundred times came once at most.
GONE = 0.01
# A smaller type can vanish because one customer stopped using one thing.
MAJOR_TYPE = 0.05
# Share of rows that hold a field, from one day to the next: releases move it by a few points.
SHARE_CHANGE = 0.2
# Total variation distance of the mix of event types; weekday against weekend was seen to reach 0.15.
MIX_DISTANCE = 0.3
# Rows that are refused: nearly none is usual, and half of a load is no accident of single rows.
USUAL_REJECTED, MANY_REJECTED = 0.05, 0.5
ENOUGH_LOADS = 7

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Profile:
    """What one day of a workspace held.

    Attributes:
        events: rows, those of bots left out.
        types: rows by event type.
        filled: by column, rows in which it is not null.
    """

    events: int
    types: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something unusual.

    Attributes:
        workspace_id: "" when it is of no workspace.
        day: local day of the workspace.
        gate: volume, surge, column, nulls, new_column, event_type, mix, rejected, attribute or freshness.
        subject: the column, event type or reason it is about; "" where there is none.
        seen, usual: the numbers compared, in rows or percent as `words` say.
        blocks: whether it keeps the run from publishing until somebody accepts it.
    """

    workspace_id: str
    day: date
    gate: str
    subject: str
    seen: float
    usual: float
    blocks: bool
    words: str

    @property
    def finding_id(self) -> str:
        """Eight hexadecimal characters, the same whenever the same thing is found about the same day."""
        what = "\0".join((self.workspace_id, self.day.isoformat(), self.gate, self.subject))
        return hashlib.sha256(what.encode()).hexdigest()[:8]

    @property
    def sentence(self) -> str:
        """The finding in words, with the workspace and the day it is about."""
        where = f"workspace {self.workspace_id}, " if self.workspace_id else ""
        return f"{where}{self.day:%A} {self.day}: {self.words}"

    @property
    def command(self) -> str:
        """What accepts it."""
        return f"footfall accept {self.finding_id} --reason '…'"


@dataclass(frozen=True)
class Memory:
    """What is published of a workspace.

    Attributes:
        days: profiles by local day; a day without events has none.
        forgotten: by (gate, subject), the day before which nothing counts, because somebody accepted a lasting change.
    """

    days: Mapping[date, Profile]
    forgotten: Mapping[tuple[str, str], date] = field(default_factory=dict)

    def before(self, day: date, reach: int, gate: str, subject: str = "") -> dict[date, Profile]:
        """The days that count for a gate, at most `reach` days before this one."""
        earliest = max(day - reach * _DAY, self.forgotten.get((gate, subject), date.min))
        return {one: profile for one, profile in self.days.items() if earliest <= one < day}


def judge_day(workspace_id: str, day: date, seen: Profile, memory: Memory) -> list[Finding]:
    """What is unusual about a day that is over; nothing while too little is remembered to tell."""
    verdicts = [
        *_judge_volume(day, seen, memory),
        *_judge_columns(day, seen, memory),
        *_judge_types(day, seen, memory),
    ]
    return [Finding(workspace_id, day, *verdict) for verdict in verdicts]


# Gate, subject, seen, usual, whether it blocks, words.
_Verdict = tuple[str, str, float, float, bool, str]


def _judge_volume(day: date, seen: Profile, memory: Memory) -> list[_Verdict]:
    usual, of_what = usual_volume(day, memory)
    if usual < ENOUGH_ROWS:
        return []
    words = f"{seen.events:,} events, usually {usual:,.0f} ({of_what})"
    if seen.events <= DROP * usual:
        change = 100 * (1 - seen.events / usual)
        return [("volume", "", seen.events, usual, True, f"{words}: {change:.0f} % fewer")]
    if seen.events >= SURGE * usual:
        return [("surge", "", seen.events, usual, False, f"{words}: {seen.events / usual:.0f} times as many")]
    return []


def usual_volume(day: date, memory: Memory) -> tuple[float, str]:
    """(events of a usual day like this one, what that is the median of); 0 while too little is remembered.

    Days without events count as zeros, so that a workspace which rests on Sundays is not expected to work on one.
    """
    known = memory.before(day, MEMORY_DAYS, "volume")
    if len(known) < ENOUGH_DAYS:
        return 0, "nothing"
    first, last = min(known), max(known)
    span = [first + number * _DAY for number in range((last - first).days + 1)]
    events = {one: known[one].events if one in known else 0 for one in span}
    same_weekday = [number for one, number in events.items() if one.weekday() == day.weekday()]
    recent = [events[one] for one in span[-SHARE_DAYS:]]
    weekdays = f"median of {len(same_weekday)} {_WEEKDAYS[day.weekday()]}"
    if len(same_weekday) >= ENOUGH_WEEKDAYS:
        return median(same_weekday), weekdays
    if same_weekday and median(same_weekday) <= median(recent):
        return median(same_weekday), weekdays
    return median(recent), f"median of {len(recent)} days"


def _judge_columns(day: date, seen: Profile, memory: Memory) -> list[_Verdict]:
    columns = {*seen.filled, *(column for profile in memory.days.values() for column in profile.filled)}
    verdicts: list[_Verdict] = []
    for column in sorted(columns):
        known = memory.before(day, SHARE_DAYS, "column", column)
        if len(known) < ENOUGH_DAYS:
            continue
        usual = median(profile.filled.get(column, 0) / profile.events for profile in known.values())
        filled = seen.filled.get(column, 0)
        share = filled / seen.events
        numbers = (100 * share, 100 * usual)
        words = f"{column} is filled in {share:.1%} of {seen.events:,} events, usually in {usual:.1%}"
        if usual * seen.events >= ENOUGH_ROWS and filled <= GONE * usual * seen.events:
            verdicts.append(("column", column, *numbers, True, f"{words}: the column is missing"))
        elif filled and not any(profile.filled.get(column, 0) for profile in known.values()):
            verdicts.append(("new_column", column, *numbers, False, f"{words}: the column is new"))
        elif seen.events >= ENOUGH_ROWS and abs(share - usual) >= SHARE_CHANGE:
            verdicts.append(("nulls", column, *numbers, False, words))
    return verdicts


def _judge_types(day: date, seen: Profile, memory: Memory) -> list[_Verdict]:
    verdicts: list[_Verdict] = []
    for kind in sorted({kind for profile in memory.days.values() for kind in profile.types}):
        known = memory.before(day, SHARE_DAYS, "event_type", kind)
        if len(known) < ENOUGH_DAYS:
            continue
        usual = median(profile.types.get(kind, 0) / profile.events for profile in known.values())
        number = seen.types.get(kind, 0)
        expected = usual * seen.events
        if usual >= MAJOR_TYPE and expected >= ENOUGH_ROWS and number <= GONE * expected:
            words = f"{number:,} of {seen.events:,} events are {kind}, usually {usual:.1%}: the event type is missing"
            verdicts.append(("event_type", kind, 100 * number / seen.events, 100 * usual, True, words))
    known = memory.before(day, SHARE_DAYS, "mix")
    if not verdicts and len(known) >= ENOUGH_DAYS and seen.events >= ENOUGH_ROWS:
        distance = mix_distance(seen, list(known.values()))
        if distance >= MIX_DISTANCE:
            words = f"{distance:.0%} of the events are of other types than usual"
            verdicts.append(("mix", "", 100 * distance, 0, False, words))
    return verdicts


def mix_distance(seen: Profile, known: Sequence[Profile]) -> float:
    """Total variation distance, 0 to 1, of the mix of event types from that of all known days together."""
    total = sum(profile.events for profile in known)
    kinds = {*seen.types, *(kind for profile in known for kind in profile.types)}
    usual = {kind: sum(profile.types.get(kind, 0) for profile in known) / total for kind in kinds}
    return sum(abs(seen.types.get(kind, 0) / seen.events - usual[kind]) for kind in kinds) / 2


def judge_silence(workspace_id: str, today: date, days: Sequence[date]) -> list[Finding]:
    """Whether a workspace has been silent for longer than it usually is; it warns, for customers do leave.

    Args:
        today: local day of the workspace that is not over yet.
        days: those with events.
    """
    recent = sorted(one for one in days if today - MEMORY_DAYS * _DAY <= one <= today)
    if len(recent) < ENOUGH_DAYS:
        return []
    usual = max((later - earlier).days for earlier, later in zip(recent, recent[1:], strict=False))
    silent = (today - recent[-1]).days
    # One day more: today is not over, and the day before may still be on its way.
    if silent <= usual + 1:
        return []
    words = f"no events since {recent[-1]}, {silent} days; the longest gap of the last {MEMORY_DAYS} days was {usual}"
    return [Finding(workspace_id, recent[-1], "freshness", "", silent, usual, False, words)]


def judge_rejected(day: date, rejected: int, rows: int, reason: str, earlier: Sequence[float]) -> list[Finding]:
    """Whether rows of events are refused that used to be taken: a required field was renamed, most likely.

    Args:
        day: of the first of the loads that are judged.
        rejected, rows: of all of them.
        reason: the most frequent one, with its field.
        earlier: shares of rejected rows of earlier loads.
    """
    if len(earlier) < ENOUGH_LOADS or rejected < ENOUGH_ROWS:
        return []
    usual, share = median(earlier), rejected / rows
    if usual >= USUAL_REJECTED or share < MANY_REJECTED:
        return []
    words = f"{rejected:,} of {rows:,} rows of events were rejected, usually {usual:.1%}; most often: {reason}"
    return [Finding("", day, "rejected", reason, 100 * share, 100 * usual, True, words)]
