"""`python -m services.referral` starts this service."""

from services.runtime.app import run_services

run_services("referral")
