-- Each active day is seen by the snapshots, five at most, of the 30 days from it on. Nothing is joined by user and
-- snapshot, so that the cost goes with the active days.
with

workspaces as (

    select
        workspace_id,
        {{ add_days('as_of_date', -30) }} as last_snapshot_date,
        greatest(
            {{ add_days('as_of_date', -30 - 7 * 25) }},
            {{ add_days('first_active_date', 27) }}
        ) as snapshots_from
    from {{ ref('int_as_of_dates') }}
    where first_active_date is not null

),

weeks as (

    {{ whole_numbers(0, 4) }}

),

-- Snapshots lie 7 days apart: from a day on, the next one follows from the remainder.
days_with_next_snapshot as (

    select
        days.workspace_id,
        days.user_key,
        days.activity_date,
        days.next_active_date,
        workspaces.last_snapshot_date,
        workspaces.snapshots_from,
        {{ add_days(
            'days.activity_date',
            'mod(' ~ days_between('days.activity_date', 'workspaces.last_snapshot_date') ~ ', 7)'
        ) }} as next_snapshot_date
    from {{ ref('int_active_days') }} as days
    inner join workspaces on days.workspace_id = workspaces.workspace_id
    where days.activity_date <= workspaces.last_snapshot_date
        and days.activity_date > {{ add_days('workspaces.snapshots_from', -30) }}

),

days_of_snapshots as (

    select
        days.workspace_id,
        days.user_key,
        days.activity_date,
        days.next_active_date,
        days.last_snapshot_date,
        days.snapshots_from,
        {{ add_days('days.next_snapshot_date', '7 * weeks.number') }} as snapshot_date
    from days_with_next_snapshot as days
    cross join weeks

),

users_of_snapshots as (

    select
        workspace_id,
        snapshot_date,
        user_key,
        {{ days_between('max(activity_date)', 'snapshot_date') }} as days_since_last_active,
        count(case when activity_date > {{ add_days('snapshot_date', -14) }} then 1 end) as last_14,
        count(
            case
                when activity_date > {{ add_days('snapshot_date', -28) }}
                    and activity_date <= {{ add_days('snapshot_date', -14) }}
                    then 1
            end
        ) as before_14,
        -- The day after the last one up to the snapshot is the latest of all.
        max(coalesce(next_active_date, date '9999-12-31')) as next_active_date
    from days_of_snapshots
    where activity_date > {{ add_days('snapshot_date', -30) }}
        and snapshot_date between snapshots_from and last_snapshot_date
    group by workspace_id, snapshot_date, user_key

),

states as (

    select
        workspace_id,
        snapshot_date,
        {{ risk_state('days_since_last_active', 'last_14', 'before_14') }} as risk_state,
        case when next_active_date > {{ add_days('snapshot_date', 30) }} then 1 else 0 end as churned
    from users_of_snapshots

)

select
    workspace_id,
    snapshot_date,
    risk_state,
    cast(count(*) as bigint) as users,
    cast(sum(churned) as bigint) as churned_users
from states
group by workspace_id, snapshot_date, risk_state
