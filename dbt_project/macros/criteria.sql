{# What conditions can ask of every user: the columns of dim_users by what their values compare as. A field that is none
   of them is an attribute of users/. The loader has the same list (ingest/entities.py, USER_COLUMNS). #}
{% macro user_columns(kind=none) -%}
    {%- set kinds = {
        'text': [
            'workspace_id', 'user_key', 'device_type', 'browser', 'os', 'country_code', 'lifecycle_status', 'risk_state'
        ],
        'date': ['signup_date', 'first_active_date', 'last_active_date'],
        'number': [
            'days_since_first_active', 'days_since_last_active', 'lifetime_days', 'active_days_30', 'sessions_30',
            'events_30', 'features_used_30', 'revenue_total', 'engagement_score', 'churn_probability'
        ]
    } -%}
    {{ return(kinds[kind] if kind else kinds['text'] + kinds['date'] + kinds['number']) }}
{%- endmacro %}


{# Whether a field is a column of dim_users. #}
{% macro is_user_column(field) -%}
    {{ field }} in (
        {%- for column in user_columns() %}
        '{{ column }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# The value of the user's column that `field` names, null where it names none of this kind. Cast as a whole too: on Postgres
   a case forgets the scale of its branches. #}
{% macro user_column(relation, field, kind, data_type) -%}
    cast(
        case {{ field }}
            {%- for column in user_columns(kind) %}
            when '{{ column }}' then cast({{ relation }}.{{ column }} as {{ data_type }})
            {%- endfor %}
        end
        as {{ data_type }}
    )
{%- endmacro %}


{# -1, 0 or 1 as a user's value lies before, on or after that of a condition: as numbers where both are, else as dates,
   else as text in the order of its bytes; null where either is missing. #}
{% macro order_of_values(fact, condition) -%}
    case
        when {{ fact }}.value_number is not null and {{ condition }}.value_number is not null
            then
                case
                    when {{ fact }}.value_number < {{ condition }}.value_number then -1
                    when {{ fact }}.value_number > {{ condition }}.value_number then 1
                    else 0
                end
        when {{ fact }}.value_date is not null and {{ condition }}.value_date is not null
            then
                case
                    when {{ fact }}.value_date < {{ condition }}.value_date then -1
                    when {{ fact }}.value_date > {{ condition }}.value_date then 1
                    else 0
                end
        when {{ fact }}.value_text is not null and {{ condition }}.value_text is not null
            then
                case
                    when {{ byte_order(fact ~ '.value_text') }} < {{ byte_order(condition ~ '.value_text') }} then -1
                    when {{ byte_order(fact ~ '.value_text') }} > {{ byte_order(condition ~ '.value_text') }} then 1
                    else 0
                end
    end
{%- endmacro %}
