"""How fast the engine is, and how fast its peers are at the same work: one machine, one broker, the same bytes.

- `jobs`: what is done: the whole correlator, and a small count; each a pure fold with records to fold.
- `contenders`: who does it, each in a process of its own.
- `measure`: preloads a topic, starts a contender, follows its committed offsets and its CPU time, checks what it wrote.
- `report`: rows and ratios, as JSON and as a table.

What is compared, and what is not: benchmarks/README.md.
"""
