with

-- The separator of conditions stands in no condition, so that the list can be taken apart again.
condition_values as (

    select
        workspace_id,
        segment_id,
        combination,
        condition_number,
        field,
        op,
        {{ joined_text("replace(value_text, '; ', '%3B ')", ', ', 'value_position') }} as value_list
    from {{ ref('int_segment_conditions') }}
    group by workspace_id, segment_id, combination, condition_number, field, op

),

words as (

    select
        workspace_id,
        segment_id,
        combination,
        condition_number,
        replace(field, '; ', '%3B ')
        || case op
            when 'is_null' then ' is not set'
            when 'not_null' then ' is set'
            when '=' then ' is ' || value_list
            when '!=' then ' is not ' || value_list
            when 'in' then ' is one of ' || value_list
            when 'not_in' then ' is none of ' || value_list
            else ' ' || op || ' ' || value_list
        end as condition_words
    from condition_values

),

characteristics as (

    select
        segment_id,
        case
            when combination = 'any' then {{ joined_text('condition_words', ' or ', 'condition_number') }}
            else {{ joined_text('condition_words', '; ', 'condition_number') }}
        end as characteristics
    from words
    group by segment_id, combination

),

totals as (

    select
        members.segment_id,
        count(*) as users,
        sum(users.revenue_total) as revenue,
        count(case when users.active_days_30 > 0 then 1 end) as active_users,
        sum(case when users.active_days_30 > 0 then scores.engagement_score end) as engagement
    from {{ ref('int_segment_members') }} as members
    inner join {{ ref('dim_users') }} as users on members.user_key = users.user_key
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on users.workspace_id = as_of_dates.workspace_id
    left join {{ ref('int_engagement_scores') }} as scores
        on users.user_key = scores.user_key
            and as_of_dates.as_of_date = scores.snapshot_date
    group by members.segment_id

)

select
    segments.workspace_id,
    segments.segment_id,
    segments.segment_name,
    segments.segment_type,
    segments.criteria,
    characteristics.characteristics,
    cast(coalesce(totals.users, 0) as bigint) as users,
    -- As in rpt_activity: a mean of quotients may come out a trifle beside half a hundredth.
    cast(
        round(round({{ ratio('totals.engagement', 'totals.active_users', 14) }}, 8), 2) as decimal(5, 2)
    ) as avg_engagement,
    cast({{ ratio('totals.revenue', 'totals.users') }} as decimal(18, 2)) as avg_revenue,
    segments.created_at,
    segments.updated_at
from {{ ref('int_segments') }} as segments
inner join characteristics on segments.segment_id = characteristics.segment_id
left join totals on segments.segment_id = totals.segment_id
