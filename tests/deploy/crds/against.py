"""Holds everything that the chart renders against the operators' own schemas: `python tests/deploy/crds/against.py CATALOG`.

CATALOG is a clone of github.com/datreeio/CRDs-catalog, which is not ours to copy; `chart.yml` does the same on GitHub. The tests
hold the chart against `operators.json`, which has the fields that it uses.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import helm_python
import jsonschema
import yaml

from testkit.chart import CHART, ENVIRONMENTS, merged, values_of

RECOVERY = {
    "postgres": {"cluster": {"recovery": {"serverName": "before", "targetTime": "2026-11-28T02:59:00Z"}}}
}


def main() -> int:
    """Print each kind, and what is wrong with it; the exit code says whether anything is."""
    catalog, wrong, seen = Path(sys.argv[1]), 0, set[str]()
    parts = ["shared", *(file.parent.name for file in Path("services").glob("*/pyproject.toml"))]
    with helm_python.Chart.load(CHART) as chart:
        for environment in ENVIRONMENTS:
            more = [{}] if environment == "dev" else [{"only": only} for only in parts]
            more += [] if environment != "prod" else [merged({"only": "shared"}, RECOVERY)]
            for values in more:
                texts = chart.render(
                    merged(values_of(environment), values), name="frontdesk", namespace="frontdesk"
                )
                for found in (one for text in texts.values() for one in yaml.safe_load_all(text) if one):
                    group, _, version = found["apiVersion"].rpartition("/")
                    file = catalog / group / f"{found['kind'].lower()}_{version}.json"
                    if not file.exists():
                        continue
                    seen.add(f"{found['apiVersion']} {found['kind']}")
                    schema = json.loads(file.read_text(encoding="utf-8"))
                    for error in jsonschema.Draft7Validator(schema).iter_errors(found):
                        wrong += 1
                        print(
                            f"{environment} {found['kind']} {found['metadata']['name']}: {error.json_path}: {error.message}"
                        )
    print(f"{len(seen)} kinds: {', '.join(sorted(seen))}; {wrong} flaws")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
