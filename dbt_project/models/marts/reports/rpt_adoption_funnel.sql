with

periods as (

    select * from {{ ref('int_report_periods') }}

),

stages as (

    select
        labels.stage_order,
        labels.stage
    from (
        values
        (1, 'Known'),
        (2, 'Active in timeframe'),
        (3, 'Used any feature'),
        (4, 'Repeated a feature'),
        (5, 'Habitual')
    ) as labels (stage_order, stage)

),

known_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        count(*) as users
    from periods
    inner join {{ ref('int_users') }} as users
        on periods.workspace_id = users.workspace_id
            and periods.ends_on >= users.known_from
    group by periods.workspace_id, periods.segment_id, periods.timeframe

),

active_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        count(distinct user_days.user_key) as users
    from periods
    inner join {{ ref('int_user_days') }} as user_days
        on periods.workspace_id = user_days.workspace_id
            and user_days.activity_date between periods.starts_on and periods.ends_on
    where not user_days.is_bot
    group by periods.workspace_id, periods.segment_id, periods.timeframe

),

usage_by_user_and_feature as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.timeframe_days,
        feature_days.user_key,
        feature_days.feature_name,
        count(*) as days,
        count(distinct {{ period_index('week', 'feature_days.activity_date') }}) as weeks
    from periods
    inner join {{ ref('int_feature_days') }} as feature_days
        on periods.workspace_id = feature_days.workspace_id
            and feature_days.activity_date between periods.starts_on and periods.ends_on
    group by
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.timeframe_days,
        feature_days.user_key,
        feature_days.feature_name

),

feature_users as (

    select
        workspace_id,
        segment_id,
        timeframe,
        count(distinct user_key) as users,
        count(distinct case when days >= 2 then user_key end) as repeated_users,
        -- Three ISO weeks never fit into seven days, so there three days make a habit.
        count(distinct case when case when timeframe_days = 7 then days else weeks end >= 3 then user_key end)
            as habitual_users
    from usage_by_user_and_feature
    group by workspace_id, segment_id, timeframe

),

stage_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        stages.stage_order,
        stages.stage,
        coalesce(
            case stages.stage_order
                when 1 then known_users.users
                when 2 then active_users.users
                when 3 then feature_users.users
                when 4 then feature_users.repeated_users
                when 5 then feature_users.habitual_users
            end,
            0
        ) as users
    from periods
    cross join stages
    left join known_users
        on periods.workspace_id = known_users.workspace_id
            and periods.segment_id = known_users.segment_id
            and periods.timeframe = known_users.timeframe
    left join active_users
        on periods.workspace_id = active_users.workspace_id
            and periods.segment_id = active_users.segment_id
            and periods.timeframe = active_users.timeframe
    left join feature_users
        on periods.workspace_id = feature_users.workspace_id
            and periods.segment_id = feature_users.segment_id
            and periods.timeframe = feature_users.timeframe

),

dropoffs as (

    select
        *,
        lag(users) over (
            partition by workspace_id, segment_id, timeframe
            order by stage_order
        ) as users_before
    from stage_users

)

select
    workspace_id,
    segment_id,
    timeframe,
    stage_order,
    stage,
    users,
    cast({{ ratio('100 * (users_before - users)', 'users_before') }} as decimal(5, 2)) as dropoff_rate,
    users_before - users as dropoff_rate_numerator,
    users_before as dropoff_rate_denominator
from dropoffs
