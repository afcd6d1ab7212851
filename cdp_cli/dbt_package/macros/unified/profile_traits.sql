{#- One row per profile with the columns of all trait groups, in the data types that their properties files state.
    What a group has no row for is 0 in columns named count_ and sum_, and null in all others. -#}
{% macro profile_traits(groups) -%}
    {%- do ref('profiles') -%}
    {%- if not execute -%}
        select 1 as not_read_before_execution
    {%- else -%}
        {%- set nodes = [] -%}
        {%- for group in groups -%}
            {%- do nodes.append(cdp.node_of_relation(group)) -%}
        {%- endfor -%}
        {%- set declared = ['profile_id'] -%}
        {%- for node in nodes -%}
            {%- do declared.extend(node.columns.keys() | reject('equalto', 'profile_id')) -%}
        {%- endfor -%}
        {%- set own = graph.nodes[model.get('tested_node_unique_id') or model.unique_id].columns.keys() | list -%}
        {%- if declared | sort != own | sort -%}
            {%- do exceptions.raise_compiler_error(
                'The columns of ' ~ model.name ~ ' are not those of the trait groups that it lists. Run `cdp generate`.'
            ) -%}
        {%- endif -%}
        {%- do cdp.check_trait_groups(groups, nodes) -%}
        select
            profiles.profile_id
            {%- for node in nodes %}
                {%- for column in node.columns.values() if column.name != 'profile_id' %}
                    {%- set value = node.name ~ '.' ~ column.name %}
                    {%- if column.name.startswith(('count_', 'sum_')) %}
                        {%- set value = 'coalesce(' ~ value ~ ', 0)' %}
                    {%- endif %},
                    cast({{ value }} as {{ column.data_type }}) as {{ column.name }}
                {%- endfor %}
            {%- endfor %}

        from {{ ref('profiles') }} as profiles
        {%- for node in nodes %}

            left join {{ groups[loop.index0] }} as {{ node.name }}
                on profiles.profile_id = {{ node.name }}.profile_id
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
