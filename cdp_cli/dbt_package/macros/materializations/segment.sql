{#- A segment: build the audience aside, audit it, log who entered and who left, publish; one transaction.
    A segment that fails leaves the table and the log as they were, and takes no other segment with it.
    Membership is what the log says, so the log and the table cannot drift apart, and a full refresh, a
    dropped table or a segment that comes back after months is diffed like any other run.
    Hooks are not run: a segment is SQL only (docs/reference/segments.md). -#}
{% materialization segment, default, supported_languages=['sql'] %}

    {%- set target = this.incorporate(type='table') -%}
    {%- set aside = cdp.segment_aside(this) -%}
    {%- set log = source('segment_log', 'segment_events') -%}

    {%- set select_sql = sql.rstrip().rstrip(';') -%}

    {%- do cdp.audit_segment_columns(model.name, select_sql) -%}

    {%- do cdp.build_segment_aside(aside, select_sql) -%}

    {%- do cdp.audit_segment_rows(model.name, aside, ref('profiles')) -%}

    {%- call statement('log_changes') -%}
        insert into {{ log }} (segment, profile_id, event, occurred_at, run_id)
        {{ cdp.segment_changes(model.name, aside, log) }}
    {%- endcall -%}

    {%- do cdp.publish_segment(aside, target) -%}

    {{ adapter.commit() }}

    {{ return({'relations': [target]}) }}

{% endmaterialization %}
