"""The contract of imports inside the store, which holds for a file that was added a minute ago."""

from collections.abc import Iterator

from grimp import ImportGraph

from tests.architecture.provider_contracts import LinesContract

STORE = "tracker.store"
DRIVER = f"{STORE}.driver"


class DriverBelow(LinesContract):
    """The driver imports of `tracker.store` only itself."""

    type_name = "driver_below"
    remedy = "Hand the driver what it needs, or move it into tracker/store/driver/."

    def broken_by(self, graph: ImportGraph) -> Iterator[str]:
        """Yield each import of a statement or of the schema."""
        inside = {DRIVER, *graph.find_descendants(DRIVER)}
        above = {STORE, *graph.find_descendants(STORE)} - inside
        for module in inside:
            for imported in graph.find_modules_directly_imported_by(module) & above:
                yield f"{module} -> {imported}"
