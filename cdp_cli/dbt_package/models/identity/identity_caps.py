def model(dbt, session):
    dbt.config(materialized="table")
    from cdp_cli.identity import build
    from cdp_cli.warehouse.engines import engine_of

    return build.caps_in_force(
        engine_of(session), models=dbt.ref("identity_models"), rules=dbt.ref("blocking_rules")
    )
