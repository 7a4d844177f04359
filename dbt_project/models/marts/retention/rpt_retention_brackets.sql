-- Brackets stand beside single days: who comes on day 8 in place of day 7 is lost to day 7 and kept by the second week.
with

brackets as (

    {{ retention_brackets() }}

),

first_days as (

    select
        active_days.workspace_id,
        active_days.user_key,
        active_days.activity_date as first_active_date,
        as_of_dates.as_of_date
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_active_days') }} as active_days
        on as_of_dates.workspace_id = active_days.workspace_id
            and active_days.activity_date
            between {{ add_days('as_of_dates.as_of_date', 1 - (var('timeframes') | max)) }} and as_of_dates.as_of_date
    where active_days.previous_active_date is null

),

-- Who started so late that the bracket still runs is not asked yet.
eligible_users as (

    select
        first_days.workspace_id,
        first_days.user_key,
        first_days.first_active_date,
        brackets.first_day,
        brackets.last_day,
        {{ add_days('first_days.first_active_date', 'brackets.first_day') }} as starts_on,
        {{ add_days('first_days.first_active_date', 'brackets.last_day') }} as ends_on
    from first_days
    inner join brackets
        on first_days.as_of_date >= {{ add_days('first_days.first_active_date', 'brackets.last_day') }}

),

retained_users as (

    select distinct
        eligible_users.user_key,
        eligible_users.first_day
    from eligible_users
    inner join {{ ref('int_active_days') }} as active_days
        on eligible_users.user_key = active_days.user_key
            and active_days.activity_date between eligible_users.starts_on and eligible_users.ends_on

),

users_of_timeframes as (

    select
        eligible_users.workspace_id,
        timeframes.timeframe,
        eligible_users.first_day,
        eligible_users.last_day,
        eligible_users.user_key,
        case when retained_users.user_key is not null then 1 else 0 end as retained_users
    from eligible_users
    inner join {{ ref('int_timeframes') }} as timeframes
        on eligible_users.workspace_id = timeframes.workspace_id
            and eligible_users.first_active_date between timeframes.starts_on and timeframes.ends_on
    left join retained_users
        on eligible_users.user_key = retained_users.user_key
            and eligible_users.first_day = retained_users.first_day

),

counts as (

    {{ segment_totals('users_of_timeframes', keys=['timeframe', 'first_day', 'last_day'], sums=['retained_users']) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    first_day,
    last_day,
    users as eligible_users,
    cast(retained_users as bigint) as retained_users,
    cast({{ ratio('100 * retained_users', 'users') }} as decimal(5, 2)) as retention_rate,
    cast(retained_users as bigint) as retention_rate_numerator,
    users as retention_rate_denominator
from counts
