def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity import build, inputs
    from cdp_cli.identity.clustering import change_guard
    from cdp_cli.warehouse.engines import engine_of

    return build.new_assignments(
        engine_of(session),
        inputs.Input(
            records=dbt.ref("identity_records"),
            identifiers=dbt.ref("identity_identifiers"),
            identifier_types=dbt.ref("identifier_types"),
            nicknames=dbt.ref("nicknames"),
            models=dbt.ref("identity_models"),
            pairs=dbt.ref("identity_current_pairs"),
            decisions=dbt.source("cdp", "identity_decisions"),
            changes=dbt.ref("identity_record_log"),
        ),
        run=dbt.ref("identity_run"),
        stored=str(dbt.this) if dbt.is_incremental else None,
        guard=change_guard.configured(
            dbt.config.meta_get("change_guard"), dbt.config.meta_get("accept_change")
        ),
    )
