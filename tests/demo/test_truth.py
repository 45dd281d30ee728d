"""What the truth folder says can be found in the files: by estimates that know only the files, and row by row."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from shophouse.demo.world.deliveries import write_world
from shophouse.demo.world.settings import Settings
from shophouse.demo.world.truths import TRUTHS

from .worlds import World

BIG = Settings(orders=40_000, days=500, ahead=10, markets=("US", "GB", "DE"), defects=False)
END = "timestamp '2026-01-01'"

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("truth")
    write_world(folder, BIG)
    return World(folder)


@pytest.fixture(scope="module")
def parameters(world: World) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((world.folder / "truth/parameters.json").read_text())
    return known


@pytest.fixture(scope="module")
def histories(world: World) -> dict[str, Floats]:
    """Of each person: orders after the first, when the last one was, age, and the mean value of an order."""
    query = f"""
        select count(*) - 1 as x, date_diff('second', min(ordered_at), max(ordered_at)) / 86400 as recency,
            date_diff('second', min(ordered_at), {END}) / 86400 as age, avg(value_at_list_price_usd) as mean
        from truth_orders where ordered_at < {END} group by person_id
    """
    columns = world.con.execute(query).fetchnumpy()
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}


def log_gamma(values: Floats) -> Floats:
    distinct, position = np.unique(values, return_inverse=True)
    return np.array([math.lgamma(value) for value in distinct.tolist()])[position]


def bg_nbd(histories: dict[str, Floats], r: float, alpha: float, a: float, b: float) -> float:
    """The log-likelihood, as in Fader, Hardie and Lee (2005), equation 6."""
    x, recency, age = histories["x"], histories["recency"], histories["age"]
    buys = log_gamma(r + x) - math.lgamma(r) + r * math.log(alpha)
    stays = math.lgamma(a + b) + log_gamma(b + x) - math.lgamma(b) - log_gamma(a + b + x)
    alive = -(r + x) * np.log(alpha + age)
    gone = math.log(a) - np.log(np.maximum(b + x - 1, 1e-9)) - (r + x) * np.log(alpha + recency)
    return float((buys + stays + np.logaddexp(alive, np.where(x > 0, gone, -np.inf))).sum())


def gamma_gamma(histories: dict[str, Floats], p: float, q: float, gamma: float) -> float:
    count, mean = histories["x"] + 1, histories["mean"]
    ways = log_gamma(p * count + q) - log_gamma(p * count) - math.lgamma(q) + q * math.log(gamma)
    seen = (p * count - 1) * np.log(mean) + p * count * np.log(count) - (p * count + q) * np.log(gamma + mean * count)
    return float((ways + seen).sum())


@pytest.mark.parametrize("name", ["r", "alpha", "a", "b"])
def test_purchases_are_bg_nbd_with_the_parameters_of_the_truth(
    histories: dict[str, Floats], parameters: dict[str, Any], name: str
) -> None:
    true = parameters["buying"]
    at_truth = bg_nbd(histories, **true)
    for factor in (0.65, 1.5):
        assert bg_nbd(histories, **{**true, name: true[name] * factor}) < at_truth - 10


@pytest.mark.parametrize("name", ["p", "q", "gamma"])
def test_spending_is_gamma_gamma_with_the_parameters_of_the_truth(
    histories: dict[str, Floats], parameters: dict[str, Any], name: str
) -> None:
    true = parameters["spending"]
    at_truth = gamma_gamma(histories, **true)
    for factor in (0.8, 1.25):
        assert gamma_gamma(histories, **{**true, name: true[name] * factor}) < at_truth - 10


def test_who_buys_often_does_not_spend_more(world: World) -> None:
    query = "select corr(rate_a_day, mean_order_value) from truth_persons where rate_a_day is not null"
    assert abs(world.one(query)) < 0.03


def test_each_channel_moves_as_many_as_its_effect_says(world: World, parameters: dict[str, Any]) -> None:
    for channel in parameters["channels"]:
        name, effect = channel["name"], channel["effect"]
        saw, moved = world.rows(
            f"select count(*), count(*) filter (moved_by_{name}) from truth_prospects where saw_{name}"
        )[0]
        error = math.sqrt(effect * (1 - effect) / saw)
        assert abs(moved / saw - effect) < 4 * error, name


def test_holding_a_channel_back_shows_its_effect(world: World, parameters: dict[str, Any]) -> None:
    """Only the assignment and the outcome are needed: what an experiment would measure is what is true."""
    channels = parameters["channels"]
    bought = "avg((first_order_id is not null)::int), count(*)"
    for channel in channels:
        without = parameters["by_themselves"]
        others = math.prod(1 - one["reach"] * one["effect"] for one in channels if one is not channel)
        true = (1 - without) * others * channel["reach"] * channel["effect"]
        held, size = world.rows(f"select {bought} from truth_prospects where held_out = '{channel['name']}'")[0]
        free, rest = world.rows(f"select {bought} from truth_prospects where held_out is null")[0]
        error = math.sqrt(held * (1 - held) / size + free * (1 - free) / rest)
        assert abs((free - held) - true) < 4 * error, channel["name"]
    assert world.one("select count(*) from truth_prospects where held_out = 'paid_search' and saw_paid_search") == 0


def test_journeys_of_those_who_never_bought_are_in_the_files(world: World) -> None:
    visits = f"select distinct visitor_id // 2 as prospect_id from {world.parquet('sessions')}"
    never = "select prospect_id from truth_prospects where person_id is null"
    assert world.one(f"select count(*) from ({visits}) semi join ({never}) n using (prospect_id)") > 10_000
    steps = (
        f"select session_id, count(*) as steps, bool_or(order_id is not null) from {world.parquet('events')} group by 1"
    )
    assert world.rows(f"select distinct steps from ({steps}) order by 1") == [(n,) for n in (1, 2, 3, 4, 5)]


def test_platforms_count_the_impressions_that_were_and_claim_more_than_they_caused(world: World) -> None:
    touches = f"""
        select campaign_id, touched_at::date as spend_date, count(*) as seen from {world.parquet("touchpoints")}
        where kind = 'impression' and touched_at >= '{BIG.first_day}' group by all
    """
    audience = " ".join(f"when {n} then {one.audience}" for n, one in enumerate(TRUTHS.channels, 1))
    query = f"""
        select count(*) from {world.parquet("ad_spend")} s join ({touches}) t using (campaign_id, spend_date)
        where s.impressions <> t.seen * (case campaign_id // 1000 {audience} end) and spend_date > '{BIG.first_day}'
    """
    assert world.one(query) == 0
    claimed = world.one(
        f"select sum(platform_conversions) from {world.parquet('ad_spend')} where campaign_id // 1000 = 3"
    )
    caused = world.one("select count(*) from truth_prospects where moved_by_display")
    assert claimed > 2 * caused > 0


def test_late_parcels_are_scored_lower_and_come_of_slow_sellers(world: World, parameters: dict[str, Any]) -> None:
    query = f"""
        select is_late, avg(score) from {world.first("reviews")} join truth_orders using (order_id)
        group by 1 order by 1
    """
    for (is_late, score), weights in zip(
        world.rows(query), (parameters["reviewing"]["on_time"], parameters["reviewing"]["late"]), strict=True
    ):
        assert abs(score - sum(n * weight for n, weight in enumerate(weights, 1))) < 0.1, is_late
    late = f"""
        select is_slow, avg((is_late)::int) from {world.first("order_items")} join truth_orders using (order_id)
        join truth_sellers using (seller_id) where line_number = 1 group by 1 order by 1
    """
    (_, steady), (_, slow) = world.rows(late)
    assert slow > steady * 1.5


def test_stock_is_what_moved_never_below_zero_and_what_was_counted(world: World) -> None:
    running = f"""
        select product_id, location_id, moved_at, sum(quantity) over (
            partition by product_id, location_id order by moved_at, movement_id
        ) as on_hand from {world.first("stock_movements")}
    """
    assert world.one(f"select min(on_hand) from ({running})") == 0
    counted = f"""
        select c.product_id, c.location_id, c.snapshot_date, c.on_hand_quantity, sum(m.quantity) as moved
        from {world.first("stock_counts")} c join {world.first("stores")} s on c.location_id = s.store_id
        join {world.first("stock_movements")} m on c.product_id = m.product_id and c.location_id = m.location_id
            and timezone(s.timezone, timezone('UTC', m.moved_at))::date <= c.snapshot_date
        where c.product_id % 7 = 0
        group by all
    """
    assert world.one(f"select count(*) from ({counted})") > 500
    assert world.one(f"select count(*) from ({counted}) where moved <> on_hand_quantity") == 0


def test_a_store_has_its_range_and_a_shop_what_its_warehouse_has(world: World) -> None:
    """US online, Los Angeles, UK online, Deutschland online, Berlin Mitte."""
    lines = f"""
        select o.store_id, i.product_id from {world.first("order_items")} i
        join {world.first("orders")} o using (order_id) join {world.first("products")} p using (product_id)
        where not p.is_gift_card
    """
    stocked = f"select location_id as store_id, product_id from {world.first('stock_movements')}"
    for rows in (lines, stocked):
        found = world.rows(f"select store_id, list(distinct product_id) from ({rows}) group by 1")
        ranges = {store: set(products) for store, products in found}
        everything = len(ranges[1])
        for store, least, most in ((2, 0.3, 0.5), (3, 0.5, 0.7), (4, 0.5, 0.7), (5, 0.3, 0.5)):
            assert least < len(ranges[store]) / everything < most, (store, len(ranges[store]), everything)
        assert len(ranges[2] - ranges[1]) + len(ranges[5] - ranges[4]) < 5


def test_shelves_are_empty_where_the_truth_says_and_something_else_was_sold(world: World) -> None:
    empty = f"""
        {world.first("stock_counts")} c join truth_stock_outs o using (product_id, location_id)
        where c.snapshot_date >= o.first_day and c.snapshot_date < o.filled_day
    """
    assert world.one(f"select count(*) from {empty}") > 20
    assert world.one(f"select count(*) from {empty} and on_hand_quantity <> 0") == 0
    lost = f"""
        truth_lost_sales l join {world.first("order_items")} i using (order_id, line_number)
        join {world.first("orders")} o using (order_id)
    """
    assert world.one(f"select count(*) from {lost}") > 20
    assert world.one(f"select count(*) from {lost} where i.product_id <> l.sold_product_id") == 0
    outside = f"""
        select count(*) from {lost} anti join truth_stock_outs s
            on s.product_id = l.wanted_product_id and s.location_id = o.store_id
            and o.ordered_at between s.first_day - interval 1 day and s.filled_day + interval 1 day
    """
    assert world.one(outside) == 0


def test_sales_leave_the_shelf_as_they_are_ordered(world: World) -> None:
    sold = f"select -sum(quantity) from {world.first('stock_movements')} where kind = 'sale'"
    lines = f"""
        select sum(i.quantity) from {world.first("order_items")} i join {world.first("orders")} o using (order_id)
        join {world.first("products")} p using (product_id) where not p.is_gift_card and not o.is_test
    """
    assert abs(world.one(sold) - world.one(lines)) < world.one(lines) * 0.002


def test_accounts_lead_to_persons(world: World) -> None:
    accounts = f"{world.first('users')} u join truth_accounts a on u.user_id = a.customer_id"
    same = f"""
        select count(distinct person_id) as persons, count(*) as accounts, count(distinct email) as spellings
        from {accounts} where email is not null group by lower(email)
    """
    assert world.one(f"select max(persons) from ({same})") == 1
    assert world.one(f"select count(*) from ({same}) where accounts > 1 and spellings > 1") > 100
    cards = f"""
        select count(distinct a.person_id) as persons, count(*) as accounts
        from {world.first("identities")} i join truth_accounts a on i.user_id = a.customer_id group by i.person_id
    """
    assert world.rows(f"select distinct persons, accounts from ({cards})") == [(1, 2)]
    guests = f"""
        select count(*) from {world.first("orders")} join truth_orders using (order_id)
        join truth_accounts a on a.customer_id = user_id
        where a.is_guest and person_id in (select person_id from truth_accounts where not is_guest)
    """
    assert world.one(guests.replace("person_id in", "a.person_id in")) > 100


def test_memberships_end_as_often_as_the_truth_says(world: World, parameters: dict[str, Any]) -> None:
    events = world.first("subscription_events")
    assert (
        world.one(
            f"select min(total) from (select round(sum(mrr_delta), 2) as total from {events} group by subscription_id)"
        )
        >= 0
    )
    ended = f"""
        select count(*) filter (e.subscription_id is not null), count(*)
        from {world.first("subscriptions")} s left join {events} e on e.subscription_id = s.subscription_id
            and e.kind = 'cancelled' and e.occurred_at = s.started_at + interval 30 day
        where s.started_at < {END} - interval 31 day
    """
    left, members = world.rows(ended)[0]
    true = parameters["membership"]["leaves"]
    assert abs(left / members - true) < 4 * math.sqrt(true * (1 - true) / members)
