{{ shown_rows_of_reports('rpt_exit_pages', 'users', [], ['page'], ['sessions', 'users', 'avg_seconds_before_exit']) }}
