{#- The moment that windows, ages and expiries are counted from, as a SQL timestamp in UTC: the var
    `as_of`, else the warehouse's own clock (raw_log.clock, which the demo moves), else the start of this run.
    Unit tests override this macro. -#}
{% macro as_of_utc() -%}
    {%- if var('as_of', '') -%}
        cast('{{ var("as_of") }}' as {{ dbt.type_timestamp() }})
    {%- else -%}
        coalesce(
            (select max(clock.as_of) from {{ source('raw_log', 'clock') }} as clock),
            cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }})
        )
    {%- endif -%}
{%- endmacro %}
