{%- set timeframes = var('timeframes') -%}
{%- set totals = [] -%}
{%- for days in timeframes -%}
{%- for measure in [
    'users_now', 'users_before', 'users_of_both', 'uses_now', 'uses_before', 'seconds_spent', 'timed_uses'
] -%}
{%- do totals.append(measure ~ '_' ~ days) -%}
{%- endfor -%}
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

-- Timeframes end on the same day: a user is in those that reach back to the latest use, and in the one before a
-- timeframe if the latest use before the timeframe is. One pass by user therefore does for all timeframes; it goes over
-- all days, for a segment's last use of a feature may be long ago.
uses_of_users as (

    select
        workspace_id,
        user_key,
        feature_name,
        {%- for days in timeframes %}
        min(case when days_ago >= {{ days }} then days_ago end) as days_ago_before_{{ days }},
        cast(sum(case when days_ago < {{ days }} then usage_count else 0 end) as bigint) as uses_now_{{ days }},
        cast(sum(case when days_ago between {{ days }} and {{ 2 * days - 1 }} then usage_count else 0 end) as bigint)
            as uses_before_{{ days }},
        sum(case when days_ago < {{ days }} then seconds_spent end) as seconds_spent_{{ days }},
        cast(sum(case when days_ago < {{ days }} then timed_uses end) as bigint) as timed_uses_{{ days }},
        {%- endfor %}
        min(days_ago) as days_ago,
        max(activity_date) as last_used_date
    from feature_days
    group by workspace_id, user_key, feature_name

),

users_by_timeframe as (

    select
        workspace_id,
        user_key,
        feature_name,
        {%- for days in timeframes %}
        case when days_ago < {{ days }} then 1 else 0 end as users_now_{{ days }},
        case when days_ago_before_{{ days }} < {{ 2 * days }} then 1 else 0 end as users_before_{{ days }},
        case when days_ago < {{ days }} and days_ago_before_{{ days }} < {{ 2 * days }} then 1 else 0 end
            as users_of_both_{{ days }},
        uses_now_{{ days }},
        uses_before_{{ days }},
        seconds_spent_{{ days }},
        timed_uses_{{ days }},
        {%- endfor %}
        last_used_date
    from uses_of_users

),

totals_of_segments as (

    {{ segment_totals('users_by_timeframe', keys=['feature_name'], sums=totals, maxima=['last_used_date']) }}

),

usage_totals as (
    {% for days in timeframes %}
    select
        workspace_id,
        segment_id,
        '{{ days }}d' as timeframe,
        feature_name,
        last_used_date,
        users_now_{{ days }} as users_now,
        users_before_{{ days }} as users_before,
        users_of_both_{{ days }} as users_of_both,
        uses_now_{{ days }} as uses_now,
        uses_before_{{ days }} as uses_before,
        seconds_spent_{{ days }} as seconds_spent,
        timed_uses_{{ days }} as timed_uses
    from totals_of_segments
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
        usage_totals.last_used_date,
        usage_totals.seconds_spent,
        usage_totals.timed_uses,
        cast(coalesce(usage_totals.uses_now, 0) as bigint) as uses_now,
        cast(coalesce(usage_totals.uses_before, 0) as bigint) as uses_before,
        cast(coalesce(usage_totals.users_now, 0) as bigint) as users_now,
        cast(coalesce(usage_totals.users_before, 0) as bigint) as users_before,
        cast(coalesce(usage_totals.users_of_both, 0) as bigint) as users_of_both
    from {{ ref('int_period_users') }} as periods
    inner join {{ ref('dim_features') }} as features
        on periods.workspace_id = features.workspace_id
    left join usage_totals
        on periods.workspace_id = usage_totals.workspace_id
            and periods.segment_id = usage_totals.segment_id
            and periods.timeframe = usage_totals.timeframe
            and features.feature_name = usage_totals.feature_name

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
