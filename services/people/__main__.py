"""`python -m services.people` starts this service."""

from services.runtime.app import run_services

run_services("people")
