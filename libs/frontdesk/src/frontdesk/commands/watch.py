"""`frontdesk watch`: what the Observer sees, what is beyond its threshold, what it advises and reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from pydantic import JsonValue

from frontdesk.commands.door import open_door

FLEET = "/api/v1/fleet"
Row = dict[str, JsonValue]
Language = Annotated[Literal["de", "en"], typer.Option(help="de or en.")]
_MOST_QUEUES = 20


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="What the Observer sees, says and advises.")
    for verb in (status, alerts, silence, silences, advice, report, thresholds):
        group.command()(verb)
    app.add_typer(group, name="watch")


def status() -> None:
    """Show services, replicas, latency, queues, and what is not seen; exit code 1 when something is wrong."""
    door = open_door()
    seen, drawn = (
        cast("Row", door.ask("GET", f"{FLEET}/health")),
        cast("Row", door.ask("GET", f"{FLEET}/map")),
    )
    nodes = {str(node["service"]): node for node in _rows(drawn, "nodes")}
    services = _rows(seen, "services")
    for service in services:
        _show_service(service, nodes.get(str(service["service"]), {}))
    for line in _queue_lines(seen["queues"]):
        typer.echo(line)
    blind = cast("dict[str, str]", seen["blind"])
    for what, since in sorted(blind.items()):
        typer.echo(f"blind: {what} is not seen since {_time(since)}")
    if seen["at"] is None:
        typer.echo("nothing was looked at yet", err=True)
    if blind or not services or any(service["health"] not in ("pass", "warn") for service in services):
        raise typer.Exit(1)


def alerts(language: Language = "en") -> None:
    """List what is beyond its threshold now, the worst first."""
    found = _list("alerts")
    for alert in found:
        hushed = "  silenced" if alert["silenced_by"] else ""
        words = cast("dict[str, str]", alert["summary"]).get(language, "")
        typer.echo(
            f"{alert['severity']:8}  {alert['state']:10}  {alert['threshold']}  since {_time(alert['since'])}{hushed}"
        )
        typer.echo(f"          {words}")
    if not found:
        typer.echo("nothing is beyond its threshold", err=True)


def silence(
    reason: Annotated[str, typer.Option(help="Why; whoever sees the silence reads it.")],
    threshold: Annotated[str, typer.Option(help="A threshold's name, or a pattern with *.")] = "*",
    service: Annotated[str, typer.Option(help="A service, or a pattern.")] = "*",
    subject: Annotated[str, typer.Option(help="An endpoint, queue or replica, or a pattern.")] = "*",
    minutes: Annotated[int, typer.Option("--for", min=1, max=43200, help="For how many minutes.")] = 60,
) -> None:
    """Tell nobody of what fits, for a while; it is watched and shown all the same."""
    if (threshold, service, subject) == ("*", "*", "*"):
        raise typer.BadParameter("say what is silenced: --threshold, --service or --subject")
    ends_at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    matchers: Row = {"threshold": threshold, "service": service, "subject": subject}
    body: Row = {"matchers": matchers, "ends_at": ends_at, "reason": reason}
    made = cast("Row", open_door().ask("POST", f"{FLEET}/silences", body=body))
    typer.echo(f"{made['silence_id']}  until {_time(made['ends_at'])}")


def silences(
    end: Annotated[str | None, typer.Option(help="End the silence with this id now.")] = None,
) -> None:
    """List silences, newest first, or end one."""
    if end is not None:
        ended = cast("Row", open_door().ask("DELETE", f"{FLEET}/silences/{end}"))
        typer.echo(f"{ended['silence_id']}  ended")
        return
    for one in _list("silences"):
        matchers = cast("dict[str, str]", one["matchers"])
        fits = ", ".join(f"{name} {what}" for name, what in matchers.items() if what != "*")
        over = f"ended by {one['ended_by']}" if one["ended_by"] else f"until {_time(one['ends_at'])}"
        typer.echo(f"{one['silence_id']}  {over}  {fits}  by {one['made_by']}: {one['reason']}")


def advice(
    service: Annotated[str | None, typer.Option(help="Of one service alone.")] = None,
    language: Language = "en",
) -> None:
    """List the newest scaling advice, and what came of it."""
    found = _list("advice" if service is None else f"advice?service={service}")
    for one in found:
        words = cast("dict[str, str]", one["reason"])[language]
        outcome = cast("Row | None", one["outcome"])
        came = f"  (came: p95 {outcome['p95']:.3g} s, off by {outcome['error']:.0f} %)" if outcome else ""
        typer.echo(f"{_time(one['given_at'])}  {one['service']}: {one['verdict']}  {words}{came}")
    if not found:
        typer.echo("nothing was advised yet", err=True)


def report(
    pdf: Annotated[Path | None, typer.Option(help="Write it there as PDF, instead of showing it.")] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="The newest there is, instead of a new one.")
    ] = False,
    language: Language = "en",
) -> None:
    """Make a report of the last day: what is slow, since when, what to do."""
    door = open_door()
    known = _list("reports?limit=1") if newest else []
    found = known[0] if known else cast("Row", door.ask("POST", f"{FLEET}/reports"))
    place = f"{FLEET}/reports/{found['report_id']}?language={language}&format="
    if pdf is None:
        typer.echo(door.fetch(f"{place}md").decode())
        return
    pdf.write_bytes(door.fetch(f"{place}pdf"))
    typer.echo(f"{pdf}: {cast('dict[str, str]', found['title'])[language]}")


def thresholds() -> None:
    """List the thresholds in force; exit code 1 when a newer file is refused."""
    found = cast("Row", open_door().ask("GET", f"{FLEET}/thresholds"))
    for one in _rows(found, "thresholds"):
        services, subjects = (", ".join(cast("list[str]", one[name])) for name in ("services", "subjects"))
        typer.echo(
            f"{one['name']:22}  {one['metric']} > {one['limit']:g} {one['unit']}  for {one['for_seconds']:g} s  "
            f"{one['severity']}  {services}: {subjects}"
        )
    refusal = cast("Row | None", found["refusal"])
    if refusal is not None:
        typer.echo(f"a newer file is refused since {_time(refusal['at'])}:", err=True)
        for fault in cast("list[str]", refusal["faults"]):
            typer.echo(f"  {fault}", err=True)
        raise typer.Exit(1)


def _show_service(service: Row, node: Row) -> None:
    replicas = [one for one in _rows(service, "replicas") if one["state"] != "gone"]
    answering = sum(one["state"] == "answering" for one in replicas)
    latency = node.get("p95_ms")
    p95 = "p95 –" if latency is None else f"p95 {latency:.0f} ms"
    typer.echo(f"{service['service']:16}  {service['health']:6}  {answering}/{len(replicas)} replicas  {p95}")
    for one in replicas:
        if one["state"] != "answering" or one["notes"]:
            why = str(one["failure"] or "; ".join(cast("list[str]", one["notes"])))
            typer.echo(f"  {one['instance']}  {one['state']}  {why}")


def _queue_lines(found: JsonValue) -> list[str]:
    if found is None:
        return []
    queues = cast("list[dict[str, int]]", found)
    waiting = [one for one in queues if one["ready"] + one["unacknowledged"]]
    lines = [f"queues: {len(queues)}, {len(waiting)} of them with messages"]
    waiting.sort(key=lambda one: -one["ready"] - one["unacknowledged"])
    return lines + [
        f"  {one['name']}  {one['ready']} ready, {one['unacknowledged']} in work, {one['consumers']} consumers"
        for one in waiting[:_MOST_QUEUES]
    ]


def _list(path: str) -> list[Row]:
    return cast("list[Row]", open_door().ask("GET", f"{FLEET}/{path}"))


def _rows(found: Row, name: str) -> list[Row]:
    return cast("list[Row]", found[name])


def _time(moment: JsonValue) -> str:
    return f"{datetime.fromisoformat(str(moment)).astimezone():%Y-%m-%d %H:%M:%S}"
