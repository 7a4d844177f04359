with

shown_sessions as (

    select
        sessions.*,
        sessions.session_date > {{ add_days('as_of_dates.as_of_date', -30) }} as is_recent
    from {{ ref('int_sessions') }} as sessions
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on sessions.workspace_id = as_of_dates.workspace_id
            and sessions.session_date <= as_of_dates.as_of_date
    where not sessions.is_bot

),

traits as (

    select
        workspace_id,
        user_key,
        is_recent,
        'device_type' as trait,
        device_type as trait_value
    from shown_sessions
    where device_type is not null

    union all

    select
        workspace_id,
        user_key,
        is_recent,
        'browser' as trait,
        browser as trait_value
    from shown_sessions
    where browser is not null

    union all

    select
        workspace_id,
        user_key,
        is_recent,
        'os' as trait,
        os as trait_value
    from shown_sessions
    where os is not null

    union all

    select
        workspace_id,
        user_key,
        is_recent,
        'country_code' as trait,
        country_code as trait_value
    from shown_sessions
    where country_code is not null

),

value_counts as (

    select
        workspace_id,
        user_key,
        trait,
        trait_value,
        count(*) as sessions_ever,
        count(case when is_recent then 1 end) as sessions_30,
        max(count(case when is_recent then 1 end)) over (partition by workspace_id, user_key, trait) as most_sessions_30
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
