"""Contracts of imports that hold for every provider, also for one that was added a minute ago.

import-linter runs them by their names in pyproject.toml; the folder says which providers there are.
"""

from collections.abc import Iterator, Mapping

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

PROVIDERS = "tracker.providers"
ABOVE = (f"{PROVIDERS}.capabilities", f"{PROVIDERS}.registry")
SHARED = (f"{PROVIDERS}.kit", f"{PROVIDERS}.ports")


def providers_in(graph: ImportGraph) -> set[str]:
    """Return the module or package of each provider."""
    return graph.find_children(PROVIDERS) - {*ABOVE, *SHARED}


class LinesContract(Contract):
    """Breaks on the lines that `broken_by` yields; `remedy` says what to do."""

    remedy: str

    def broken_by(self, graph: ImportGraph) -> Iterator[str]:
        """Yield each import, or chain of them, that breaks the contract."""
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - theirs
        """Look at the whole graph."""
        del verbose
        lines = sorted(self.broken_by(graph))
        return ContractCheck(kept=not lines, metadata={"lines": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print which imports break it, and what to do."""
        for line in check.metadata["lines"]:
            output.print_error(line, bold=False)
        output.print_error(self.remedy)


class ProvidersApart(LinesContract):
    """A provider imports of `tracker.providers` only itself, `kit` and `ports`."""

    type_name = "providers_apart"
    remedy = "Move what two providers need into tracker/providers/kit/."

    def broken_by(self, graph: ImportGraph) -> Iterator[str]:
        """Yield each chain to another provider, or up to who loads them."""
        layers = (*ABOVE, providers_in(graph), *SHARED)
        for broken in graph.find_illegal_dependencies_for_layers(layers=layers):
            for route in broken.routes:
                yield " -> ".join((min(route.heads), *route.middle, min(route.tails)))


class ProvidersUnnamed(LinesContract):
    """No module outside of a provider imports it."""

    type_name = "providers_unnamed"
    remedy = "Ask tracker.providers.registry, which loads a provider by its name."

    def broken_by(self, graph: ImportGraph) -> Iterator[str]:
        """Yield each such import."""
        owners = _owners(graph)
        for inner, owner in owners.items():
            for importer in graph.find_modules_that_directly_import(inner):
                if owners.get(importer) != owner:
                    yield f"{importer} -> {inner}"


def _owners(graph: ImportGraph) -> Mapping[str, str]:
    """Return the provider that each module of a provider belongs to."""
    return {
        module: provider
        for provider in providers_in(graph)
        for module in (provider, *graph.find_descendants(provider))
    }
