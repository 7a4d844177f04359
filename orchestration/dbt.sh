#!/bin/sh
# What dagster-dbt starts as dbt; it takes one program and no arguments before its own.
exec "$FOOTFALL_PYTHON" -m orchestration.dbt_process "$@"
