-- period_index numbers the periods of a grain one by one, so that "the period before" is a subtraction.
with

shown_days as (

    select
        active_days.workspace_id,
        active_days.user_key,
        active_days.activity_date
    from {{ ref('int_active_days') }} as active_days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on active_days.workspace_id = as_of_dates.workspace_id
            and active_days.activity_date <= as_of_dates.as_of_date

),

periods as (

    select
        workspace_id,
        user_key,
        'day' as grain,
        {{ period_index('day', 'activity_date') }} as period_index
    from shown_days

    union all

    select distinct
        workspace_id,
        user_key,
        'week' as grain,
        {{ period_index('week', 'activity_date') }} as period_index
    from shown_days

    union all

    select distinct
        workspace_id,
        user_key,
        'month' as grain,
        {{ period_index('month', 'activity_date') }} as period_index
    from shown_days

)

select
    workspace_id,
    user_key,
    grain,
    period_index,
    lag(period_index) over periods_of_user as previous_period_index,
    lead(period_index) over periods_of_user as next_period_index,
    first_value(period_index) over periods_of_user as first_period_index
from periods
window periods_of_user as (partition by workspace_id, user_key, grain order by period_index)
