"""`python -m services.units` starts this service."""

from services.runtime.app import run_services

run_services("units")
