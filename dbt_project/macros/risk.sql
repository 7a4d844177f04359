{# The risk state at a day of a user last active so many days before it (contract section 7).

   last_14 and before_14: active days among the 14 that end at the day, and among the 14 before them. Falling is less than
   half as many. Null from 30 days on: the user has lapsed. #}
{% macro risk_state(days_since_last_active, last_14, before_14) -%}
    case
        when {{ days_since_last_active }} <= 6 and 2 * {{ last_14 }} >= {{ before_14 }} then 'Engaged'
        when {{ days_since_last_active }} <= 13 then 'Cooling'
        when {{ days_since_last_active }} <= 20 then 'At risk'
        when {{ days_since_last_active }} <= 29 then 'Slipping away'
    end
{%- endmacro %}


{# A row per risk state, with its meaning in words. #}
{% macro risk_states() -%}
    select
        states.state_order,
        states.risk_state,
        states.characteristics
    from (
        values
            (1, 'Engaged', 'active in the last 7 days; active days in the last 14 not below half of the 14 before'),
            (
                2,
                'Cooling',
                'active in the last 7 days, and active days in the last 14 below half of the 14 before, '
                || 'or last active 7 to 13 days ago'
            ),
            (3, 'At risk', 'last active 14 to 20 days ago'),
            (4, 'Slipping away', 'last active 21 to 29 days ago')
    ) as states (state_order, risk_state, characteristics)
{%- endmacro %}
