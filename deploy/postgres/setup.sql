-- Once, by a superuser, in a Postgres of one's own: psql -v owner_password=… -f deploy/postgres/setup.sql
-- Each service's schema, owner role and login role are made by its migration (`python -m SERVICE migrate`).
create role frontdesk login createrole nosuperuser nobypassrls password :'owner_password';
create database frontdesk owner frontdesk encoding 'UTF8' template template0;
\connect frontdesk
-- Only a superuser may create the extension; the migrations find it there.
create schema if not exists extensions authorization frontdesk;
create extension if not exists vector schema extensions;
revoke all on schema public from public;
