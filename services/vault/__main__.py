"""`python -m services.vault` starts this service."""

from services.runtime.app import run_services

run_services("vault")
