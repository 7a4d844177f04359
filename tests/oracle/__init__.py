"""An independent reading of the metric contract, in plain Python, to compare with what the dbt models publish.

Brute force on purpose: sets of days for each user and loops over windows, so that each rule can be checked by eye.
It shares no code with the warehouse and reads nothing but the landing rows it is given.
"""

from .landing import Landing, Settings
from .tables import Tables, published, published_with_segments

__all__ = ["Landing", "Settings", "Tables", "published", "published_with_segments"]
