{# Tables as every engine's own materialization makes them, with a third of its statements: it builds beside the old table,
   renames the old one away and the new one into its place, commits, and drops the old one in another transaction, so that
   readers never miss it. Nobody reads a candidate; here the old table goes in the transaction that makes the new one.
   Both engines roll that back as a whole. #}
{% materialization table, adapter='duckdb' %}
    {{ return(footfall.make_table()) }}
{% endmaterialization %}

{% materialization table, adapter='postgres' %}
    {{ return(footfall.make_table()) }}
{% endmaterialization %}


{% macro make_table() %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {% if existing is not none -%}
            drop {{ existing.type }} if exists {{ existing }} cascade;
        {%- endif %}
        {{ get_create_table_as_sql(False, target, sql) }}
    {%- endcall %}
    {%- if existing is not none %}{% do adapter.cache_dropped(existing) %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}
