"""Who the synthetic people are: what a demonstration's vault holds. Nobody has these names at these addresses, and no
telephone has these numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.identity import Identity, Written
from contracts.ids import household_of_tenancy
from services.simulator.dice import Dice, Table
from services.simulator.people import Flat, Person
from services.simulator.simulation import Simulation
from services.simulator.wire import instant, midnight

__all__ = ["UNASSIGNED", "identities", "write_identities"]

UNASSIGNED = "+8520"
"""In Hong Kong's numbering plan no subscriber's number begins with 0: whoever calls one reaches nobody."""

_FAMILY: Table[tuple[str, str]] = [
    (("陳", "CHAN"), 10), (("黃", "WONG"), 8), (("李", "LEE"), 7), (("張", "CHEUNG"), 5), (("梁", "LEUNG"), 5),
    (("林", "LAM"), 5), (("劉", "LAU"), 4), (("吳", "NG"), 4), (("何", "HO"), 3), (("楊", "YEUNG"), 3),
    (("周", "CHOW"), 3), (("鄭", "CHENG"), 3), (("葉", "YIP"), 2), (("鄧", "TANG"), 2), (("曾", "TSANG"), 2),
    (("蔡", "CHOI"), 2), (("郭", "KWOK"), 2), (("羅", "LAW"), 2), (("許", "HUI"), 2), (("馮", "FUNG"), 2),
    (("麥", "MAK"), 1), (("譚", "TAM"), 1), (("潘", "POON"), 1), (("歐陽", "AU YEUNG"), 0.3),
    (("司徒", "SZETO"), 0.2),
]  # fmt: skip
_GIVEN_ELDERLY = (
    ("玉", "Yuk"), ("蘭", "Lan"), ("英", "Ying"), ("珍", "Chun"), ("國", "Kwok"), ("強", "Keung"), ("金", "Kam"),
    ("福", "Fook"), ("德", "Tak"), ("美", "Mei"), ("芳", "Fong"), ("麗", "Lai"), ("志", "Chi"), ("明", "Ming"),
    ("惠", "Wai"), ("嬌", "Kiu"), ("坤", "Kwan"), ("娣", "Tai"),
)  # fmt: skip
_GIVEN_OTHERS = (
    ("嘉", "Ka"), ("欣", "Yan"), ("俊", "Chun"), ("穎", "Wing"), ("詩", "Sze"), ("曉", "Hiu"), ("晴", "Ching"),
    ("文", "Man"), ("豪", "Ho"), ("樂", "Lok"), ("雅", "Nga"), ("婷", "Ting"), ("偉", "Wai"), ("健", "Kin"),
    ("敏", "Man"), ("思", "Sze"), ("朗", "Long"), ("琪", "Ki"),
)  # fmt: skip
_OTHER_LANGUAGES: Table[tuple[str, str]] = [
    (("ur", "KHAN Bilal"), 3), (("ur", "BIBI Nasreen"), 3), (("ne", "GURUNG Maya"), 3), (("ne", "RAI Suman"), 2),
    (("pa", "SINGH Harpreet"), 2), (("tl", "SANTOS Maria"), 2), (("id", "WATI Sri"), 2), (("th", "SUKJAI Malee"), 1),
]  # fmt: skip

_OTHER_LANGUAGE_SHARE = 0.03
"""Assumed: persons who have no Chinese name and speak another language at home."""
_PUTONGHUA_SHARE = 0.04
"""Assumed: of the others, those who would rather be spoken to in Putonghua."""
_PROTECTED_SHARE = 0.002
"""Assumed: persons whose address must be kept from all but named officers, whatever the task."""
_NO_MOBILE_FROM_AGE, _NO_MOBILE_SHARE = 75, 0.3
"""Assumed: how many of the very old can be reached at home only."""

_DISTRICTS = {"SSP": ("深水埗", "Sham Shui Po"), "KTS": ("葵青", "Kwai Tsing")}
_ESTATES = {
    "FU-CHEONG": ("富昌邨", "Fu Cheong Estate"), "NAM-CHEONG": ("南昌邨", "Nam Cheong Estate"),
    "LAI-KOK": ("麗閣邨", "Lai Kok Estate"), "LAI-ON": ("麗安邨", "Lai On Estate"),
    "PAK-TIN": ("白田邨", "Pak Tin Estate"), "NAM-SHAN": ("南山邨", "Nam Shan Estate"),
    "TAI-HANG-TUNG": ("大坑東邨", "Tai Hang Tung Estate"), "UN-CHAU": ("元州邨", "Un Chau Estate"),
    "SO-UK": ("蘇屋邨", "So Uk Estate"), "HOI-LAI": ("海麗邨", "Hoi Lai Estate"),
    "HOI-TAT": ("海達邨", "Hoi Tat Estate"), "CHAK-ON": ("澤安邨", "Chak On Estate"),
    "SHEK-KIP-MEI": ("石硤尾邨", "Shek Kip Mei Estate"), "LEI-CHENG-UK": ("李鄭屋邨", "Lei Cheng Uk Estate"),
    "YEE-CHING": ("怡靖苑", "Yee Ching Court"), "WING-CHEONG": ("榮昌邨", "Wing Cheong Estate"),
    "KWAI-HING": ("葵興邨", "Kwai Hing Estate"), "KWAI-FONG": ("葵芳邨", "Kwai Fong Estate"),
    "KWAI-SHING-EAST": ("葵盛東邨", "Kwai Shing East Estate"), "SHEK-LEI": ("石籬邨", "Shek Lei Estate"),
    "CHEUNG-CHING": ("長青邨", "Cheung Ching Estate"), "CHEUNG-ON": ("長安邨", "Cheung On Estate"),
}  # fmt: skip


def identities(simulation: Simulation) -> Iterator[Identity]:
    """Of everybody in the simulation, and of every household (where to go when a task is about no single person). The
    same simulation gives the same identities, in the same order."""
    parameters = simulation.parameters
    numbers = _Numbers()
    as_of = instant(midnight(parameters.start))
    homes: dict[str, Flat] = {}
    for person in simulation.everybody:
        if person.home is not None:
            homes.setdefault(person.home.tenancy, person.home.flat)
        yield _person(person, Dice(parameters.seed, f"identity of {person.person_id}"), numbers, as_of)
    for tenancy, flat in homes.items():
        subject, home = household_of_tenancy(tenancy), numbers.at_home(tenancy)
        yield Identity(subject=subject, as_of=as_of, telephones=[home], address=_address(flat))


def write_identities(path: Path, people: Iterable[Identity]) -> int:
    """Writes a line for each, as `kithline vault load` reads them, readable for this user only; returns how many."""
    count = 0
    path.touch(mode=0o600)
    with path.open("wb") as file:
        for identity in people:
            file.write(identity.model_dump_json(exclude_none=True).encode() + b"\n")
            count += 1
    return count


def _person(person: Person, dice: Dice, numbers: "_Numbers", as_of: str) -> Identity:
    name, language = _name(person, dice)
    protected = dice.chance(_PROTECTED_SHARE)
    at_home_only = person.age < 12 or (person.age >= _NO_MOBILE_FROM_AGE and dice.chance(_NO_MOBILE_SHARE))
    telephones = [] if at_home_only else [numbers.mobile()]
    if person.home is not None:
        telephones.append(numbers.at_home(person.home.tenancy))
        address = _address(person.home.flat)
    else:
        address = _elsewhere(person.district, dice)
    return Identity(
        subject=person.person_id,
        as_of=as_of,
        name=name,
        telephones=telephones,
        address=address,
        language=language,
        protected=protected,
    )


def _name(person: Person, dice: Dice) -> tuple[Written, str]:
    """A name and the language to speak."""
    if dice.chance(_OTHER_LANGUAGE_SHARE):
        language, name = dice.weighted(_OTHER_LANGUAGES)
        return Written(en=name), language
    family, romanised = dice.weighted(_FAMILY)
    syllables = _GIVEN_ELDERLY if person.age >= 60 else _GIVEN_OTHERS
    first, second = dice.order(syllables)[:2]
    name_ = Written(zh_hant=family + first[0] + second[0], en=f"{romanised} {first[1]} {second[1]}")
    return name_, "cmn" if dice.chance(_PUTONGHUA_SHARE) else "yue"


def _address(flat: Flat) -> Written:
    estate_zh, estate_en = _ESTATES[flat.estate]
    district_zh, district_en = _DISTRICTS[flat.district]
    block = flat.block.rsplit("-B", 1)[1]
    floor, door = divmod(int(flat.unit.rsplit("-", 1)[1]), 100)
    return Written(
        zh_hant=f"{district_zh}{estate_zh}第{block}座{floor}樓{door:02d}室",
        en=f"Flat {door:02d}, {floor}/F, Block {block}, {estate_en}, {district_en}",
    )


def _elsewhere(district: str, dice: Dice) -> Written:
    """In private housing, in a building that does not exist."""
    district_zh, district_en = _DISTRICTS[district]
    floor, door = dice.between(1, 12), dice.pick("ABCDEF")
    return Written(
        zh_hant=f"{district_zh}虛構大廈{floor}樓{door}室",
        en=f"Flat {door}, {floor}/F, Fictional Mansion, {district_en}",
    )


@dataclass(slots=True)
class _Numbers:
    """Telephone numbers that nobody can have: each person's own, and each household's."""

    _mobiles: int = 0
    _homes: dict[str, str] | None = None

    def mobile(self) -> str:
        self._mobiles += 1
        return f"{UNASSIGNED}9{self._mobiles:06d}"

    def at_home(self, tenancy: str) -> str:
        self._homes = self._homes if self._homes is not None else {}
        return self._homes.setdefault(tenancy, f"{UNASSIGNED}2{len(self._homes) + 1:06d}")
