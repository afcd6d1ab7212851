{#- An e-mail address as it is compared: lower case, without what people and tools write around it
    (`mailto:`, `Bo <bo@example.com>`, quotes, a full stop at the end); null where it is no address.
    Dots and plus tags stay: whether they matter is for the address's provider to say. -#}
{% macro normalize_email(column) -%}
    {%- set text = "lower(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "))" -%}
    {%- set inner = cdp.regexp_remove(text, "^.*<|>.*$") -%}
    {#- `[ -/:-@]` is the punctuation before and after the digits; what is beyond `~` is no ASCII. -#}
    {%- set bare = cdp.regexp_remove(
        cdp.regexp_remove(inner, "^[ -/:-@\t\r\n]*(mailto:)?[ ]*"), "[ -/:-@\t\r\n]+$"
    ) -%}
    case
        when
            {{ cdp.regexp_like(
                bare,
                "^[^ ,:;<>()@\"\t\r\n]+@(([a-z0-9]|[^ -~])([a-z0-9-]|[^ -~])*[.])+[a-z][a-z0-9-]*[a-z0-9]$"
            ) }}
            and not {{ cdp.regexp_like(bare, "[.][.]|[.]@|-[.]|[\t\r\n]") }}
            and length({{ bare }}) <= 254
            then {{ bare }}
    end
{%- endmacro %}
