"""Our codes in the words of people who do this work, in English and in the Traditional Chinese of Hong Kong. Pure.

A code that has no words here (a newer one, or one of policy) is shown as it is: an explanation is never withheld.
"""

from collections.abc import Mapping
from typing import Literal

from contracts.instants import EPOCH, in_hong_kong

__all__ = ["Both", "Lang", "age_words", "hong_kong_time", "joined", "labelled", "of", "said", "word"]

Lang = Literal["en", "zh-Hant"]

Both = tuple[str, str]
"""(English, Traditional Chinese)."""

LEVELS: Mapping[str, Both] = {
    "low": ("low", "低"),
    "medium": ("medium", "中"),
    "high": ("high", "高"),
    "very_high": ("very high", "極高"),
}
VERDICTS: Mapping[str, Both] = {
    "met": ("met", "符合"),
    "not_met": ("not met", "不符合"),
    "unknown": ("unknown: nobody has said", "未知：未有人提供資料"),
    "error": ('error: could not be worked out, which is never taken as a "no"', "出錯：未能判斷，不會當作「否」"),
}
FLAG_STATUSES: Mapping[str, Both] = {
    "active": ("active", "生效中"),
    "acknowledged": ("acknowledged", "已有人員知悉"),
    "mitigated": ("no contact needed for now", "情況已獲緩解，暫時毋須聯絡"),
    "closed": ("closed by a person", "已由人員結案"),
    "superseded": ("replaced by another flag", "已由另一警示取代"),
    "retracted": ("withdrawn", "已撤回"),
    "expired": ("expired", "已逾期失效"),
    "shadow": ("on trial: asks nothing of anybody", "試行中：不會發出轉介"),
}
CAUSES: Mapping[str, Both] = {
    "in_hospital": ("in hospital", "住院中"),
    "returned_home": ("the carer has come home", "照顧者已返家"),
    "admission_cancelled": ("the admission was cancelled", "入院登記已取消"),
    "no_admission": ("there was no admission", "沒有入院紀錄"),
    "cover_confirmed": ("somebody has confirmed that care is covered", "已有人員確認照顧安排妥當"),
    "moved_or_changed": ("the household has moved or changed", "住戶已搬遷或成員有變"),
    "tenancy_ended": ("the tenancy has ended", "租約已終止"),
    "death_confirmed": ("the death was confirmed", "死訊已獲證實"),
    "death_not_confirmed": ("the death is not confirmed", "死訊未獲證實"),
    "deceased": ("the person has died", "當事人已離世"),
    "alarm_in_use": ("an emergency alarm is in use", "平安鐘已在使用"),
    "met_since": ("somebody of the household has been met since", "其後已接觸住戶成員"),
    "window_over": ("the time for a coordinated response is over", "統籌應變期已過"),
    "household_known": ("the household that lives there is known now", "已得悉居於該處的住戶"),
    "now_supported": ("the household is supported now", "住戶現已獲得支援服務"),
    "absence_over": ("the absence is over", "離開期已完結"),
    "no_longer_met": ("the rule's conditions no longer hold", "已不再符合規則的條件"),
    "identity_merged": ("two ids turned out to be one person", "兩個編號證實屬同一人"),
    "identity_unmerged": ("two ids turned out to be two persons", "兩個編號證實屬不同人士"),
    "same_episode": ("it turned out to belong to an episode that is told elsewhere", "證實屬另一警示所述的同一事件"),
    "no_longer_of_this_household": ("it no longer belongs to this household", "已不屬此住戶"),
    "handed_over": ("handed over to a unit of the place where the household lives now", "已移交住戶現居地區的單位"),
    "not_acknowledged": ("nobody acknowledged it in time", "未有單位在限時內確認接收"),
    "no_longer_overdue": ("it is no longer overdue", "已不再逾時"),
    "consent_withdrawn": ("consent has been withdrawn", "當事人已撤回同意"),
    "consent_granted": ("consent has been given again", "當事人已再次同意"),
    "answered": ("it has been answered meanwhile", "其間已有回覆"),
    "reassigned": ("a duty officer has given it to another unit", "當值主任已改派其他單位"),
    "entered_in_error": ("what asked for it was entered in error", "引致此轉介的紀錄屬錯誤輸入"),
    "delivered": ("it was delivered after all", "其後已送達"),
    "rerouted": ("it goes to another unit", "改由其他單位跟進"),
    "no_longer_asked": ("the rules no longer ask for it", "規則已不再要求"),
    "rule_withdrawn": ("the rule is no longer in force", "有關規則已停用"),
    "rule_expired": ("the rule's last day is over", "有關規則已過最後生效日"),
    "outside_the_rules_days": ("it began on a day on which the rule does not count", "事件並非在規則生效期內開始"),
    "district_not_served": ("the rule does not count in that district", "規則不適用於該地區"),
    "snoozed": ("an officer has put it aside for a while", "人員已暫時擱置"),
    "withdrawn": ("the reason for it is gone", "原因已不存在"),
    "erased": ("the person's data were erased", "當事人的資料已刪除"),
    "confirmed_need": ("the need was confirmed", "證實有需要"),
    "arranged_already": ("care was arranged already", "已有照顧安排"),
    "no_need": ("no need was found", "經了解後沒有需要"),
    "unreachable": ("nobody could be reached", "未能聯絡"),
    "wrong_person": ("wrong person or address", "並非當事人或地址不符"),
    "duplicate": ("known from elsewhere already", "與另一個案重複"),
    "out_of_area": ("outside the unit's area", "不屬單位的服務地區"),
    "no_capacity": ("the unit has no capacity", "單位名額已滿"),
    "waitlist": ("the unit has a waiting list", "單位需要輪候"),
    "ineligible": ("not eligible for the service", "不符合服務資格"),
    "already_known": ("known to another unit already", "已有其他單位跟進"),
    "insufficient_info": ("not enough information", "資料不足"),
    "conflict_of_interest": ("conflict of interest", "利益衝突"),
    "safety": ("safety", "安全考慮"),
    "person_away": ("the person is away", "當事人外出或離港"),
    "asked_for_time": ("the person asked for time", "當事人希望稍後再談"),
    "awaiting_service": ("waits for a service", "等候服務"),
    "awaiting_information": ("waits for information", "等候資料"),
    "bad_weather": ("bad weather", "惡劣天氣"),
    "needs_decision": ("needs a decision", "需要主管決定"),
    "getting_worse": ("it is getting worse", "情況轉差"),
    "no_access": ("no access to the place", "未能進入"),
    "not_reachable": ("could not be reached", "未能連接"),
    "refused_by_system": ("the unit's system refused it", "單位系統拒絕接收"),
    "gave_up": ("given up after many tries", "多次嘗試後停止"),
    "declined_by_person": ("the person declined", "當事人婉拒"),
    "not_answering": ("the unit does not answer", "單位沒有回應"),
    "better_placed": ("another unit is better placed", "由其他單位跟進較合適"),
    "recorded_in_error": ("recorded in error", "錯誤記錄"),
}
"""Why a flag or task is no longer what it was, and the reasons that units and duty officers give."""
PRIORITIES: Mapping[str, Both] = {
    "stat": ("at once", "即時"),
    "asap": ("as soon as possible", "盡快"),
    "urgent": ("urgent", "緊急"),
    "routine": ("routine", "一般"),
}
UNITS: Mapping[str, Both] = {
    "hotline": ("Carer hotline", "照顧者支援專線"),
    "outreach": ("Outreach social workers", "外展社工隊"),
    "emergency_support": ("Emergency support", "緊急支援服務"),
    "care_team": ("Care Team", "關愛隊"),
    "elderly_centre": ("Elderly community centre", "長者中心"),
    "day_care": ("Day care centre for the elderly", "長者日間護理中心"),
    "family_service": ("Integrated family service centre", "綜合家庭服務中心"),
    "mental_wellness": ("Integrated community centre for mental wellness", "精神健康綜合社區中心"),
    "disability_support": ("District support centre for persons with disabilities", "殘疾人士地區支援中心"),
    "carer_resource": ("Carer resource centre", "照顧者資源中心"),
    "emergency_alarm": ("Emergency alarm provider", "平安鐘服務機構"),
    "family_protection": ("Family and Child Protective Services", "保護家庭及兒童服務課"),
    "youth_outreach": ("Youth outreach", "青少年外展社會工作隊"),
    "volunteer_team": ("Volunteer team", "義工隊"),
    "district_office": ("District office (duty officer)", "地區福利辦事處（當值主任）"),
}
PURPOSES: Mapping[str, Both] = {
    "check_arrangements": ("find out whether care at home is arranged", "查詢家中照顧安排"),
    "arrange_emergency_support": ("arrange emergency support", "安排緊急支援"),
    "visit": ("visit", "上門探訪"),
    "outreach_visit": ("visit by a social worker", "社工上門探訪"),
    "go_at_once": ("go there at once", "即時到場"),
    "visit_and_assess": ("visit and see what is needed", "上門探訪並評估需要"),
    "assess_and_serve": ("assess and serve", "評估需要並提供服務"),
    "arrange_respite": ("arrange respite care", "安排暫託服務"),
    "fit_emergency_alarm": ("fit an emergency alarm", "安裝平安鐘"),
    "offer_emergency_alarm": ("offer an emergency alarm again", "再次提供平安鐘服務"),
    "confirm_death": ("find out whether the carer has died", "查證照顧者是否離世"),
    "verify_report": ("find out what is behind a report", "查證有關報告"),
    "protect": ("assess the risk and protect", "評估風險並提供保護"),
    "assess_crisis": ("assess the risk and plan the follow-up", "評估風險並制訂跟進計劃"),
    "reach_out": ("reach out to the young person", "主動接觸有關青少年"),
    "check_welfare": ("go and see whether somebody is well", "上門了解是否安好"),
    "review_unreached": ("decide what to do after attempts in vain", "多次未能聯絡，決定如何跟進"),
    "review_late_answer": ("look at an answer that came too late", "檢視逾期收到的回覆"),
    "review_escalated": ("look at what a unit asks for help with", "跟進單位要求協助的個案"),
    "review_undelivered": ("see why a task could not be delivered", "跟進未能送達的轉介"),
    "review_unacknowledged": ("see why nobody has acknowledged a task", "跟進無人確認的轉介"),
    "review_overdue": ("see why the person has not been contacted in time", "跟進逾時仍未聯絡當事人的個案"),
    "review_still_overdue": ("see why the person has still not been contacted", "跟進上報後仍未聯絡當事人的個案"),
    "decide_disclosure": ("decide whether the unit may be told without consent", "決定可否在未獲同意下通知單位"),
    "decide_next_step": ("decide what to do next", "決定下一步行動"),
    "coordinate_response": ("coordinate the response for those concerned", "統籌對受影響人士的跟進"),
}
CLOCKS: Mapping[str, Both] = {
    "acknowledge": ("nobody acknowledged it in time", "逾時未確認"),
    "contact": ("nobody was reached in time", "逾時未聯絡"),
}
"""The clocks of a task that have run out."""
TASK_STATUSES: Mapping[str, Both] = {
    "requested": ("requested", "已發出，待單位接收"),
    "received": ("received by the unit", "單位已收到"),
    "accepted": ("accepted", "單位已接受"),
    "rejected": ("declined", "單位未能接受"),
    "in-progress": ("in progress", "跟進中"),
    "on-hold": ("on hold", "暫緩"),
    "completed": ("completed", "已完成"),
    "failed": ("could not be done", "未能完成"),
    "cancelled": ("cancelled", "已取消"),
    "entered-in-error": ("entered in error", "錯誤輸入"),
}
BUSINESS_STATUSES: Mapping[str, Both] = {
    "queued": ("not delivered yet", "等候送出"),
    "delivered": ("delivered", "已送達單位"),
    "delivery_failed": ("delivery failed", "未能送達"),
    "contact_attempted": ("contact attempted", "曾嘗試聯絡"),
    "contact_made": ("contact made", "已聯絡上"),
    "visit_scheduled": ("visit scheduled", "已約定探訪"),
    "no_show": ("nobody there", "探訪不遇"),
    "service_started": ("service started", "服務已展開"),
    "cancellation_requested": ("cancellation requested: the unit decides", "已要求取消，由單位決定"),
    "escalated": ("escalated", "已上報"),
    "handed_over": ("handed over", "已移交"),
}
OUTCOMES: Mapping[str, Both] = {
    "risk_assessed": ("needs assessed", "已評估風險及需要"),
    "follow_up_planned": ("follow-up planned", "已計劃跟進"),
    "hospital_referral_made": ("referred to hospital", "已轉介醫院"),
    "care_resumed": ("care has resumed", "照顧已恢復"),
    "placement_arranged": ("placement arranged", "已安排院舍或暫託宿位"),
    "service_delivered": ("service delivered", "已提供服務"),
    "already_supported": ("supported already", "已有支援"),
    "declined_by_person": ("the person declined", "當事人婉拒服務"),
    "not_located": ("nobody could be reached", "未能聯絡當事人"),
    "moved": ("has moved", "已搬遷"),
    "deceased": ("has died", "已離世"),
    "hospitalised": ("in hospital", "正在住院"),
}
DECISIONS: Mapping[str, Both] = {
    "acknowledge": ("acknowledged", "已知悉"),
    "snooze": ("put aside for a while", "暫時擱置"),
    "close": ("closed", "已結束"),
}
SCOPES: Mapping[str, Both] = {
    "flag": ("this flag", "此警示"),
    "member": ("all that stood about the person", "當時有關此人的所有警示"),
    "household": ("all that stood about the household", "當時有關此住戶的所有警示"),
}
FINDINGS: Mapping[str, Both] = {
    "no_arrangement": ("nobody has arranged care", "未有任何照顧安排"),
    "unreachable": ("nobody could be reached", "未能聯絡"),
    "cover_confirmed": ("care at home is covered", "家中照顧已有安排"),
    "needs_elderly_service": ("needs services for elderly persons", "需要長者服務"),
    "needs_family_service": ("needs family services", "需要家庭服務"),
    "needs_mental_wellness": ("needs mental wellness support", "需要精神健康支援"),
    "needs_disability_support": ("needs disability support", "需要殘疾人士支援服務"),
    "needs_carer_support": ("the carer needs support", "照顧者需要支援"),
    "wishes_alarm": ("wishes an emergency alarm", "希望安裝平安鐘"),
    "needs_respite": ("needs respite care", "需要暫託服務"),
    "needs_protection": ("needs protection", "需要保護"),
    "needs_youth_service": ("needs youth services", "需要青少年服務"),
    "death_confirmed": ("the death is confirmed", "死訊屬實"),
    "disclosure_justified": ("the disclosure is justified without consent", "在未獲同意下披露資料屬有理據"),
}
SOURCES: Mapping[str, Both] = {
    "ha-cms": ("hospital notice", "醫院通報"),
    "hd-tenancies": ("Housing Department's tenancies", "房屋署租戶紀錄"),
    "swd-register": ("welfare register", "社署服務紀錄"),
    "carer-hotline": ("carer hotline", "照顧者支援專線"),
    "community-desk": ("people on the ground", "社區人員的觀察"),
    "immigration": ("Immigration Department", "入境事務處"),
}
DISTRICTS: Mapping[str, Both] = {
    "YTM": ("Yau Tsim Mong", "油尖旺"),
    "SSP": ("Sham Shui Po", "深水埗"),
    "KC": ("Kowloon City", "九龍城"),
    "TW": ("Tsuen Wan", "荃灣"),
    "KTS": ("Kwai Tsing", "葵青"),
}
"""The districts that the unit directory names."""
VALUES: Mapping[str, Both] = {
    "home_care": ("home care", "家居照顧服務"),
    "day_care": ("day care", "日間護理服務"),
    "emergency_alarm": ("an emergency alarm", "平安鐘服務"),
    "elderly_centre": ("an elderly centre", "長者中心"),
    "disability_support": ("support for persons with disabilities", "殘疾人士支援服務"),
    "carer_resource": ("a carer resource centre", "照顧者資源中心"),
    "family_service": ("family services", "家庭服務"),
    "mental_wellness": ("mental wellness services", "精神健康服務"),
    "meal_delivery": ("meals delivered", "送飯服務"),
    "allowance_carers_of_elderly": (
        "receives the low-income carers' allowance for an elderly person",
        "領取低收入護老者生活津貼",
    ),
    "allowance_carers_of_disabled": (
        "receives the low-income carers' allowance for a person with a disability",
        "領取低收入殘疾人士照顧者生活津貼",
    ),
    "high_risk_public_housing": ("high-risk carer in public housing", "公共屋邨高風險照顧者"),
    "singleton_elderly": ("an elderly person living alone", "獨居長者"),
    "doubleton_elderly": ("two elderly persons", "雙老住戶"),
    "carer_of_elderly": ("a carer of an elderly person", "護老者住戶"),
    "carer_of_disabled": ("a carer of a person with a disability", "殘疾人士照顧者住戶"),
    "carer_of_mental_recovery": ("a carer of a person in mental recovery", "精神復元人士照顧者住戶"),
    "routine": ("routine", "一般"),
    "raised": ("raised", "較高"),
    "grave": ("grave", "嚴重"),
    "rising": ("growing graver", "趨於嚴重"),
    "steady": ("steady", "持平"),
    "falling": ("growing milder", "趨於緩和"),
    "confirmed": ("confirmed", "已證實"),
    "reported": ("reported, not confirmed", "有人報告而未證實"),
    "none": ("none is registered", "沒有登記"),
    "notified_carer_admitted": (
        "the one admitted cares for the other, and we are notified of it",
        "入院者為另一人的照顧者而且屬入院通報組別",
    ),
    "other_carer_admitted": ("the one admitted cares for the other", "入院者為另一人的照顧者"),
    "cared_for_admitted": ("the one at home cares for the one admitted", "在家者為入院者的照顧者"),
    "care_team": ("a Care Team", "關愛隊"),
    "property_staff": ("estate or building staff", "屋邨或大廈管理人員"),
    "welfare_unit": ("a welfare unit", "社會福利單位"),
    "school": ("a school", "學校"),
    "police": ("the police", "警方"),
    "volunteer": ("a volunteer", "義工"),
    "district_office": ("the district office", "地區福利辦事處"),
    "family": ("the family", "家人"),
    "self": ("the person concerned", "當事人"),
    "not_seen": ("not seen for days", "多日未見蹤影"),
    "no_answer": ("nobody opens", "無人應門"),
    "strain": ("strain of caring", "照顧壓力"),
    "frail": ("frail", "體弱"),
    "isolated": ("isolated", "與外界隔絕"),
    "violence_reported": ("violence", "暴力"),
    "child_at_risk_reported": ("a child at risk", "兒童面臨危險"),
    "mental_health_crisis_reported": ("a mental-health crisis", "精神健康危機"),
    "youth_distress_reported": ("a young person in emotional distress", "青少年情緒困擾"),
    "hidden_household": ("a hidden household", "隱蔽家庭"),
    "care_covered": ("care is covered", "照顧已有安排"),
    "carer_home": ("the carer is home", "照顧者已返家"),
    "fire": ("fire", "火警"),
    "death": ("a death", "有人死亡"),
    "flood": ("flooding", "水浸"),
    "power_cut": ("power cut", "停電"),
    "outbreak": ("outbreak of disease", "疫病爆發"),
    "other": ("something else", "其他事故"),
}
"""The codes that facts take as values."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY, _YEAR = 24, 24 * 365.25


def of(both: Both, lang: Lang) -> str:
    """The text in one language."""
    return both[1] if lang == "zh-Hant" else both[0]


def word(table: Mapping[str, Both], code: str, lang: Lang) -> str:
    """A code's words; the code itself where there are none."""
    return of(table[code], lang) if code in table else code


