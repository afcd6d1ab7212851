def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append", full_refresh=False)
    from cdp_cli.identity import assignments, build, inputs

    log = assignments.SCHEMA.empty_table()
    if dbt.is_incremental:
        log = session.cursor().query(f"select * from {dbt.this}").to_arrow_table()
    given = inputs.Input(
        records=dbt.ref("identity_records").to_arrow_table(),
        identifiers=dbt.ref("identity_identifiers").to_arrow_table(),
        identifier_types=dbt.ref("identifier_types").to_arrow_table(),
        nicknames=dbt.ref("nicknames").to_arrow_table(),
        models=dbt.ref("identity_models").to_arrow_table(),
        pairs=dbt.ref("identity_current_pairs").to_arrow_table(),
        decisions=dbt.source("cdp", "identity_decisions").to_arrow_table(),
        changes=dbt.ref("identity_record_log").to_arrow_table(),
        log=log,
    )
    return build.new_assignments(given, dbt.ref("identity_run").to_arrow_table())
