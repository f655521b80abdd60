"""What a unit reads: the same task under FHIR's names, for every status, and nothing that is not its business."""

import json
from typing import get_args

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings

from contracts.identity import Disclosure
from contracts.tasks import STATUSES, Finding, Task
from services.adapters.fhir import mapping
from services.adapters.fhir.codes import EXTENSIONS, SYSTEMS, codes_of, extension_url, system
from services.adapters.fhir.published import DEFINITIONS, capability_statement
from services.calendar.running import contact_due
from tests.unit.adapters.fhir.made import NOW, UNIT, everything_published, generated, view_of
from tests.unit.book.made import task


def read(resource: mapping.Resource) -> None:
    """`fhir.resources` takes it, and finds in it what was written."""
    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert json.loads(model.model_dump_json()).keys() == resource.keys()


@settings(max_examples=60, deadline=None)
@given(generated())
def test_every_task_can_be_read_by_fhir_resources(one: Task) -> None:
    for resource in everything_published(one):
        read(resource)


@settings(max_examples=60, deadline=None)
@given(generated())
def test_nothing_is_told_that_joins_two_units_lists(one: Task) -> None:
    said = json.dumps(everything_published(one))
    for ours in (one.task_id, one.household_id, one.flag_id, one.for_, *filter(None, [one.part_of])):
        assert f'"{ours}"' not in said and f"/{ours}" not in said


@pytest.mark.parametrize("status", STATUSES)
def test_status_is_fhirs_own_word(status: str) -> None:
    found, request = everything_published(task(unit=UNIT.id, status=status))
    assert found["status"] == status
    withdrawn = {"rejected", "failed", "cancelled"}
    expected = {"on-hold": "on-hold", "completed": "completed", "entered-in-error": "entered-in-error"}
    assert request["status"] == ("revoked" if status in withdrawn else expected.get(status, "active"))


def test_a_task_as_gravity_and_bser_have_it() -> None:
    one = task(
        unit=UNIT.id,
        revision=7,
        status="on-hold",
        business_status="contact_attempted",
        status_reason="handed_over",
        attempts_to_reach=2,
        parked_until="2026-07-05T01:00:00.000Z",
        breaches=["acknowledge"],
        filler_id="A-17",
        part_of="task-0",
        findings=["wishes_alarm"],
    )
    view = view_of(one)
    found = mapping.task(view, UNIT, NOW)
    assert found["meta"] == {"versionId": "7", "lastUpdated": NOW}
    assert found["focus"] == {"reference": f"ServiceRequest/{view['task_id']}"}
    assert found["owner"] == {"reference": "Organization/unit-a"}
    assert found["requester"] == {"reference": "Organization/kithline"}
    assert found["for"]["identifier"] == {"system": system("person"), "value": view["for"]}
    assert found["partOf"][0]["identifier"]["value"] == view["part_of"]
    assert found["restriction"] == {"period": {"end": contact_due(one.due_contact, one.business_status, one.due_visit)}}
    assert found["priority"] == "urgent" and found["intent"] == "order"
    assert codes_of(found["businessStatus"], "business-status") == ["contact_attempted"]
    assert found["statusReason"]["coding"][0]["code"] == "handed_over"
    assert [one["value"] for one in found["identifier"]] == [view["task_id"], "A-17"]
    said = {one["url"].rpartition(":")[2]: one for one in found["extension"]}
    assert said["acknowledge-by"]["valueDateTime"] == one.due_ack
    assert said["breach"]["valueCode"] == "acknowledge"
    assert said["attempts-to-reach"]["valueUnsignedInt"] == 2
    assert said["on-hold-until"]["valueDateTime"] == "2026-07-05T01:00:00.000Z"
    assert [codes_of(one["valueCodeableConcept"], "finding") for one in found["output"]] == [["wishes_alarm"]]


def test_texts_are_there_in_both_languages() -> None:
    found, request = everything_published(task(unit=UNIT.id))
    assert found["description"] == "A carer has been admitted to hospital"
    assert json.dumps(found["_description"], ensure_ascii=False).count("照顧者入院") == 1
    assert "照顧者入院" in found["text"]["div"] and 'lang="zh-Hant"' in found["text"]["div"]
    assert request["code"]["text"] == "find out whether care at home is arranged"
    assert "查詢家中照顧安排" in json.dumps(request["code"], ensure_ascii=False)


