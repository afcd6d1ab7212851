{#- Fails unless every profile_id of the audience is there, once, and a profile. Counts only: an error
    names no person. -#}
{% macro audit_segment_rows(segment, aside, profiles) -%}
    {%- set counts = run_query(cdp.segment_audit(aside, profiles)).rows[0] -%}
    {%- set failures = [] -%}
    {%- for count, check in [
        (counts[0], 'without a profile_id'),
        (counts[1], 'with a profile_id that stands more than once'),
        (counts[2], 'with a profile_id that is not in profiles'),
    ] -%}
        {%- if count | int > 0 -%}
            {%- do failures.append((count | int) ~ (' row ' if count | int == 1 else ' rows ') ~ check) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if failures -%}
        {%- do exceptions.raise_compiler_error(
            "Segment '" ~ segment ~ "' was not published: " ~ failures | join(', ')
            ~ ". Correct its SELECT. The last good audience stands."
        ) -%}
    {%- endif -%}
{%- endmacro %}
