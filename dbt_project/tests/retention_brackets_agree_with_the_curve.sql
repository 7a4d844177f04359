{{ config(meta={'dagster': {'ref': {'name': 'rpt_retention_brackets'}}}) }}

-- Whoever was active on day n was active in its bracket, and who is asked for a bracket was asked for each of its days.
with

days as (

    select
        brackets.workspace_id,
        brackets.segment_id,
        brackets.timeframe,
        brackets.first_day,
        brackets.last_day,
        brackets.eligible_users,
        brackets.retained_users,
        curve.day,
        curve.eligible_users as eligible_on_day
    from {{ ref('rpt_retention_brackets') }} as brackets
    left join {{ ref('rpt_retention_curve') }} as curve
        on brackets.workspace_id = curve.workspace_id
            and brackets.segment_id = curve.segment_id
            and brackets.timeframe = curve.timeframe
            and brackets.last_day = curve.day

),

violations as (

    select *
    from days
    where retained_users > eligible_users
        or (last_day <= 90 and coalesce(eligible_on_day, 0) <> eligible_users)
        or (first_day = 0 and retained_users <> eligible_users)

)

select * from violations
