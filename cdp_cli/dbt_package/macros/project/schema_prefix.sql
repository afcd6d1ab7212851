{#- What stands before the name of each schema of the engine and of `cdp`, so that developers can share a warehouse:
    the environment variable CDP_SCHEMA_PREFIX, else the var `schema_prefix`. The log of raw tables has none. -#}
{% macro schema_prefix() -%}
    {%- set prefix = env_var('CDP_SCHEMA_PREFIX', var('schema_prefix', '')) -%}
    {%- if not modules.re.fullmatch('[A-Za-z0-9_]*', prefix | string) -%}
        {%- do exceptions.raise_compiler_error(
            'The schema prefix ' ~ prefix ~ ' is not made of letters, digits and _ alone.'
            ~ ' Correct CDP_SCHEMA_PREFIX, or the var schema_prefix, which takes no Jinja.'
        ) -%}
    {%- endif -%}
    {{ return(prefix) }}
{%- endmacro %}
