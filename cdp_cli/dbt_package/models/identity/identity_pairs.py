def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append")
    from cdp_cli.identity import build
    from cdp_cli.warehouse.engines import engine_of

    return build.new_pairs(
        engine_of(session),
        build.Compared(
            records=dbt.ref("identity_records"),
            identifiers=dbt.ref("identity_identifiers"),
            nicknames=dbt.ref("nicknames"),
            keys=dbt.ref("identity_keys"),
            rules=dbt.ref("identity_caps"),
        ),
        models=dbt.ref("identity_models"),
        changes=dbt.ref("identity_record_log"),
        run=dbt.ref("identity_run"),
        stored=str(dbt.this) if dbt.is_incremental else None,
    )
