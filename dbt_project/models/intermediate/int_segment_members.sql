with

segments as (

    select
        workspace_id,
        segment_id,
        min(combination) as combination,
        count(distinct condition_number) as conditions,
        count(case when op = 'is_null' then 1 end) as null_conditions
    from {{ ref('int_segment_conditions') }}
    group by workspace_id, segment_id

),

comparisons as (

    select
        conditions.workspace_id,
        conditions.segment_id,
        conditions.condition_number,
        conditions.op,
        facts.user_key,
        {{ order_of_values('facts', 'conditions') }} as value_order
    from {{ ref('int_segment_conditions') }} as conditions
    inner join {{ ref('int_user_facts') }} as facts
        on conditions.workspace_id = facts.workspace_id
            and conditions.field = facts.field

),

-- A user without the fact meets no condition but is_null. So that users need no outer join to facts, is_null counts as
-- met by everybody at the end, and is taken back here from who has the fact.
values_met as (

    select
        workspace_id,
        segment_id,
        condition_number,
        op,
        user_key,
        case
            when op = 'is_null' then -1
            when op = 'not_null' then 1
            when op in ('=', 'in') and value_order = 0 then 1
            when op in ('!=', 'not_in') and value_order <> 0 then 1
            when op = '<' and value_order < 0 then 1
            when op = '<=' and value_order <= 0 then 1
            when op = '>' and value_order > 0 then 1
            when op = '>=' and value_order >= 0 then 1
            else 0
        end as met
    from comparisons

),

conditions_met as (

    select
        workspace_id,
        segment_id,
        user_key,
        case when op = 'not_in' then min(met) else max(met) end as met
    from values_met
    group by workspace_id, segment_id, condition_number, op, user_key

),

users_met as (

    select
        workspace_id,
        segment_id,
        user_key,
        sum(met) as met
    from conditions_met
    group by workspace_id, segment_id, user_key

),

users_without_facts as (

    select
        users.workspace_id,
        segments.segment_id,
        users.user_key,
        0 as met
    from {{ ref('dim_users') }} as users
    inner join segments on users.workspace_id = segments.workspace_id
    left join users_met
        on segments.segment_id = users_met.segment_id
            and users.user_key = users_met.user_key
    where segments.null_conditions > 0
        and users_met.user_key is null

),

users as (

    select * from users_met
    union all
    select * from users_without_facts

)

select
    users.workspace_id,
    users.segment_id,
    users.user_key
from users
inner join segments on users.segment_id = segments.segment_id
where users.met + segments.null_conditions >= case segments.combination when 'any' then 1 else segments.conditions end
