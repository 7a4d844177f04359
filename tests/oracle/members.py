"""Who belongs to which segment: dim_segments and bridge_user_segments (section 7)."""

from dataclasses import dataclass
from fractions import Fraction

from . import values
from .churn import observed_churn
from .engagement import last_30_days
from .segments import BUILT_IN, Segment, segment_from
from .users import dim_user
from .workspaces import Workspace, attributes_of


@dataclass(frozen=True)
class Membership:
    """A segment and the facts of its members, by user_key."""

    segment: Segment
    members: dict[str, dict]


def memberships(workspace: Workspace) -> list[Membership]:
    facts = {user: facts_of(workspace, user) for user in sorted(workspace.people)}
    segments = (*BUILT_IN, *(segment_from(name, row) for name, row in workspace.segment_rows.items()))
    return [Membership(s, {user: fact for user, fact in facts.items() if s.holds(fact)}) for s in segments]


def facts_of(workspace: Workspace, user: str) -> dict:
    """What conditions can ask of a user: attributes, beaten by the columns of dim_users; scores are not rounded."""
    person = workspace.people[user]
    columns = dim_user(workspace, person)
    score = last_30_days(workspace, user, workspace.as_of_date).score
    state = columns["risk_state"]
    probability = observed_churn(workspace)[state].probability if state else None
    exact = {"engagement_score": score, "churn_probability": probability}
    return attributes_of(person.attributes) | columns | exact


def dim_segment(membership: Membership) -> dict:
    """dim_segments without its words, criteria and times. Engagement is that of the members active in 30 days."""
    facts = membership.members.values()
    revenues = [Fraction(fact["revenue_total"]) for fact in facts]
    scores = [fact["engagement_score"] for fact in facts if fact["active_days_30"]]
    return {
        "segment_name": membership.segment.segment_name,
        "segment_type": membership.segment.segment_type,
        "users": len(membership.members),
        "avg_engagement": values.rounded(sum(scores, Fraction(0)) / len(scores) if scores else None),
        "avg_revenue": values.rounded(sum(revenues, Fraction(0)) / len(revenues) if revenues else None),
    }
