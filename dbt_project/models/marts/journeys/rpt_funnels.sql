with

first_arrivals as (

    select
        timeframes.timeframe,
        arrivals.*,
        max(arrivals.start_date) over arrivals_of_user as last_start_date,
        row_number() over (
            partition by timeframes.timeframe, arrivals.user_key, arrivals.funnel_name, arrivals.step
            order by arrivals.event_number
        ) as arrival_rank
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_funnel_arrivals') }} as arrivals
        on timeframes.workspace_id = arrivals.workspace_id
            and timeframes.starts_on <= arrivals.start_date
    window arrivals_of_user as (
        partition by timeframes.timeframe, arrivals.user_key, arrivals.funnel_name, arrivals.step
    )

),

arrivals_of_segments as (

    select
        segments.segment_id,
        arrivals.*
    from first_arrivals as arrivals
    inner join {{ ref('int_user_segment_sets') }} as users on arrivals.user_key = users.user_key
    inner join {{ ref('int_segment_sets') }} as segments
        on users.workspace_id = segments.workspace_id
            and users.segment_set = segments.segment_set
    where arrivals.arrival_rank = 1

),

ranked_arrivals as (

    select
        *,
        count(*) over step_of_funnel as users,
        row_number() over (
            partition by workspace_id, segment_id, timeframe, funnel_name, step
            order by seconds
        ) as seconds_rank
    from arrivals_of_segments
    window step_of_funnel as (partition by workspace_id, segment_id, timeframe, funnel_name, step)

),

-- The ranks n/2 and n/2 + 1 of an even count are the middle two; an odd count has (n + 1)/2 alone between them.
counts as (

    select
        workspace_id,
        segment_id,
        timeframe,
        funnel_name,
        step,
        count(*) as users,
        max(last_start_date) as last_start_date,
        sum(case when 2 * seconds_rank between users and users + 2 then seconds end) as middle_seconds,
        count(case when 2 * seconds_rank between users and users + 2 then 1 end) as middle_users
    from ranked_arrivals
    group by workspace_id, segment_id, timeframe, funnel_name, step

),

steps as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.ends_on,
        steps.funnel_name,
        steps.step,
        steps.step_name,
        steps.window_hours,
        coalesce(counts.users, 0) as users,
        counts.middle_seconds,
        counts.middle_users,
        counts.last_start_date
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_funnel_steps') }} as steps on periods.workspace_id = steps.workspace_id
    left join counts
        on periods.workspace_id = counts.workspace_id
            and periods.segment_id = counts.segment_id
            and periods.timeframe = counts.timeframe
            and steps.funnel_name = counts.funnel_name
            and steps.step = counts.step

),

measures as (

    select
        *,
        lag(users) over steps_of_funnel as users_before,
        first_value(users) over steps_of_funnel as users_started,
        first_value(last_start_date) over steps_of_funnel as last_started_on
    from steps
    window steps_of_funnel as (partition by workspace_id, segment_id, timeframe, funnel_name order by step)

)

select
    workspace_id,
    segment_id,
    timeframe,
    funnel_name,
    step,
    step_name,
    users,
    cast({{ ratio('100 * users', 'users_before') }} as decimal(5, 2)) as step_rate,
    case when users_before is not null then users end as step_rate_numerator,
    users_before as step_rate_denominator,
    cast({{ ratio('100 * users', 'users_started') }} as decimal(5, 2)) as conversion_rate,
    users as conversion_rate_numerator,
    users_started as conversion_rate_denominator,
    cast({{ ratio('middle_seconds', 'middle_users') }} as decimal(18, 2)) as median_seconds,
    {{ add_days('last_started_on', 'ceil(window_hours / 24.0)') }} <= ends_on as is_mature
from measures
