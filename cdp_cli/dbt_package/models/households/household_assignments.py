def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity.households import assignments
    from cdp_cli.warehouse.engines import engine_of

    return assignments.new_assignments(
        engine_of(session),
        groups=dbt.ref("household_groups"),
        aliases=dbt.ref("profile_aliases"),
        run=dbt.ref("identity_run"),
        stored=str(dbt.this) if dbt.is_incremental else None,
    )
