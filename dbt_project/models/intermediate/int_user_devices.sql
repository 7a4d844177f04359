with

-- One row per user and combination of traits, of which most users have few: far fewer rows than sessions.
profiles as (

    select
        sessions.workspace_id,
        sessions.user_key,
        sessions.device_type,
        sessions.browser,
        sessions.os,
        sessions.country_code,
        count(*) as sessions_ever,
        count(
            case when sessions.session_date > {{ add_days('as_of_dates.as_of_date', -30) }} then 1 end
        ) as sessions_30
    from {{ ref('int_sessions') }} as sessions
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on sessions.workspace_id = as_of_dates.workspace_id
            and sessions.session_date <= as_of_dates.as_of_date
    where not sessions.is_bot
    group by
        sessions.workspace_id,
        sessions.user_key,
        sessions.device_type,
        sessions.browser,
        sessions.os,
        sessions.country_code

),

traits as (

    select
        workspace_id,
        user_key,
        sessions_ever,
        sessions_30,
        'device_type' as trait,
        device_type as trait_value
    from profiles
    where device_type is not null

    union all

    select
        workspace_id,
        user_key,
        sessions_ever,
        sessions_30,
        'browser' as trait,
        browser as trait_value
    from profiles
    where browser is not null

    union all

    select
        workspace_id,
        user_key,
        sessions_ever,
        sessions_30,
        'os' as trait,
        os as trait_value
    from profiles
    where os is not null

    union all

    select
        workspace_id,
        user_key,
        sessions_ever,
        sessions_30,
        'country_code' as trait,
        country_code as trait_value
    from profiles
    where country_code is not null

),

value_counts as (

    select
        workspace_id,
        user_key,
        trait,
        trait_value,
        sum(sessions_ever) as sessions_ever,
        sum(sessions_30) as sessions_30,
        max(sum(sessions_30)) over (partition by workspace_id, user_key, trait) as most_sessions_30
    from traits
    group by workspace_id, user_key, trait, trait_value

),

ranked as (

    select
        *,
        row_number() over (
            partition by workspace_id, user_key, trait
            order by
                case when most_sessions_30 > 0 then sessions_30 else sessions_ever end desc,
                {{ byte_order('trait_value') }}
        ) as frequency_rank
    from value_counts

)

select
    workspace_id,
    user_key,
    max(case when trait = 'device_type' then trait_value end) as device_type,
    max(case when trait = 'browser' then trait_value end) as browser,
    max(case when trait = 'os' then trait_value end) as os,
    max(case when trait = 'country_code' then trait_value end) as country_code
from ranked
where frequency_rank = 1
group by workspace_id, user_key
