{{ config(materialized='view') }}

-- A view: int_feature_days already holds the rows.
select
    feature_days.workspace_id,
    feature_days.user_key,
    feature_days.activity_date,
    feature_days.feature_name,
    feature_days.usage_count,
    feature_days.seconds_spent,
    feature_days.timed_uses
from {{ ref('int_feature_days') }} as feature_days
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on feature_days.workspace_id = as_of_dates.workspace_id
where {{ is_shown('feature_days.activity_date', 'as_of_dates.as_of_date') }}
