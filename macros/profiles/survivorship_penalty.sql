{#- How bad a record is for a group of attributes, as one SQL integer: the lowest survives, and the age of the
    record decides between equals. Digits, from the left:
    - caution: 0 nothing speaks against it, 1 a household's identifier, 2 a junk one, 3 no value at all;
    - columns of the group that it leaves empty, where the strategy asks for completeness: what most records
      say is worth little when it is half an address. A lone letter is an initial and fills nothing;
    - the strategy's own: the source's place in the order, or how little the others agree. -#}
{% macro survivorship_penalty(rule, identifiers) -%}
    1000000 * case
        when {% for attribute in rule.attributes %}{{ attribute }} is null{{ ' and ' if not loop.last }}{% endfor %} then 3
        {%- for attribute in rule.attributes if attribute in identifiers %}
        when {{ attribute }}_class = 'junk' then 2
        when {{ attribute }}_class = 'household' then 1
        {%- endfor %}
        else 0
    end
    {%- if rule.strategy in ['most_complete', 'most_frequent'] %}
        {%- for attribute in rule.attributes %}
    + 10000 * case when length(replace({{ attribute }}, '.', '')) > 1 then 0 else 1 end
        {%- endfor %}
    {%- endif -%}
    {%- if rule.strategy == 'source_priority' %}
    + case source
        {%- for source in rule.order %}
        when '{{ source }}' then {{ loop.index }}
        {%- endfor %}
        else {{ rule.order | length + 1 }}
    end
    {%- elif rule.strategy == 'most_frequent' %}
    - least({% for attribute in rule.attributes -%}
        coalesce({{ attribute }}_counts.count_records, 0){{ ' + ' if not loop.last }}
    {%- endfor %}, 9999)
    {%- endif -%}
{%- endmacro %}
