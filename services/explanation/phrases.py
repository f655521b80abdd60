"""Every fact that a rule can name, as a person would say it; and every kind of episode. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.explanation.terms import Both

__all__ = ["BOUNDS", "EPISODES", "PHRASES", "Measure", "Phrase", "YesNo"]


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
    "carer.death": Measure(("What is said of the carer's death", "有關照顧者離世的消息")),
    "other_carers.in_hospital": Measure(
        ("Further carers of this person who are in hospital", "同時住院的其他照顧者"), ("carer", "carers", "人")
    ),
    "carers.at_home": Measure(
        ("Carers of this person who are not in hospital", "並非住院的照顧者"), ("carer", "carers", "人")
    ),
    "carers.in_hospital_since_before": Measure(
        ("Carers who were in hospital already at that time, and still are", "當時已住院而至今未返家的照顧者"),
        ("carer", "carers", "人"),
    ),
    "care_between_the_two": Measure(("Care registered between the two", "兩人之間已登記的照顧關係")),
    "person.in_hospital": YesNo(
        ("The person is in hospital", "當事人正在住院"),
        ("The person is not in hospital", "當事人並非正在住院"),
    ),
    "person.in_hospital_meanwhile": YesNo(
        ("The person is in hospital too, or has been meanwhile", "當事人亦正在住院，或其間曾經住院"),
        ("The person has not been in hospital meanwhile", "當事人其間未有住院"),
    ),
    "person.readmitted": YesNo(
        ("The person has been admitted again since", "當事人其後再次入院"),
        ("The person has not been admitted again since", "當事人其後未有再次入院"),
    ),
    "person.lives_alone": YesNo(
        ("The person lives alone", "當事人獨居"),
        ("The person does not live alone", "當事人並非獨居"),
    ),
    "admissions.most_in_90_days": Measure(
        ("Admissions to hospital within 90 days", "90日內入院的次數"), ("admission", "admissions", "次")
    ),
    "alarm.in_use": YesNo(
        ("The person has an emergency alarm", "當事人設有平安鐘"),
        ("The person has no emergency alarm", "當事人沒有平安鐘"),
    ),
    "alarm.overdue": YesNo(
        (
            "The emergency alarm that was applied for has not been fitted within 30 days",
            "已申請的平安鐘在30日內仍未安裝",
        ),
        ("The emergency alarm that was applied for is fitted, or not due yet", "已申請的平安鐘已安裝或未到期限"),
    ),
    "report.concern": Measure(("What was reported", "報告的情況")),
    "report.by": Measure(("Who reported it", "報告者")),
    "report.days": Measure(("For how long nobody has been seen", "未見蹤影的日數"), ("day", "days", "日")),
    "report.explained_by_hospital": YesNo(
        ("The hospital knows why nobody was seen", "醫院紀錄解釋了為何未見其人"),
        ("No stay in hospital explains it", "並無住院紀錄可以解釋"),
    ),
    "attempts.most_in_30_days": Measure(
        ("Visits within 30 days at which nobody opened", "30日內無人應門的探訪次數"), ("visit", "visits", "次")
    ),
    "attempts.met_since": YesNo(
        ("Somebody of the household has been met since", "其後曾接觸住戶成員"),
        ("Nobody of the household has been met since", "其後未曾接觸住戶成員"),
    ),
    "incident.kind": Measure(("What has happened in the block", "樓宇發生的事故")),
    "incident.recent": YesNo(
        ("It happened within the last 14 days", "事故在過去14日內發生"),
        ("It happened more than 14 days ago", "事故在14日前發生"),
    ),
    "incident.households": Measure(("Households concerned", "受影響的住戶"), ("household", "households", "戶")),
    "other_able_adults_at_home": Measure(
        ("Other adults at home who could step in", "家中其他能夠代為照顧的成年人"),
        ("person", "people", "人"),
    ),
    "cover_confirmed_by_a_person": YesNo(
        ("Somebody has confirmed that care at home is covered", "已有人員確認家中照顧安排妥當"),
        ("Nobody has confirmed that care at home is covered", "未有人員確認家中照顧安排妥當"),
    ),
    "household.kind": Measure(("Kind of household", "住戶類別")),
    "household.kind_when_it_began": Measure(("Kind of household at that time", "當時的住戶類別")),
    "household.nobody_home": YesNo(
        ("All who live here are in hospital", "住戶所有成員均正在住院"),
        ("Somebody who lives here is not in hospital", "住戶有成員並非正在住院"),
    ),
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
    "services.in_use": Measure(("Welfare services in use", "正使用的福利服務")),
    "household.oldest_age": Measure(("Age of the oldest member", "最年長成員的年齡"), ("year", "years", "歲")),
    "contacts.most_in_14_days": Measure(
        ("Calls about the strain of caring within 14 days", "14日內因照顧壓力致電的次數"),
        ("call", "calls", "次"),
    ),
    "contacts.gravest": Measure(("Gravest assessment of the calls", "各次來電中評估最嚴重的程度")),
    "contacts.trend": Measure(("How the calls develop", "來電情況的趨勢")),
    "contact.immediate_danger": YesNo(
        ("The caller is in immediate danger", "來電者有即時危險"),
        ("The caller is not in immediate danger", "來電者沒有即時危險"),
    ),
    "absence.still_to_come_or_on": YesNo(
        ("The planned absence is still to come or under way", "計劃中的離開尚未開始或仍在進行"),
        ("The planned absence is over", "計劃中的離開已經完結"),
    ),
}

BOUNDS: Mapping[str, Both] = {
    "today until": ("The rule's last day is not over: {}", "規則未過最後生效日：{}"),
    "episode.began_on until": ("It began on the rule's last day or before: {}", "事件在規則最後生效日或之前開始：{}"),
    "episode.began_on from": ("It began on the rule's first day or later: {}", "事件在規則首個生效日或之後開始：{}"),
    "household.district in": ("The household lives where the rule counts: {}", "住戶居於規則適用的地區：{}"),
    "household.district not in": (
        "The household does not live where the rule does not count: {}",
        "住戶並非居於規則不適用的地區：{}",
    ),
}
"""When and where a rule counts, by how its clause begins; `{}` is the limit."""

EPISODES: Mapping[str, Both] = {
    "hospital_visit": ("A carer of this person has been admitted to hospital", "此人的照顧者曾經入院"),
    "homecoming": ("This person has come home from hospital", "此人曾由醫院返家"),
    "carer_death": ("Somebody has said that a carer of this person died", "有消息指此人的照顧者離世"),
    "couple_visit": ("The other one of two who live together has been admitted", "同住兩人中的另一人曾經入院"),
    "admission_run": ("This person has been admitted to hospital", "此人曾經入院"),
    "report": ("Somebody has reported something", "曾有人報告情況"),
    "attempt_run": ("Somebody has called here in vain", "曾有人上門探訪而無人應門"),
    "alarm_ended": ("An emergency alarm has been given up", "曾取消平安鐘服務"),
    "alarm_application": ("An emergency alarm has been applied for", "曾申請平安鐘"),
    "block_incident": ("Something has happened in this block", "此樓宇曾發生事故"),
    "composition": ("The members of the household are known", "已知住戶的成員"),
    "strain_run": ("Somebody has called about the strain of caring", "曾因照顧壓力致電專線"),
    "dangerous_contact": ("Somebody has called in immediate danger", "曾有即時危險的來電"),
    "planned_absence": ("A carer or helper plans to be away", "照顧者或家庭傭工計劃離開"),
}
"""What must have happened before a rule is asked at all, by the kind of episode."""
