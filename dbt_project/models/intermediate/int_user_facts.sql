-- Only what some condition of the workspace asks for, the score and the probability before they are rounded.
with

fields_asked_for as (

    select distinct
        workspace_id,
        field
    from {{ ref('int_segment_conditions') }}

),

users as (

    select
        users.workspace_id,
        users.user_key,
        users.signup_date,
        users.first_active_date,
        users.last_active_date,
        users.days_since_first_active,
        users.days_since_last_active,
        users.lifetime_days,
        users.active_days_30,
        users.sessions_30,
        users.events_30,
        users.features_used_30,
        users.revenue_total,
        users.device_type,
        users.browser,
        users.os,
        users.country_code,
        users.lifecycle_status,
        users.risk_state,
        coalesce(scores.engagement_score, 0) as engagement_score,
        probabilities.churn_probability
    from {{ ref('dim_users') }} as users
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on users.workspace_id = as_of_dates.workspace_id
    left join {{ ref('int_engagement_scores') }} as scores
        on users.workspace_id = scores.workspace_id
            and users.user_key = scores.user_key
            and as_of_dates.as_of_date = scores.snapshot_date
    left join {{ ref('int_churn_probabilities') }} as probabilities
        on users.workspace_id = probabilities.workspace_id
            and users.risk_state = probabilities.risk_state

),

facts_of_columns as (

    select
        users.workspace_id,
        users.user_key,
        asked_for.field,
        {{ user_column('users', 'asked_for.field', 'text', 'text') }} as value_text,
        {{ user_column('users', 'asked_for.field', 'number', 'decimal(38, 14)') }} as value_number,
        {{ user_column('users', 'asked_for.field', 'date', 'date') }} as value_date
    from users
    inner join fields_asked_for as asked_for on users.workspace_id = asked_for.workspace_id
    where {{ is_user_column('asked_for.field') }}

),

facts_of_attributes as (

    select
        users.workspace_id,
        users.user_key,
        brought.field,
        brought.value_text,
        cast(brought.value_number as decimal(38, 14)) as value_number,
        brought.value_date
    from {{ ref('int_users') }} as users
    inner join {{ ref('stg_user_attributes') }} as brought
        on users.profile_load_id = brought.load_id
            and users.profile_line = brought.line
    inner join fields_asked_for as asked_for
        on users.workspace_id = asked_for.workspace_id
            and brought.field = asked_for.field
    where not {{ is_user_column('brought.field') }}

)

select * from facts_of_columns
where value_text is not null
    or value_number is not null
    or value_date is not null

union all

select * from facts_of_attributes
