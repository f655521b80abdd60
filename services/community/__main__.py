"""`python -m services.community` starts this service."""

from services.runtime.app import run_services

run_services("community")
