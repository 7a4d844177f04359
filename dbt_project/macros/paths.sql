{# The pages of a path as one text, joined by ` > `; that separator inside a page is percent-encoded. #}
{% macro joined_path(page_1, page_2, page_3, page_4, page_5) -%}
    coalesce({{ encoded_page(page_1) }}, '')
    || coalesce(' > ' || {{ encoded_page(page_2) }}, '')
    || coalesce(' > ' || {{ encoded_page(page_3) }}, '')
    || coalesce(' > ' || {{ encoded_page(page_4) }}, '')
    || coalesce(' > ' || {{ encoded_page(page_5) }}, '')
{%- endmacro %}

{% macro encoded_page(page) -%}
    replace({{ page }}, ' > ', '%20%3E%20')
{%- endmacro %}


{# Whether a value matches a pattern of like_pattern; a null value does not, and a null pattern asks nothing. #}
{% macro matches_pattern(value, pattern) -%}
    ({{ pattern }} is null or {{ value }} like {{ pattern }} escape '!')
{%- endmacro %}


{# A goal's pattern, in which `*` is any run of characters, for LIKE with the escape character `!`. #}
{% macro like_pattern(pattern) -%}
    replace(replace(replace(replace({{ pattern }}, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%')
{%- endmacro %}
