with

brackets as (

    {{ cells_of_reports('rpt_retention_brackets', 'eligible_users', ['first_day']) }}

),

rests as (

    select
        brackets.*,
        activity.new_users,
        activity.workspace_id is not null and activity.new_users is null as are_new_hidden,
        {{ next_larger('brackets.group_users', [
            'brackets.workspace_id', 'brackets.segment_id', 'brackets.timeframe'
        ]) }} as larger_users,
        {{ next_larger('brackets.rest_users', [
            'brackets.workspace_id', 'brackets.segment_id', 'brackets.timeframe'
        ]) }} as larger_rest_users,
        max(brackets.group_users) over (
            partition by brackets.workspace_id, brackets.segment_id, brackets.timeframe
        ) as all_new_users
    from brackets
    inner join {{ ref('safe_rpt_activity') }} as activity
        on brackets.workspace_id = activity.workspace_id
            and brackets.segment_id = activity.segment_id
            and brackets.timeframe = activity.timeframe

),

retained as (

    select
        *,
        {{ of_the_rest('retained_users', ['timeframe', 'first_day']) }} as rest_retained_users
    from rests

)

-- Of the users of a later bracket the earlier ones have more: the difference began in the days between. The first
-- bracket holds the new users, who may be hidden beside returning ones.
select
    workspace_id,
    segment_id,
    timeframe,
    first_day,
    last_day,
    eligible_users,
    retained_users,
    retention_rate,
    retention_rate_numerator,
    retention_rate_denominator
from retained
where not (are_new_hidden and eligible_users = all_new_users)
    and not {{ is_small('group_users') }}
    and not {{ is_small('rest_users') }}
    and not {{ is_small('larger_users - group_users') }}
    and not {{ is_small('larger_rest_users - rest_users') }}
    and not {{ is_small('retained_users') }}
    and not {{ is_small('eligible_users - retained_users') }}
    and not {{ is_small('rest_retained_users') }}
    and not {{ is_small('rest_users - rest_retained_users') }}
