-- The layers as schemas of the role that builds. Their tables are made by `shophouse run`: those of raw with the columns
-- and types that the staging's .yml files declare. Done again, it changes nothing.
\set ON_ERROR_STOP on
\getenv shop_database SHOP_DATABASE
\getenv shop_user SHOP_USER
\connect :"shop_database"
set client_min_messages to warning;

create schema if not exists lake authorization :"shop_user";
create schema if not exists raw authorization :"shop_user";
create schema if not exists staging authorization :"shop_user";
create schema if not exists input authorization :"shop_user";
create schema if not exists core authorization :"shop_user";
create schema if not exists aggregates authorization :"shop_user";
create schema if not exists marts authorization :"shop_user";
create schema if not exists ops authorization :"shop_user";

comment on schema lake is 'Rows as received, each load once, with their lineage';
comment on schema raw is 'The raw tables, as views of lake: what staging reads';
comment on schema staging is 'One view for each raw table: renamed, typed, in UTC';
comment on schema input is 'The contract: orders, order lines, products … of all sources';
comment on schema core is 'Dimensions and facts';
comment on schema aggregates is 'Sums that several marts share';
comment on schema marts is 'Marts as they are being built; published_marts is what people read';
comment on schema ops is 'Loads, runs, timings and tests';
