{#- The pre-hook of the segments folder. It is never run and renders to nothing: dbt collects references from
    hooks, and so builds `profiles`, against which a segment is audited, before every segment. -#}
{% macro segment_depends_on_profiles() -%}
    {%- do ref('profiles') -%}
{%- endmacro %}
