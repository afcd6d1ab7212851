"""Which records are one person. Arrow tables in, Arrow tables out: nothing here knows a warehouse or dbt."""
