{{ config(meta={'dagster': {'ref': {'name': 'rpt_page_flows'}}}) }}

-- Members of a segment are some of everybody: a row of theirs has its like under `all`, with as many or more.
with

counts as (

    select
        'rpt_entry_pages' as counted_in,
        workspace_id,
        segment_id,
        timeframe,
        page as item,
        1 as step,
        '' as other_item,
        sessions,
        users
    from {{ ref('rpt_entry_pages') }}

    union all

    select
        'rpt_exit_pages' as counted_in,
        workspace_id,
        segment_id,
        timeframe,
        page as item,
        1 as step,
        '' as other_item,
        sessions,
        users
    from {{ ref('rpt_exit_pages') }}

    union all

    select
        'rpt_page_flows' as counted_in,
        workspace_id,
        segment_id,
        timeframe,
        from_page as item,
        step,
        to_page as other_item,
        sessions,
        users
    from {{ ref('rpt_page_flows') }}

    union all

    select
        'rpt_cohorts' as counted_in,
        workspace_id,
        segment_id,
        timeframe,
        cast(cohort_start as text) as item,
        1 as step,
        '' as other_item,
        cohort_users as sessions,
        cohort_users as users
    from {{ ref('rpt_cohorts') }}

    union all

    select
        'rpt_retention_curve' as counted_in,
        workspace_id,
        segment_id,
        timeframe,
        '' as item,
        day as step,
        '' as other_item,
        eligible_users as sessions,
        retained_users as users
    from {{ ref('rpt_retention_curve') }}

),

violations as (

    select
        counts.*,
        everybody.sessions as sessions_of_everybody,
        everybody.users as users_of_everybody
    from counts
    left join counts as everybody
        on counts.counted_in = everybody.counted_in
            and counts.workspace_id = everybody.workspace_id
            and counts.timeframe = everybody.timeframe
            and counts.item = everybody.item
            and counts.step = everybody.step
            and counts.other_item = everybody.other_item
            and everybody.segment_id = 'all'
    where counts.segment_id <> 'all'
        and (
            everybody.workspace_id is null
            or counts.sessions > everybody.sessions
            or counts.users > everybody.users
        )

)

select * from violations
