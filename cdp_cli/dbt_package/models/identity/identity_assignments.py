def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity import build, settings
    from cdp_cli.identity.clustering import change_guard
    from cdp_cli.warehouse.engines import engine_of

    return build.new_assignments(
        engine_of(session),
        {
            "identity_records": dbt.ref("identity_records"),
            "identity_identifiers": dbt.ref("identity_identifiers"),
            "identifier_types": dbt.ref("identifier_types"),
            "nicknames": dbt.ref("nicknames"),
            "identity_models": dbt.ref("identity_models"),
            "identity_current_pairs": dbt.ref("identity_current_pairs"),
            "identity_decisions": dbt.source("cdp", "identity_decisions"),
            "identity_record_log": dbt.ref("identity_record_log"),
            "identity_run": dbt.ref("identity_run"),
        },
        stored=str(dbt.this) if dbt.is_incremental else None,
        bands=settings.configured(dbt.config.meta_get("settings")),
        guard=change_guard.configured(
            dbt.config.meta_get("change_guard"), dbt.config.meta_get("accept_change")
        ),
        refusal_log=dbt.config.meta_get("refusal_log"),
    )
