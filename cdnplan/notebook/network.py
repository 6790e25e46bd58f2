"""A network to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cdnplan.commands.option import AnyPath
from cdnplan.notebook.figures import Figure, world

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.model.network.topology import Topology


class Network:
    """A topology file that was read and checked.

    Parameters
    ----------
    path : str or Path
        Topology in YAML.
    env : str, optional
        Environment whose overrides apply.
    override : sequence of str or Path
        Further files merged onto it.

    Raises
    ------
    InputError
        All that is wrong with it, with file, line and column.

    Examples
    --------
    >>> network = Network.sample()
    >>> float(network.sites.loc["ixp-london-gb", "storage_tb"])
    4.62
    """

    def __init__(
        self,
        path: AnyPath,
        env: str | None = None,
        override: Sequence[AnyPath] = (),
    ) -> None:
        from cdnplan.inputs.topology.topology_reader import read_topology

        self.path = Path(path)
        self.env = env
        self.override = tuple(Path(item) for item in override)
        self.topology: Topology = read_topology(self.path, env=env, overrides=list(self.override))

    @classmethod
    def sample(cls) -> Network:
        """The network that ships with the package."""
        from cdnplan.sample import sample_folder

        return cls(sample_folder() / "topology.yaml")

    def __fspath__(self) -> str:
        """Its file, for commands that take no further files to merge onto it.

        Raises
        ------
        InputError
            It was read with some.
        """
        from cdnplan.errors import InputError, Problem

        if self.override:
            raise InputError([Problem("expected a network without override", file=str(self.path))])
        return str(self.path)

    @property
    def name(self) -> str:
        """Its name."""
        return self.topology.name

    @property
    def sites(self) -> pd.DataFrame:
        """Sites by name: country, kind, location, appliances, storage_tb, throughput_gbps, fill_gbps."""
        import pandas as pd

        models = {hardware.name: hardware for hardware in self.topology.hardware}
        rows = []
        for site in self.topology.sites:
            groups = [(group.count, models[group.model]) for group in site.appliances]
            rows.append(
                {
                    "site": site.name,
                    "country": site.country,
                    "kind": site.kind,
                    "latitude": site.location[0],
                    "longitude": site.location[1],
                    "appliances": sum(count for count, _ in groups),
                    "storage_tb": float(sum(count * model.storage_tb for count, model in groups)),
                    "throughput_gbps": float(sum(count * model.throughput_gbps for count, model in groups)),
                    "fill_gbps": float(sum(count * model.fill_gbps for count, model in groups)),
                }
            )
        return pd.DataFrame(rows).set_index("site")

    @property
    def regions(self) -> pd.DataFrame:
        """Regions by name: country, location, what demand they draw on, sites they list."""
        import pandas as pd

        return pd.DataFrame(
            {
                "region": region.name,
                "country": region.country,
                "latitude": region.location[0],
                "longitude": region.location[1],
                "demand": region.demand.region,
                "share_ratio": region.demand.share,
                "sites": list(region.sites),
            }
            for region in self.topology.regions
        ).set_index("region")

    @property
    def links(self) -> pd.DataFrame:
        """Links: from, to, capacity_gbps, cost_per_gb; empty where distance decides."""
        import pandas as pd

        rows = [(e.from_, e.to, e.capacity_gbps, e.cost_per_gb) for e in self.topology.links]
        return pd.DataFrame(rows, columns=["from", "to", "capacity_gbps", "cost_per_gb"])

    def map(self, marked: tuple[str, ...] | list[str] = ()) -> Figure:
        """Draw its sites by location, as large as their throughput.

        Parameters
        ----------
        marked : sequence of str
            Sites in another colour.
        """
        sites = self.sites
        points = [
            (row.latitude, row.longitude, row.throughput_gbps, str(name), name in marked)
            for name, row in sites.iterrows()
        ]
        return world(f"{self.name}: {len(points):,} sites", points)

    def __repr__(self) -> str:
        """One line."""
        t = self.topology
        appliances = sum(group.count for site in t.sites for group in site.appliances)
        return (
            f"Network {t.name!r}: {len(t.sites):,} sites, {appliances:,} appliances,"
            f" {len(t.regions):,} regions, {len(t.links):,} links"
        )

    def _repr_html_(self) -> str:
        """Draw the map and say what there is."""
        return f"<p>{self!r}</p>{self.map().svg}"
