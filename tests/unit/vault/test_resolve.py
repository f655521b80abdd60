"""Who is told what of whom: the one way in, and every way that is shut."""

from typing import Any

import pytest

from contracts.identity import REFUSALS
from services.book.naming import ref
from tests.unit.vault.house import ALARM, ANNA, BEN, CARE_TEAM, NAMESPACE, OTHER_TEAM, SECRETS, House, task


def refused(answer: Any, code: str) -> None:
    assert answer.status_code == REFUSALS[code][0], answer.text  # type: ignore[index]
    assert answer.json()["refused"] == code
    assert not [secret for secret in SECRETS if secret in answer.text]


async def test_the_unit_that_has_accepted_is_told_the_least_that_a_call_needs(vault: House) -> None:
    await vault.takes(task())
    answer = await vault.resolves()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["name"] == {"zh_hant": "陳小明", "en": "CHAN Siu Ming"}
    assert told["telephones"] == ["+85209123456"]
    assert told["address"] is None
    assert ANNA not in answer.text  # our own pseudonym leaves the vault to nobody
    assert told["person"] == ref(NAMESPACE, CARE_TEAM, "person", ANNA)


async def test_a_visit_needs_the_address_too(vault: House) -> None:
    await vault.takes(task())
    told = (await vault.resolves(purpose="visit")).json()
    assert told["address"]["en"].startswith("Flat 07")


async def test_an_alarm_provider_is_told_where_to_put_the_alarm_and_may_not_go_for_a_visit(vault: House) -> None:
    await vault.takes(task(unit=ALARM, unit_kind="emergency_alarm", asked_of="emergency_alarm"))
    told = (await vault.resolves("adapter", unit=ALARM, purpose="install_alarm")).json()
    assert told["address"] and told["telephones"] and told["name"]
    refused(await vault.resolves("adapter", unit=ALARM, purpose="visit"), "purpose_not_allowed")


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("requested", {}, "not_accepted"),
        ("received", {}, "not_accepted"),
        # it rests by our own doing, before anybody had accepted it
        ("on-hold", {"resumes_as": "requested"}, "not_accepted"),
        ("accepted", {}, None),
        ("accepted", {"business_status": "cancellation_requested"}, None),
        ("in-progress", {}, None),
        ("on-hold", {}, None),
        ("on-hold", {"resumes_as": "in-progress"}, None),
        ("rejected", {}, "ended"),
        ("completed", {"outcome": "risk_assessed"}, "ended"),
        ("failed", {"outcome": "not_located"}, "ended"),
        ("cancelled", {}, "ended"),
        ("entered-in-error", {}, "ended"),
    ],
)
async def test_only_while_the_unit_has_the_task_in_hand(
    vault: House, status: str, said: dict[str, Any], code: str | None
) -> None:
    await vault.takes(task(1, status, **said))
    answer = await vault.resolves()
    if code is None:
        assert answer.status_code == 200
    else:
        refused(answer, code)


async def test_from_asked_to_ended(vault: House) -> None:
    refused(await vault.resolves(), "unknown_task")
    await vault.takes(task(1, "requested"))
    refused(await vault.resolves(), "not_accepted")
    await vault.takes(task(2, "accepted"))
    assert (await vault.resolves()).status_code == 200
    await vault.takes(task(3, "completed", outcome="risk_assessed"))
    refused(await vault.resolves(), "ended")
    await vault.takes(task(2, "accepted"))  # an older revision that comes late changes nothing
    refused(await vault.resolves(), "ended")


async def test_another_units_task_is_as_one_that_does_not_exist(vault: House) -> None:
    await vault.takes(task())
    theirs = ref(NAMESPACE, CARE_TEAM, "task", task().task_id)
    own_name_for_it = ref(NAMESPACE, OTHER_TEAM, "task", task().task_id)
    invented = ref(NAMESPACE, OTHER_TEAM, "task", "no such task")
    answers = [await vault.resolves("other", task=one) for one in (theirs, own_name_for_it, invented)]
    for answer in answers:
        refused(answer, "unknown_task")
    assert len({answer.text for answer in answers}) == 1


async def test_a_task_that_has_moved_on_is_no_longer_its_first_units(vault: House) -> None:
    await vault.takes(task(1, "accepted"), task(2, "accepted", unit=OTHER_TEAM))
    refused(await vault.resolves(), "unknown_task")
    assert (await vault.resolves("other", unit=OTHER_TEAM)).status_code == 200


async def test_what_comes_of_another_topic_late_changes_nothing(vault: House) -> None:
    await vault.takes(task(3, "accepted"), task(2, "requested", unit="hotline-182183", unit_kind="hotline"))
    assert (await vault.resolves()).status_code == 200


async def test_a_credential_acts_for_its_own_units_only(vault: House) -> None:
    await vault.takes(task())
    asking = vault.asking()
    refused(await vault.asks("other", "POST", "/v1/resolve", {**asking, "unit": CARE_TEAM}), "not_your_unit")
    refused(await vault.asks("two", "POST", "/v1/resolve", {**asking, "unit": "alarm-provider-1"}), "not_your_unit")
    refused(await vault.asks("two", "POST", "/v1/resolve", asking), "not_your_unit")  # which of the two?
    refused(await vault.asks("adapter", "POST", "/v1/resolve", asking), "not_your_unit")
    assert (await vault.asks("two", "POST", "/v1/resolve", {**asking, "unit": CARE_TEAM})).status_code == 200


