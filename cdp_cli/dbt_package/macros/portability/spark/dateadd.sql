{#- A moment so many units later, as dbt.dateadd is defined; dbt-spark's own form goes through the seconds of
    the session's time zone and fails on a null. -#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}
