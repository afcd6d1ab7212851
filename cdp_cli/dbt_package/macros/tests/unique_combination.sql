{#- Generic test: no two rows have the same values in `columns`, and none of these values is null. That is
    the grain of a table whose key is of several columns, in one query instead of one a column. -#}
{% test unique_combination(model, columns) %}

    select
        {{ columns | join(',\n        ') }},
        count(*) as count_rows

    from {{ model }}

    group by
        {{ columns | join(',\n        ') }}

    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}

{% endtest %}
