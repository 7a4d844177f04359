"""Dagster's history is written without waiting for the disk."""

import sqlalchemy

from orchestration.dagster_home import leave_flushing_to_the_system


def test_history_is_written_without_waiting_for_the_disk(tmp_path):
    leave_flushing_to_the_system()
    leave_flushing_to_the_system()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/index.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 0
    engine.dispose()