async def test_the_person_and_the_basis_must_be_the_tasks(vault: House) -> None:
    await vault.takes(task())
    refused(await vault.resolves(person=ref(NAMESPACE, CARE_TEAM, "person", BEN)), "another_person")
    refused(await vault.resolves(lawful_basis="consent"), "another_basis")
    assert (await vault.resolves(person=ref(NAMESPACE, CARE_TEAM, "person", ANNA))).status_code == 200


async def test_a_kind_of_unit_gets_what_its_work_needs(vault: House) -> None:
    await vault.takes(task(unit="hotline-182183", unit_kind="hotline"))
    refused(await vault.resolves("adapter", unit="hotline-182183", purpose="visit"), "purpose_not_allowed")
    assert (await vault.resolves("adapter", unit="hotline-182183")).status_code == 200


async def test_of_whom_nothing_is_held_nothing_is_told(vault: House) -> None:
    await vault.takes(task(**{"for": BEN}))
    refused(await vault.resolves(), "nothing_held")


@pytest.mark.parametrize(
    "said",
    [
        {"purpose": "protect"},
        {"asked_of": "family_protection"},
        {"typology": "violence-or-child-at-risk"},
        {"typology": "report-to-verify"},
    ],
)
async def test_what_has_to_do_with_protection_is_for_named_officers_at_a_desk(
    vault: House, said: dict[str, Any]
) -> None:
    await vault.takes(task(**said))
    refused(await vault.resolves(), "protected")  # an officer whom the unit has not named
    refused(await vault.resolves("adapter", unit=CARE_TEAM, actor="officer-1"), "protected")  # nobody sits there
    told = (await vault.resolves(actor="officer-1", purpose="visit")).json()
    assert told["protected"] is True
    assert told["address"]


async def test_a_person_who_is_marked_is_protected_in_every_task(vault: House) -> None:
    await vault.holds(protected=True, as_of="2026-06-02T00:00:00Z")
    await vault.takes(task())
    refused(await vault.resolves(), "protected")
    refused(await vault.resolves("adapter", unit=CARE_TEAM, actor="officer-1"), "protected")
    assert (await vault.resolves(actor="officer-1")).status_code == 200


async def test_an_officer_of_one_unit_is_none_of_another(vault: House) -> None:
    await vault.takes(task(unit=OTHER_TEAM, purpose="protect"))
    refused(await vault.resolves("other", unit=OTHER_TEAM, actor="officer-1"), "protected")


async def test_either_id_of_one_person_resolves(vault: House) -> None:
    await vault.takes(task(**{"for": BEN}))
    refused(await vault.resolves(), "nothing_held")
    await vault.asks("source", "PUT", "/v1/aliases", {"ids": [ANNA, BEN]})
    assert (await vault.resolves()).json()["name"]["en"] == "CHAN Siu Ming"
    await vault.asks("source", "POST", "/v1/aliases/apart", {"id": BEN})
    refused(await vault.resolves(), "nothing_held")


async def test_one_id_that_is_protected_protects_the_person(vault: House) -> None:
    await vault.holds(subject=BEN, protected=True)
    await vault.asks("source", "PUT", "/v1/aliases", {"ids": [ANNA, BEN]})
    await vault.takes(task())
    refused(await vault.resolves(), "protected")


async def test_a_unit_that_opens_far_more_than_it_has_to_do_is_stopped(vault: House) -> None:
    await vault.takes(task())
    for _ in range(30):
        assert (await vault.resolves()).status_code == 200
    refused(await vault.resolves(), "too_many")
    refused(await vault.resolves("adapter", unit=CARE_TEAM), "too_many")  # with another credential, too
    vault.later(hours=24.1)
    assert (await vault.resolves()).status_code == 200


async def test_a_unit_with_much_to_do_may_open_more(vault: House) -> None:
    tasks = [task(task_id=f"cb8b18f3-16e2-5722-a91b-83ca081a1e{number:02d}") for number in range(10)]
    await vault.takes(task(), *tasks)
    for _ in range(31):
        assert (await vault.resolves()).status_code == 200


async def test_whoever_tries_ids_out_is_locked_out_for_a_while(vault: House) -> None:
    await vault.takes(task())
    for number in range(40):
        refused(await vault.resolves(task=ref(NAMESPACE, "guess", "task", str(number))), "unknown_task")
    refused(await vault.resolves(), "locked_out")
    assert (await vault.resolves("two", unit=CARE_TEAM)).status_code == 200  # another credential is not concerned
    vault.later(hours=1.1)
    assert (await vault.resolves()).status_code == 200


async def test_a_vault_that_has_not_read_what_has_come_meanwhile_tells_nothing(vault: House) -> None:
    await vault.takes(task())
    vault.vault.is_current = lambda: False
    for _ in range(41):
        refused(await vault.resolves(), "unavailable")
    vault.vault.is_current = lambda: True
    assert (await vault.resolves()).status_code == 200  # and whoever asked meanwhile is not locked out


async def test_what_is_no_task_on_the_topic_is_passed_over(vault: House) -> None:
    from services.runtime.fold import Record

    async with vault.vault.store.write() as turn:
        await vault.vault.take(turn, [Record("referral.tasks.hotline", b"h", b'{"task_id": 1}')])
    await vault.takes(task())
    assert (await vault.resolves()).status_code == 200
