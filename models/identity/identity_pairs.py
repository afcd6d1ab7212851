def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append")
    from cdp_cli.identity import build

    records = dbt.ref("identity_records")
    identifiers = dbt.ref("identity_identifiers")
    nicknames = dbt.ref("nicknames")
    blocks = dbt.ref("identity_blocks")
    models = dbt.ref("identity_models")
    changes = dbt.ref("identity_record_log")
    run = dbt.ref("identity_run")
    stored = str(dbt.this) if dbt.is_incremental else "(select null as version, null as scored_at) as nothing"
    scored = session.cursor().query(f"select version, max(scored_at) as scored_at from {stored} group by version")
    return build.new_pairs(
        records.to_arrow_table,
        identifiers.to_arrow_table,
        nicknames.to_arrow_table,
        blocks.filter("not is_skipped").arrow,
        models.to_arrow_table(),
        changes.to_arrow_table(),
        scored.to_arrow_table(),
        run.to_arrow_table(),
    )
