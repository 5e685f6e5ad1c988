"""What is measured, over time; breaches and silences.

No table here belongs to a tenant, and none holds personal data (ADR 0022).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis.settings import database_role

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("labels", JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column(
            "bounds", ARRAY(sa.Double), nullable=False, comment="upper bounds but the last, which is infinite"
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name", "labels"),
    )
    op.create_table(
        "samples",
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double, nullable=False, comment="of a histogram: the sum"),
        sa.Column("counts", ARRAY(sa.Double), comment="of a histogram: cumulative counts by bound"),
        sa.PrimaryKeyConstraint("series_id", "at"),
    )
    # Rows come in order of time: a few pages of index are enough to find those that are too old.
    op.create_index("samples_by_time", "samples", ["at"], postgresql_using="brin")
    for name in ("minutes", "hours"):
        op.create_table(
            name,
            sa.Column("series_id", sa.Integer, nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="where it begins"),
            sa.Column("minimum", sa.Double, nullable=False),
            sa.Column("maximum", sa.Double, nullable=False),
            sa.Column("total", sa.Double, nullable=False),
            sa.Column("readings", sa.Integer, nullable=False),
            sa.Column("last", sa.Double, nullable=False),
            sa.Column("increase", sa.Double, nullable=False, comment="of a counter, restarts included"),
            sa.Column("counts", ARRAY(sa.Double), comment="of a histogram: by how much each bound rose"),
            sa.PrimaryKeyConstraint("series_id", "at"),
        )
        op.create_index(f"{name}_by_time", name, ["at"], postgresql_using="brin")
    _alerts()
    # The schema's owner may see what others run, its login role only what these functions show (ADR 0035).
    for statement in (_BLURRED, _RUNNING, _SLOW):
        op.get_bind().exec_driver_sql(statement)
    for function in ("running_statements(float8)", "slow_statements(float8)"):
        op.execute(f"revoke all on function {function} from public")
        op.execute(f"grant execute on function {function} to {database_role('observer')}")


_BLURRED = r"""
create function blurred(query text) returns text language sql immutable as $$
    select left(regexp_replace(regexp_replace(regexp_replace(
        query, '''([^'']|'''')*''', '?', 'g'), '\m\d+(\.\d+)?\M', '?', 'g'), '\s+', ' ', 'g'), 300)
$$
"""
"""A statement without its literals, which may be a person's address."""
_RUNNING = """
create function running_statements(at_least float8)
returns table (role text, statement text, seconds float8, waits_for text)
language sql stable security definer set search_path = pg_catalog, observer as $$
    select usename::text, blurred(query), extract(epoch from clock_timestamp() - began)::float8,
        case state when 'active' then coalesce(wait_event_type || ' ' || wait_event, '')
            else 'its transaction is open and does nothing' end
    from (
        select *, case state when 'active' then query_start else xact_start end as began
        from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
            and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
    ) busy
    where began < clock_timestamp() - at_least * interval '1 second'
$$
"""
_SLOW = """
create function slow_statements(at_least float8) returns table (role text, statement text, seconds float8)
language plpgsql stable security definer set search_path = pg_catalog, observer as $$
declare known text;
begin
    select format('%I.%I', n.nspname, c.relname) into known
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname = 'pg_stat_statements' and c.relkind = 'v' and has_table_privilege(c.oid, 'select')
        and has_schema_privilege(n.oid, 'usage');
    if known is null then
        return;
    end if;
    return query execute format(
        'select r.rolname::text, blurred(s.query), s.mean_exec_time / 1000 from %s s
         join pg_roles r on r.oid = s.userid where s.mean_exec_time >= $1 * 1000', known) using at_least;
end $$
"""
"""Of `pg_stat_statements`, where that extension is: what takes long on the average."""


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("threshold", sa.Text, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, comment="firing, recovering or recovered"),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("worst", sa.Double, nullable=False),
        sa.Column("limit", sa.Double, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True)),
        sa.Column("well_since", sa.DateTime(timezone=True)),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("silenced_by", sa.Text, comment="the silence that keeps it from being told"),
        sa.Column("notice_id", sa.Text, comment="the notice that told of it"),
    )
    op.create_index("alerts_by_time", "alerts", ["fired_at"])
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text, primary_key=True),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update", sa.Integer, nullable=False),
    )
    op.create_table(
        "silences",
        sa.Column("silence_id", sa.Text, primary_key=True),
        sa.Column("matchers", JSONB, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False, comment="the actor: a person's id, a key's, a service"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.execute("drop function running_statements(float8)")
    op.execute("drop function slow_statements(float8)")
    op.execute("drop function blurred(text)")
    for name in ("silences", "notices", "alerts", "hours", "minutes", "samples", "series"):
        op.drop_table(name)
