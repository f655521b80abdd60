"""`python -m services.adapters` starts this service."""

from services.runtime.app import run_services

run_services("adapters")
