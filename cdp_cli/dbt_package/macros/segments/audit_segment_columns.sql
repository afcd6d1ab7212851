{#- Fails unless the SELECT gives exactly one column, profile_id. Attributes stay in profiles and
    profile_traits, so that personal data is in one place and erasure finds it. -#}
{% macro audit_segment_columns(segment, select_sql) -%}
    {%- set names = [] -%}
    {%- for column in get_column_schema_from_query(select_sql) -%}
        {%- do names.append(column.name | lower) -%}
    {%- endfor -%}
    {%- if 'profile_id' not in names -%}
        {%- do exceptions.raise_compiler_error(
            "Segment '" ~ segment ~ "' has no column profile_id; it selects: " ~ names | join(', ')
            ~ ". Select profile_id. The last good audience stands."
        ) -%}
    {%- elif names | length > 1 -%}
        {%- do exceptions.raise_compiler_error(
            "Segment '" ~ segment ~ "' selects more than profile_id: " ~ names | join(', ')
            ~ ". Select profile_id alone, and take the rest from profiles or profile_traits in the"
            ~ " activation model. The last good audience stands."
        ) -%}
    {%- endif -%}
{%- endmacro %}
