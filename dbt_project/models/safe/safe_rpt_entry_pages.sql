{{ shown_rows_of_reports('rpt_entry_pages', 'users', [], ['page'], ['sessions', 'users']) }}
