"""`python -m services.hotline` starts this service."""

from services.runtime.app import run_services

run_services("hotline")
