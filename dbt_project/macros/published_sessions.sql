{# Sets aside the sessions that readers see and that this build is about to replace, in the transaction that replaces
   them. Rows of a build that was never published are no such sessions: they bear a later publication_id. #}
{% macro keep_published_sessions() -%}
    {%- set earlier_sessions = load_relation(this) -%}
    {%- if earlier_sessions is not none
        and 'publication_id' in adapter.get_columns_in_relation(earlier_sessions) | map(attribute='name') -%}
    {%- set columns = 'session_id, workspace_id, user_key, client_session_key, is_bot, started_at, ended_at' -%}
    insert into {{ source('ops', 'replaced_sessions') }} ({{ columns }})
    select {{ columns }}
    from {{ this }} as sessions
    where sessions.publication_id <= (
        select publication.last_publication_id from {{ ref('int_publication') }} as publication
    )
    {%- if is_incremental() %}
        and {{ touches_span('sessions', 'started_at') }}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
