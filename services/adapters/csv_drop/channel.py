"""The channel `csv`."""

from services.adapters.channel import Channel, Ground
from services.adapters.csv_drop.drop import CsvDrop, Place
from services.adapters.csv_drop.folder import Folder
from services.runtime.errors import Problem
from services.runtime.vault_client import VaultAccess, VaultClient

__all__ = ["csv_drop"]


def csv_drop(ground: Ground) -> Channel:
    """Its rounds over all folders. Raises Problem for folders that cannot be, or two units in one."""
    root = ground.adapters.csv_folder
    if root is None:
        raise Problem("KITHLINE_ADAPTERS_CSV_FOLDER is not set: where are the folders of units that take files?")
    places: list[Place] = []
    for unit in ground.units:
        connection = ground.connections[unit.id].csv
        assert connection is not None
        where = root / connection.folder.replace("{unit}", unit.id)
        if any(place.folder.out == where / "out" for place in places):
            raise Problem(f"two units have the folder {where}; give each its own (`{{unit}}` stands for a unit's id)")
        places.append(Place(unit.id, connection, Folder(where)))
    access = VaultAccess()
    wanted = any(place.connection.identity is not None for place in places)
    vault = VaultClient(access) if wanted and access.url is not None else None
    return Channel(services=[CsvDrop(ground.book, places, vault, ground.adapters.pause_seconds)])
