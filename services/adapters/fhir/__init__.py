"""Units with a FHIR R4 system: a task is a ServiceRequest and the Task that asks for it, as referral guides have it
(Gravity SDOH Clinical Care, BSeR). The unit asks for them, or is notified; it answers by changing the Task.

`codes` are our words as FHIR codings, `published` the resources that say what they mean; `mapping` makes resources of
what the book holds, `answering` makes answers of what a unit has changed; `searching` and `subscriptions` say what is
asked for; `routes` is the door, `notifying` sends; `channel` puts them together.
"""
