with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

ranked_profiles as (

    select
        *,
        row_number() over (
            partition by workspace_id, user_key
            order by updated_at desc, {{ byte_order('content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_users') }}

),

signups as (

    select
        ranked_profiles.workspace_id,
        ranked_profiles.user_key,
        ranked_profiles.load_id,
        ranked_profiles.line,
        as_of_dates.as_of_date,
        cast({{ to_local('ranked_profiles.signed_up_at', 'zone_days') }} as date) as signup_date
    from ranked_profiles
    inner join as_of_dates on ranked_profiles.workspace_id = as_of_dates.workspace_id
    left join {{ ref('stg_time_zone_days') }} as zone_days
        on as_of_dates.timezone = zone_days.timezone
            and cast(ranked_profiles.signed_up_at as date) = zone_days.utc_date
    where ranked_profiles.recency_rank = 1

),

-- A sign-up after as_of_date is not shown; under --as-of the profile that came with it is not there at all.
profiles as (

    select
        workspace_id,
        user_key,
        case when signup_date <= as_of_date then signup_date end as signup_date,
        -- A profile without sign-up date was always known.
        coalesce(signup_date, date '1970-01-01') as known_from
    from signups
    where {{ is_shown("coalesce(signup_date, date '1970-01-01')", 'as_of_date') }}

),

first_days as (

    select
        workspace_id,
        user_key,
        min(activity_date) as first_seen_date
    from {{ ref('int_user_days') }}
    where not is_bot
    group by workspace_id, user_key

),

past_activity as (

    select
        user_days.workspace_id,
        user_days.user_key,
        min(user_days.activity_date) as first_active_date,
        max(user_days.activity_date) as last_active_date,
        sum(user_days.revenue) as revenue_total,
        count(case when user_days.activity_date > {{ add_days('as_of_dates.as_of_date', -30) }} then 1 end)
            as active_days_30,
        sum(
            case
                when user_days.activity_date > {{ add_days('as_of_dates.as_of_date', -30) }} then user_days.sessions
            end
        ) as sessions_30,
        sum(
            case
                when user_days.activity_date > {{ add_days('as_of_dates.as_of_date', -30) }} then user_days.events
            end
        ) as events_30
    from {{ ref('int_user_days') }} as user_days
    inner join as_of_dates
        on user_days.workspace_id = as_of_dates.workspace_id
            and user_days.activity_date <= as_of_dates.as_of_date
    where not user_days.is_bot
    group by user_days.workspace_id, user_days.user_key

),

users as (

    select
        workspace_id,
        user_key
    from profiles

    union

    select
        first_days.workspace_id,
        first_days.user_key
    from first_days
    inner join as_of_dates on first_days.workspace_id = as_of_dates.workspace_id
    where {{ is_shown('first_days.first_seen_date', 'as_of_dates.as_of_date') }}

)

select
    users.workspace_id,
    users.user_key,
    signups.load_id as profile_load_id,
    signups.line as profile_line,
    profiles.signup_date,
    first_days.first_seen_date,
    past_activity.first_active_date,
    past_activity.last_active_date,
    least(profiles.known_from, first_days.first_seen_date) as known_from,
    cast(coalesce(past_activity.active_days_30, 0) as bigint) as active_days_30,
    cast(coalesce(past_activity.sessions_30, 0) as bigint) as sessions_30,
    cast(coalesce(past_activity.events_30, 0) as bigint) as events_30,
    cast(coalesce(past_activity.revenue_total, 0) as decimal(38, 4)) as revenue_total
from users
left join signups
    on users.workspace_id = signups.workspace_id
        and users.user_key = signups.user_key
left join profiles
    on users.workspace_id = profiles.workspace_id
        and users.user_key = profiles.user_key
left join first_days
    on users.workspace_id = first_days.workspace_id
        and users.user_key = first_days.user_key
left join past_activity
    on users.workspace_id = past_activity.workspace_id
        and users.user_key = past_activity.user_key
