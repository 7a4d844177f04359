with

-- The last active day before the timeframe tells who was active in the one before; the next one, who came back.
users_before as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        days.user_key,
        case when coalesce(days.next_active_date > timeframes.ends_on, true) then 1 else 0 end as churned_users
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_active_days') }} as days
        on timeframes.workspace_id = days.workspace_id
            and timeframes.previous_starts_on <= days.activity_date
            and timeframes.starts_on > days.activity_date
    where coalesce(days.next_active_date >= timeframes.starts_on, true)

),

churn_of_segments as (

    {{ segment_totals('users_before', keys=['timeframe'], sums=['churned_users']) }}

),

-- A user lapses on the 30th day after the last active one.
lapsed_users as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        users.user_key,
        {{ days_between('users.first_active_date', 'users.last_active_date') }} + 1 as lifetime_days
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_users') }} as users
        on timeframes.workspace_id = users.workspace_id
            and users.last_active_date >= {{ add_days('timeframes.starts_on', -30) }}
            and users.last_active_date <= {{ add_days('timeframes.ends_on', -30) }}

),

lifetimes_of_segments as (

    {{ segment_totals('lapsed_users', keys=['timeframe'], sums=['lifetime_days']) }}

)

select
    reports.workspace_id,
    reports.segment_id,
    reports.timeframe,
    cast(coalesce(churn.churned_users, 0) as bigint) as churned_users,
    cast({{ ratio('100 * churn.churned_users', 'churn.users') }} as decimal(5, 2)) as churn_rate,
    cast(coalesce(churn.churned_users, 0) as bigint) as churn_rate_numerator,
    cast(coalesce(churn.users, 0) as bigint) as churn_rate_denominator,
    cast({{ ratio('lifetimes.lifetime_days', 'lifetimes.users') }} as decimal(18, 2)) as avg_lifetime_days
from {{ ref('int_report_periods') }} as reports
left join churn_of_segments as churn
    on reports.workspace_id = churn.workspace_id
        and reports.segment_id = churn.segment_id
        and reports.timeframe = churn.timeframe
left join lifetimes_of_segments as lifetimes
    on reports.workspace_id = lifetimes.workspace_id
        and reports.segment_id = lifetimes.segment_id
        and reports.timeframe = lifetimes.timeframe
