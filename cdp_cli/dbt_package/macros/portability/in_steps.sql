{#- One value worked out in steps, each computed once, wherever a value may stand in a row's select list.

    `levels` is a list of mappings from names to expressions, which see the row's columns and, as `@name`, the
    names of the levels before. `lookup` is a small table: after its `level`-th level, `columns` of the row
    whose `key` is the name `by` are names too, null where there is none. `result` is the value's expression. -#}
{% macro in_steps(levels, result, lookup) -%}
    {{ return(adapter.dispatch('in_steps', 'cdp')(levels, result, lookup)) }}
{%- endmacro %}

{#- A select around a select. -#}
{% macro default__in_steps(levels, result, lookup) -%}
    {%- set ns = namespace(sql='') -%}
    {%- for level in levels -%}
        {%- set names -%}
            {%- for name, expression in level.items() -%}
                {{ expression | replace('@', '') }} as {{ name }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        {%- endset -%}
        {%- if loop.first -%}
            {%- set ns.sql = 'select ' ~ names -%}
        {%- else -%}
            {%- set ns.sql = 'select *, ' ~ names ~ ' from (' ~ ns.sql ~ ') as step_' ~ loop.index0 -%}
        {%- endif -%}
        {%- if loop.index == lookup.level -%}
            {%- set ns.sql = 'select looking_up.*'
                ~ ', looked_up.' ~ lookup.columns | join(', looked_up.')
                ~ ' from (' ~ ns.sql ~ ') as looking_up'
                ~ ' left join ' ~ lookup.table ~ ' as looked_up'
                ~ ' on looking_up.' ~ lookup.by ~ ' = looked_up.' ~ lookup.key -%}
        {%- endif -%}
    {%- endfor -%}
    (select {{ result | replace('@', '') }} from ({{ ns.sql }}) as last_step)
{%- endmacro %}
