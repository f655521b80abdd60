"""`python -m services.register` starts this service."""

from services.runtime.app import run_services

run_services("register")
