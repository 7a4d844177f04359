"""The sections of the dashboard, by title, in their order."""

from collections.abc import Callable

from serving.dashboard.data import View
from serving.dashboard.panels import features, journeys, overview, retention, segments, sessions

SECTIONS: dict[str, Callable[[View], None]] = {
    "Overview": overview.show,
    "Sessions": sessions.show,
    "Features": features.show,
    "Journeys": journeys.show,
    "Retention": retention.show,
    "Segments": segments.show,
}
