"""`python -m services.admission` starts this service."""

from services.runtime.app import run_services

run_services("admission")
