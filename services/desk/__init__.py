"""The desk: web pages for units without a system of their own, and for duty officers. It stands on a unit book.

`app` wires; `web` has the table of pages and guards each; `signing_in` and `accounts` say who is there; `listing`,
`showing` and `acting` make pages of tasks and answers of forms; `officers` has the officers' pages. `urgency`, `words`,
`why` and `identity_in_text` think, and do no I/O.
"""
