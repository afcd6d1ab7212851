def model(dbt, session):
    dbt.config(materialized="table")
    from cdp_cli.identity import build
    from cdp_cli.warehouse.engines import engine_of

    return build.caps_in_force(
        engine_of(session),
        {
            "identity_models": dbt.ref("identity_models"),
            "blocking_rules": dbt.ref("blocking_rules"),
        },
        stored=None,
    )
