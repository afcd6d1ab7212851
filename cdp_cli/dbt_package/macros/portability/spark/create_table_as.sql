{#- dbt-spark's own form writes Python models as Delta tables and asks about pandas; this one writes the same
    format for both languages, Parquet unless the config `file_format` says otherwise. -#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- set file_format = config.get('file_format') or 'parquet' -%}
    {%- if language == 'python' %}
{#- From the beginning of a line, whatever calls this: Python minds. #}
{{ compiled_code }}

dbt = dbtObj(spark.table)
model(dbt, spark).write.mode('overwrite').format('{{ file_format }}').saveAsTable('{{ relation }}')
    {% elif temporary -%}
        {{ create_temporary_view(relation, compiled_code) }}
    {%- else -%}
        {%- set contract = config.get('contract') -%}
        create table {{ relation }}
        using {{ file_format }}
        as
        {% if contract and contract.enforced -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
            {{ get_select_subquery(compiled_code) }}
        {%- else -%}
            {{ compiled_code }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
