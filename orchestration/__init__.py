"""Runs the pipeline: settings, command line and the Dagster definitions."""
