"""Traits against a second opinion: the same figures counted in plain Python, person by person."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from tests.conftest import Project

TRAITS = [
    "count_orders", "count_orders_60d", "sum_revenue_365d", "avg_order_value", "median_days_between_orders",
    "days_since_last_order", "favourite_sales_channel", "favourite_category", "favourite_order_hour",
    "count_categories_first_30d", "share_discount", "return_rate", "sum_refunds", "count_visits_30d",
    "count_product_views_90d", "favourite_viewed_category", "last_cart_added_at", "count_emails_opened_90d",
    "open_rate_90d", "last_engaged_at", "last_satisfaction", "count_tickets_365d",
]  # fmt: skip


class Facts:
    """The facts of a warehouse up to its present, each under the profile that it belongs to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.present: dt.datetime = self.rows("select max(as_of) as present from cdp.clock")[0]["present"]
        self.profile_of = {
            row["record_id"]: row["profile_id"] for row in self.rows("select * from identity.identity_map")
        }
        orders = self.keyed("unified_orders", "ordered_at")
        self.orders = {
            profile: sorted(
                (order for order in found if order["status"] != "cancelled"),
                key=lambda order: (order["ordered_at"], order["order_id"]),
            )
            for profile, found in orders.items()
        }
        self.items = self.by_order("unified_order_items")
        self.returns = self.by_order("unified_returns", "returned_at")
        self.web = self.keyed("unified_web_events", "occurred_at")
        self.email = self.keyed("unified_email_events", "occurred_at")
        self.tickets = self.keyed("unified_tickets", "opened_at")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def keyed(self, table: str, time: str) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows(f"select * from unified.{table}"):
            if row[time] <= self.present and row["record_id"] in self.profile_of:
                found[self.profile_of[row["record_id"]]].append(row)
        return found

    def by_order(self, table: str, time: str | None = None) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows(f"select * from unified.{table}"):
            if time is None or row[time] <= self.present:
                found[row["order_id"]].append(row)
        return found

    def within(self, rows: Iterable[dict[str, Any]], time: str, days: int) -> list[dict[str, Any]]:
        # Whole seconds, as the warehouse counts them.
        return [row for row in rows if self.seconds_ago(row[time]) < days * 86400]

    def seconds_ago(self, time: dt.datetime) -> int:
        return int((self.present.replace(microsecond=0) - time.replace(microsecond=0)).total_seconds())


def most_frequent(values: Iterable[Any]) -> Any:
    counts = Counter(value for value in values if value is not None)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def latest(values: Sequence[dt.datetime]) -> dt.datetime | None:
    return max(values, default=None)


def count_for(facts: Facts, profile: str) -> dict[str, Any]:
    orders = facts.orders.get(profile, [])
    web, email = facts.web.get(profile, []), facts.email.get(profile, [])
    tickets = sorted(facts.tickets.get(profile, []), key=lambda row: (row["opened_at"], row["ticket_id"]))
    items = [(order, item) for order in orders for item in facts.items[order["order_id"]]]
    times = [order["ordered_at"].replace(microsecond=0) for order in orders]
    gaps = [(after - before).total_seconds() / 86400 for before, after in itertools.pairwise(times)]
    returned = [order for order in orders if facts.returns[order["order_id"]]]
    gross = sum(order["gross_amount"] for order in orders)
    opened = {row["message_id"] for row in email if row["event_type"] == "opened"}
    recent_mail = {
        row["message_id"]
        for row in facts.within(email, "occurred_at", 90)
        if row["event_type"] == "delivered"
    }
    rated = [ticket["satisfaction"] for ticket in tickets if ticket["satisfaction"] is not None]
    return {
        "count_orders": len(orders),
        "count_orders_60d": len(facts.within(orders, "ordered_at", 60)),
        "sum_revenue_365d": sum(order["net_amount"] for order in facts.within(orders, "ordered_at", 365)),
        "avg_order_value": statistics.mean(float(order["net_amount"]) for order in orders)
        if orders
        else None,
        "median_days_between_orders": statistics.median(gaps) if gaps else None,
        "days_since_last_order": facts.seconds_ago(orders[-1]["ordered_at"]) / 86400 if orders else None,
        "favourite_sales_channel": most_frequent(order["sales_channel"] for order in orders),
        "favourite_category": most_frequent(item["category"] for _, item in items),
        "favourite_order_hour": most_frequent(order["ordered_at"].hour for order in orders),
        "count_categories_first_30d": len(
            {
                item["category"]
                for order, item in items
                if order["ordered_at"].replace(microsecond=0) - times[0] <= dt.timedelta(days=30)
            }
        ),
        "share_discount": float(sum(order["discount_amount"] for order in orders) / gross) if gross else None,
        "return_rate": len(returned) / len(orders) if orders else None,
        "sum_refunds": sum(
            back["refund_amount"] for order in returned for back in facts.returns[order["order_id"]]
        ),
        "count_visits_30d": len({row["session_id"] for row in facts.within(web, "occurred_at", 30)}),
        "count_product_views_90d": sum(
            row["event_type"] == "product_viewed" for row in facts.within(web, "occurred_at", 90)
        ),
        "favourite_viewed_category": most_frequent(row["category"] for row in web),
        "last_cart_added_at": latest(
            [row["occurred_at"] for row in web if row["event_type"] == "cart_added"]
        ),
        "count_emails_opened_90d": len(
            {
                row["message_id"]
                for row in facts.within(email, "occurred_at", 90)
                if row["event_type"] == "opened"
            }
        ),
        "open_rate_90d": len(recent_mail & opened) / len(recent_mail) if recent_mail else None,
        "last_engaged_at": latest(
            [row["occurred_at"] for row in email if row["event_type"] in ("opened", "clicked")]
        ),
        "last_satisfaction": rated[-1] if rated else None,
        "count_tickets_365d": len(facts.within(tickets, "opened_at", 365)),
    }


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float):
        return right is not None and abs(left - float(right)) < 1e-6
    return bool(left == right)


def test_the_traits_of_every_profile_are_what_python_counts(built_demo: Project) -> None:
    with duckdb.connect(str(built_demo.warehouse), read_only=True) as connection:
        facts = Facts(connection)
        found = facts.rows(f"select profile_id, {', '.join(TRAITS)} from profiles.profile_traits")
    differences = []
    for row in found:
        expected = count_for(facts, row["profile_id"])
        differences += [
            (row["profile_id"], trait, row[trait], expected[trait])
            for trait in TRAITS
            if not same(row[trait], expected[trait])
        ]
    assert len(found) > 300
    assert differences == []
