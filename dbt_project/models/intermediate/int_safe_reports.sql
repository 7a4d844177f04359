with

days_with_sessions as (

    select
        user_days.workspace_id,
        user_days.user_key,
        user_days.activity_date
    from {{ ref('int_user_days') }} as user_days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on user_days.workspace_id = as_of_dates.workspace_id
            and user_days.activity_date <= as_of_dates.as_of_date
    where not user_days.is_bot
        and user_days.sessions > 0

),

session_users as (

    {{ timeframe_totals('days_with_sessions', keys=[]) }}

),

periods as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.known_users,
        periods.active_users,
        coalesce(session_users.users, 0) as session_users
    from {{ ref('int_period_users') }} as periods
    left join session_users
        on periods.workspace_id = session_users.workspace_id
            and periods.segment_id = session_users.segment_id
            and periods.timeframe = session_users.timeframe

),

periods_and_rests as (

    select
        *,
        {{ of_the_rest('known_users', ['timeframe']) }} as rest_known_users,
        {{ of_the_rest('active_users', ['timeframe']) }} as rest_active_users,
        {{ of_the_rest('session_users', ['timeframe']) }} as rest_session_users
    from periods

),

-- Known users are the same in every timeframe: one of which all but a few of them were active would tell of those.
judged_segments as (

    select
        workspace_id,
        segment_id,
        max(case when {{ is_small('known_users') }} or {{ is_small('rest_known_users') }} then 1 else 0 end) = 1
            as is_hidden,
        max(
            case
                when {{ is_small('known_users - active_users') }}
                    or {{ is_small('rest_known_users - rest_active_users') }}
                    then 1
                else 0
            end
        ) = 1 as are_known_users_hidden
    from periods_and_rests
    group by workspace_id, segment_id

),

judged_periods as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.known_users,
        periods.active_users,
        periods.rest_known_users,
        periods.rest_active_users,
        segments.are_known_users_hidden,
        segments.is_hidden
        or {{ is_small('periods.active_users') }}
        or {{ is_small('periods.rest_active_users') }}
        or {{ is_small('periods.session_users') }}
        or {{ is_small('periods.rest_session_users') }} as is_small_report
    from periods_and_rests as periods
    inner join judged_segments as segments
        on periods.workspace_id = segments.workspace_id
            and periods.segment_id = segments.segment_id

),

-- Everybody active in the last 30 days is in one of these three: what two of them leave over is the third.
score_segments as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.active_users as group_users,
        0 as rest_users,
        periods.is_small_report as is_exposed
    from judged_periods as periods
    inner join {{ ref('int_segments') }} as segments on periods.segment_id = segments.segment_id
    where segments.segment_name in ('Power users', 'Regular', 'Casual')

),

judged_score_segments as (

    {{ hidden_rows('score_segments', ['workspace_id', 'timeframe'], ['segment_id'], are_disjoint=true) }}

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    periods.active_users,
    periods.rest_active_users,
    case when not periods.are_known_users_hidden then periods.known_users end as known_users,
    case when not periods.are_known_users_hidden then periods.rest_known_users end as rest_known_users
from judged_periods as periods
left join judged_score_segments as siblings
    on periods.workspace_id = siblings.workspace_id
        and periods.segment_id = siblings.segment_id
        and periods.timeframe = siblings.timeframe
where not periods.is_small_report
    and not coalesce(siblings.is_hidden, false)
