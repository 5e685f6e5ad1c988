-- Once, by a superuser, in a Postgres of one's own: psql -v owner_password=… -f deploy/postgres/setup.sql
-- (-v owner=… and -v database=… where they are not to be called frontdesk).
-- Each service's schema, owner role and login role are made by its migration (`python -m SERVICE migrate`).
\set ON_ERROR_STOP on
\if :{?owner} \else \set owner frontdesk \endif
\if :{?database} \else \set database frontdesk \endif
create role :"owner" login createrole nosuperuser nobypassrls password :'owner_password';
create database :"database" owner :"owner" encoding 'UTF8' template template0;
\connect :"database"
-- Only a superuser may create the extension; the migrations find it there.
create schema if not exists extensions authorization :"owner";
create extension if not exists vector schema extensions;
revoke all on schema public from public;
