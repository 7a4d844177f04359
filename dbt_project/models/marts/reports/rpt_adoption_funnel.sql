with

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

usage_by_user_and_feature as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        timeframes.timeframe_days,
        feature_days.user_key,
        feature_days.feature_name,
        count(*) as days,
        {{ set_of_weeks('feature_days.activity_date', 'timeframes.starts_on') }} as weeks
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_feature_days') }} as feature_days
        on timeframes.workspace_id = feature_days.workspace_id
            and feature_days.activity_date between timeframes.starts_on and timeframes.ends_on
    group by
        timeframes.workspace_id,
        timeframes.timeframe,
        timeframes.timeframe_days,
        feature_days.user_key,
        feature_days.feature_name

),

feature_users as (

    select
        workspace_id,
        timeframe,
        user_key,
        max(case when days >= 2 then 1 else 0 end) as repeated_users,
        -- Three ISO weeks never fit into seven days, so there three days make a habit.
        max(
            case
                when timeframe_days = 7 then case when days >= 3 then 1 else 0 end
                when {{ has_three_weeks('weeks') }} then 1
                else 0
            end
        ) as habitual_users
    from usage_by_user_and_feature
    group by workspace_id, timeframe, user_key

),

feature_totals as (

    {{ segment_totals('feature_users', keys=['timeframe'], sums=['repeated_users', 'habitual_users']) }}

),

stage_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        stages.stage_order,
        stages.stage,
        cast(
            coalesce(
                case stages.stage_order
                    when 1 then periods.known_users
                    when 2 then periods.active_users
                    when 3 then feature_totals.users
                    when 4 then feature_totals.repeated_users
                    when 5 then feature_totals.habitual_users
                end,
                0
            ) as bigint
        ) as users
    from {{ ref('int_period_users') }} as periods
    cross join stages
    left join feature_totals
        on periods.workspace_id = feature_totals.workspace_id
            and periods.segment_id = feature_totals.segment_id
            and periods.timeframe = feature_totals.timeframe

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
