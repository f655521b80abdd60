"""Who can take a task: the units of the territory as data, and which of them is asked. Pure, and shared: the referral
desk routes by it, whoever delivers to units looks them up in it."""

from services.directory.place import District, Places
from services.directory.routing import Directory, is_queue
from services.directory.standing import STALE_HOURS, FreePlace, Standings, ranked_places
from services.directory.unit import Channel, Name, Unit

__all__ = [
    "STALE_HOURS",
    "Channel",
    "Directory",
    "District",
    "FreePlace",
    "Name",
    "Places",
    "Standings",
    "Unit",
    "is_queue",
    "ranked_places",
]
