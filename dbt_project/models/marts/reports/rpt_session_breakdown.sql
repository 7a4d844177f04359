with

length_buckets as (

    select buckets.length_bucket
    from (
        values
        {%- for bucket in length_buckets() %}
        ('{{ bucket }}'){{ ',' if not loop.last }}
        {%- endfor %}
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
        sessions.workspace_id,
        sessions.user_key,
        sessions.session_date,
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
        ) as value
    from {{ ref('fct_sessions') }} as sessions
    cross join dimensions
    where not sessions.is_bot

),

totals as (

    {{ session_totals('sessions_by_dimension', keys=['dimension', 'value']) }}

),

-- Every length bucket, and of the other dimensions what occurs.
listed_values as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        'length_bucket' as dimension,
        length_buckets.length_bucket as value
    from {{ ref('int_report_periods') }} as periods
    cross join length_buckets

    union

    select
        workspace_id,
        segment_id,
        timeframe,
        dimension,
        value
    from totals

),

measures as (

    select
        listed_values.*,
        coalesce(totals.users, 0) as users,
        coalesce(totals.sessions, 0) as sessions,
        sum(totals.sessions) over (
            partition by
                listed_values.workspace_id,
                listed_values.segment_id,
                listed_values.timeframe,
                listed_values.dimension
        ) as all_sessions
    from listed_values
    left join totals
        on listed_values.workspace_id = totals.workspace_id
            and listed_values.segment_id = totals.segment_id
            and listed_values.timeframe = totals.timeframe
            and listed_values.dimension = totals.dimension
            and listed_values.value = totals.value

)

select
    workspace_id,
    segment_id,
    timeframe,
    dimension,
    value,
    case dimension when 'length_bucket' then {{ label_order('value', length_buckets()) }} end as value_order,
    users,
    sessions,
    cast({{ ratio('100 * sessions', 'all_sessions') }} as decimal(5, 2)) as share
from measures
