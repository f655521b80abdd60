"""`python -m services.housing` starts this service."""

from services.runtime.app import run_services

run_services("housing")
