"""Every fact that a rule can name, as a person would say it; and every kind of episode. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.explanation.terms import Both

__all__ = ["EPISODES", "PHRASES", "Measure", "Phrase", "YesNo"]


@dataclass(frozen=True, slots=True)
class YesNo:
    """A fact that holds or does not: the sentence that says so, and its opposite."""

    yes: Both
    no: Both


@dataclass(frozen=True, slots=True)
class Measure:
    """A fact that has a value. `unit` is what is counted: in English singular and plural, in Chinese its counter."""

    name: Both
    unit: tuple[str, str, str] | None = None


Phrase = YesNo | Measure

PHRASES: Mapping[str, Phrase] = {
    "carer.in_hospital": YesNo(
        ("The carer is in hospital", "照顧者正在住院"),
        ("The carer is not in hospital", "照顧者並非正在住院"),
    ),
    "carer.died_in_hospital": YesNo(
        ("The carer died in hospital", "照顧者在醫院離世"),
        ("The carer did not die in hospital", "照顧者並未在醫院離世"),
    ),
    "carer.cohort": Measure(("Group of carers whose admissions are reported to us", "照顧者所屬的入院通報組別")),
    "cared_for.in_hospital": YesNo(
        ("The cared-for person is in hospital too", "被照顧者亦正在住院"),
        ("The cared-for person is not in hospital", "被照顧者並非正在住院"),
    ),
    "other_able_adults_at_home": Measure(
        ("Other adults at home who could step in", "家中其他能夠代為照顧的成年人"),
        ("person", "people", "人"),
    ),
    "cover_confirmed_by_a_person": YesNo(
        ("Somebody has confirmed that care at home is covered", "已有人員確認家中照顧安排妥當"),
        ("Nobody has confirmed that care at home is covered", "未有人員確認家中照顧安排妥當"),
    ),
    "household.kind": Measure(("Kind of household", "住戶類別")),
    "household.in_public_housing": YesNo(
        ("The household lives in public housing", "住戶居於公共租住房屋"),
        ("The household does not live in public housing", "住戶並非居於公共租住房屋"),
    ),
    "household.known_support": Measure(
        (
            "Welfare services known to be used (an emergency alarm alone does not count)",
            "已知正使用的福利服務（單有平安鐘不計）",
        ),
        ("service", "services", "項"),
    ),
    "household.oldest_age": Measure(("Age of the oldest member", "最年長成員的年齡"), ("year", "years", "歲")),
    "contacts.most_in_14_days": Measure(
        ("Calls about the strain of caring within 14 days", "14日內因照顧壓力致電的次數"),
        ("call", "calls", "次"),
    ),
    "contacts.gravest": Measure(("Gravest assessment of the calls", "各次來電中評估最嚴重的程度")),
    "contact.immediate_danger": YesNo(
        ("The caller is in immediate danger", "來電者有即時危險"),
        ("The caller is not in immediate danger", "來電者沒有即時危險"),
    ),
    "absence.still_to_come_or_on": YesNo(
        ("The planned absence is still to come or under way", "計劃中的離開尚未開始或仍在進行"),
        ("The planned absence is over", "計劃中的離開已經完結"),
    ),
}

EPISODES: Mapping[str, Both] = {
    "hospital_visit": ("A carer of this person has been admitted to hospital", "此人的照顧者曾經入院"),
    "composition": ("The members of the household are known", "已知住戶的成員"),
    "strain_run": ("Somebody has called about the strain of caring", "曾因照顧壓力致電專線"),
    "dangerous_contact": ("Somebody has called in immediate danger", "曾有即時危險的來電"),
    "planned_absence": ("A carer or helper plans to be away", "照顧者或家庭傭工計劃離開"),
}
"""What must have happened before a rule is asked at all, by the kind of episode."""
