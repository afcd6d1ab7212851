{#- How each attribute of a golden profile is chosen, as its column in models/profiles/profiles.yml declares:
    a list of {attribute, data_type, strategy, order, group, attributes of that group}. Read from the graph,
    so that the model which ranks and the model which shows the winners follow one declaration.
    Empty while dbt parses. -#}
{% macro survivorship_rules() -%}
    {%- set rules = [] -%}
    {%- if execute -%}
        {%- set strategies = ['most_recent', 'most_frequent', 'most_complete', 'source_priority', 'first'] -%}
        {%- set node = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model') | selectattr('name', 'equalto', 'profiles')
            | first -%}
        {%- set known = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model') | selectattr('name', 'equalto', 'unified_people')
            | first -%}
        {%- set groups = {} -%}
        {%- for column in node.columns.values() -%}
            {%- set declared = column.get('config', {}).get('meta', {}).get('survivorship')
                or column.get('meta', {}).get('survivorship') -%}
            {%- if declared is not none and declared is not undefined -%}
                {%- set where = node.original_file_path | replace('.sql', '.yml') ~ ': the survivorship of column '
                    ~ node.name ~ '.' ~ column.name -%}
                {%- if declared is not mapping -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' is not a mapping. Write it as {strategy: most_recent}.'
                    ) -%}
                {%- endif -%}
                {%- for key in declared if key not in ['strategy', 'order', 'group'] -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' has an unknown key "' ~ key ~ '". Use: strategy, order, group.'
                    ) -%}
                {%- endfor -%}
                {%- if declared.get('strategy') not in strategies -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' names an unknown strategy "' ~ declared.get('strategy') ~ '". Use one of: '
                        ~ strategies | join(', ') ~ '.'
                    ) -%}
                {%- endif -%}
                {%- set order = declared.get('order', []) -%}
                {%- if declared.strategy == 'source_priority' and (order is string or not order) -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' is source_priority without an order. Add the sources, best first: order: [crm, shop].'
                    ) -%}
                {%- endif -%}
                {%- if declared.strategy != 'source_priority' and order -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' has an order, which only source_priority uses. Remove it, or change the strategy.'
                    ) -%}
                {%- endif -%}
                {%- if known.columns and column.name not in known.columns -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' chooses among values that no source gives: unified_people has no such column.'
                        ~ ' Use one of its columns, or remove the declaration.'
                    ) -%}
                {%- endif -%}
                {%- set rule = {
                    'attribute': column.name,
                    'data_type': column.data_type,
                    'strategy': declared.strategy,
                    'order': order,
                    'group': declared.get('group', column.name),
                } -%}
                {%- set peers = groups.setdefault(rule.group, []) -%}
                {%- if peers and (peers[0].strategy != rule.strategy or peers[0].order != rule.order) -%}
                    {%- do exceptions.raise_compiler_error(
                        where ~ ' differs from ' ~ peers[0].attribute ~ ' of the same group "' ~ rule.group
                        ~ '". Columns of one group come from one record: give all of them one strategy and order.'
                    ) -%}
                {%- endif -%}
                {%- do peers.append(rule) -%}
                {%- do rules.append(rule) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for rule in rules -%}
            {%- do rule.update({'attributes': groups[rule.group] | map(attribute='attribute') | list}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}
