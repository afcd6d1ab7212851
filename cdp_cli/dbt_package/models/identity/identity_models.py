def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity import build, settings
    from cdp_cli.warehouse.engines import engine_of

    return build.first_model(
        engine_of(session),
        {
            "identity_records": dbt.ref("identity_records"),
            "identity_identifiers": dbt.ref("identity_identifiers"),
            "nicknames": dbt.ref("nicknames"),
            "identity_keys": dbt.ref("identity_keys"),
            "identifier_types": dbt.ref("identifier_types"),
            "blocking_rules": dbt.ref("blocking_rules"),
            "identity_run": dbt.ref("identity_run"),
        },
        stored=str(dbt.this) if dbt.is_incremental else None,
        bands=settings.configured(dbt.config.meta_get("settings")),
    )
