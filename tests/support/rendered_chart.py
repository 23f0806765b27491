"""Lint the chart and print what it renders to, as JSON; run by the interpreter of .deploy.

`helm_python` is Helm's own library, `kubernetes_validate` has the schemas of Kubernetes.
"""

import json
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml  # type: ignore[import-untyped]
from helm_python.chart import Chart, lint

OLDEST, NEWEST = "1.25", "1.37"
"""Of Kubernetes, between what Chart.yaml asks for and what the schemas know."""
WARNING = 2
"""From this severity on a finding of Helm's counts."""


def _list_documents(chart: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    with Chart.load(chart) as loaded:
        rendered = loaded.render(values, name="tracker", namespace="tracker")
    texts = [text for name, text in rendered.items() if name.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def _find_flaws(document: dict[str, Any]) -> list[str]:
    found = []
    for version in (OLDEST, NEWEST):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:  # the monitor is of another project
            continue
        except kubernetes_validate.ValidationError as error:
            found.append(f"{document['kind']} on {version}: {error.message}")
    return found


def main() -> None:
    """Lint, render and check the chart in the first argument with each values on standard input."""
    chart, results = Path(sys.argv[1]), []
    for values in json.load(sys.stdin):
        report = lint(chart, values, strict=True)
        found = [one["error"] for one in report["messages"] if one["severity"] >= WARNING]
        documents = [] if found else _list_documents(chart, values)
        results.append(
            {
                "flaws": [*found, *(flaw for one in documents for flaw in _find_flaws(one))],
                "documents": documents,
            }
        )
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
