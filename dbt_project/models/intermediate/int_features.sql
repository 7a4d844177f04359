with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

ranked_versions as (

    select
        *,
        row_number() over (
            partition by workspace_id, feature_name
            order by updated_at desc, {{ byte_order('content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_features') }}

),

-- A row without workspace holds in every workspace, unless the workspace has a row of its own for the name.
ranked_owners as (

    select
        as_of_dates.workspace_id,
        versions.feature_name,
        versions.category,
        row_number() over (
            partition by as_of_dates.workspace_id, versions.feature_name
            order by case when versions.workspace_id is null then 1 else 0 end
        ) as owner_rank
    from as_of_dates
    inner join ranked_versions as versions
        on as_of_dates.workspace_id = coalesce(versions.workspace_id, as_of_dates.workspace_id)
    where versions.recency_rank = 1

),

catalogue as (

    select
        workspace_id,
        feature_name,
        category
    from ranked_owners
    where owner_rank = 1

),

days as (

    select
        workspace_id,
        feature_name,
        category,
        category_event_id,
        category_at,
        activity_date
    from {{ ref('int_feature_days') }}

    union all

    select
        workspace_id,
        feature_name,
        category,
        '' as category_event_id,
        category_at,
        activity_date
    from {{ source('ops', 'expired_features') }}

),

shown_days as (

    select
        days.workspace_id,
        days.feature_name,
        days.category,
        days.category_event_id,
        days.category_at,
        days.activity_date,
        days.activity_date <= as_of_dates.as_of_date as is_complete
    from days
    inner join as_of_dates on days.workspace_id = as_of_dates.workspace_id
    where {{ is_shown('days.activity_date', 'as_of_dates.as_of_date') }}

),

uses as (

    select
        workspace_id,
        feature_name,
        min(case when is_complete then activity_date end) as first_used_date,
        max(case when is_complete then activity_date end) as last_used_date
    from shown_days
    group by workspace_id, feature_name

),

latest_moments as (

    select
        workspace_id,
        feature_name,
        is_complete,
        max(category_at) as category_at
    from shown_days
    where category is not null
    group by workspace_id, feature_name, is_complete

),

-- Ranked twice, for where midnight comes twice a later day may hold the earlier event. Of the latest moments only: the
-- engine would sort all days to rank them.
ranked_categories as (

    select
        shown_days.workspace_id,
        shown_days.feature_name,
        shown_days.category,
        shown_days.is_complete,
        row_number() over (
            partition by shown_days.workspace_id, shown_days.feature_name
            order by shown_days.category_at desc, {{ byte_order('shown_days.category_event_id') }} desc
        ) as recency_rank,
        row_number() over (
            partition by shown_days.workspace_id, shown_days.feature_name, shown_days.is_complete
            order by shown_days.category_at desc, {{ byte_order('shown_days.category_event_id') }} desc
        ) as recency_rank_as_of
    from shown_days
    inner join latest_moments
        on shown_days.workspace_id = latest_moments.workspace_id
            and shown_days.feature_name = latest_moments.feature_name
            and shown_days.is_complete = latest_moments.is_complete
            and shown_days.category_at = latest_moments.category_at
    where shown_days.category is not null

),

latest_categories as (

    select
        workspace_id,
        feature_name,
        max(case when recency_rank = 1 then category end) as category,
        max(case when is_complete and recency_rank_as_of = 1 then category end) as category_as_of
    from ranked_categories
    group by workspace_id, feature_name

),

names as (

    select
        workspace_id,
        feature_name
    from catalogue

    union

    select
        workspace_id,
        feature_name
    from uses

)

select
    names.workspace_id,
    names.feature_name,
    coalesce(latest_categories.category, catalogue.category, 'Uncategorized') as category,
    coalesce(latest_categories.category_as_of, catalogue.category, 'Uncategorized') as category_as_of,
    catalogue.feature_name is not null as is_in_catalogue,
    uses.first_used_date,
    uses.last_used_date
from names
left join catalogue
    on names.workspace_id = catalogue.workspace_id
        and names.feature_name = catalogue.feature_name
left join uses
    on names.workspace_id = uses.workspace_id
        and names.feature_name = uses.feature_name
left join latest_categories
    on names.workspace_id = latest_categories.workspace_id
        and names.feature_name = latest_categories.feature_name
