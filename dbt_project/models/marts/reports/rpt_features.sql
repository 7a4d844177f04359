{%- set timeframes = var('timeframes') -%}
{%- set user_counts = [] -%}
{%- for days in timeframes -%}
{%- do user_counts.extend(['now_' ~ days, 'before_' ~ days, 'both_' ~ days]) -%}
{%- endfor -%}
with

feature_days as (

    select
        feature_days.workspace_id,
        feature_days.user_key,
        feature_days.feature_name,
        feature_days.activity_date,
        {{ days_between('feature_days.activity_date', 'as_of_dates.as_of_date') }} as days_ago,
        feature_days.usage_count,
        feature_days.seconds_spent,
        feature_days.timed_uses
    from {{ ref('int_feature_days') }} as feature_days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on feature_days.workspace_id = as_of_dates.workspace_id
            and feature_days.activity_date <= as_of_dates.as_of_date

),

-- All days, for a segment's last use of a feature may be long ago.
usage_by_date as (

    {{ segment_totals(
        'feature_days',
        keys=['feature_name', 'activity_date'],
        sums=['usage_count', 'seconds_spent', 'timed_uses'],
    ) }}

),

last_used_dates as (

    select
        workspace_id,
        segment_id,
        feature_name,
        max(activity_date) as last_used_date
    from usage_by_date
    group by workspace_id, segment_id, feature_name

),

usage_totals as (

    select
        timeframes.workspace_id,
        usage_by_date.segment_id,
        timeframes.timeframe,
        usage_by_date.feature_name,
        sum(case when usage_by_date.activity_date >= timeframes.starts_on then usage_by_date.usage_count else 0 end)
            as uses_now,
        sum(case when usage_by_date.activity_date < timeframes.starts_on then usage_by_date.usage_count else 0 end)
            as uses_before,
        sum(case when usage_by_date.activity_date >= timeframes.starts_on then usage_by_date.seconds_spent end)
            as seconds_spent,
        sum(case when usage_by_date.activity_date >= timeframes.starts_on then usage_by_date.timed_uses end)
            as timed_uses
    from {{ ref('int_timeframes') }} as timeframes
    inner join usage_by_date
        on timeframes.workspace_id = usage_by_date.workspace_id
            and usage_by_date.activity_date between timeframes.previous_starts_on and timeframes.ends_on
    group by timeframes.workspace_id, usage_by_date.segment_id, timeframes.timeframe, usage_by_date.feature_name

),

-- Timeframes end on the same day: a user is in those that reach back to the latest use, and in the one before a
-- timeframe if the latest use before the timeframe is. One pass for all timeframes takes half the time of one for each.
latest_uses as (

    select
        workspace_id,
        user_key,
        feature_name,
        {%- for days in timeframes %}
        min(case when days_ago >= {{ days }} then days_ago end) as days_ago_before_{{ days }},
        {%- endfor %}
        min(days_ago) as days_ago
    from feature_days
    group by workspace_id, user_key, feature_name

),

users_by_timeframe as (

    select
        workspace_id,
        user_key,
        {%- for days in timeframes %}
        case when days_ago < {{ days }} then 1 else 0 end as now_{{ days }},
        case when days_ago_before_{{ days }} < {{ 2 * days }} then 1 else 0 end as before_{{ days }},
        case when days_ago < {{ days }} and days_ago_before_{{ days }} < {{ 2 * days }} then 1 else 0 end
            as both_{{ days }},
        {%- endfor %}
        feature_name
    from latest_uses

),

users_of_segments as (

    {{ segment_totals('users_by_timeframe', keys=['feature_name'], sums=user_counts) }}

),

user_totals as (
    {% for days in timeframes %}
    select
        workspace_id,
        segment_id,
        '{{ days }}d' as timeframe,
        feature_name,
        now_{{ days }} as users_now,
        before_{{ days }} as users_before,
        both_{{ days }} as users_of_both
    from users_of_segments
    {{- '\n\n    union all\n' if not loop.last }}
    {%- endfor %}

),

-- A segment has the features of the whole workspace.
measures as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.known_users,
        periods.active_users,
        features.feature_name,
        features.category,
        last_used_dates.last_used_date,
        usage_totals.seconds_spent,
        usage_totals.timed_uses,
        cast(coalesce(usage_totals.uses_now, 0) as bigint) as uses_now,
        cast(coalesce(usage_totals.uses_before, 0) as bigint) as uses_before,
        cast(coalesce(user_totals.users_now, 0) as bigint) as users_now,
        cast(coalesce(user_totals.users_before, 0) as bigint) as users_before,
        cast(coalesce(user_totals.users_of_both, 0) as bigint) as users_of_both
    from {{ ref('int_period_users') }} as periods
    inner join {{ ref('dim_features') }} as features
        on periods.workspace_id = features.workspace_id
    left join last_used_dates
        on periods.workspace_id = last_used_dates.workspace_id
            and periods.segment_id = last_used_dates.segment_id
            and features.feature_name = last_used_dates.feature_name
    left join usage_totals
        on periods.workspace_id = usage_totals.workspace_id
            and periods.segment_id = usage_totals.segment_id
            and periods.timeframe = usage_totals.timeframe
            and features.feature_name = usage_totals.feature_name
    left join user_totals
        on periods.workspace_id = user_totals.workspace_id
            and periods.segment_id = user_totals.segment_id
            and periods.timeframe = user_totals.timeframe
            and features.feature_name = user_totals.feature_name

),

trends as (

    select
        *,
        case
            when uses_before = 0 and uses_now > 0 then 'increasing'
            when 10 * uses_now > 11 * uses_before then 'increasing'
            when 10 * uses_now < 9 * uses_before then 'decreasing'
            else 'stable'
        end as trend
    from measures

)

select
    workspace_id,
    segment_id,
    timeframe,
    feature_name,
    category,
    uses_now as usage_count,
    users_now as unique_users,
    cast({{ ratio('seconds_spent', 'timed_uses') }} as decimal(18, 2)) as avg_time_spent,
    cast({{ ratio('100 * users_now', 'known_users') }} as decimal(5, 2)) as adoption_rate,
    users_now as adoption_rate_numerator,
    known_users as adoption_rate_denominator,
    cast({{ ratio('100 * users_now', 'active_users') }} as decimal(5, 2)) as active_adoption_rate,
    users_now as active_adoption_rate_numerator,
    active_users as active_adoption_rate_denominator,
    cast({{ ratio('100 * users_of_both', 'users_before') }} as decimal(5, 2)) as retention_rate,
    users_of_both as retention_rate_numerator,
    users_before as retention_rate_denominator,
    trend,
    {{ label_order('trend', trends()) }} as trend_order,
    row_number() over (
        partition by workspace_id, segment_id, timeframe
        order by uses_now desc, {{ byte_order('feature_name') }}
    ) as usage_rank,
    uses_now = 0 as is_unused,
    last_used_date
from trends
