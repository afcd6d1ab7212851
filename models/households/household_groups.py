def model(dbt, session):
    dbt.config(materialized="table")
    from cdp_cli.identity import households
    from cdp_cli.warehouse.engines import engine_of

    return households.groups(
        engine_of(session),
        homes=dbt.ref("household_homes"),
        ties=dbt.ref("household_ties"),
        max_people=households.people_limit(dbt.config.meta_get("max_people")),
    )
