{#- Of the rows of a table that have one key, the latest. By default that is the one loaded last, so that a tool's
    whole export can be loaded again and again; `tie_breaker` decides within one load. `order_by` states another
    order, latest first. `key` is a column or several, separated by commas. -#}
{% macro latest_rows(table, key, tie_breaker=none, order_by='_loaded_at desc') -%}
    (
        select *
        from (
            select
                *,
                row_number() over (
                    partition by {{ key }}
                    order by {{ order_by }}{{ ', ' ~ tie_breaker ~ ' desc' if tie_breaker }}
                ) as _version
            from {{ table }}
        ) as versions
        where _version = 1
    )
{%- endmacro %}
