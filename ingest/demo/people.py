"""The people of a company: who they are, when they sign up, and on which days they come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from ingest.demo.calendar import DAYS, Calendar
from ingest.demo.companies import Agent, Company, Feature
from ingest.demo.dice import Dice

EARLY_SHARE = 0.12  # signed up in the beta, before the first day
BETA_DAYS = 60
NEVER_CAME_SHARE = 0.02  # signed up, never seen
SECOND_DEVICE_SHARE = 0.35
DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
IPV6_SHARE = 0.15  # of people; 2001:db8::/32, RFC 3849

SETTLED_RATE = 0.45  # what remains of the first days' enthusiasm
ENTHUSIASM_DAYS = 9
LONGEST_BREAK_DAYS = 80
SHORTEST_BREAK_DAYS = 25


@dataclass(frozen=True)
class Habit:
    """How often somebody comes, how long the habit holds, and how much they do when they are there."""

    daily_rate: float  # chance to come on a busy day while enthusiastic; over 1 = for sure
    typical_days: float  # half of the habits are broken sooner
    return_chance: float  # to take the habit up again after a break
    journeys: tuple[int, int]  # fewest and most in one session
    features: tuple[int, int]  # fewest and most favourites


HABITS = {
    "power": Habit(1.5, 600, 0.8, (2, 4), (5, 8)),
    "regular": Habit(0.62, 55, 0.7, (1, 2), (3, 5)),
    "casual": Habit(0.24, 32, 0.65, (1, 1), (1, 3)),
    "once": Habit(0.0, 1, 0.0, (1, 1), (1, 2)),
}
HABIT_WEIGHTS = {"power": 4, "regular": 28, "casual": 38, "once": 30}


@dataclass(frozen=True)
class Person:
    user_id: str
    company: Company
    habit: Habit
    first_day: int  # of sign-up, or of the only visit
    is_visitor: bool  # looks around and never signs up
    is_ever_seen: bool
    country: str
    ip_address: str
    agents: tuple[Agent, ...]
    favourites: tuple[Feature, ...]
    plan: str
    role: str
    company_size: str


def population(company: Company, calendar: Calendar, dice: Dice) -> list[Person]:
    """Everyone who signs up, then everyone who only looks around."""
    signups = [_person(company, calendar, number, dice) for number in range(1, company.signups + 1)]
    visitors = [_person(company, calendar, number, dice, is_visitor=True) for number in range(1, company.visitors + 1)]
    return signups + visitors


def _person(company: Company, calendar: Calendar, number: int, dice: Dice, is_visitor: bool = False) -> Person:
    habit = HABITS["once" if is_visitor else dice.weighted(HABIT_WEIGHTS)]
    is_early = not is_visitor and dice.chance(EARLY_SHARE)
    return Person(
        user_id=_user_id(company, number, is_visitor),
        company=company,
        habit=habit,
        first_day=-dice.whole(1, BETA_DAYS) if is_early else _growing_day(company, calendar, dice),
        is_visitor=is_visitor,
        is_ever_seen=not dice.chance(NEVER_CAME_SHARE),
        country=dice.weighted(company.countries),
        ip_address=_ip_address(dice),
        agents=_agents(company, dice),
        favourites=_favourites(company, dice.whole(*habit.features), dice),
        plan=dice.weighted(company.plans),
        role=dice.weighted(company.roles),
        company_size=dice.weighted(company.company_sizes),
    )


def _user_id(company: Company, number: int, is_visitor: bool) -> str:
    """Two companies number their people alike, so that only workspace and id together name a person."""
    if is_visitor:
        return f"visitor-{number:04d}"
    return str(70_000 + number) if company.numbers_its_users else f"u-{number:05d}"


def _growing_day(company: Company, calendar: Calendar, dice: Dice) -> int:
    """A day of the demo; the last day draws three times as many people as the first, weekends their share."""
    while True:
        day = int(DAYS * (sqrt(1 + 8 * dice.roll()) - 1) / 2)
        if dice.chance(_day_share(company, calendar, day)):
            return day


def _day_share(company: Company, calendar: Calendar, day: int) -> float:
    """Activity of this day against the company's busiest day of the week, from 0 to 1."""
    busiest = max(1.0, company.weekend_share)
    return (company.weekend_share if calendar.is_weekend(day) else 1.0) / busiest


def _ip_address(dice: Dice) -> str:
    if dice.chance(IPV6_SHARE):
        return f"2001:db8:{dice.whole(1, 0xFFFF):x}::{dice.whole(1, 0xFFFF):x}"
    return f"{dice.pick(DOCUMENTATION_NETWORKS)}.{dice.whole(1, 254)}"


def _agents(company: Company, dice: Dice) -> tuple[Agent, ...]:
    """The person's main client, for some a second one."""
    main = dice.weighted(company.agents)
    return (main, dice.weighted(company.agents)) if dice.chance(SECOND_DEVICE_SHARE) else (main,)


def _favourites(company: Company, size: int, dice: Dice) -> tuple[Feature, ...]:
    """Features this person cares for; the better known are in more hearts, the unused in none."""
    used = [feature for feature in company.features if feature.is_ever_used]
    ranks = {feature.name: dice.roll() / max(feature.before, feature.after) for feature in used}
    return tuple(sorted(used, key=lambda feature: ranks[feature.name])[:size])


def visit_days(person: Person, calendar: Calendar, dice: Dice) -> Iterator[int]:
    """The days on which the person comes, in order: a habit that decays, breaks and may be taken up again."""
    if not person.is_ever_seen:
        return
    if person.first_day >= 0:
        yield person.first_day
    habit = person.habit
    settled, broken = person.first_day, person.first_day + _habit_days(habit, dice)
    day = person.first_day + 1
    while day < DAYS and habit.daily_rate > 0:
        if day > broken:
            if not dice.chance(habit.return_chance):
                return
            settled = day = day + dice.whole(SHORTEST_BREAK_DAYS, LONGEST_BREAK_DAYS)
            broken = day + _habit_days(habit, dice)
        enthusiasm = SETTLED_RATE + (1 - SETTLED_RATE) / (1 + (day - settled) / ENTHUSIASM_DAYS)
        rate = min(0.97, habit.daily_rate * enthusiasm) * _day_share(person.company, calendar, day)
        if 0 <= day < DAYS and dice.chance(rate):
            yield day
        day += 1


def _habit_days(habit: Habit, dice: Dice) -> float:
    """A long-tailed length with the habit's median; a tenth last nine times as long."""
    draw = dice.roll()
    return habit.typical_days * draw / (1 - draw)
