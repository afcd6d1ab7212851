{#- Tables on an engine whose DDL has no transactions and whose files cannot be replaced at once: a table's
    rows are in one of two slots, `<name>__a` and `<name>__b`, and `<name>` is a view of the one that is live.
    A build fills the other slot and then points the view at it, in one step of the catalog. Who reads while
    that happens reads on in the old slot, and a build that fails leaves the view where it was. -#}
{% macro inactive_table(relation) -%}
    {%- set standing = load_cached_relation(relation) -%}
    {%- set a_is_live = standing is not none and (relation.identifier ~ '__a') in standing.information | string -%}
    {%- do return(api.Relation.create(
        schema=relation.schema,
        identifier=relation.identifier ~ ('__b' if a_is_live else '__a'),
        type='table'
    )) -%}
{%- endmacro %}

{% macro publish_slot(slot, relation) -%}
    {%- set standing = load_cached_relation(relation) -%}
    {%- if standing is not none and standing.type == 'table' -%}
        {%- do adapter.drop_relation(standing) -%}
    {%- endif -%}
    {%- call statement('publish') -%}
        create or replace view {{ relation }} as select * from {{ slot }}
    {%- endcall -%}
{%- endmacro %}

{% materialization table, adapter='spark', supported_languages=['sql', 'python'] %}

    {%- set target = this.incorporate(type='view') -%}
    {%- set slot = cdp.inactive_table(this) -%}

    {{ run_hooks(pre_hooks) }}

    {%- call statement('drop_slot') -%}
        drop table if exists {{ slot }}
    {%- endcall -%}

    {%- call statement('main', language=model['language']) -%}
        {{ create_table_as(False, slot, compiled_code, model['language']) }}
    {%- endcall -%}

    {%- do cdp.publish_slot(slot, this) -%}

    {{ run_hooks(post_hooks) }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}
