with

-- The users that a cohort began with are the new users of its period, and shown where those are.
cohorts as (

    select
        retention.*,
        retention.period_number + {{ period_index_of_grain('retention.grain', 'retention.cohort_start') }}
            as period_index
    from {{ ref('fct_cohort_retention') }} as retention
    inner join {{ ref('safe_fct_growth_periods') }} as growth
        on retention.workspace_id = growth.workspace_id
            and retention.grain = growth.grain
            and retention.cohort_start = growth.period_start
    where growth.new_users is not null

),

-- Of the cohorts that are left out, of all that are: the users of a period are those of its cohorts added up.
all_cohorts as (

    select
        retention.workspace_id,
        retention.grain,
        retention.cohort_start,
        retention.period_number,
        retention.period_number + {{ period_index_of_grain('retention.grain', 'retention.cohort_start') }}
            as period_index,
        retention.retained_users as group_users,
        0 as rest_users,
        cohorts.workspace_id is null
        or {{ is_small('retention.cohort_users - retention.retained_users') }} as is_exposed
    from {{ ref('fct_cohort_retention') }} as retention
    left join cohorts
        on retention.workspace_id = cohorts.workspace_id
            and retention.grain = cohorts.grain
            and retention.cohort_start = cohorts.cohort_start
            and retention.period_number = cohorts.period_number
    where retention.period_number > 0
        and retention.is_mature

),

-- A cohort of which nobody was left hides nobody.
judged_cells as (

    {{ hidden_rows(
        'all_cohorts',
        ['workspace_id', 'grain', 'period_index'],
        ['cohort_start'],
        are_disjoint=true
    ) }}

),

judged_cohorts as (

    select
        cohorts.*,
        coalesce(cells.is_hidden, false) as is_hidden
    from cohorts
    left join judged_cells as cells
        on cohorts.workspace_id = cells.workspace_id
            and cohorts.grain = cells.grain
            and cohorts.cohort_start = cells.cohort_start
            and cohorts.period_number = cells.period_number

)

select
    workspace_id,
    grain,
    cohort_start,
    period_number,
    cohort_users,
    case when not is_hidden then retained_users end as retained_users,
    case when not is_hidden then retention_rate end as retention_rate,
    case when not is_hidden then retention_rate_numerator end as retention_rate_numerator,
    case when not is_hidden then retention_rate_denominator end as retention_rate_denominator,
    is_mature
from judged_cohorts
