-- Users of a set are in the same segments: one of them tells them all.
with

sets as (

    select
        workspace_id,
        segment_set,
        min(user_key) as user_key
    from {{ ref('int_user_segment_sets') }}
    group by workspace_id, segment_set

)

select
    workspace_id,
    segment_set,
    'all' as segment_id
from sets

union all

select
    sets.workspace_id,
    sets.segment_set,
    members.segment_id
from sets
inner join {{ ref('int_segment_members') }} as members on sets.user_key = members.user_key
