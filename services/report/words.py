"""The words of a report, in English and in the Traditional Chinese of Hong Kong. Pure data."""

from collections.abc import Mapping
from datetime import date

from services.explanation.terms import OUTCOMES, UNITS, Both, Lang, of

__all__ = ["COUNTED", "DISTRICTS", "RESULTS", "TASK_RESULTS", "TEXTS", "UNITS", "day", "period"]

DISTRICTS: Mapping[str, Both] = {
    "CW": ("Central and Western", "中西區"),
    "EAST": ("Eastern", "東區"),
    "STH": ("Southern", "南區"),
    "WCH": ("Wan Chai", "灣仔區"),
    "KC": ("Kowloon City", "九龍城區"),
    "KT": ("Kwun Tong", "觀塘區"),
    "SSP": ("Sham Shui Po", "深水埗區"),
    "WTS": ("Wong Tai Sin", "黃大仙區"),
    "YTM": ("Yau Tsim Mong", "油尖旺區"),
    "IS": ("Islands", "離島區"),
    "KTS": ("Kwai Tsing", "葵青區"),
    "NTH": ("North", "北區"),
    "SK": ("Sai Kung", "西貢區"),
    "ST": ("Sha Tin", "沙田區"),
    "TP": ("Tai Po", "大埔區"),
    "TW": ("Tsuen Wan", "荃灣區"),
    "TM": ("Tuen Mun", "屯門區"),
    "YL": ("Yuen Long", "元朗區"),
    "unknown": ("District not known", "地區不詳"),
}
"""The eighteen districts, by the codes that events carry."""

COUNTED: Mapping[str, Both] = {
    "notices": ("Notices received", "接獲通知（宗）"),
    "households": ("Households on the list", "名單上的住戶（戶）"),
    "cases": ("Cases", "個案（宗）"),
}

RESULTS: Mapping[str, Both] = {
    "urgent": ("Confirmed to need emergency support", "確認需要緊急支援"),
    "need": ("Another need was confirmed", "確認有其他需要"),
    "arranged": ("Care was arranged already", "已有照顧安排"),
    "no_need": ("No need was found", "經了解後沒有需要"),
    "unreachable": ("Nobody could be reached", "未能聯絡"),
    "elsewhere": ("Wrong person, or known from elsewhere", "並非當事人或已由其他單位跟進"),
    "eased": ("Resolved before anybody had to call", "情況已獲緩解，毋須聯絡"),
    "referred": ("Visited and referred to a service", "已探訪並轉介服務"),
    "visited": ("Visited, no referral needed", "已探訪，毋須轉介"),
    "not_reached": ("Nobody opened", "探訪不遇"),
    "waiting": ("Waiting for release", "等候安排探訪"),
    "withdrawn": ("Withdrawn (cancelled or corrected)", "已撤回（取消或更正）"),
    "open": ("Still open", "跟進中"),
}
"""What has come of a case, in the order in which a report shows it."""

TASK_RESULTS: Mapping[str, Both] = {
    **OUTCOMES,
    "declined": ("Declined by the unit", "單位未能接受"),
    "cancelled": ("Cancelled", "已取消"),
    "open": ("Still open", "跟進中"),
}
"""What has come of a task, in the order in which a report shows it."""

TEXTS: Mapping[str, Both] = {
    "title": ("Households that needed somebody", "地區支援個案統計"),
    "of": ("{district}, {period}", "{district}　{period}"),
    "territory": ("Whole territory", "全港"),
    "glance": ("At a glance", "概覽"),
    "visited": ("Households visited", "已探訪住戶（戶）"),
    "referred": ("Households referred to a service", "已轉介服務的住戶（戶）"),
    "urgent": ("Confirmed to need emergency support", "確認需要緊急支援（宗）"),
    "result": ("What has come of it", "跟進結果"),
    "units": ("Tasks, by kind of unit and outcome", "按單位類別及結果劃分的轉介"),
    "unit": ("Unit and outcome", "單位及結果"),
    "tasks": ("Tasks", "轉介（項）"),
    "total": ("Total", "總數"),
    "hidden": ("not shown", "不予顯示"),
    "mark": ("*", "＊"),
    "chart": ("{title}: bars of the numbers in the table below", "{title}：下表數字的棒形圖"),
    "notes": ("Notes", "註"),
    "note_period": (
        "Counted are cases that came in on these days in Hong Kong. What has come of them is told as it was known on "
        "{as_of}; every case stands in exactly one line, so the lines add up to the total.",
        "統計以香港日期計算，涵蓋期內收到的個案，跟進結果以{as_of}所知為準。每宗個案只計入一項，各項相加等於總數。",
    ),
    "note_hidden": (
        "* Counts of 1 to {most} are not shown, so that nobody can be recognised, and neither are as many others as it "
        "takes to keep them from being worked out. Totals of the territory and of the district are shown as they are.",
        "＊ 為免個別人士被辨認，1至{most}的數字不予顯示；為防從總數推算，部分其他數字亦不予顯示。"
        "全港及地區總數則如實列出。",
    ),
    "note_notices": (
        "A notice is one stay in hospital of a carer on whom somebody depends.",
        "每宗通知指一名有被照顧者的照顧者一次入院。",
    ),
    "note_none": ("Nothing came in on these days.", "期內沒有收到個案。"),
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(which: date, lang: Lang) -> str:
    """A day as people write it."""
    return of(
        (f"{which.day} {_MONTHS[which.month - 1]} {which.year}", f"{which.year}年{which.month}月{which.day}日"), lang
    )


def period(first: date, last: date, lang: Lang) -> str:
    """`1 Jul 2026 to 31 Jul 2026`."""
    return of((f"{day(first, lang)} to {day(last, lang)}", f"{day(first, lang)}至{day(last, lang)}"), lang)
