-- The role that builds and the role that reads. For psql, as a superuser; done again, it sets the passwords anew.
\set ON_ERROR_STOP on
\getenv shop_user SHOP_USER
\getenv shop_password SHOP_PASSWORD
\getenv shop_reader SHOP_READER
\getenv shop_reader_password SHOP_READER_PASSWORD

select format('create role %I', wanted.name)
from (values (:'shop_user'), (:'shop_reader')) as wanted (name)
where wanted.name not in (select rolname from pg_catalog.pg_roles)
\gexec

alter role :"shop_user" with login password :'shop_password';
alter role :"shop_reader" with login password :'shop_reader_password';
