"""The ledger, companies, invoices, what Stripe's meters are told, budgets, drift."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import bind_to, create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "companies", "directory", "usage_records", "entries", "postings", "usage_totals", "meter_events",
    "lead_subjects", "invoices", "stripe_events", "budgets", "budget_alerts", "drift",
)  # fmt: skip
ADDED_TO_ONLY = ("usage_records", "entries", "postings")


def key(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in ("tenant_id", *names)]


def text(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def number(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Numeric, nullable=null)


def upgrade() -> None:
    create_fleet_tables(op)
    _companies()
    _ledger()
    _stripe()
    _budgets()
    isolate_tenants(op, *TABLES)
    bind_to(op, "postings", "entries", "entry_id")
    _guards()


def _companies() -> None:
    op.create_table(
        "companies", *key(), text("name"), text("currency"), moment("created_at"), moment("trial_ends_at"),
        text("customer_id", null=True), sa.Column("subscription", JSONB), moment("fetched_at", null=True),
        text("licence_status", null=True), text("licence_reason", null=True), text("licence_plan", null=True),
        moment("licence_until", null=True), sa.Column("licence_version", sa.Integer, nullable=False, server_default="0"),
    )  # fmt: skip
    op.create_table("directory", *key("company_id"), text("customer_id", null=True))
    op.create_index("directory_customer", "directory", ["tenant_id", "customer_id"], unique=True)


def _ledger() -> None:
    op.create_table(
        "usage_records", *key("usage_id"), text("event_id"), text("unit"),
        sa.Column("quantity", sa.BigInteger, nullable=False), moment("occurred_at"), moment("accounted_at"), text("month"),
        text("lead_id", null=True), text("message_id", null=True), text("document_id", null=True), text("model", null=True),
        text("currency"), number("price"), number("value"), number("cost"), text("cost_currency"),
        sa.Column("billable", sa.Boolean, nullable=False), text("note", null=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("quantity >= 0", name="usage_is_never_negative"),
    )  # fmt: skip
    op.create_index("usage_of_a_month", "usage_records", ["tenant_id", "month", "unit"])
    op.create_index("usage_of_a_lead", "usage_records", ["tenant_id", "lead_id"])
    op.create_table(
        "entries", *key("entry_id"), moment("at"), text("reverses", null=True), text("reason", null=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )  # fmt: skip
    op.create_index("reversed_once", "entries", ["tenant_id", "reverses"], unique=True)
    op.create_table(
        "postings", *key("entry_id"), sa.Column("position", sa.SmallInteger, primary_key=True), text("account"),
        text("currency"), number("amount"),
    )  # fmt: skip
    op.create_index("postings_of_an_account", "postings", ["tenant_id", "account", "currency"])
    op.create_table(
        "usage_totals", *key("month", "unit", "currency"), sa.Column("quantity", sa.BigInteger, nullable=False),
        number("value"), number("cost"),
    )  # fmt: skip
    op.create_table("lead_subjects", *key("subject"), text("lead_id"))


def _stripe() -> None:
    op.create_table(
        "meter_events", *key("usage_id"), text("unit"), sa.Column("quantity", sa.BigInteger, nullable=False),
        moment("accounted_at"), text("state"), moment("reported_at", null=True), moment("sent_at", null=True),
        text("reason", null=True),
    )  # fmt: skip
    op.create_index(
        "meter_events_waiting",
        "meter_events",
        ["tenant_id", "accounted_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("meter_events_reported", "meter_events", ["tenant_id", "unit", "reported_at"])
    op.create_table(
        "invoices", *key("invoice_id"), text("number", null=True), text("status"), text("currency"), number("total"),
        number("amount_due"), number("amount_paid"), moment("created_at"), sa.Column("document", JSONB, nullable=False),
        moment("fetched_at"), sa.Column("dunned", sa.Integer, nullable=False, server_default="0"),
    )  # fmt: skip
    op.create_table(
        "stripe_events", *key("event_id"), text("type"), text("object_id"), text("api_version", null=True), text("state"),
        text("note", null=True), moment("heard_at"),
    )  # fmt: skip
    op.create_table(
        "drift", *key("drift_id"), text("company_id"), text("kind"), text("subject"), text("sentence"),
        sa.Column("mended", sa.Boolean, nullable=False), moment("found_at"),
    )  # fmt: skip


def _budgets() -> None:
    op.create_table(
        "budgets", *key("measure"), number("limit"), text("currency", null=True), moment("set_at")
    )
    op.create_table(
        "budget_alerts", *key("measure", "month"), sa.Column("level", sa.Integer, primary_key=True), number("spent"),
        moment("told_at"),
    )  # fmt: skip


def _guards() -> None:
    """What the database itself holds to: entries sum to zero at the commit, and nothing of the ledger is changed."""
    op.execute("""
        create function entry_is_balanced() returns trigger language plpgsql as $$
        begin
            if exists (
                select 1 from postings where tenant_id = new.tenant_id and entry_id = new.entry_id
                group by currency having sum(amount) <> 0
            ) then
                raise exception 'the postings of entry % do not sum to zero', new.entry_id using errcode = 'check_violation';
            end if;
            return null;
        end $$
    """)
    # For each posting, not once per entry: whoever adds one to an entry of before is checked, too.
    op.execute("""
        create constraint trigger postings_sum_to_zero after insert on postings deferrable initially deferred
        for each row execute function entry_is_balanced()
    """)
    op.execute("""
        create function is_added_to_only() returns trigger language plpgsql as $$
        begin
            raise exception '% is only ever added to: correct it by a reversal', tg_table_name using errcode = 'check_violation';
        end $$
    """)
    for table in ADDED_TO_ONLY:
        op.execute(
            f"create trigger added_to_only before update or delete or truncate on {table} execute function is_added_to_only()"
        )


def downgrade() -> None:
    for table in ("postings", "entries", *sorted(set(TABLES) - {"postings", "entries"})):
        op.drop_table(table)
    op.execute("drop function entry_is_balanced()")
    op.execute("drop function is_added_to_only()")
    drop_fleet_tables(op)