def said(table: Mapping[str, Both], code: str, lang: Lang) -> str:
    """A code's words with the code in brackets, so that it can be looked up; the code alone where there are none."""
    if code not in table:
        return code
    return f"{of(table[code], lang)}（{code}）" if lang == "zh-Hant" else f"{of(table[code], lang)} ({code})"


def labelled(label: Both, text: str, lang: Lang) -> str:
    """`label: text`, with the colon of the language."""
    return f"{label[1]}：{text}" if lang == "zh-Hant" else f"{label[0]}: {text}"


def joined(parts: list[str], lang: Lang, within: bool = False) -> str:
    """Parts of one line; `within`: items of a list inside a part."""
    if lang == "zh-Hant":
        return ("、" if within else "；").join(parts)
    return (", " if within else "; ").join(parts)


def hong_kong_time(instant: str, lang: Lang) -> str:
    """An instant as a clock in Hong Kong shows it, to the minute."""
    if instant <= EPOCH:
        return of(("before the first tick of the clock", "時鐘啟動之前"), lang)
    moment = in_hong_kong(instant)
    if lang == "zh-Hant":
        return f"{moment.year}年{moment.month}月{moment.day}日{moment:%H:%M}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M}"


def age_words(hours: float, lang: Lang) -> str:
    """How old something is, to a precision that a person would use."""
    if hours < 1:
        return of(("less than an hour", "不足一小時"), lang)
    if hours < 2 * _DAY:
        return _counted(int(hours), ("hour", "小時"), lang)
    if hours < 90 * _DAY:
        return _counted(int(hours / _DAY), ("day", "日"), lang)
    if hours < 2 * _YEAR:
        return _counted(int(hours / _YEAR * 12), ("month", "個月"), lang)
    return _counted(int(hours / _YEAR), ("year", "年"), lang)


def _counted(number: int, unit: Both, lang: Lang) -> str:
    if lang == "zh-Hant":
        return f"{number}{unit[1]}"
    return f"{number} {unit[0]}{'' if number == 1 else 's'}"
