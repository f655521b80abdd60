"""The demo's last page: the month as the department reports it, one flag in full, and where to look next."""

import sys
from collections import Counter
from pathlib import Path

from rich.console import Console

from services.commands.explain import explanations, read_cases
from services.demo.ledger import Books
from services.demo.run import Result
from services.demo.town import Town
from services.explanation.writing import plain
from services.policy import load_rules
from services.runtime.settings import Settings

__all__ = ["tell"]


def tell(result: Result, folder: Path, town: Town, console: Console, stays: bool) -> None:
    """Prints it. `stays`: everything still runs afterwards."""
    figures = result.figures

    def say(text: str = "") -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    say()
    say("The month, as the department would report it")
    say(f"  notices of carers' admissions received   {figures['notices']:>6}")
    say(f"  of these confirmed to need urgent support {figures['urgent']:>5}")
    say(f"  households visited by Care Teams         {figures['visited']:>6}")
    say(f"  households referred to welfare units     {figures['referred']:>6}")
    say()
    say("The books")
    say(
        f"  {sum(figures['inputs'].values())} records in = {figures['applied']} applied + {figures['duplicates']} "
        f"duplicates + {figures['dead_letters']} dead letters"
    )
    say(f"  {figures['flags']['raised']} flags raised, {figures['flags']['open']} open")
    tasks = figures["tasks"]
    say(f"  {tasks['requested']} tasks requested, {tasks['completed']} completed, {tasks['open']} open")
    latency = figures["latency_ms"]
    say(f"  from the record to the task: half within {latency['p50']} ms, 99 % within {latency['p99']} ms")
    say(f"  missing {figures['missing']}, repeated {figures['repeated']} (topics re-read, against a replay)")
    for difference in (result.missing + result.repeated)[:10]:
        say(f"    {difference.kind} {difference.id} {difference.what}")
    chosen = _telling(result.books)
    if chosen is not None:
        say()
        say("One flag in full")
        for text in _explained(chosen, folder):
            say(text)
    say()
    say("Where to look next")
    kithline = sys.argv[0] if sys.argv[0].endswith("kithline") else "kithline"
    say("  the same flag in Chinese, or any other flag, task, person or household:")
    say(f"    {kithline} explain {chosen or 'ID'} --from {folder}/result.jsonl --lang zh-Hant")
    say("  all that went in, in order, once more without Kafka:")
    say(f"    {kithline} replay {folder}/record.jsonl --out {folder}/again.jsonl")
    say(f"  what each service logged: {folder}/logs")
    say("  a line of your own, its topics, health pages and metrics: docs/how-to/run-the-line.md")
    say("  dashboards: docker-compose.yml, deploy/grafana")
    say()
    say(
        "The desk, for units without a system of their own"
        + ("" if stays else " (run the demo with --stay to sign in)")
    )
    say(f"  {town.desk}")
    if stays:
        for unit, (name, password) in town.accounts.items():
            say(f"    {name}  {password}  ({town.words(unit)})")
        say("  Begin as the district office: release a wave, then sign in as the Care Team that is asked.")
        say("  From now on time passes as it does here. Ctrl-C ends it all.")
    say()
    say("The books balance." if result.balances else "THE BOOKS DO NOT BALANCE.")


def _explained(flag_id: str, folder: Path) -> list[str]:
    """What `kithline explain` says of the flag."""
    rules = {rule.id: rule for rule in load_rules(Settings().policy_dir)}
    cases = read_cases(folder / "result.jsonl").find(flag_id)
    return [plain(said, "en") for case in cases for said in explanations(case, rules, "en")]


def _telling(books: Books) -> str | None:
    """The flag that shows most: of a carer's admission if there is one, the one that led to the most tasks."""
    tasks = Counter(task["flag_id"] for task in books.tasks.values())
    carers = [flag for flag in books.flags.values() if flag["typology"] == "carer-admitted"]
    ranked = sorted(
        carers or books.flags.values(), key=lambda flag: (-tasks[flag["flag_id"]], -flag["revision"], flag["flag_id"])
    )
    return ranked[0]["flag_id"] if ranked else None
