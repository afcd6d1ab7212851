{#- Generic test: the column is the table's key, that is unique and never null, in one query instead of two. -#}
{% test is_key(model, column_name) %}

    select
        {{ column_name }},
        count(*) as count_rows

    from {{ model }}

    group by {{ column_name }}

    having
        count(*) > 1
        or {{ column_name }} is null

{% endtest %}
