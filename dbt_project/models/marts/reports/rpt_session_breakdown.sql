with

periods as (

    select * from {{ ref('int_report_periods') }}

),

length_buckets as (

    select buckets.length_bucket
    from (
        values ('0-30s'), ('30s-2m'), ('2m-5m'), ('5m-15m'), ('15m-30m'), ('30m+')
    ) as buckets (length_bucket)

),

dimensions as (

    select listed.dimension
    from (
        values ('length_bucket'), ('device_type'), ('browser'), ('os'), ('country_code')
    ) as listed (dimension)

),

sessions_by_dimension as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        dimensions.dimension,
        coalesce(
            case dimensions.dimension
                when 'length_bucket' then sessions.length_bucket
                when 'device_type' then sessions.device_type
                when 'browser' then sessions.browser
                when 'os' then sessions.os
                when 'country_code' then sessions.country_code
            end,
            'unknown'
        ) as value,
        sessions.user_key
    from periods
    inner join {{ ref('fct_sessions') }} as sessions
        on periods.workspace_id = sessions.workspace_id
            and sessions.session_date between periods.starts_on and periods.ends_on
    cross join dimensions
    where not sessions.is_bot

),

counts as (

    select
        workspace_id,
        segment_id,
        timeframe,
        dimension,
        value,
        count(distinct user_key) as users,
        count(*) as sessions
    from sessions_by_dimension
    group by workspace_id, segment_id, timeframe, dimension, value

),

-- Every length bucket, and of the other dimensions what occurs.
listed_values as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        'length_bucket' as dimension,
        length_buckets.length_bucket as value
    from periods
    cross join length_buckets

    union

    select
        workspace_id,
        segment_id,
        timeframe,
        dimension,
        value
    from counts

),

totals as (

    select
        listed_values.*,
        coalesce(counts.users, 0) as users,
        coalesce(counts.sessions, 0) as sessions,
        sum(counts.sessions) over (
            partition by
                listed_values.workspace_id,
                listed_values.segment_id,
                listed_values.timeframe,
                listed_values.dimension
        ) as all_sessions
    from listed_values
    left join counts
        on listed_values.workspace_id = counts.workspace_id
            and listed_values.segment_id = counts.segment_id
            and listed_values.timeframe = counts.timeframe
            and listed_values.dimension = counts.dimension
            and listed_values.value = counts.value

)

select
    workspace_id,
    segment_id,
    timeframe,
    dimension,
    value,
    users,
    sessions,
    cast({{ ratio('100 * sessions', 'all_sessions') }} as decimal(5, 2)) as share
from totals
