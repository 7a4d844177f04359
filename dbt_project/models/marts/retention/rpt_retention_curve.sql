with

mature_cells as (

    select * from {{ ref('fct_cohort_retention') }}
    where grain = 'day'
        and is_mature

),

pooled_days as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        cells.period_number as day,
        cast(sum(cells.cohort_users) as bigint) as eligible_users,
        cast(sum(cells.retained_users) as bigint) as retained_users
    from {{ ref('int_report_periods') }} as periods
    inner join mature_cells as cells
        on periods.workspace_id = cells.workspace_id
            and cells.cohort_start between periods.starts_on and periods.ends_on
    group by periods.workspace_id, periods.segment_id, periods.timeframe, cells.period_number

)

select
    workspace_id,
    segment_id,
    timeframe,
    day,
    eligible_users,
    retained_users,
    cast({{ ratio('100 * retained_users', 'eligible_users') }} as decimal(5, 2)) as retention_rate,
    retained_users as retention_rate_numerator,
    eligible_users as retention_rate_denominator
from pooled_days
