{#- A segment's new table is in the spare slot, and becomes the live one. -#}
{% macro spark__segment_aside(target) -%}
    {%- do return(cdp.inactive_table(target)) -%}
{%- endmacro %}

{% macro spark__publish_segment(aside, target) -%}
    {%- do cdp.publish_slot(aside, target) -%}
{%- endmacro %}
