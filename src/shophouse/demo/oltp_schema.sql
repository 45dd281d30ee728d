-- The database that the synthetic shop runs on (OLTP): normalised, with keys, one row for each thing as it is now.
-- Times are UTC; `shophouse demo shop --dsn env:…` makes and fills it. The warehouse (OLAP) is another database, which
-- reads this one and writes nothing into it.

-- Who sells, and where.

create table stores (
    store_id bigint primary key,
    name text,
    type text,
    timezone text not null,
    currency text,
    city text,
    state text,
    postal_code text,
    country_code text
);

create table locations (
    location_id bigint primary key,
    name text,
    type text,
    city text,
    state text,
    postal_code text,
    country_code text
);

create table employees (
    employee_id bigint primary key,
    name text,
    role text,
    store_id bigint references stores,
    gender text,
    birth_date date,
    hired_at timestamp,
    city text,
    state text,
    postal_code text,
    country_code text
);

create table sellers (
    seller_id bigint primary key,
    name text,
    type text,
    lead_time_days integer,
    city text,
    state text,
    postal_code text,
    country_code text
);

-- Who buys. A person may have several accounts: identities says which the shop knows to be one.

create table users (
    user_id bigint primary key,
    email text,
    phone text,
    first_name text,
    last_name text,
    city text,
    state text,
    postal_code text,
    country_code text,
    accepts_marketing boolean,
    is_guest boolean,
    created_at timestamp,
    updated_at timestamp
);

create table identities (
    user_id bigint not null references users,
    person_id text not null,
    match_method text,
    confidence double precision,
    primary key (user_id, person_id)
);

-- What is sold.

create table categories (
    category_id bigint primary key,
    name text not null,
    parent_category_id bigint references categories(category_id)
);

create table products (
    product_id bigint primary key,
    sku text,
    name text,
    brand text,
    category_id bigint references categories,
    price numeric(18, 4),
    cost numeric(18, 4),
    weight_grams numeric(18, 4),
    is_gift_card boolean,
    is_perishable boolean,
    shelf_life_days integer,
    status text,
    created_at timestamp,
    updated_at timestamp
);

create table promotions (
    promotion_id bigint primary key,
    code text,
    kind text,
    value numeric(18, 4),
    starts_at timestamp,
    ends_at timestamp
);

create table costs (
    cost_id bigint primary key,
    kind text not null,
    basis text not null,
    amount numeric(18, 4) not null,
    valid_from date not null,
    valid_to date,
    scope text
);

create table exchange_rates (
    rate_date date not null,
    from_currency text not null,
    to_currency text not null,
    rate numeric(18, 8) not null,
    primary key (rate_date, from_currency, to_currency)
);

create table targets (
    metric text not null,
    period_start date not null,
    period_end date not null,
    target_value numeric(18, 4) not null,
    primary key (metric, period_start, period_end)
);

-- What was ordered, paid, sent and taken back.

create table orders (
    order_id bigint primary key,
    user_id bigint references users,
    store_id bigint references stores,
    channel text,
    employee_id bigint references employees,
    status text not null,
    currency text,
    ordered_at timestamp not null,
    paid_at timestamp,
    cancelled_at timestamp,
    promised_delivery_at timestamp,
    discount_code text,
    discount_amount numeric(18, 4),
    shipping_amount numeric(18, 4),
    tax_amount numeric(18, 4),
    total_amount numeric(18, 4),
    taxes_included boolean,
    is_test boolean,
    shipping_postal_code text,
    shipping_city text,
    shipping_state text,
    shipping_country text,
    updated_at timestamp,
    is_deleted boolean
);

create table order_items (
    order_id bigint not null references orders,
    line_number integer not null,
    product_id bigint not null references products,
    quantity numeric(18, 4) not null,
    unit_price numeric(18, 4) not null,
    discount_amount numeric(18, 4),
    tax_amount numeric(18, 4),
    unit_cost numeric(18, 4),
    seller_id bigint references sellers,
    primary key (order_id, line_number)
);

create table payments (
    payment_id bigint primary key,
    order_id bigint not null references orders,
    kind text,
    status text,
    method text,
    installments integer,
    amount numeric(18, 4) not null,
    fee_amount numeric(18, 4),
    paid_at timestamp
);

create table shipments (
    shipment_id bigint primary key,
    order_id bigint not null references orders,
    location_id bigint references locations,
    carrier text,
    status text,
    shipped_at timestamp,
    estimated_delivery_at timestamp,
    delivered_at timestamp,
    cost_amount numeric(18, 4)
);

create table refunds (
    refund_id bigint primary key,
    order_id bigint references orders,
    amount numeric(18, 4) not null,
    product_amount numeric(18, 4),
    tax_amount numeric(18, 4),
    shipping_amount numeric(18, 4),
    reason text,
    refunded_at timestamp not null
);

create table refund_items (
    refund_id bigint not null references refunds,
    order_id bigint not null,
    line_number integer not null,
    product_id bigint not null references products,
    quantity numeric(18, 4) not null,
    amount numeric(18, 4) not null,
    is_restocked boolean,
    primary key (refund_id, order_id, line_number, product_id)
);

create table reviews (
    review_id bigint primary key,
    order_id bigint not null references orders,
    product_id bigint,
    score integer not null,
    title text,
    body text,
    created_at timestamp,
    answered_at timestamp
);

create table subscriptions (
    subscription_id bigint primary key,
    user_id bigint not null references users,
    product_id bigint references products,
    billing_interval text,
    price numeric(18, 4),
    started_at timestamp
);

create table subscription_events (
    event_id bigint primary key,
    subscription_id bigint not null references subscriptions,
    kind text not null,
    occurred_at timestamp not null,
    mrr_delta numeric(18, 4)
);

-- What is on the shelves.

create table stock_movements (
    movement_id bigint primary key,
    product_id bigint not null references products,
    location_id bigint not null references locations,
    kind text not null,
    quantity numeric(18, 4) not null,
    moved_at timestamp not null
);

create table stock_counts (
    product_id bigint not null references products,
    location_id bigint not null references locations,
    snapshot_date date not null,
    on_hand_quantity numeric(18, 4) not null,
    reserved_quantity numeric(18, 4),
    incoming_quantity numeric(18, 4),
    unit_cost numeric(18, 4),
    primary key (product_id, location_id, snapshot_date)
);

-- Who came by, and what brought them.

create table campaigns (
    campaign_id text primary key,
    name text,
    platform text,
    channel text,
    objective text,
    starts_at timestamp,
    ends_at timestamp,
    budget_amount numeric(18, 4)
);

create table ad_spend (
    spend_date date not null,
    campaign_id text not null references campaigns,
    spend_amount numeric(18, 4) not null,
    currency text,
    impressions bigint,
    clicks bigint,
    platform_conversions numeric(18, 4),
    platform_revenue numeric(18, 4),
    primary key (campaign_id, spend_date)
);

create table sessions (
    session_id text primary key,
    visitor_id text not null,
    user_id bigint references users,
    started_at timestamp not null,
    landing_url text,
    referrer text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_content text,
    utm_term text,
    click_id text,
    device text,
    country_code text
);

create table events (
    event_id text primary key,
    session_id text not null references sessions,
    visitor_id text not null,
    event_name text not null,
    occurred_at timestamp not null,
    product_id bigint,
    order_id bigint,
    value numeric(18, 4)
);

create table touchpoints (
    touch_id text primary key,
    touched_at timestamp not null,
    kind text not null,
    visitor_id text,
    user_id bigint,
    campaign_id text,
    platform text
);

create index on orders (updated_at);
create index on users (updated_at);
create index on order_items (product_id);
