"""What the desk thinks by itself: urgency, languages, words, identity in notes, forms, reasons without pseudonyms."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.desk
from contracts.identity import PURPOSES, REFUSALS
from contracts.instants import parse, write
from contracts.lifecycle import possible
from contracts.tasks import BUSINESS_STATUSES, OUTCOMES, REASONS, STATUSES, UNIT_ACTIONS, UNIT_KINDS
from services.desk.forms import FINDINGS, LAWFUL_BASES, FormFault, offers, said_by
from services.desk.identity_in_text import identity_in
from services.desk.notes import ABOUT
from services.desk.templates import load_words
from services.desk.urgency import BANDS, band_of, by_urgency, clocks_of, left
from services.desk.words import language
from services.explanation import terms
from services.policy import load_rules
from services.runtime.settings import Settings
from tests.unit.book.made import task

FOLDER = Path(services.desk.__file__).parent
NOW = "2026-07-10T04:00:00.000Z"


def later(hours: float) -> str:
    return write(parse(NOW) + timedelta(hours=hours))


def asked(name: str, contact: float, **changes: Any) -> Any:
    """A task that wants an answer and contact in so many hours."""
    dues = {"due_ack": later(min(contact, 1)), "due_contact": later(contact), "warn_ack": None, "warn_contact": None}
    fresh = {"status": "requested", "business_status": "queued", "breaches": [], "warnings": [], "priority": "urgent"}
    return task(name, **{**fresh, **dues, **changes})


class TestUrgency:
    def test_what_is_overdue_comes_first_and_what_rests_last(self) -> None:
        tasks = {
            "resting": asked("a", 1, status="on-hold", parked_until=later(100)),
            "reached": asked("b", 1, status="in-progress", business_status="contact_made"),
            "later": asked("c", 30, status="accepted"),
            "sooner": asked("d", 20, status="accepted"),
            "at_once": asked("e", 40, status="accepted", priority="stat"),
            "warned": asked("f", 3, status="accepted", warn_contact=later(-1)),
            "over": asked("g", -2, status="accepted"),
            "over_at_once": asked("h", -1, status="accepted", priority="stat"),
        }
        ranked = by_urgency(((one, name) for name, one in tasks.items()), NOW)
        assert ranked == {
            "overdue": ["over_at_once", "over"],
            "soon": ["warned"],
            "open": ["at_once", "sooner", "later"],
            "under_way": ["reached"],
            "resting": ["resting"],
        }

    def test_a_clock_that_the_referral_desk_has_seen_run_out_is_overdue_whatever_our_clock_says(self) -> None:
        assert band_of(asked("a", 5, status="accepted", breaches=["contact"]), NOW) == "overdue"

    def test_an_arranged_visit_is_under_way_until_somebody_should_have_told_of_it(self) -> None:
        arranged = {"status": "accepted", "business_status": "visit_scheduled", "breaches": ["contact"]}
        ahead, over = (asked("a", -30, **arranged, due_visit=later(hours)) for hours in (5, -1))
        assert [(one.clock, one.state) for one in clocks_of(ahead, NOW)] == [("visit", "running")]
        assert [(one.clock, one.state) for one in clocks_of(over, NOW)] == [("visit", "overdue")]
        assert (band_of(ahead, NOW), band_of(over, NOW)) == ("under_way", "overdue")

    def test_a_units_own_hold_stops_no_clock(self) -> None:
        assert band_of(asked("a", -1, status="on-hold"), NOW) == "overdue"
        assert band_of(asked("a", 5, status="on-hold"), NOW) == "resting"

    def test_before_the_first_tick_nothing_is_overdue(self) -> None:
        assert band_of(asked("a", -5), "1970-01-01T00:00:00.000Z") == "open"

    def test_who_is_asked_back_or_has_ended_has_no_clock(self) -> None:
        assert clocks_of(asked("a", -5, status="accepted", business_status="cancellation_requested"), NOW) == []
        assert clocks_of(asked("a", -5, status="completed"), NOW) == []

    @given(st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(BUSINESS_STATUSES), st.floats(-50, 50))))
    def test_every_task_stands_in_one_band(self, rows: list[tuple[str, str, float]]) -> None:
        tasks = [asked(str(n), due, status=s, business_status=b) for n, (s, b, due) in enumerate(rows)]
        ranked = by_urgency(((one, one.task_id) for one in tasks), NOW)
        assert sorted(name for names in ranked.values() for name in names) == sorted(one.task_id for one in tasks)
        assert list(ranked) == [band for band in BANDS if band in ranked]

    @pytest.mark.parametrize(
        ("minutes", "said"),
        [(0, ("minutes", 0, 0)), (59, ("minutes", 0, 59)), (-61, ("hours", 1, 1)), (2 * 1440 + 60, ("days", 2, 1))],
    )
    def test_a_span_is_said_as_a_person_would(self, minutes: int, said: tuple[str, int, int]) -> None:
        assert left(minutes * 60_000) == said


@pytest.mark.parametrize(
    ("chosen", "accepted", "lang"),
    [
        (None, "", "zh-Hant"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr, zh-HK;q=0.8, en;q=0.5", "zh-Hant"),
        (None, "en;q=0.2, yue;q=0.9", "zh-Hant"),
        ("en", "zh-HK", "en"),
        ("klingon", "en", "en"),
        (None, ";;q=x,,en;q=", "en"),
    ],
)
def test_the_language_is_what_was_chosen_or_asked_for(chosen: str | None, accepted: str, lang: str) -> None:
    assert language(chosen, accepted) == lang


class TestCatalogues:
    def test_both_say_the_same_things(self) -> None:
        en, zh = (load_words()[lang]._texts for lang in ("en", "zh-Hant"))
        assert en.keys() == zh.keys()
        for key in en:
            assert sorted(re.findall(r"\{\w+\}", en[key])) == sorted(re.findall(r"\{\w+\}", zh[key])), key
            assert en[key].strip() and zh[key].strip()

    def test_the_chinese_is_chinese(self) -> None:
        latin = {
            key
            for key, text in load_words()["zh-Hant"]._texts.items()
            if not re.search("[\u3001-\u9fff\uff00-\uffef]", text)
        }
        assert latin == {"language.en"}

    def test_no_template_says_anything_by_itself(self) -> None:
        for path in sorted((FOLDER / "templates").glob("*.html")):
            text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<meta[^>]*>|<!doctype[^>]*>", "", path.read_text(), flags=re.S)
            for spoken in re.findall(r'(?:aria-label|title|placeholder|alt|label)="([^"]*)"', text):
                assert not re.search(r"[A-Za-z\u4e00-\u9fff]", spoken), (path.name, spoken)
            words = re.sub(r"""<(?:[^>"']|"[^"]*"|'[^']*')*>""", " ", text)
            assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", words), (path.name, words.split())

    def test_every_text_that_a_template_asks_for_is_there_and_no_other(self) -> None:
        texts = load_words()["en"]._texts
        source = "".join(path.read_text() for path in [*FOLDER.glob("*.py"), *(FOLDER / "templates").glob("*.html")])
        asked = set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)+)["']""", source.replace(".html", "")))
        families = set(re.findall(r"""["']([a-z_.]+)\.["'] ~""", source))
        families |= {"lawful_basis", "spoken", "span", "sign_in", "problem", "problem.field", "refused", "do"}
        unused = {key for key in texts if key not in asked and key.rpartition(".")[0] not in families and "." in key}
        assert unused == {"nav.district", "nav.tasks", "nav.waves"} - asked
        ours = ("task.", "tasks.", "why.", "notes.")
        assert {key for key in asked if key.startswith(ours)} <= texts.keys()

    def test_a_code_has_its_words_in_one_place(self) -> None:
        keys = (key.rpartition(".") for key in load_words()["en"]._texts)
        assert [code for table, _, code in keys if code in getattr(terms, table.upper(), {})] == []

    @pytest.mark.parametrize("lang", ["en", "zh-Hant"])
    def test_every_code_that_is_shown_has_words(self, lang: str) -> None:
        words = load_words()[lang]
        shown = {
            "causes": {code for codes in REASONS.values() for code in codes},
            "outcomes": OUTCOMES,
            "findings": FINDINGS,
            "units": UNIT_KINDS,
            "task_statuses": STATUSES,
            "business_statuses": BUSINESS_STATUSES,
            "lawful_basis": {*LAWFUL_BASES, *(rule.lawful_basis for rule in load_rules(Settings().policy_dir))},
            "do": UNIT_ACTIONS,
            "identity.for": PURPOSES,
            "notes.about": ABOUT,
            "band": BANDS,
            "problem": [f"vault_{code}" for code in REFUSALS if code not in ("invalid", "too_large", "unreadable")],
        }
        silent = [(table, code) for table, codes in shown.items() for code in codes if not words.has(table, code)]
        assert silent == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Daughter is in after six, call again on Tuesday", []),
        ("女兒晚上六時後在家，下星期二再致電", []),
        ("Visit 3 of 4 done; needs a walking frame by 2026-07-14", []),
        ("A123456(7) is his number", ["hkid"]),
        ("a 123456 (7)", ["hkid"]),
        ("Ａ１２３４５６（７）", ["hkid"]),
        ("ring 9123 4567", ["telephone"]),
        ("ring 9123-4567 after six", ["telephone"]),
        ("電話２３４５６７８９", ["telephone"]),
        ("write to chan@example.org", ["email"]),
        ("Mrs Chan was friendly", ["name"]),
        ("陳婆婆話遲啲再嚟", ["name"]),
        ("姓陳", ["name"]),
        ("lives in Flat 12B", ["address"]),
        ("十二樓B室", ["address"]),
    ],
)
def test_a_note_that_says_who_is_seen(text: str, kinds: list[str]) -> None:
    assert identity_in(text) == kinds


