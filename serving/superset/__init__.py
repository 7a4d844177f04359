"""Superset's datasets, charts and dashboard of the marts, in its own export format: see docs/bi.md."""
