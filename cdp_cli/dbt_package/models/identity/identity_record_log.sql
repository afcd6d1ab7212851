{#- The branches of is_incremental() stand at one indent each, whichever is linted: noqa. -#}
-- noqa: disable=LT02
{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

{%- set types = identifier_columns().split() %}

with

records as (

    select * from {{ ref('identity_records') }}

),

identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

run as (

    select * from {{ ref('identity_run') }}

),

identifier_classes as (

    select
        record_id,
        {% for type in types -%}
            max(case when identifier_type = '{{ type }}' then identifier_class end) as {{ type }}
            {%- if not loop.last %},{% endif %}
        {% endfor %}

    from identifiers

    group by record_id

),

present as (

    select
        records.record_id,
        -- A value that becomes a household's or junk changes what its records can link to.
        md5(
            records.record_hash
            {% for type in types -%}
                || coalesce(identifier_classes.{{ type }}, '-'){{ ' ' if not loop.last }}
            {%- endfor %}
        ) as record_hash

    from records

    left join identifier_classes
        on records.record_id = identifier_classes.record_id

),

{% if is_incremental() -%}
    last_seen as (

        select
            record_id,
            record_hash

        from (
            select
                record_id,
                record_hash,
                row_number() over (
                    partition by record_id
                    order by seen_at desc
                ) as newest_first

            from {{ this }}
        ) as log

        where newest_first = 1

    ),

    changes as (

        select
            coalesce(present.record_id, last_seen.record_id) as record_id,
            present.record_hash

        from present

        full join last_seen
            on present.record_id = last_seen.record_id

        where coalesce(present.record_hash, '') <> coalesce(last_seen.record_hash, '')

    ),
{%- else -%}
changes as (

    select * from present

),
{%- endif %}

final as (

    select
        changes.record_id,
        changes.record_hash,
        run.started_at as seen_at

    from changes

    cross join run

)

select * from final
