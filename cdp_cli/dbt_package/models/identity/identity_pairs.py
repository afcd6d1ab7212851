def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append")
    from cdp_cli.identity import build, settings
    from cdp_cli.warehouse.engines import engine_of

    return build.new_pairs(
        engine_of(session),
        {
            "identity_records": dbt.ref("identity_records"),
            "identity_identifiers": dbt.ref("identity_identifiers"),
            "nicknames": dbt.ref("nicknames"),
            "identity_keys": dbt.ref("identity_keys"),
            "identifier_types": dbt.ref("identifier_types"),
            "identity_caps": dbt.ref("identity_caps"),
            "identity_models": dbt.ref("identity_models"),
            "identity_record_log": dbt.ref("identity_record_log"),
            "identity_run": dbt.ref("identity_run"),
        },
        stored=str(dbt.this) if dbt.is_incremental else None,
        bands=settings.configured(dbt.config.meta_get("settings")),
    )
