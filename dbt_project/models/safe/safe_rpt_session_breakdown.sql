{{
    shown_rows_of_reports(
        'rpt_session_breakdown', 'users', ['dimension'], ['value'], ['value_order', 'users', 'sessions']
    )
}}
