"""The vault: who a pseudonym is, told at the last step to the unit that has accepted a task, and to nobody else.

`disclosure` decides (pure); `keys` seals; `identities`, `tasks`, `credentials` and `guard` are what its store
holds; `vault` puts them together and writes the audit before every answer; `http` is its door; `app` is the process.
"""