class TestForms:
    def test_only_what_the_life_cycle_allows_is_offered_and_all_of_that(self) -> None:
        for status in STATUSES:
            for business in BUSINESS_STATUSES:
                one = asked("a", 1, status=status, business_status=business)
                for actor in ("owner", "officer"):
                    offered = [offer.action for offer in offers(one, actor)]  # type: ignore[arg-type]
                    assert sorted(offered) == sorted(possible(one, actor))  # type: ignore[arg-type]

    def test_what_is_reported_of_violence_goes_on_to_professionals_only(self) -> None:
        one = asked("a", 1, status="accepted", business_status="delivered", unit_kind="family_protection")
        one = one.model_copy(update={"asked_of": "family_protection"})
        (refer,) = [offer for offer in offers(one, "owner") if offer.action == "refer_on"]
        assert refer.refer is not None and "care_team" not in refer.refer and "family_service" in refer.refer

    def test_a_form_says_what_the_contract_wants(self) -> None:
        def said(**fields: str) -> Any:
            return said_by(lambda name: fields.get(name, ""), lambda name: fields.get(name, "").split(), "3")

        assert said(action="refer_on", refer="emergency_alarm:fit_emergency_alarm") == {
            "action": "refer_on",
            "expected_revision": 3,
            "refer_to": "emergency_alarm",
            "refer_for": "fit_emergency_alarm",
        }
        assert said(action="schedule", visit_at="2026-07-14T10:30")["visit_at"] == "2026-07-14T02:30:00.000Z"
        assert said(action="hold", reason="person_away")["reason"] == "person_away"
        assert said(action="complete", outcome="moved", findings="wishes_alarm unreachable")["findings"] == [
            *("unreachable", "wishes_alarm"),
        ]
        for wrong in (
            {"action": "accept_all"},
            {"action": "reject"},
            {"action": "complete"},
            {"action": "schedule", "visit_at": "tomorrow"},
            {"action": "refer_on"},
            {"action": "complete", "outcome": "moved", "findings": "disclosure_justified"},
        ):
            with pytest.raises(FormFault):
                said(**wrong)
        with pytest.raises(FormFault):
            said_by(lambda name: "accept", lambda name: [], "three")

    def test_every_code_of_a_reason_is_offered(self) -> None:
        one = asked("a", 1, status="accepted", business_status="delivered")
        for offer in offers(one, "owner"):
            assert offer.reasons == (REASONS.get(offer.action, ()) if "reason" in offer.fields else ())


def test_the_words_of_the_explanation_are_looked_up_in_its_tables() -> None:
    words = load_words()["en"]
    assert words.code("priorities", "stat") == terms.PRIORITIES["stat"][0]
    assert words.code("priorities", "newer") == "newer"
