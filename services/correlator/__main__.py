"""`python -m services.correlator` starts this service."""

from services.runtime.app import run_services

run_services("correlator")
