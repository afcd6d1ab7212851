{#- A view over the log, so it shows an audience at the moment it is published. A segment whose file was
    removed has no members any more; its log stays. -#}
{%- set segments = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'segment' -%}
        {%- do segments.append(node.name) -%}
    {%- endfor -%}
{%- endif -%}

{{ segment_membership(
    source('segment_log', 'segment_events'),
    "segment in ('" ~ segments | sort | join("', '") ~ "')"
) }}
