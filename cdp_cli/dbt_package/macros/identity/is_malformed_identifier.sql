{#- Whether a value cannot be an identifier of its type, whoever wrote it. -#}
{% macro is_malformed_identifier(type, value) -%}
    case {{ type }}
        when 'email' then not {{ cdp.regexp_like(value, '^[^@ ]+@[^@ ]+[.][^@ .]+$') }}
        when 'phone'
            then
                length(replace({{ value }}, '+', '')) < 7
                or length(replace({{ value }}, '+', '')) > 15
                or replace({{ value }}, substring({{ value }}, length({{ value }}), 1), '') in ('', '+')
                or {{ cdp.regexp_like(value, '(0000000|1111111|9999999|1234567)$') }}
        when 'national_id'
            then
                length({{ value }}) < 5
                or replace({{ value }}, substring({{ value }}, 1, 1), '') = ''
        else length({{ value }}) < 1
    end
{%- endmacro %}
