{#- A seed's rows. dbt-spark's own form puts texts between quotes as they are, and breaks on the first
    apostrophe. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) -%}
        {%- set sql -%}
            insert into {{ this }} values
            {%- for row in chunk %}
            ({%- for name in agate_table.column_names -%}
                {%- set value = row[loop.index0] -%}
                cast(
                    {%- if value is none -%}null{%- else -%}'{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'{%- endif %} as {{ types.get(name, adapter.convert_type(agate_table, loop.index0)) -}}
                ){{ ', ' if not loop.last }}
            {%- endfor -%}){{ ',' if not loop.last }}
            {%- endfor -%}
        {%- endset -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endfor -%}
    {%- do return('') -%}
{%- endmacro %}
