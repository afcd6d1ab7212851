def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity import build, training

    records = dbt.ref("identity_records")
    identifiers = dbt.ref("identity_identifiers")
    nicknames = dbt.ref("nicknames")
    blocks = dbt.ref("identity_blocks")
    run = dbt.ref("identity_run")
    # Training is no part of a build: the first build trains, later ones use the stored model.
    if dbt.is_incremental and session.cursor().query(f"select 1 from {dbt.this} limit 1").fetchall():
        return training.SCHEMA.empty_table()
    return build.first_model(
        records.to_arrow_table,
        identifiers.to_arrow_table,
        nicknames.to_arrow_table,
        blocks.filter("not is_skipped").arrow,
        run.to_arrow_table(),
    )
