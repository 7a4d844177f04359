{{ shown_rows_of_reports('rpt_session_breakdown', 'users', ['dimension'], ['value'], ['users', 'sessions', 'share']) }}
