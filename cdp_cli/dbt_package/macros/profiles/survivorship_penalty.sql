{#- How bad a record is for a group of attributes, as one SQL number: the lowest survives, and the age of the
    record decides between equals. Digits, from the left:
    - caution: 0 nothing speaks against it, 1 a household's identifier, 2 a junk one, 3 no value at all;
    - columns of the group that it leaves empty, where the strategy asks for completeness: what most records
      say is worth little when it is half an address. A lone letter is an initial and fills nothing;
    - the strategy's own: the source's place in the order, or how few of the person's records agree;
    - for most_frequent, how short it is: nicknames, initials and lost letters make a name shorter. An
      identifier is no better for being long. -#}
{% macro survivorship_penalty(rule, identifiers) -%}
    cast(1000000000 as {{ dbt.type_bigint() }}) * case
        when {% for attribute in rule.attributes %}{{ attribute }} is null{{ ' and ' if not loop.last }}{% endfor %} then 3
        {%- for attribute in rule.attributes if attribute in identifiers %}
        when {{ attribute }}_class = 'junk' then 2
        when {{ attribute }}_class = 'household' then 1
        {%- endfor %}
        else 0
    end
    {%- if rule.strategy in ['most_complete', 'most_frequent'] %}
        {%- for attribute in rule.attributes %}
    + 10000000 * case when length(replace({{ attribute }}, '.', '')) > 1 then 0 else 1 end
        {%- endfor %}
    {%- endif -%}
    {%- if rule.strategy == 'source_priority' %}
    + 1000 * case source
        {%- for source in rule.order %}
        when '{{ source }}' then {{ loop.index }}
        {%- endfor %}
        else {{ rule.order | length + 1 }}
    end
    {%- elif rule.strategy == 'most_frequent' %}
    - 1000 * least({% for attribute in rule.attributes -%}
        coalesce({{ attribute }}_counts.count_records, 0){{ ' + ' if not loop.last }}
    {%- endfor %}, 9999)
        {%- if rule.attributes | reject('in', identifiers) | list %}
    - least({% for attribute in rule.attributes -%}
        coalesce(length({{ attribute }}), 0){{ ' + ' if not loop.last }}
    {%- endfor %}, 999)
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
