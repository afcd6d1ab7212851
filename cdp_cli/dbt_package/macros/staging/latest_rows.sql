{#- The rows of a raw table as they are now: of rows with one key only the last loaded, so that a tool's whole
    export can be loaded again and again. `order_by` breaks ties within one load. -#}
{% macro latest_rows(table, key, order_by=none) -%}
    (
        select *
        from (
            select
                *,
                row_number() over (
                    partition by {{ key }}
                    order by _loaded_at desc{{ ', ' ~ order_by ~ ' desc' if order_by }}
                ) as _version
            from {{ table }}
        ) as versions
        where _version = 1
    )
{%- endmacro %}
