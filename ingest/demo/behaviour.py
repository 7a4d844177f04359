"""What people and crawlers do: a visit becomes a journey, a journey becomes events."""

from collections.abc import Iterator

from ingest.demo.calendar import DAYS, Calendar
from ingest.demo.companies import Agent, Company, Feature
from ingest.demo.dice import Dice
from ingest.demo.people import Person, visit_days

Event = dict[str, object]  # the fields of an event under their own names; created_at in UTC milliseconds; no nulls

SECOND_VISIT_SHARE = 0.18  # of active days
LEAVE_CHANCE = 0.05  # at every step of those who have signed up
VISITOR_LEAVE_CHANCE = 0.16
LONG_PAUSE_CHANCE = 0.008  # a phone call, lunch: longer than any session timeout
ERROR_CHANCE = 0.012
SECOND_DEVICE_CHANCE = 0.3
TRAVEL_CHANCE = 0.02
COUNTRY_UNKNOWN_CHANCE = 0.04
CATEGORY_SENT_SHARE = 0.7
DURATION_SENT_SHARE = 0.85
ERRORS = {"timeout": 5, "not_found": 3, "server_error": 2}
EVENT_TYPES = {"/": "page_view", "+": "feature_use", "@": "api_call", "!": "error", "$": "custom", "*": "custom"}

CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
CRAWLER_SHARE = 0.02  # of all events
CRAWL_LENGTH = (4, 16)  # pages
CRAWLER_IS_SIGNED_IN_SHARE = 0.04  # crawls that run under a person's id, such as a link preview


def history(person: Person, calendar: Calendar, dice: Dice) -> list[Event]:
    """All events of one person, in the order of their times; no two have the same."""
    events: list[Event] = []
    for day in visit_days(person, calendar, dice):
        is_first = day == person.first_day
        for _ in range(2 if not is_first and dice.chance(SECOND_VISIT_SHARE) else 1):
            events.extend(_visit(person, calendar, day, is_first, dice))
    events.sort(key=_created_at)
    _separate(events)
    end = calendar.end
    return [event for event in events if event["created_at"] < end]


def _created_at(event: Event) -> int:
    return event["created_at"]


def _separate(events: list[Event]) -> None:
    """Shift simultaneous events apart: those without an id would be told for one event if they were alike."""
    for earlier, later in zip(events, events[1:], strict=False):
        later["created_at"] = max(later["created_at"], earlier["created_at"] + 1)


def _visit(person: Person, calendar: Calendar, day: int, is_first: bool, dice: Dice) -> Iterator[Event]:
    clock = _arrival(person.company, calendar, day, dice)
    agent = person.agents[-1] if dice.chance(SECOND_DEVICE_CHANCE) else person.agents[0]
    constants = _constants(person, agent, clock, dice)
    leave_chance = VISITOR_LEAVE_CHANCE if person.is_visitor else 0.0 if is_first else LEAVE_CHANCE
    for number, step in enumerate(_steps(person, is_first, dice)):
        if number > 0 and dice.chance(leave_chance):
            return
        deed, seconds = _deed(person, step, day, dice)
        if not deed:
            continue
        event = {**constants, **deed, "created_at": clock}
        if number == 0 and step.startswith("/") and (referrer := dice.weighted(person.company.referrers)):
            event["referrer"] = referrer
        if deed["event_type"] == "api_call" and person.company.api_agent:
            event["user_agent"] = person.company.api_agent.user_agent
        yield event
        if dice.chance(ERROR_CHANCE):
            failure = {"event_type": "error", "event_name": dice.weighted(ERRORS), "metadata": {"code": 500}}
            yield {**constants, **failure, "created_at": clock + dice.whole(40, 900)}
        if dice.chance(LONG_PAUSE_CHANCE):
            seconds += dice.skewed(1_801, 7_200)
        clock += int(seconds * 1000)


def _arrival(company: Company, calendar: Calendar, day: int, dice: Dice) -> int:
    weights = company.weekend_hours if calendar.is_weekend(day) else company.weekday_hours
    hour = dice.weighted(weights)
    return calendar.milliseconds(day, hour, dice.whole(0, 3599)) + dice.whole(0, 999)


