with

pooled_days as (

    select
        timeframes.workspace_id,
        cohorts.segment_id,
        timeframes.timeframe,
        cohorts.day_number as day,
        cast(sum(cohorts.cohort_users) as bigint) as eligible_users,
        cast(sum(cohorts.retained_users) as bigint) as retained_users
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_segment_cohorts') }} as cohorts
        on timeframes.workspace_id = cohorts.workspace_id
            and cohorts.cohort_start between timeframes.starts_on and timeframes.ends_on
    group by timeframes.workspace_id, cohorts.segment_id, timeframes.timeframe, cohorts.day_number

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
