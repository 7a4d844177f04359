select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cells.cohort_start,
    cells.cohort_users,
    cast(max(case when cells.period_number = 1 then cells.retention_rate end) as decimal(5, 2)) as day1,
    cast(max(case when cells.period_number = 7 then cells.retention_rate end) as decimal(5, 2)) as day7,
    cast(max(case when cells.period_number = 14 then cells.retention_rate end) as decimal(5, 2)) as day14,
    cast(max(case when cells.period_number = 30 then cells.retention_rate end) as decimal(5, 2)) as day30,
    cast(max(case when cells.period_number = 60 then cells.retention_rate end) as decimal(5, 2)) as day60,
    cast(max(case when cells.period_number = 90 then cells.retention_rate end) as decimal(5, 2)) as day90
from {{ ref('int_report_periods') }} as periods
inner join {{ ref('fct_cohort_retention') }} as cells
    on periods.workspace_id = cells.workspace_id
        and cells.cohort_start between periods.starts_on and periods.ends_on
where cells.grain = 'day'
group by
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cells.cohort_start,
    cells.cohort_users
