with

sets as (

    select
        user_key,
        md5({{ joined_text('segment_id', ',', 'segment_id') }}) as segment_set
    from {{ ref('int_segment_members') }}
    group by user_key

)

select
    users.workspace_id,
    users.user_key,
    coalesce(sets.segment_set, '') as segment_set
from {{ ref('int_users') }} as users
left join sets on users.user_key = sets.user_key
