"""What may be done with a task, and why something may not, in the words of people who do this work."""

from collections.abc import Mapping
from typing import Literal

from .model import Bilingual

__all__ = ["ACTION_WORDS", "SENTENCES", "RefusalCode"]

RefusalCode = Literal[
    "stale",
    "not_owner",
    "not_for_you",
    "ended",
    "not_now",
    "withheld",
    "asked_to_stop",
    "nobody_asked",
    "protected",
    "yours",
]

SENTENCES: Mapping[RefusalCode, tuple[str, str]] = {
    "stale": (
        "the task has changed since the revision that was seen and is at revision {more}; read it again, answer that",
        "此轉介其後已有更新（現為第{more}版），請重新閱覽後再回覆。",
    ),
    "not_owner": (
        "{action}: only the unit that has the task answers; a duty officer may give it to another",
        "只有負責此轉介的單位可以回覆；如需轉交，請聯絡當值主任。",
    ),
    "not_for_you": ("{action} is not for you to say: it is for others in this task", "「{words}」並非由你方提出。"),
    "ended": (
        "{action}: the task has ended; an outcome that comes now is put to the duty officer and changes nothing itself",
        "此轉介已結束；其後的結果會交由當值主任檢視，不會更改此轉介。",
    ),
    "not_now": ("{action} is not possible from where the task is", "現階段不能「{words}」。"),
    "withheld": (
        "{action}: the task waits for the duty officer's decision on its disclosure",
        "此轉介正等候當值主任決定可否披露資料。",
    ),
    "asked_to_stop": (
        "{action}: the unit is asked to stop; it confirms that, or finishes what it has begun",
        "單位已被要求停止跟進；可確認取消，或完成已展開的工作。",
    ),
    "nobody_asked": (
        "{action}: nobody asked to cancel this task; complete it or let it fail, with an outcome, or hand it over",
        "未有人要求取消此轉介；請填寫結果並完成，或移交其他單位。",
    ),
    "protected": (
        "{action}: what is reported of violence or of a child at risk goes on only to {more}",
        "涉及暴力或兒童風險的轉介，只可轉介指明的專業單位。",
    ),
    "yours": (
        "{action}: that is what this task asks of you; hand it over if another unit is to do it",
        "這正是此轉介要求貴單位做的事；如由其他單位跟進，請移交。",
    ),
}

ACTION_WORDS: Mapping[str, Bilingual] = {
    action: Bilingual(en=en, zh_hant=zh)
    for action, en, zh in (
        ("receive", "receive", "確認收到"),
        ("delivery_failed", "report that it could not be delivered", "回報未能送達"),
        ("accept", "accept", "接受"),
        ("reject", "decline", "婉拒"),
        ("start", "start work", "開始跟進"),
        ("attempt", "tried in vain", "曾嘗試聯絡（未能聯絡）"),
        ("contact", "contact made", "已聯絡上"),
        ("schedule", "arrange a visit", "約定探訪"),
        ("no_show", "nobody there", "探訪不遇"),
        ("begin_service", "service has started", "服務已展開"),
        ("hold", "put on hold", "暫緩"),
        ("resume", "go on", "恢復跟進"),
        ("refer_on", "refer on", "轉介其他服務"),
        ("escalate", "ask the duty officer", "上報當值主任"),
        ("hand_over", "hand over", "移交其他單位"),
        ("complete", "complete", "完成"),
        ("fail", "could not be done", "未能完成"),
        ("confirm_cancel", "confirm the cancellation", "確認取消"),
        ("cancel", "cancel", "取消"),
        ("reassign", "give to another unit", "改派其他單位"),
        ("enter_in_error", "mark as entered in error", "標示為錯誤輸入"),
        ("inform", "tell what is news", "更新資料"),
        ("take_back", "take back", "收回"),
        ("lapse", "move on unanswered", "逾時轉出"),
        ("park", "let rest", "暫時擱置"),
        ("unpark", "wake again", "重新跟進"),
        ("reissue", "ask again", "再次發出"),
    )
}
