-- Goals may have changed when a load brought some. Kinds of pending work that are not known here to leave them alone
-- count as a change too: asking everybody anew is only slower.
with

changes_of_goals as (

    select pending.pending_kind
    from {{ ref('stg_pending') }} as pending
    left join {{ ref('stg_goals') }} as goals on pending.load_id = goals.load_id
    where goals.load_id is not null
        or pending.pending_kind not in ('load', 'position', 'workspace', 'dates')

)

select
    user_key,
    starts_at,
    ends_at
from {{ ref('int_touched_spans') }}

union all

select
    user_key,
    timestamp '1900-01-01 00:00:00' as starts_at,
    timestamp '2999-12-31 00:00:00' as ends_at
from {{ ref('int_users') }}
where exists (select 1 from changes_of_goals)
