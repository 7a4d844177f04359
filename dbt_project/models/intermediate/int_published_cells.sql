{{ config(
    materialized='incremental',
    incremental_strategy='replace_unpublished',
    full_refresh=false,
    on_schema_change='append_new_columns'
) }}

-- A log: what readers have been shown of a number is the latest row of its cell. Only changes add rows, so that a day's
-- load adds a day's cells, and a full refresh over the same events none.
with

publication as (

    select * from {{ ref('int_publication') }}

),

as_of_dates as (

    select
        workspace_id,
        as_of_date
    from {{ ref('int_as_of_dates') }}

),

-- A number can still be expected to grow until its period is over; from then on a change is a restatement.
complete_cells as (

    select
        workspace_id,
        'dau' as measure,
        'day' as grain,
        activity_date as period_start,
        0 as period_number,
        activity_date as period_end,
        dau as shown_value,
        cast(null as bigint) as cohort_users
    from {{ ref('fct_activity_daily') }}
    where is_complete

    union all

    select
        workspace_id,
        'sessions' as measure,
        'day' as grain,
        activity_date as period_start,
        0 as period_number,
        activity_date as period_end,
        sessions as shown_value,
        cast(null as bigint) as cohort_users
    from {{ ref('fct_activity_daily') }}
    where is_complete

    union all

    select
        workspace_id,
        'retained_users' as measure,
        grain,
        cohort_start as period_start,
        period_number,
        case grain
            when 'day' then {{ add_days('cohort_start', 'period_number') }}
            when 'week' then {{ add_days('cohort_start', '7 * period_number + 6') }}
            else {{ add_days(add_months('cohort_start', 'period_number + 1'), -1) }}
        end as period_end,
        retained_users as shown_value,
        cohort_users
    from {{ ref('fct_cohort_retention') }}
    where is_mature

),

published_cells as (

    {% if is_incremental() %}
    select
        cells.workspace_id,
        cells.measure,
        cells.grain,
        cells.period_start,
        cells.period_number,
        cells.period_end,
        cells.new_value as shown_value,
        cells.new_cohort_users as cohort_users
    from (
        select
            log.*,
            row_number() over (
                partition by log.workspace_id, log.measure, log.grain, log.period_start, log.period_number
                order by log.publication_id desc
            ) as recency_rank
        from {{ this }} as log
        inner join publication on log.publication_id <= publication.last_publication_id
    ) as cells
    where cells.recency_rank = 1
    {%- else -%}
    select *
    from complete_cells
    where false
    {%- endif %}

),

-- The last day of which a workspace's readers have seen complete numbers, whatever --as-of hides now.
published_until as (

    select
        workspace_id,
        max(period_end) as last_period_end
    from published_cells
    group by workspace_id

),

compared_cells as (

    select
        coalesce(complete_cells.workspace_id, published_cells.workspace_id) as workspace_id,
        coalesce(complete_cells.measure, published_cells.measure) as measure,
        coalesce(complete_cells.grain, published_cells.grain) as grain,
        coalesce(complete_cells.period_start, published_cells.period_start) as period_start,
        coalesce(complete_cells.period_number, published_cells.period_number) as period_number,
        coalesce(complete_cells.period_end, published_cells.period_end) as period_end,
        published_cells.shown_value as old_value,
        complete_cells.shown_value as new_value,
        published_cells.cohort_users as old_cohort_users,
        complete_cells.cohort_users as new_cohort_users,
        published_cells.workspace_id is not null as was_published
    from complete_cells
    full outer join published_cells
        on complete_cells.workspace_id = published_cells.workspace_id
            and complete_cells.measure = published_cells.measure
            and complete_cells.grain = published_cells.grain
            and complete_cells.period_start = published_cells.period_start
            and complete_cells.period_number = published_cells.period_number

)

select
    publication.publication_id,
    publication.run_at,
    cells.workspace_id,
    cells.measure,
    cells.grain,
    cells.period_start,
    cells.period_number,
    cells.period_end,
    cells.old_value,
    cells.new_value,
    cells.old_cohort_users,
    cells.new_cohort_users,
    cells.was_published or coalesce(cells.period_end <= published_until.last_period_end, false) as is_restatement
from compared_cells as cells
cross join publication
left join published_until on cells.workspace_id = published_until.workspace_id
left join as_of_dates on cells.workspace_id = as_of_dates.workspace_id
where (
    cells.old_value is distinct from cells.new_value
    or cells.old_cohort_users is distinct from cells.new_cohort_users
    or not cells.was_published
)
-- Of a period that is not over, or hidden, nothing is said; a workspace that is gone hides nothing.
and cells.period_end <= coalesce(as_of_dates.as_of_date, cells.period_end)
