-- The shop's database, in the one locale in which text is ordered alike on every server. Done again, it changes nothing.
\set ON_ERROR_STOP on
\getenv shop_database SHOP_DATABASE
\getenv shop_user SHOP_USER
\getenv shop_reader SHOP_READER

select format(
    'create database %I owner %I template template0 encoding ''UTF8'' locale_provider builtin builtin_locale ''C.UTF-8'' locale ''C''',
    :'shop_database',
    :'shop_user'
)
where :'shop_database' not in (select datname from pg_catalog.pg_database)
\gexec

revoke all on database :"shop_database" from public;
grant connect on database :"shop_database" to :"shop_reader";
-- so that `select … from sales_monthly` finds what is published
alter role :"shop_reader" in database :"shop_database" set search_path to published_marts, published_core, published_aggregates;
