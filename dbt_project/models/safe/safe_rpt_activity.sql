with

activity as (

    select
        activity.*,
        reports.active_users,
        reports.rest_active_users
    from {{ ref('rpt_activity') }} as activity
    inner join {{ ref('int_safe_reports') }} as reports
        on activity.workspace_id = reports.workspace_id
            and activity.segment_id = reports.segment_id
            and activity.timeframe = reports.timeframe

),

hidden_growth as (

    {{ hidden_growth('activity', ['timeframe']) }}

),

rests as (

    select
        *,
        {{ of_the_rest('dau', ['timeframe']) }} as rest_dau,
        {{ of_the_rest('wau', ['timeframe']) }} as rest_wau,
        {{ of_the_rest('mau', ['timeframe']) }} as rest_mau,
        {{ of_the_rest('bounce_rate_numerator', ['timeframe']) }} as rest_bounces,
        bounce_rate_denominator - bounce_rate_numerator as stays,
        {{ of_the_rest('(bounce_rate_denominator - bounce_rate_numerator)', ['timeframe']) }} as rest_stays
    from activity

),

-- The users of a day are among those of its week, they among those of its month, and the timeframe is one of such
-- spans: of those whose difference is small, the longer one is shown.
judged_months as (

    select
        *,
        {{ is_small('mau') }} or {{ is_small('rest_mau') }} as are_few_monthly,
        {{ is_small('mau') }}
        or {{ is_small('rest_mau') }}
        or {{ is_small('abs(active_users - mau)') }}
        or {{ is_small('abs(rest_active_users - rest_mau)') }} as is_mau_hidden
    from rests

),

judged_weeks as (

    select
        *,
        {{ is_small('wau') }}
        or {{ is_small('rest_wau') }}
        or {{ is_small('active_users - wau') }}
        or {{ is_small('rest_active_users - rest_wau') }}
        or (
            not is_mau_hidden
            and ({{ is_small('mau - wau') }} or {{ is_small('rest_mau - rest_wau') }})
        ) as is_wau_hidden
    from judged_months

),

judged_days as (

    select
        *,
        {{ is_small('dau') }}
        or {{ is_small('rest_dau') }}
        or {{ is_small('active_users - dau') }}
        or {{ is_small('rest_active_users - rest_dau') }}
        or (
            not is_mau_hidden
            and ({{ is_small('mau - dau') }} or {{ is_small('rest_mau - rest_dau') }})
        )
        or (
            not is_wau_hidden
            and ({{ is_small('wau - dau') }} or {{ is_small('rest_wau - rest_dau') }})
        ) as is_dau_hidden,
        {{ is_small('bounce_rate_numerator') }}
        or {{ is_small('rest_bounces') }}
        or {{ is_small('stays') }}
        or {{ is_small('rest_stays') }} as is_bounce_rate_hidden
    from judged_weeks

)

-- A change in percent would give the earlier number back, so changes are left out.
select
    activity.workspace_id,
    activity.segment_id,
    activity.timeframe,
    activity.as_of_date,
    activity.active_users,
    case when not activity.is_dau_hidden then activity.dau end as dau,
    case when not activity.is_wau_hidden then activity.wau end as wau,
    case when not activity.is_mau_hidden then activity.mau end as mau,
    case when not hidden.are_new_hidden then activity.new_users end as new_users,
    case when not hidden.are_returning_hidden then activity.returning_users end as returning_users,
    case when not hidden.are_reactivated_hidden then activity.reactivated_users end as reactivated_users,
    case when not hidden.are_churned_hidden then activity.churned_users end as churned_users,
    activity.avg_sessions_per_user,
    activity.avg_session_seconds,
    case when not activity.is_bounce_rate_hidden then activity.bounce_rate end as bounce_rate,
    case when not activity.is_bounce_rate_hidden then activity.bounce_rate_numerator end as bounce_rate_numerator,
    case when not activity.is_bounce_rate_hidden then activity.bounce_rate_denominator end as bounce_rate_denominator,
    case when not activity.are_few_monthly then activity.engagement_score end as engagement_score
from judged_days as activity
inner join hidden_growth as hidden
    on activity.workspace_id = hidden.workspace_id
        and activity.segment_id = hidden.segment_id
        and activity.timeframe = hidden.timeframe
