{# Tables and views as every engine's own materializations make them, with a third of the statements: those build beside
   the old one, rename it away and the new one into its place, commit, and drop the old one in another transaction, so that
   readers never miss it. Nobody reads a candidate; here the old one goes in the transaction that makes the new one.
   Both engines roll that back as a whole. #}
{% materialization table, adapter='duckdb' %}
    {{ return(footfall.make_anew('table')) }}
{% endmaterialization %}

{% materialization table, adapter='postgres' %}
    {{ return(footfall.make_anew('table')) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(footfall.make_anew('view')) }}
{% endmaterialization %}

{% materialization view, adapter='postgres' %}
    {{ return(footfall.make_anew('view')) }}
{% endmaterialization %}


{% macro make_anew(type) %}
    {%- set target = this.incorporate(type=type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {% if existing is not none -%}
            drop {{ existing.type }} if exists {{ existing }} cascade;
        {%- endif %}
        {{ get_create_table_as_sql(False, target, sql) if type == 'table' else get_create_view_as_sql(target, sql) }}
    {%- endcall %}
    {%- if existing is not none %}{% do adapter.cache_dropped(existing) %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}
