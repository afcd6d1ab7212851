{#- Stop the build where seeds/identity/identifier_types.csv does not say how each identifier may link, with a
    sentence that names the row: a type without a row would link nobody, and nobody would be told. Runs after
    the seed is loaded, which it takes back. -#}
{% macro check_identifier_types() -%}
    {%- if execute -%}
        {%- set file = 'seeds/identity/identifier_types.csv' -%}
        {%- set needed = cdp.identifier_columns().split()[:6] -%}
        {%- set known = needed + [] -%}
        {#- A type of the project's own is a column of the person entity. -#}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == 'unified_people' -%}
            {%- for column in node.columns if column not in known -%}
                {%- do known.append(column) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set least = {
            'max_values_per_profile': 1, 'max_profiles_per_value': 1, 'max_household': 1, 'max_records': 0
        } -%}
        {%- set found = [] -%}
        {%- for row in run_query('select * from ' ~ this ~ ' order by identifier_type') -%}
            {%- set type = row['identifier_type'] -%}
            {%- if type not in known -%}
                {%- do exceptions.raise_compiler_error(
                    file ~ " has a row for '" ~ type ~ "', which is no identifier of a person record. Name one of "
                    ~ needed | join(', ') ~ ', or remove the row.'
                ) -%}
            {%- elif type in found -%}
                {%- do exceptions.raise_compiler_error(
                    file ~ " has two rows for '" ~ type ~ "'. Keep the one whose limits are to hold."
                ) -%}
            {%- endif -%}
            {%- for limit, smallest in least.items() if row[limit] is none or row[limit] < smallest -%}
                {%- do exceptions.raise_compiler_error(
                    file ~ ' has no ' ~ limit ~ " for '" ~ type ~ "' that could hold. Write a whole number from "
                    ~ smallest ~ ' up.'
                ) -%}
            {%- endfor -%}
            {%- if row['probability'] is not none and not 0 < row['probability'] < 1 -%}
                {%- do exceptions.raise_compiler_error(
                    file ~ " has the probability " ~ row['probability'] ~ " for '" ~ type ~ "', which is not between "
                    ~ '0 and 1. Write one below 1, such as 0.99, or leave it empty: the type then joins nobody.'
                ) -%}
            {%- endif -%}
            {%- do found.append(type) -%}
        {%- endfor -%}
        {%- for type in needed if type not in found -%}
            {%- do exceptions.raise_compiler_error(
                file ~ " has no row for '" ~ type ~ "', so no value of it could link anybody. Add the row; with a "
                ~ 'max_records of 0 all its values are junk, and listed as such.'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
