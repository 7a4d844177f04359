"""Dagster definitions, one noun a module. Logic belongs in `orchestration/refresh.py` and below, not here."""
