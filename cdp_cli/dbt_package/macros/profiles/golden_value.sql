{#- An attribute of unified_people as text that is fit for a golden profile, or null. -#}
{% macro golden_value(attribute) -%}
    {%- if attribute == 'birth_date' -%}
        {%- set birth_date = cdp.try_cast('unified_people.birth_date', 'date') -%}
        {#- Partial and impossible dates stay in the source; 1900 and before is how tools write "unknown". -#}
        case
            when
                {{ birth_date }} > cast('1901-01-01' as date)
                and {{ birth_date }} <= cast({{ cdp.as_of_utc() }} as date)
                then cast({{ birth_date }} as {{ dbt.type_string() }})
        end
    {%- elif attribute == 'full_name' -%}
        coalesce(
            nullif(trim(unified_people.full_name), ''),
            nullif(trim(coalesce(unified_people.first_name, '') || ' ' || coalesce(unified_people.last_name, '')), '')
        )
    {%- elif attribute in ['first_name', 'last_name'] -%}
        {#- Sources with the name in one piece still let us greet the person. -#}
        coalesce(
            nullif(trim(unified_people.{{ attribute }}), ''),
            case
                when
                    unified_people.first_name is null
                    and unified_people.last_name is null
                    and trim(unified_people.full_name) like '% %'
                    then {{ dbt.split_part(
                        'trim(unified_people.full_name)', "' '", 1 if attribute == 'first_name' else -1
                    ) }}
            end
        )
    {%- else -%}
        nullif(trim(unified_people.{{ attribute }}), '')
    {%- endif -%}
{%- endmacro %}
