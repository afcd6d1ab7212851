{#- One value worked out in steps, each computed once, wherever a value may stand in a row's select list.

    `levels` is a list of mappings from names to expressions, which see the row and the names of the levels
    before. `lookup` is a small table: after its `level`-th level, `columns` of the row whose `key` is the
    name `by` are names too, null where there is none. `result` is the expression of the value. -#}
{% macro in_steps(levels, result, lookup) -%}
    {{ return(adapter.dispatch('in_steps', 'cdp')(levels, result, lookup)) }}
{%- endmacro %}

{#- A select around a select. -#}
{% macro default__in_steps(levels, result, lookup) -%}
    {%- set ns = namespace(sql='') -%}
    {%- for level in levels -%}
        {%- set names -%}
            {%- for name, expression in level.items() %}{{ expression }} as {{ name }}{{ ', ' if not loop.last }}{% endfor -%}
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
    (select {{ result }} from ({{ ns.sql }}) as last_step)
{%- endmacro %}

{#- A lambda in a lambda: a select for each row would be a join of the table with itself here. The small table
    is one map around them all, read once; the select that holds it has no rows of its own and is planned away. -#}
{% macro spark__in_steps(levels, result, lookup) -%}
    {%- set names = [] -%}
    {%- for level in levels -%}
        {%- do names.extend(level.items()) -%}
        {%- if loop.index == lookup.level -%}
            {#- Once: a map is searched from its beginning. #}
            {%- do names.append(['row_of_key', 'try_element_at(rows_by_key, ' ~ lookup.by ~ ')']) -%}
            {%- for column in lookup.columns -%}
                {%- do names.append([column, 'row_of_key.' ~ column]) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set ns = namespace(opened='', closed='') -%}
    {%- for name, expression in names -%}
        {%- set ns.opened = ns.opened ~ 'transform(array(' ~ expression ~ '), ' ~ name ~ ' -> ' -%}
        {%- set ns.closed = ns.closed ~ ')[0]' -%}
    {%- endfor -%}
    (
        select {{ ns.opened ~ result ~ ns.closed }}
        from (
            select (
                select map_from_entries(collect_list(
                    struct({{ lookup.key }}, struct({{ lookup.columns | join(', ') }}))
                ))
                from {{ lookup.table }}
            ) as rows_by_key
        ) as looked_up
    )
{%- endmacro %}
