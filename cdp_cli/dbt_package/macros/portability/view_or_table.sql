{#- The materialization of models that only bring rows into shape: a view where an engine plans through views
    for nothing, a table where each reader would plan and work out the shape anew. -#}
{% materialization view_or_table, default %}
    {{ return(materialization_view_default()) }}
{% endmaterialization %}
