{#- Stop the build before profile_traits is replaced if a trait group lacks a column that it declares, or does not
    have exactly one row per person, with a sentence that names the group. -#}
{% macro check_trait_groups(groups, nodes) -%}
    {%- if flags.WHICH in ['build', 'run', 'retry'] and model.resource_type == 'model' and not flags.EMPTY -%}
        {%- for node in nodes -%}
            {%- set found = adapter.get_columns_in_relation(groups[loop.index0]) | map(attribute='name') | map('lower') | list -%}
            {%- for column in node.columns if column | lower not in found -%}
                {%- do exceptions.raise_compiler_error(
                    'The trait group ' ~ node.name ~ ' has no column ' ~ column ~ ', which its properties file lists. '
                    ~ 'Select it in ' ~ node.original_file_path ~ ', or remove it there.'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set rows_a_person -%}
            {%- for node in nodes %}
                select
                    {{ loop.index0 }} as place,
                    max(case when profile_id is null then 1 else 0 end) as has_null

                from {{ groups[loop.index0] }}

                group by profile_id

                having
                    count(*) > 1
                    or profile_id is null
                {{ 'union all' if not loop.last }}
            {%- endfor %}
        {%- endset -%}
        {%- for row in run_query('select distinct * from (' ~ rows_a_person ~ ') as wrong order by place, has_null') -%}
            {%- set node = nodes[row['place']] -%}
            {%- do exceptions.raise_compiler_error(
                'The trait group ' ~ node.name ~ (
                    ' has a row without a profile_id. Leave out such rows in '
                    if row['has_null'] else ' has two rows for one profile_id. Group by profile_id in '
                ) ~ node.original_file_path ~ '. The last good profile_traits stands.'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
