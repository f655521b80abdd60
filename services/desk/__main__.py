"""`python -m services.desk` starts this service."""

from services.runtime.app import run_services

run_services("desk")
