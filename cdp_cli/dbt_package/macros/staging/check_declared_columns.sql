{#- Stop a staging model whose raw table is missing, or has lost a column that its source declares, with a
    sentence that names both. Columns that a source adds do no harm. Runs before each staging model. -#}
{% macro check_declared_columns() -%}
    {%- if execute -%}
        {%- for id in model.depends_on.nodes if id.startswith('source.') -%}
            {%- set table = graph.sources[id] -%}
            {%- set there = [] -%}
            {%- set relation = load_relation(source(table.source_name, table.name)) -%}
            {%- if relation is none -%}
                {%- do exceptions.raise_compiler_error(
                    'There is no table ' ~ table.schema ~ '.' ~ table.identifier ~ ', which '
                    ~ table.original_file_path ~ ' declares. Load it, for example with `cdp load FILE --into '
                    ~ table.source_name ~ '.' ~ table.name ~ '`, or remove the models that read it.'
                ) -%}
            {%- endif -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do there.append(column.name | lower) -%}
            {%- endfor -%}
            {%- for column in table.columns.values() if column.name | lower not in there -%}
                {%- do exceptions.raise_compiler_error(
                    'The table ' ~ table.schema ~ '.' ~ table.identifier ~ ' has no column ' ~ column.name
                    ~ ', which ' ~ table.original_file_path ~ ' declares. Have the source export it again, or'
                    ~ ' remove it there and in ' ~ model.name ~ '.'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
