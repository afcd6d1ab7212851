{#- The union over all models that give rows of an entity, in the columns that the properties file of the calling
    model lists. A column that a model lacks is null there. What a model has under another name, the name of its
    source, and whether it holds each person once are in its own meta (docs/explanation/sources.md). -#}
{% macro unified(entity, relations) -%}
    {%- if not execute -%}
        select 1 as not_read_before_execution
    {%- else -%}
        {%- set columns = graph.nodes[model.get('tested_node_unique_id') or model.unique_id].columns.values() | list -%}
        {%- if relations -%}
            with
        {%- endif %}
        {%- for relation in relations %}
            {%- set node = cdp.node_of_relation(relation) %}
            {%- if node.config.meta.get('entity') != entity -%}
                {%- do exceptions.raise_compiler_error(
                    model.name ~ ' lists ' ~ node.name ~ ", whose properties file does not say that it gives rows of '"
                    ~ entity ~ "'. Run `cdp generate`."
                ) -%}
            {%- endif %}

            {{ node.name }} as (

                select

                    {%- for column in columns %}
                        {{ cdp.unified_value(node, column.name, column.data_type) }} as {{ column.name }}
                        {{- ',' if not loop.last }}
                    {%- endfor %}

                from {{ relation }}

            ){{ ',' if not loop.last }}
        {%- endfor %}
        {%- for relation in relations %}

            select * from {{ cdp.node_of_relation(relation).name }}
            {%- if not loop.last %}

            union all
            {%- endif %}
        {%- endfor %}
        {%- if not relations %}
            select
            {%- for column in columns %}
                cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}

            where 1 = 0
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{#- One column of the union, as one model gives it. -#}
{% macro unified_value(node, column, data_type) -%}
    {%- set meta = node.config.meta -%}
    {%- set own = meta.get('columns', {}).get(column, column) -%}
    {%- if column == 'source' -%}
        {%- set source = meta.get('source') or node.original_file_path.replace('\\', '/').split('/')[-2] -%}
        cast('{{ source | string | replace("'", "''") }}' as {{ data_type }})
    {%- elif column == 'one_record_per_person' -%}
        {{ 'true' if meta.get('one_record_per_person') else 'false' }}
    {%- elif own in node.columns -%}
        cast({{ own }} as {{ data_type }})
    {%- else -%}
        cast(null as {{ data_type }})
    {%- endif -%}
{%- endmacro %}
