-- Facts count users whose rows have expired, reports do not (all_users, group_users): a day is hidden from both where
-- either, or the difference, is of few.
-- Timeframes end on the same day: where the days between one and the next hide no small group, no timeframe does.
with

days_of_reports as (

    select
        workspace_id,
        max(ends_on) as ends_on,
        max(timeframe_days) as timeframe_days
    from {{ ref('int_timeframes') }}
    group by workspace_id

),

days as (

    select
        activity.workspace_id,
        activity.segment_id,
        activity.activity_date,
        activity.active_users as group_users,
        case when activity.segment_id = 'all' then coalesce(facts.dau, 0) else activity.active_users end as all_users,
        days_of_reports.ends_on
    from {{ ref('rpt_activity_by_date') }} as activity
    inner join days_of_reports on activity.workspace_id = days_of_reports.workspace_id
    left join {{ ref('fct_activity_daily') }} as facts
        on activity.workspace_id = facts.workspace_id
            and activity.activity_date = facts.activity_date
    where activity.timeframe = '{{ var("timeframes") | max }}d'

    union all

    select
        activity.workspace_id,
        'all' as segment_id,
        activity.activity_date,
        activity.dau as group_users,
        activity.dau as all_users,
        days_of_reports.ends_on
    from {{ ref('fct_activity_daily') }} as activity
    inner join days_of_reports on activity.workspace_id = days_of_reports.workspace_id
    where activity.activity_date > days_of_reports.ends_on
        or activity.activity_date <= {{ add_days('days_of_reports.ends_on', '-days_of_reports.timeframe_days') }}

),

days_and_rests as (

    select
        *,
        {{ of_the_rest('group_users', ['activity_date']) }} as rest_users,
        case
            when activity_date > ends_on then 0
            else coalesce({{ shortest_timeframe('activity_date', 'ends_on') }}, 0)
        end as band
    from days

),

periods as (

    select
        *,
        {{ of_the_rest('active_users', ['timeframe']) }} as rest_active_users
    from {{ ref('int_period_users') }}

),

exposed_days as (

    select distinct
        days.workspace_id,
        days.segment_id,
        days.activity_date
    from days_and_rests as days
    inner join {{ ref('int_timeframes') }} as timeframes
        on days.workspace_id = timeframes.workspace_id
            and days.activity_date between timeframes.starts_on and timeframes.ends_on
    inner join periods
        on days.workspace_id = periods.workspace_id
            and days.segment_id = periods.segment_id
            and timeframes.timeframe = periods.timeframe
    where {{ is_small('periods.active_users - days.group_users') }}
        or {{ is_small('periods.rest_active_users - days.rest_users') }}

),

cells as (

    select
        days.*,
        exposed_days.activity_date is not null
        or {{ is_small('days.all_users') }}
        or {{ is_small('days.all_users - days.group_users') }} as is_exposed
    from days_and_rests as days
    left join exposed_days
        on days.workspace_id = exposed_days.workspace_id
            and days.segment_id = exposed_days.segment_id
            and days.activity_date = exposed_days.activity_date

),

judged_days as (

    {{ hidden_rows_of_segments('cells', ['band'], ['activity_date'], are_disjoint=false) }}

)

select
    workspace_id,
    segment_id,
    activity_date,
    is_hidden
from judged_days
