with

rates as (

    select
        *,
        cast({{ ratio('100 * retained_users', 'cohort_users') }} as decimal(5, 2)) as retention_rate
    from {{ ref('int_segment_cohorts') }}
    where day_number in (0, 1, 7, 14, 30, 60, 90)

)

select
    timeframes.workspace_id,
    rates.segment_id,
    timeframes.timeframe,
    rates.cohort_start,
    rates.cohort_users,
    cast(max(case when rates.day_number = 1 then rates.retention_rate end) as decimal(5, 2)) as day1,
    cast(max(case when rates.day_number = 7 then rates.retention_rate end) as decimal(5, 2)) as day7,
    cast(max(case when rates.day_number = 14 then rates.retention_rate end) as decimal(5, 2)) as day14,
    cast(max(case when rates.day_number = 30 then rates.retention_rate end) as decimal(5, 2)) as day30,
    cast(max(case when rates.day_number = 60 then rates.retention_rate end) as decimal(5, 2)) as day60,
    cast(max(case when rates.day_number = 90 then rates.retention_rate end) as decimal(5, 2)) as day90
from {{ ref('int_timeframes') }} as timeframes
inner join rates
    on timeframes.workspace_id = rates.workspace_id
        and rates.cohort_start between timeframes.starts_on and timeframes.ends_on
group by
    timeframes.workspace_id,
    rates.segment_id,
    timeframes.timeframe,
    rates.cohort_start,
    rates.cohort_users