def _constants(person: Person, agent: Agent, clock: int, dice: Dice) -> Event:
    """What stays the same through a visit."""
    constants: Event = {"user_id": person.user_id, "workspace_id": person.company.workspace_id}
    if person.company.sends_session_id:
        constants["session_id"] = f"s-{person.user_id}-{clock // 1000:x}"
    if agent.user_agent:
        constants["user_agent"] = agent.user_agent
    constants.update(agent.given)
    constants["ip_address"] = person.ip_address
    if not dice.chance(COUNTRY_UNKNOWN_CHANCE):
        is_travelling = dice.chance(TRAVEL_CHANCE)
        constants["country_code"] = dice.weighted(person.company.countries) if is_travelling else person.country
    return constants


def _steps(person: Person, is_first: bool, dice: Dice) -> list[str]:
    company = person.company
    if person.is_visitor:
        return dice.weighted(company.visitor_journeys).split()
    steps = dice.weighted(company.first_journeys).split() if is_first else []
    for _ in range(dice.whole(*person.habit.journeys) - is_first):
        steps += dice.weighted(company.work_journeys).split()
    return steps


def _deed(person: Person, step: str, day: int, dice: Dice) -> tuple[Event, float]:
    """The fields that a step of a journey sets, and the seconds until the next; no fields: the step does not happen."""
    kind, name = step[0], step[1:]
    event_type = EVENT_TYPES.get(kind, step)
    if kind == "/":
        return {"event_type": event_type, "page_path": step}, dice.skewed(3, 150)
    if kind == "+":
        return _feature_use(person, name, day / DAYS, dice)
    if kind == "@":
        answer = {"status": 200, "latency_ms": dice.whole(18, 420)}
        return {"event_type": event_type, "event_name": name, "metadata": answer}, dice.skewed(0.2, 20)
    if kind == "!":
        return {"event_type": event_type, "event_name": name, "metadata": {"code": 429}}, dice.skewed(1, 40)
    if kind == "$":
        revenue = {"revenue": dice.weighted(person.company.prices)}
        return {"event_type": event_type, "event_name": name, "metadata": revenue}, dice.skewed(2, 30)
    if kind == "*":
        return {"event_type": event_type, "event_name": name}, dice.skewed(2, 60)
    return {"event_type": event_type}, dice.skewed(1, 8)


def _feature_use(person: Person, name: str, progress: float, dice: Dice) -> tuple[Event, float]:
    feature = _feature(person, name, progress, dice)
    if feature is None:
        return {}, 0.0
    seconds = int(dice.skewed(50, 4_000)) / 10
    metadata: dict[str, object] = {}
    if dice.chance(CATEGORY_SENT_SHARE):
        metadata["category"] = feature.category
    if dice.chance(DURATION_SENT_SHARE):
        metadata["duration"] = seconds
    event: Event = {"event_type": "feature_use", "event_name": feature.name}
    return (event | {"metadata": metadata} if metadata else event), seconds + dice.skewed(1, 20)


def _feature(person: Person, name: str, progress: float, dice: Dice) -> Feature | None:
    """The feature of that name, or without a name one of the person's favourites, as popular as it is by then."""
    if name:
        return next(feature for feature in person.company.features if feature.name == name)
    popularity = [feature.popularity(progress) for feature in person.favourites]
    remaining = dice.roll() * sum(popularity)
    for feature, weight in zip(person.favourites, popularity, strict=True):
        remaining -= weight
        if remaining < 0:
            return feature
    return None


def crawl(company: Company, calendar: Calendar, human_events: int, people: list[Person], dice: Dice) -> list[Event]:
    """Events of search engines, at all hours, in the proportion CRAWLER_SHARE to those of people."""
    pages = sorted({step for journey in company.visitor_journeys for step in journey.split()})
    wanted = int(human_events * CRAWLER_SHARE / (1 - CRAWLER_SHARE))
    events: list[Event] = []
    while len(events) < wanted:
        crawler = dice.whole(0, len(CRAWLERS) - 1)
        user_id = dice.pick(people).user_id if dice.chance(CRAWLER_IS_SIGNED_IN_SHARE) else f"crawler-{crawler}"
        clock = calendar.milliseconds(dice.whole(0, DAYS - 1), dice.whole(0, 22), dice.whole(0, 3599))
        for _ in range(dice.whole(*CRAWL_LENGTH)):
            events.append(
                {
                    "user_id": user_id,
                    "workspace_id": company.workspace_id,
                    "user_agent": CRAWLERS[crawler],
                    "ip_address": f"203.0.113.{250 + crawler}",
                    "event_type": "page_view",
                    "page_path": dice.pick(pages),
                    "created_at": clock,
                }
            )
            clock += dice.whole(300, 4_000)
    return events
