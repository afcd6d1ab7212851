"""What insights are to find is in the data: repeat purchase, season, price, campaigns, the planted effect."""

from __future__ import annotations

import duckdb
import pytest

from tests.python.demo.conftest import number

PURCHASES = """
    purchases as (

        select
            records.person_id, orders.id as purchase_id, created_at as bought_at, discount > 0 as has_discount
        from shop.orders as orders inner join truth.records as records
        on records.record_id = coalesce(
            'shop_customer:' || customer_id, 'shop_guest:' || md5(lower(trim(orders.email)))
        )
        where lower(trim(orders.email)) not like 'no%' or customer_id is not null

        union all

        select records.person_id, receipt_id, sold_at, discount > 0
        from pos.receipts as receipts inner join truth.records as records
        on records.record_id = coalesce(
            'pos_member:' || loyalty_id, 'pos_buyer:' || md5(coalesce(phone, email))
        )

    ),

    lines as (

        select order_id as purchase_id, category from shop.order_items
        union all
        select receipt_id, category from pos.receipt_items

    ),

    firsts as (

        select person_id, min(bought_at) as first_at from purchases group by person_id

    )
"""


def test_who_buys_from_a_second_category_within_30_days_is_kept(retailer: duckdb.DuckDBPyConnection) -> None:
    kept = f"""
        with {PURCHASES},

        buyers as (

            select
                firsts.person_id,
                count(distinct category) filter (bought_at < first_at + interval 30 day) as categories,
                bool_or(bought_at >= first_at + interval 180 day) as is_kept

            from firsts
            inner join purchases on firsts.person_id = purchases.person_id
            inner join lines on purchases.purchase_id = lines.purchase_id
            where first_at < (select max(bought_at) - interval 300 day from purchases)
            group by firsts.person_id

        )

        select categories > 1 as discovered, avg(is_kept::int) as kept from buyers group by all order by all
    """
    (_, others), (_, discoverers) = retailer.execute(kept).fetchall()
    assert discoverers > 1.5 * others


def test_repeat_purchase_differs_by_person(retailer: duckdb.DuckDBPyConnection) -> None:
    spread = f"""
        with {PURCHASES}, counts as (select person_id, count(*) as orders from purchases group by person_id)
        select var_pop(orders) / avg(orders) from counts
    """
    # A Poisson process of one rate for all would give about 1.
    assert number(retailer, spread) > 1.5


def test_december_sells_more_than_february(retailer: duckdb.DuckDBPyConnection) -> None:
    months = "select count(*) filter (month(created_at) = {}) from shop.orders where year(created_at) = 2025"
    assert number(retailer, months.format(12)) > 1.6 * number(retailer, months.format(2))


def test_some_people_buy_mostly_at_a_discount(retailer: duckdb.DuckDBPyConnection) -> None:
    shares = f"""
        with {PURCHASES}, people as (
            select person_id, avg(has_discount::int) as share
            from purchases group by person_id having count(*) >= 5
        )
        select avg((share < 0.15)::int), avg((share > 0.5)::int) from people
    """
    few, many = retailer.execute(shares).fetchall()[0]
    assert few > 0.1
    assert many > 0.1


def test_a_newsletter_raises_orders_for_some_days(retailer: duckdb.DuckDBPyConnection) -> None:
    orders = """
        select
            count(*) filter (later between interval 0 day and interval 3 day) / 3.0
            / (count(*) filter (later between interval 8 day and interval 13 day) / 5.0)
        from (
        select orders.created_at - events.occurred_at as later
        from email.events as events
        inner join truth.records as readers
            on readers.record_id = 'email_subscriber:' || events.subscriber_id
        inner join truth.records as buyers on readers.person_id = buyers.person_id
        inner join shop.orders as orders on buyers.record_id = 'shop_customer:' || orders.customer_id
        where events.event = 'sent'
        )
    """
    assert number(retailer, orders) > 1.1


RECENT = {
    "a cart left within 24 hours": """
        select count(distinct session_id) from web.events
        where event = 'product_added' and occurred_at > timestamp '2026-03-09 23:59:59'
        and session_id not in (select session_id from web.events where event = 'order_completed')
    """,
    "bought in a store within 7 days": """
        select count(distinct loyalty_id) from pos.receipts where sold_at > timestamp '2026-03-03 23:59:59'
    """,
    "a category viewed twice in 30 days": """
        select count(*) from (
            select anonymous_id from web.events
            where event = 'product_viewed' and occurred_at > timestamp '2026-02-08 23:59:59'
            group by anonymous_id, category having count(*) >= 2
        )
    """,
    "unhappy after support in 90 days": """
        select count(*) from support.tickets
        where satisfaction <= 2 and closed_at > timestamp '2025-12-10 23:59:59'
    """,
    "joined in 30 days": """
        select count(*) from truth.people where joined_at > timestamp '2026-02-08 23:59:59'
    """,
}


@pytest.mark.parametrize("what", RECENT)
def test_enough_happened_lately(retailer: duckdb.DuckDBPyConnection, what: str) -> None:
    # Four times what 1,000 customers have.
    assert number(retailer, RECENT[what]) >= 4
