"""The findings, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import typer

from frontdesk.diagnosis.finding import Finding


def print_findings(findings: Sequence[Finding]) -> bool:
    """Print a line each and what to do under those that are not well; whether all are."""
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            typer.secho(topic, bold=True)
        mark = typer.style("ok  ", fg="green") if finding.ok else typer.style("FAIL", fg="red")
        typer.echo(f"  {mark} {finding.name:24} {finding.found}")
        if not finding.ok and finding.advice:
            typer.echo(f"       → {finding.advice}")
    return all(finding.ok for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """The report as a list of objects."""
    return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False)
