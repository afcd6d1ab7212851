{#- Stop the build where a seed has two rows of the same key, with a sentence that names it: models join the seed
    by it, and would have records twice. Runs after the seed is loaded, which it takes back. -#}
{% macro check_rows_differ(columns) -%}
    {%- if execute -%}
        {%- set keys = columns | join(', ') -%}
        {%- for row in run_query(
            'select ' ~ keys ~ ' from ' ~ this ~ ' group by ' ~ keys ~ ' having count(*) > 1 order by ' ~ keys
        ) -%}
            {%- do exceptions.raise_compiler_error(
                model.original_file_path ~ ' has two rows for ' ~ row.values() | join(', ') ~ '. Keep one of them.'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
