def model(dbt, session):
    dbt.config(materialized="table")
    from cdp_cli.identity.households.groups import household_groups, people_limit
    from cdp_cli.warehouse.engines import engine_of

    return household_groups(
        engine_of(session),
        homes=dbt.ref("household_homes"),
        ties=dbt.ref("household_ties"),
        max_people=people_limit(dbt.config.meta_get("max_people")),
    )
