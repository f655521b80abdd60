"""`python -m services.clock` starts this service."""

from services.runtime.app import run_services

run_services("clock")