def test_where_a_place_is_free_is_said_in_words_and_what_is_old_as_old() -> None:
    place = {"unit": "home-1", "kind": "emergency", "district": "SSP", "places": 2, "as_of": NOW, "stale": False}
    named = {**place, "name": {"en": "Home One", "zh_hant": "第一院"}, "stale": True}
    found = mapping.task({**view_of(task(unit=UNIT.id)), "places": [place, named]}, UNIT, NOW)
    fresh, old = [one for one in found["input"] if "valueString" in one]
    assert fresh["valueString"] == ("home-1; Sham Shui Po; emergency place; free: 2; counted: 3 Jul 2026 09:00")
    assert old["valueString"].startswith("Home One;") and old["valueString"].endswith("old: ask before you rely on it")
    assert "第一院；深水埗；緊急宿位" in old["_valueString"]["extension"][0]["extension"][1]["valueString"]
    read(found)


def test_a_text_cannot_break_out_of_the_narrative() -> None:
    found, _ = everything_published(task(unit=UNIT.id, reason_text={"en": "<script>&", "zh_hant": "<b>"}))
    assert "<script>" not in found["text"]["div"] and "&lt;script&gt;&amp;" in found["text"]["div"]


def test_last_modified_is_never_before_it_was_asked() -> None:
    one = task(unit=UNIT.id)
    assert mapping.task(view_of(one), UNIT, "1970-01-01T00:00:00.000Z")["lastModified"] == one.requested_at


def test_a_person_is_a_pseudonym_until_the_vault_tells_more() -> None:
    assert mapping.patient("p-abc", None) == {
        "resourceType": "Patient",
        "id": "p-abc",
        "language": "en",
        "identifier": [{"system": system("person"), "value": "p-abc"}],
    }
    told = {
        "task": "t-1",
        "person": "p-abc",
        "purpose": "visit",
        "protected": False,
        "entry": 1,
        "language": "yue",
        "name": {"zh_hant": "陳大文", "en": "CHAN Tai Man"},
        "telephones": ["+85291234567", "+85223456789"],
        "address": {"en": "Flat 1"},
    }
    found = mapping.patient("p-abc", Disclosure.model_validate(told))
    read(found)
    assert [one["text"] for one in found["name"]] == ["陳大文", "CHAN Tai Man"]
    assert [(one["value"], one["rank"]) for one in found["telecom"]] == [("+85291234567", 1), ("+85223456789", 2)]
    assert found["address"][0]["text"] == "Flat 1" and "birthDate" not in found


def test_units_and_what_is_published_can_be_read_by_fhir_resources() -> None:
    read(mapping.organization(UNIT))
    read(mapping.kithline())
    read(capability_statement("https://kithline.example/fhir"))
    for resources in DEFINITIONS.values():
        for resource in resources.values():
            read(resource)
    page = mapping.bundle("https://kithline.example/fhir", everything_published(task()), [], {"self": "x"})
    get_fhir_model_class("Bundle").model_validate(page)


def test_every_code_that_a_task_can_hold_is_published_with_words_in_both_languages() -> None:
    """(Lists that policy may add to are published as fragments.)"""
    assert set(SYSTEMS["finding"].words) == set(get_args(Finding))
    for name, codes in SYSTEMS.items():
        for code, (en, zh_hant) in codes.words.items():
            assert en and zh_hant, (name, code)
            assert any("\u4e00" <= letter <= "\u9fff" for letter in zh_hant), (name, code)


def test_every_extension_in_use_is_published() -> None:
    one = task(unit=UNIT.id, breaches=["contact"], visit_at=NOW, parked_until=NOW)
    used = {extension["url"] for extension in everything_published(one)[0]["extension"]}
    assert used == {extension_url(name) for name in EXTENSIONS}
    assert used == {definition["url"] for definition in DEFINITIONS["StructureDefinition"].values()}
