{#- The columns of a person record that hold identifiers, in words; each is the type of its own name. The engine's own
    come first, then what the seed identifier_types has besides: a type of the project's own. -#}
{% macro identifier_columns() -%}
    {%- set types = 'user_id loyalty_id national_id email phone anonymous_id'.split() -%}
    {%- for type in cdp.seeded_identifier_types() if type not in types -%}
        {%- do types.append(type) -%}
    {%- endfor -%}
    {{- types | join(' ') -}}
{%- endmacro %}

{#- Those of them that the engine does not know by name. -#}
{% macro own_identifier_columns() -%}
    {{- cdp.identifier_columns().split()[6:] | join(' ') -}}
{%- endmacro %}
