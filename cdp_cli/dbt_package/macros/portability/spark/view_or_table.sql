{#- A table: each reader of a view would plan it and work out its rows anew. -#}
{% materialization view_or_table, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
