{#- A lambda in a lambda: a select for each row would be a join of the table with itself here. A level is one
    struct, because planning takes as many rounds as lambdas are deep. The small table is one map around them
    all, read once; the select that holds it has no rows of its own and is planned away. -#}
{% macro spark__in_steps(levels, result, lookup) -%}
    {%- set places = {} -%}
    {%- set steps = [] -%}
    {%- for level in levels -%}
        {%- set fields = [] -%}
        {%- for name, expression in level.items() -%}
            {%- do fields.append("'" ~ name ~ "', " ~ cdp.in_places(expression, places)) -%}
        {%- endfor -%}
        {%- set variable = 'step_' ~ loop.index -%}
        {%- do steps.append((variable, 'named_struct(' ~ fields | join(', ') ~ ')')) -%}
        {%- for name in level -%}
            {%- do places.update({name: variable ~ '.' ~ name}) -%}
        {%- endfor -%}
        {%- if loop.index == lookup.level -%}
            {%- do steps.append(('row_of_key', 'try_element_at(rows_by_key, ' ~ places[lookup.by] ~ ')')) -%}
            {%- for column in lookup.columns -%}
                {%- do places.update({column: 'row_of_key.' ~ column}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    (
        select
            {% for variable, value in steps %}transform(array({{ value }}), {{ variable }} -> {% endfor -%}
            {{ cdp.in_places(result, places) }}
            {%- for _ in steps %})[0]{% endfor %}
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

{#- An expression with each `@name` where it is to be found, longer names first. -#}
{% macro in_places(expression, places) -%}
    {%- set ns = namespace(sql=expression) -%}
    {%- for length in range(40, 0, -1) -%}
        {%- for name, place in places.items() if name | length == length -%}
            {%- set ns.sql = ns.sql | replace('@' ~ name, place) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do return(ns.sql) -%}
{%- endmacro %}
